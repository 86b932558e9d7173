// Many at once: VMs, and commands on one VM.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "tests/runtime/subject.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

constexpr int kVms = 100;
constexpr int kAtOnce = 20;

TEST(Crowd, AHundredVmsComeAndGoInParallel) {
  Subject subject;
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<int> next = 0, failures = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kAtOnce; ++i) {
      workers.emplace_back([&] {
        for (int number = next++; number < kVms; number = next++) {
          const std::string id = "vm" + std::to_string(number);
          const auto created = subject.runtime().create(subject.spec(id));
          const auto started = created ? subject.runtime().start(id) : std::unexpected(created.error());
          if (!started) ++failures, std::cerr << started.error().message << '\n';
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  const auto all = subject.runtime().list();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), static_cast<std::size_t>(kVms));
  for (const VmInfo& vm : *all) EXPECT_EQ(vm.state, VmState::Running) << vm.id;
  next = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kAtOnce; ++i) {
      workers.emplace_back([&] {
        for (int number = next++; number < kVms; number = next++)
          if (const auto removed = subject.runtime().remove("vm" + std::to_string(number), true); !removed)
            ++failures, std::cerr << removed.error().message << '\n';
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_THAT(subject.leftovers(), IsEmpty());
  std::cout << kVms << " VMs created, started and removed in "
            << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count() << " ms\n";
}

TEST(Crowd, TwentyCommandsOnOneVmEachSucceedOrAreToldWhy) {
  Subject subject;
  ASSERT_TRUE(subject.runtime().create(subject.spec("vm")));
  ASSERT_TRUE(subject.runtime().start("vm"));
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kAtOnce; ++i) {
      workers.emplace_back([&, i] {
        const auto runtime = make_firecracker_runtime(subject.options());
        Result<void> done;
        if (i % 4 == 0) done = runtime->pause("vm");
        if (i % 4 == 1) done = runtime->resume("vm");
        if (i % 4 == 2 && i < 18) {
          if (const auto seen = runtime->inspect("vm"); !seen) done = std::unexpected(seen.error());
        }
        if (i == 18) {
          if (const auto stopped = runtime->stop("vm", {{StopRung::Kind::Kill, 5s}}); !stopped)
            done = std::unexpected(stopped.error());
        }
        if (i == 19) done = runtime->remove("vm");
        if (done || !done.error().message.empty()) ++answered;
        if (done) return;
        const ErrorCode code = done.error().code;
        EXPECT_TRUE(code == ErrorCode::WrongState || code == ErrorCode::Missing || code == ErrorCode::VmmDied ||
                    code == ErrorCode::Busy)
            << code_name(code) << ": " << done.error().message;
      });
    }
  }
  EXPECT_EQ(answered, kAtOnce);
  (void)subject.runtime().remove("vm", true);
  EXPECT_THAT(subject.leftovers(), IsEmpty());
}

}  // namespace
}  // namespace microvm::test
