// The fixture of the contract.
#include "tests/contract/daemon_test.h"

#include <iostream>
#include <sstream>

#include "tests/contract/row.h"

namespace microvm::contract {

std::string set_env(std::string_view object, std::string_view rest) {
  return R"({"op":"set_env","id":"x","env":)" + std::string(object) + std::string(rest) + "}\n";
}

std::string set_secret(std::string_view name, std::string_view value_b64) {
  return R"({"op":"set_secret","id":"x","name":")" + std::string(name) + R"(","value_b64":")" + std::string(value_b64) +
         "\"}\n";
}

void expect_clean_log(const std::string& log) {
  EXPECT_TRUE(log.empty() || log.ends_with('\n')) << log;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(line, testing::MatchesRegex("microvm-guest-metadatad: (info|warning|error): .+"));
  }
  EXPECT_THAT(log, testing::Not(testing::HasSubstr(kMarker)));
  EXPECT_THAT(log, testing::Not(testing::HasSubstr(kMarkerBase64)));
}

Daemon& DaemonTest::start(const std::vector<std::string>& flags, const ProcessSpec& how) {
  daemon_.reset();
  return daemon_.emplace(paths_, flags, how);
}

test::Finished DaemonTest::run_to_end(const std::vector<std::string>& flags, ProcessSpec how) const {
  return test::run(test::daemon_spec(paths_, flags, std::move(how)));
}

std::vector<std::string> DaemonTest::temporaries() const {
  std::vector<std::string> found;
  for (const std::string& dir : {paths_.state_dir, paths_.secrets_dir}) {
    for (std::string& name : test::names_in(dir)) {
      if (name.starts_with(".microvm-tmp.")) found.push_back(std::move(name));
    }
  }
  return found;
}

void DaemonTest::TearDown() {
  if (!daemon_) return;
  if (!daemon_->process().wait(0ms)) {
    EXPECT_EQ(daemon_->stop(), ExitStatus{.code = 0});
  }
  expect_clean_log(daemon_->log());
  if (HasFailure()) std::cout << "the daemon's log:\n" << daemon_->log();
}

}  // namespace microvm::contract
