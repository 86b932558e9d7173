// The fixture of the guest tests: one guest for all of them, and a daemon of its own for each.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "microvm/metadata.h"
#include "tests/guest/guest_vm.h"

namespace microvm::test {

inline constexpr metadata::Options kPatient{.connect_timeout = kPatience, .request_timeout = kPatience};

/// As milliseconds, for figures that a test prints.
inline double ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

class GuestTest : public ::testing::Test {
 protected:
  /// No daemon, no probe and none of their files are left of the test before.
  GuestTest();

  /// Booted when first asked for, and anew when a test has lost it.
  static GuestVm& vm();
  /// What a command that must succeed wrote, its last newline taken away.
  static std::string output(const std::string& line);
  /// Starts a command in the background; its streams go to /run/log. Answers its pid.
  static std::string start(const std::string& command);
  static std::string log() { return output("cat /run/log"); }
  static std::string start_daemon(const std::string& flags = "") { return start("microvm-guest-metadatad " + flags); }
  /// Returns when the process is gone.
  static void end(const std::string& pid, const std::string& signal);

  static metadata::Endpoint endpoint(std::uint32_t port = 5555) { return {vm().uds(), port}; }
  /// Retries until the daemon answers; a failure throws std::runtime_error with the error's text.
  static metadata::Client connect(std::uint32_t port = 5555, const metadata::Options& options = kPatient);
};

}  // namespace microvm::test
