#include "tests/confinement/attempts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <sstream>

namespace microvm::confinement {
namespace {

enum class Unconfined { Succeeds, NeedsAllPowers, MayFail };
constexpr unsigned kNever = ~0U;

struct Expectation {
  const char* name;
  Unconfined unconfined = Unconfined::Succeeds;
  unsigned landlock = kNever;  // the ABI that refuses it without seccomp; 0: capabilities or no_new_privs do
};

constexpr Expectation kExpectations[] = {
    {"read_outside", Unconfined::Succeeds, 1},
    {"write_outside", Unconfined::Succeeds, 1},
    {"create_outside", Unconfined::Succeeds, 1},
    {"rename_outside", Unconfined::Succeeds, 1},
    {"remove_outside", Unconfined::Succeeds, 1},
    {"link_outside_in", Unconfined::Succeeds, 1},
    {"list_root", Unconfined::Succeeds, 1},
    {"climb_out", Unconfined::Succeeds, 1},
    {"own_memory_file", Unconfined::Succeeds, 1},
    {"set_id_file"},
    {"set_id_mode"},
    {"device_file", Unconfined::NeedsAllPowers, 0},
    {"open_by_handle", Unconfined::MayFail, 0},
    {"execute", Unconfined::Succeeds, 1},
    {"fork"},
    {"ptrace", Unconfined::Succeeds, 1},
    {"read_memory", Unconfined::Succeeds, 1},
    {"signal", Unconfined::Succeeds, 6},
    {"socket_unix"},
    {"socket_inet"},
    {"socket_vsock", Unconfined::MayFail},
    {"send_elsewhere"},
    {"mount", Unconfined::NeedsAllPowers, 0},
    {"unshare", Unconfined::NeedsAllPowers, 0},
    {"user_namespace", Unconfined::MayFail},
    {"chroot", Unconfined::NeedsAllPowers, 0},
    {"bpf", Unconfined::MayFail, 0},
    {"keyring", Unconfined::MayFail},
    {"module", Unconfined::MayFail, 0},
    {"perf", Unconfined::MayFail},
    {"io_uring", Unconfined::MayFail},
    {"memory_file"},
    {"executable_memory"},
    {"executable_page"},
    {"dumpable"},
    {"ioctl"},
    {"user", Unconfined::NeedsAllPowers, 0},
    {"x32", Unconfined::MayFail},
};

const auto kIsRefusal = testing::AnyOf(EPERM, EACCES, ENOSYS, EXDEV);

int result_of(const Attempts& attempts, const char* name) {
  const auto found = attempts.results.find(name);
  return found == attempts.results.end() ? -1 : found->second;
}

}  // namespace

Attempts parse_attempts(const std::string& out) {
  Attempts attempts;
  std::istringstream lines(out);
  std::string name;
  for (int result = 0; lines >> name >> result;) attempts.results[name] = result;
  if (const auto abi = attempts.results.extract("landlock")) attempts.landlock = static_cast<unsigned>(abi.mapped());
  return attempts;
}

void expect_possible(const Attempts& attempts, bool everything) {
  EXPECT_EQ(result_of(attempts, "own_work"), 0);
  for (const Expectation& expected : kExpectations) {
    if (expected.unconfined == Unconfined::MayFail) continue;
    if (expected.unconfined == Unconfined::NeedsAllPowers && !everything) continue;
    EXPECT_EQ(result_of(attempts, expected.name), 0) << expected.name;
  }
}

void expect_refused(const Attempts& attempts) {
  EXPECT_EQ(result_of(attempts, "own_work"), 0);
  EXPECT_EQ(attempts.results.size(), std::size(kExpectations) + 1) << "some attempts have no expectation";
  for (const Expectation& expected : kExpectations) {
    EXPECT_THAT(result_of(attempts, expected.name), kIsRefusal) << expected.name;
  }
}

void expect_refused_without_seccomp(const Attempts& attempts) {
  EXPECT_EQ(result_of(attempts, "own_work"), 0);
  for (const Expectation& expected : kExpectations) {
    if (expected.landlock > attempts.landlock) continue;
    EXPECT_THAT(result_of(attempts, expected.name), kIsRefusal) << expected.name;
  }
}

}  // namespace microvm::confinement
