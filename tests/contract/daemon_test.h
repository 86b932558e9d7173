// The fixture of the contract: a folder, and a daemon that must end well.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/contract/reply.h"
#include "tests/support/daemon.h"
#include "tests/support/files.h"

namespace microvm::contract {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::Daemon;
using test::DaemonPaths;
using test::ExitStatus;
using test::LineClient;
using test::ProcessSpec;

inline constexpr std::string_view kPing = "{\"op\":\"ping\",\"id\":\"x\"}\n";
inline const std::string kPong = ok_reply(R"("x")");  // NOLINT(cert-err58-cpp)

/// `object` as JSON
std::string set_env(std::string_view object, std::string_view rest = "");
std::string set_secret(std::string_view name, std::string_view value_b64 = "aHVudGVyMg==");

/// An error reply to id "x" whose text holds `text`.
MATCHER_P(IsError, text, "") {
  const std::optional<std::string> error = error_of(arg);
  return error && error->find(text) != std::string::npos;
}

/// Every line is `microvm-guest-metadatad: <level>: …` and ended; none holds a value of a test.
void expect_clean_log(const std::string& log);

class DaemonTest : public testing::Test {
 protected:
  /// Starts the daemon of `paths_`; the one that ran before is gone.
  Daemon& start(const std::vector<std::string>& flags = {}, const ProcessSpec& how = {});
  Daemon& daemon() { return *daemon_; }
  /// Runs it to its end, for what it refuses to start with.
  [[nodiscard]] test::Finished run_to_end(const std::vector<std::string>& flags = {}, ProcessSpec how = {}) const;
  /// Names in the state and the secrets directory that are temporaries.
  [[nodiscard]] std::vector<std::string> temporaries() const;
  /// A daemon that still runs stops at SIGTERM with 0, and its log is clean.
  void TearDown() override;

  test::TempDir dir_;
  DaemonPaths paths_{dir_};
  std::optional<Daemon> daemon_;
};

}  // namespace microvm::contract
