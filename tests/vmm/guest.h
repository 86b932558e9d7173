// A guest under a VMM: reached through its vsock socket alone, by a root shell and by its metadata daemon.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "microvm/metadata.h"
#include "tests/support/line_client.h"
#include "tests/vmm/vmm.h"

namespace microvm::test {

inline constexpr std::uint32_t kDaemonPort = 5555;
inline constexpr std::uint32_t kShellPort = 1000;
inline constexpr std::chrono::seconds kBootTime{120};

/// The guest's initramfs: GUEST_IMAGE, or made once.
const std::string& guest_image();
/// An ordinary boot source; Firecracker adds `pci=off` by itself, too.
fcapi::BootSource boot_source();
inline double ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// The host's port, as CONNECT was answered on this stream. Throws std::runtime_error when it was not.
unsigned long host_port(LineClient& stream);

struct Answer {
  int status;
  std::string out;  ///< both streams, byte for byte
};
/// One line of shell as root in the guest behind `uds`; what it leaves in the background must not keep its streams.
/// Throws std::runtime_error at the deadline.
Answer run_in_guest(const std::string& uds, const std::string& line, std::chrono::milliseconds time = kBootTime);
/// What a command that must succeed wrote, its last newline taken away.
std::string output_in_guest(const std::string& uds, const std::string& line);

class Guest {
 public:
  /// Starts the VMM, and nothing in it.
  Guest(const std::string& dir, const std::string& name, const ProcessSpec& more = {},
        const std::vector<std::string>& command = {})
      : dir_(dir), name_(name), vmm_(dir, name, more, command) {}

  Vmm& vmm() noexcept { return vmm_; }
  fcapi::Client* operator->() noexcept { return vmm_.operator->(); }
  [[nodiscard]] const std::string& dir() const noexcept { return dir_; }
  /// As the VMM sees it, and as the test does.
  [[nodiscard]] std::string vsock_name() const { return name_ + ".vsock"; }
  [[nodiscard]] std::string uds() const { return dir_ + "/" + vsock_name(); }

  Answer run(const std::string& line, std::chrono::milliseconds time = kBootTime) {
    return run_in_guest(uds(), line, time);
  }
  std::string output(const std::string& line) { return output_in_guest(uds(), line); }

  /// Retries until the daemon answers.
  metadata::Client daemon(std::chrono::milliseconds time = kBootTime) const;
  /// A connection to the vsock socket, with CONNECT sent and nothing read.
  [[nodiscard]] LineClient connect(std::string_view port) const;

 private:
  std::string dir_;
  std::string name_;
  Vmm vmm_;
};

}  // namespace microvm::test
