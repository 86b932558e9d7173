// A real Linux guest of a test: booted under QEMU, reached over its vsock socket and a root shell.
//
//   auto vm = GuestVm::boot({.daemon = "--port 800"});
//   auto client = metadata::Client::connect({vm.uds(), 800});
//   EXPECT_EQ(vm.run("cat /var/run/microvm-guest/env").out, "");
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tests/support/line_client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {

struct GuestOptions {
  std::uint32_t cid = 3;
  std::optional<std::string> daemon{};  ///< the daemon starts with the guest, with these flags
  std::string kernel{};                 ///< more words for the kernel's command line
  std::string qemu{};                   ///< more words for QEMU's, which runs in the guest's folder
};

/// The guest and its vsock backend die with this object, and with the thread that booted them.
class GuestVm {
 public:
  /// Starts both and returns while the guest still boots: a client may dial at once, `run` waits. Throws
  /// std::runtime_error when QEMU cannot be started or a variable that names a piece of the guest is missing.
  static GuestVm boot(const GuestOptions& options = {});

  /// The guest's folder on the host.
  [[nodiscard]] const std::string& dir() const noexcept { return dir_.path(); }
  /// The host's end of the guest's vsock device.
  [[nodiscard]] std::string uds() const { return dir_ / "vsock"; }

  struct Answer {
    int status;       ///< the exit status
    std::string out;  ///< both streams, byte for byte
  };
  /// Runs one line of shell as root in the guest. Throws std::runtime_error with the console at the deadline, and the
  /// guest is killed then.
  Answer run(const std::string& line, std::chrono::milliseconds time = std::chrono::minutes(1));

  /// What the kernel, and a daemon that started with the guest, wrote.
  [[nodiscard]] std::string console() const;
  [[nodiscard]] bool running() { return !qemu_.wait(std::chrono::milliseconds(0)); }
  void kill();

 private:
  GuestVm(TempDir dir, const GuestOptions& options);
  [[noreturn]] void fail(const std::string& what);

  TempDir dir_;
  Process vsock_;
  Process qemu_;
  LineClient shell_;
  bool ready_ = false;
};

}  // namespace microvm::test
