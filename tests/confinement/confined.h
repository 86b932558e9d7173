// The fixture: a daemon, and what it says of its confinement.
#pragma once

#include <unistd.h>

#include <string>

#include "tests/confinement/kernel.h"
#include "tests/contract/daemon_test.h"

namespace microvm::confinement {

using contract::DaemonTest;
using test::DaemonPaths;
using test::ExitStatus;

/// What `info` must say; by default what is to be had here. A build with sanitizers does without two of the four.
struct Held {
  static bool sanitized() { return test::required_env("METADATAD_BIN") != test::required_env("METADATAD_STATIC_BIN"); }

  bool capabilities = true;
  unsigned landlock = sanitized() ? 0 : usable_landlock();
  bool seccomp = !sanitized();

  [[nodiscard]] std::string json() const {
    const auto flag = [](bool value) { return value ? "true" : "false"; };
    return std::string(R"("confinement":{"capabilities":)") + flag(capabilities) +
           R"(,"no_new_privs":true,"landlock":)" + std::to_string(landlock) + R"(,"seccomp":)" + flag(seccomp) + "}";
  }
  /// As the log names them.
  [[nodiscard]] std::string missing() const {
    std::string names;
    for (const auto& [name, held] : {std::pair("capabilities", capabilities), std::pair("landlock", landlock != 0),
                                     std::pair("seccomp", seccomp)}) {
      if (!held) names += (names.empty() ? "" : ", ") + std::string(name);
    }
    return names;
  }
};

class ConfinedTest : public DaemonTest {
 protected:
  void expect_held(const Held& held) {
    EXPECT_THAT(daemon().ask("{\"op\":\"info\",\"id\":\"x\"}\n"), testing::HasSubstr("," + held.json() + ","));
    const std::string warning = "warning: not confined by " + held.missing() + "\n";
    EXPECT_THAT(daemon().log(), held.missing().empty() ? testing::Not(testing::HasSubstr("not confined"))
                                                       : testing::Matcher<std::string>(testing::HasSubstr(warning)));
  }
};

}  // namespace microvm::confinement
