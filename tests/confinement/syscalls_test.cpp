// The list of system calls against what daemons really call while the tests of the contract and of the confinement run:
// nothing is missing in it, and nothing stands there for nothing.
#include "guest/syscalls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/confinement/traces.h"
#include "tests/contract/daemon_test.h"

namespace microvm::confinement {
namespace {

using guest::AllowedCall;
using guest::kAllowedCalls;
using testing::ElementsAre;
using testing::IsEmpty;

// Called and refused on purpose: whether the list is in force, and by musl's malloc, which has another way.
constexpr std::uint32_t kRefused[] = {SYS_prctl, SYS_brk};
// Where aarch64 and x86_64 differ.
const std::set<std::string> kOnlyX86 = {"poll", "stat", "lstat", "unlink"};
const std::set<std::string> kOnlyAarch64 = {"ppoll"};

bool allows(const AllowedCall& row, const TracedCall& call) {
  return row.number == call.number && (call.arguments[row.argument] & row.mask) == row.value;
}

/// Runs tests against `daemon`. Whether they pass in the time that tracing leaves them is not the question here.
void run_tests(const char* program, const std::string& daemon, const std::string& filter = "*") {
  test::run({.argv = {test::required_env(program), "--gtest_filter=" + filter},
             .env = {{"METADATAD_BIN", daemon}, {"METADATAD_STATIC_BIN", daemon}}},
            std::chrono::minutes(5));
}

class SystemCalls : public contract::DaemonTest {
 protected:
  // A file that can be neither renamed nor removed must at least become empty.
  void run_with_failures() {
    const std::string daemon = traces_.traced(static_daemon_, "-e inject=renameat,unlinkat:error=EROFS");
    start({}, {.argv = {daemon}});
    EXPECT_THAT(this->daemon().ask(contract::set_secret("s")), contract::IsError("Read-only file system"));
    const auto left = temporaries();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(test::read_file(paths_.secrets_dir + "/" + left.front()), "");
    EXPECT_EQ(this->daemon().stop(), test::ExitStatus{.code = 0});
  }

  Traces traces_;
  std::string static_daemon_ = test::required_env("METADATAD_STATIC_BIN");
};

TEST_F(SystemCalls, TheListIsWhatIsCalled) {
  run_tests("CONTRACT_TEST", traces_.traced(static_daemon_));
  run_tests("CONFINEMENT_TEST", traces_.traced(static_daemon_));
  run_with_failures();
  run_tests("CONFINEMENT_TEST", traces_.emulated(static_daemon_, "qemu-x86_64-static"), "Confined.Works");  // no vDSO

  const std::vector<TracedCall> calls = traces_.calls();
  std::map<std::uint32_t, std::string> missing;  // one line of each
  for (const TracedCall& call : calls) {
    const bool allowed = std::ranges::any_of(kAllowedCalls, [&](const AllowedCall& row) { return allows(row, call); });
    if (!allowed && std::ranges::find(kRefused, call.number) == std::end(kRefused)) {
      missing.try_emplace(call.number, call.line);
    }
  }
  EXPECT_THAT(missing, IsEmpty());

  const std::set<std::string> emulated = traces_.names();
  for (const AllowedCall& row : kAllowedCalls) {
    const bool used = std::ranges::any_of(calls, [&](const TracedCall& call) { return allows(row, call); });
    EXPECT_TRUE(used || (row.mask == 0 && emulated.contains(row.name))) << row.name << " " << row.value;
  }
}

TEST_F(SystemCalls, TheListForAarch64IsWhatIsCalled) {
  const std::string daemon = traces_.emulated(test::required_env("METADATAD_AARCH64_BIN"), "qemu-aarch64-static");
  run_tests("CONFINEMENT_TEST", daemon, "Confined.Works*:ConfinedUser.TheGroup*");
  std::set<std::string> list = kOnlyAarch64;
  for (const AllowedCall& row : kAllowedCalls) {
    if (!kOnlyX86.contains(row.name)) list.insert(row.name);
  }
  std::set<std::string> called = traces_.names();
  called.erase("brk");
  std::vector<std::string> missing;
  std::ranges::set_difference(called, list, std::back_inserter(missing));
  EXPECT_THAT(missing, IsEmpty());
  std::vector<std::string> unused;
  std::ranges::set_difference(list, called, std::back_inserter(unused));
  EXPECT_THAT(unused, ElementsAre("ftruncate", "mprotect"));  // what only failures and a thousand connections need
}

}  // namespace
}  // namespace microvm::confinement
