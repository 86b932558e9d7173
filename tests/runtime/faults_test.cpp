// The driver killed before each step, and each step failed: nothing is left, and the VM is as its record says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "tests/runtime/subject.h"
#include "tests/vmm/vmm.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

struct StepTaker {
  const char* name;
  VmState from;  ///< Exited: there is none before
  std::function<Result<void>(Runtime&, const Spec&)> run;
};

template <class T>
Result<void> done(const Result<T>& result) {
  return result ? Result<void>() : std::unexpected(result.error());
}

const std::vector<StepTaker>& takers() {
  static const std::vector<StepTaker> all = {
      {"create", VmState::Exited, [](Runtime& r, const Spec& s) { return done(r.create(s)); }},
      {"start", VmState::Created, [](Runtime& r, const Spec& s) { return done(r.start(s.id)); }},
      {"pause", VmState::Running, [](Runtime& r, const Spec& s) { return r.pause(s.id); }},
      {"resume", VmState::Paused, [](Runtime& r, const Spec& s) { return r.resume(s.id); }},
      {"stop", VmState::Running, [](Runtime& r, const Spec& s) { return done(r.stop(s.id)); }},
      {"remove", VmState::Running, [](Runtime& r, const Spec& s) { return r.remove(s.id, true); }},
  };
  return all;
}

class Steps : public testing::TestWithParam<StepTaker> {
 protected:
  void prepare(Subject& subject) {
    const VmState from = GetParam().from;
    if (from == VmState::Exited) return;
    ASSERT_TRUE(subject.runtime().create(subject.spec("vm")));
    if (from == VmState::Created) return;
    ASSERT_TRUE(subject.runtime().start("vm"));
    if (from == VmState::Paused) {
      ASSERT_TRUE(subject.runtime().pause("vm"));
    }
  }
  // The operation in a runtime that does `at` before step `number`; how many steps it came to.
  static int run_until(const Subject& subject, int number, const std::function<Result<void>()>& at,
                       Result<void>* result = nullptr) {
    int steps = 0;
    RuntimeOptions options = subject.options();
    options.before_step = [&](std::string_view, std::string_view) { return steps++ == number ? at() : Result<void>(); };
    const auto runtime = make_firecracker_runtime(std::move(options));
    const Result<void> ended = GetParam().run(*runtime, subject.spec("vm"));
    if (result != nullptr) *result = ended;
    return steps;
  }
  int steps() {
    Subject subject;
    prepare(subject);
    return run_until(subject, -1, {});
  }
  // What every VM has to allow, whatever happened to it before: to be listed, forgotten, and made anew.
  static void expect_whole(Subject& subject) {
    const auto runtime = make_firecracker_runtime(subject.options());
    const auto all = runtime->list();
    ASSERT_TRUE(all) << all.error().message;
    if (all->empty()) {
      // A monitor that has given up has given back everything, and is about to end.
      EXPECT_TRUE(eventually([&] { return subject.processes().empty(); }, 10s));
      EXPECT_THAT(subject.leftovers(), IsEmpty());
    } else {
      const VmInfo& info = all->front();
      EXPECT_EQ(info.operation, "");
      const bool lives = info.state != VmState::Exited;
      EXPECT_EQ(info.vmm.has_value(), lives) << state_name(info.state);
      EXPECT_EQ(info.monitor.has_value(), lives);
      // A monitor that has written down the exit is about to end.
      EXPECT_TRUE(eventually([&] { return subject.processes().size() == (lives ? 2U : 0U); }, 10s));
      if (info.state == VmState::Running) {
        EXPECT_TRUE(runtime->pause("vm"));
      }
      if (const auto removed = runtime->remove("vm", true); !removed) {
        ADD_FAILURE() << removed.error().message;
      }
    }
    EXPECT_THAT(subject.leftovers(), IsEmpty());
    const auto again = runtime->create(subject.spec("vm"));
    EXPECT_TRUE(again) << again.error().message;
    EXPECT_TRUE(runtime->remove("vm", true));
    EXPECT_THAT(subject.leftovers(), IsEmpty());
  }
};

TEST_P(Steps, KilledBefore) {
  const int count = steps();
  ASSERT_GT(count, 0);
  for (int number = 0; number < count; ++number) {
    SCOPED_TRACE(std::string(GetParam().name) + " killed before step " + std::to_string(number));
    Subject subject;
    prepare(subject);
    const pid_t driver = ::fork();
    if (driver == 0) {
      run_until(subject, number, []() -> Result<void> {
        ::raise(SIGKILL);
        return {};
      });
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(driver, &status, 0), driver);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the step was not come to";
    expect_whole(subject);
  }
}

TEST_P(Steps, FailedBefore) {
  const int count = steps();
  for (int number = 0; number < count; ++number) {
    SCOPED_TRACE(std::string(GetParam().name) + " fails in step " + std::to_string(number));
    Subject subject;
    prepare(subject);
    Result<void> result;
    run_until(
        subject, number, [] { return Result<void>(std::unexpected(Error{ErrorCode::Io, EIO, "injected"})); }, &result);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().sys_errno, EIO);
    EXPECT_THAT(result.error().message, testing::AllOf(testing::StartsWith("VM vm"), testing::HasSubstr("injected")));
    if (GetParam().from == VmState::Exited) {
      EXPECT_THAT(subject.leftovers(), IsEmpty());
    }
    expect_whole(subject);
  }
}

std::string name_of_taker(const testing::TestParamInfo<StepTaker>& taker) { return taker.param.name; }
INSTANTIATE_TEST_SUITE_P(All, Steps, testing::ValuesIn(takers()), name_of_taker);

}  // namespace
}  // namespace microvm::test
