// The fixture of the tests against a VMM: one guest with every device for most of them, as a boot takes seconds.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/expect_result.h"
#include "tests/support/temp_dir.h"
#include "tests/vmm/guest.h"

namespace microvm::test {

/// How the shared guest came up.
struct BootReport {
  std::chrono::nanoseconds api_ready{};       ///< from the start of the VMM to a client that knows its version
  std::chrono::nanoseconds instance_start{};  ///< the call
  std::chrono::nanoseconds first_answer{};    ///< from its answer to the daemon's
  bool was_held = false;                      ///< a CONNECT sent at once had no answer 50 ms later
  std::optional<std::string> held_answer{};   ///< its answer in the end: a line, or nothing and EOF
};

class VmmTest : public testing::Test {
 protected:
  /// After a failure the next test gets a guest of its own.
  void TearDown() override;

  /// Booted when first asked for, and anew when a test has lost it.
  static Guest& guest();
  static void drop_guest();
  static const BootReport& boot_report();
  /// Has TAPs tap0, tap1 and tap2, seen by this thread and its VMMs only; guest() has tap0. False without the rights.
  static bool has_network();
  /// Where guest() lives.
  static const std::string& dir();
};

}  // namespace microvm::test
