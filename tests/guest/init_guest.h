// A guest whose own init starts the daemon.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "microvm/metadata.h"
#include "tests/guest/guest_vm.h"

namespace microvm::test {

class InitGuest {
 public:
  /// `init` is for the guest's first process (see tests/guest/init); `port` is where that init's daemon listens.
  InitGuest(const std::string& init, std::uint32_t port, const std::string& qemu = "")
      : vm_(GuestVm::boot({.kernel = "INIT=" + init, .qemu = qemu})), port_(port) {}

  void use_port(std::uint32_t port) noexcept { port_ = port; }

  [[nodiscard]] GuestVm& vm() noexcept { return vm_; }
  /// What a command that must succeed wrote, its last newline taken away.
  std::string output(const std::string& line);
  /// Returns once a command succeeds.
  void await(const std::string& line);
  /// A connection to the daemon, as soon as it answers.
  metadata::Client connect();
  void apply(const metadata::Change& change);
  /// The environment of the program `app`, which must run (see tests/guest/app).
  metadata::Env app_env();

 private:
  GuestVm vm_;
  std::uint32_t port_;
};

metadata::Secrets as_secrets(const std::map<std::string, std::string>& texts);

/// Values that a shell, or systemd, would take for something else.
const metadata::Env& nasty_env();
/// Entries that each end in a NUL byte.
metadata::Env parse_env(std::string_view entries);

}  // namespace microvm::test
