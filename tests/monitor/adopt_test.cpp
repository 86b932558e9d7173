// A monitor dies, its VMM goes on, and another one takes over.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "common/posix/process_identity.h"
#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

using testing::HasSubstr;

class Adopt : public MonitorTest {
 protected:
  void take_over(const Words& flags = {}) {
    adopt(flags);
    const std::string report = report_->receive();
    ASSERT_TRUE(report.starts_with("vmm " + std::to_string(vmm_pid_) + " ")) << report;
    ASSERT_TRUE(report_->vmm.valid() && report_->monitor.valid());
  }
  // This process is the VMM's parent now.
  void end_vmm() {
    let_go();
    reap_vmm();
  }
  // Linux 6.15 tells whoever holds a pidfd.
  static bool kernel_tells() {
    utsname name{};
    ::uname(&name);
    const int major = std::atoi(name.release);
    const char* const dot = std::strchr(name.release, '.');
    return major > 6 || (major == 6 && dot != nullptr && std::atoi(dot + 1) >= 15);
  }
  void expect_code(const char* code) { EXPECT_EQ(exit_text("code"), kernel_tells() ? code : "null"); }
};

TEST_F(Adopt, SigtermEndsTheMonitorAlone) {
  run({"say", "one", "await", "say", "two", "exit", "7"});
  ASSERT_TRUE(eventually([&] { return console_text() == "one\n"; }));
  monitor_->signal(SIGTERM);
  EXPECT_EQ(ended(), 0);
  EXPECT_TRUE(vmm_lives());
  EXPECT_FALSE(exists(state("exit.json")));
  EXPECT_TRUE(exists(run_path("console")));
  take_over();
  report_->acknowledge();
  end_vmm();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(console_text(), "one\ntwo\n");
  expect_code("7");
}

TEST_F(Adopt, AfterAKillDuringAFlood) {
  run({"await", "flood", "20000000", "say", "end", "await", "exit", "5"}, {"--console-bytes", "1000000"});
  let_go();
  ASSERT_TRUE(eventually([&] { return exists(state("console.log.1")); }));
  monitor_->kill();
  EXPECT_TRUE(vmm_lives());
  take_over({"--console-bytes", "1000000"});
  EXPECT_TRUE(eventually([&] { return console_text().ends_with("|\nend\n"); }));
  end_vmm();
  EXPECT_EQ(ended(), 0);
  expect_code("5");
  EXPECT_EQ(exit_text("reason"), kernel_tells() ? "vmm_error" : "unknown");
  EXPECT_FALSE(exists(run_path("console")));
}

TEST_F(Adopt, ASignalIsToldToo) {
  run({"await"});
  monitor_->kill();
  take_over();
  ::kill(vmm_pid_, SIGTERM);
  reap_vmm();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("signal"), kernel_tells() ? "15" : "null");
}

TEST_F(Adopt, OfAZombieThatNobodyReapsTheStatusIsUnknown) {
  run({"await"});
  monitor_->kill();
  take_over();
  ::kill(vmm_pid_, SIGKILL);
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("signal"), "null");
  EXPECT_EQ(exit_text("reason"), "unknown");
  reap_vmm();
}

TEST_F(Adopt, KnowsWhatTheOtherKnew) {
  const std::string metrics = run_path("metrics");
  run({"say", "Kernel panic - not syncing: before", "err", "said before", "append", metrics,
       R"({"vcpu":{"failures":2}})", "await", "append", metrics, R"({"vcpu":{"failures":3}})", "say", "after", "await",
       "exit", "0"});
  ASSERT_TRUE(eventually(
      [&] { return exists(run_path("metrics.prom")) && exists(run_path("notice")) && exists(state("vmm.log")); }));
  monitor_->kill();
  take_over();
  let_go();
  ASSERT_TRUE(eventually([&] { return read_file(run_path("metrics.prom")).ends_with("} 5\n"); }));
  ASSERT_TRUE(eventually([&] { return console_text().ends_with("after\n"); }));
  end_vmm();
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("reason"), "guest_panic");
  EXPECT_THAT(read_file(state("exit.json")),
              HasSubstr(R"("console_tail":["Kernel panic - not syncing: before","after"],"vmm_tail":["said before"])"));
  EXPECT_EQ(read_file(run_path("notice")), "panic Kernel panic - not syncing: before\n");
}

TEST_F(Adopt, WhenTheVmmHasEndedAlready) {
  run({"say", "one", "err", "[web-1:main] Firecracker exiting with error. exit_code=1", "await", "exit", "0"});
  ASSERT_TRUE(eventually([&] { return exists(state("vmm.log")) && console_text() == "one\n"; }));
  monitor_->kill();
  end_vmm();
  adopt();
  EXPECT_THAT(report_->receive(), HasSubstr("error adopt 3 "));
  EXPECT_EQ(ended(), 0);
  EXPECT_EQ(exit_text("code"), "null");
  EXPECT_EQ(exit_text("reason"), "vmm_error");
  EXPECT_FALSE(exists(run_path("console")));
}

TEST_F(Adopt, AnotherProcessOfTheNumberIsNotTheVmm) {
  run({"await"});
  monitor_->kill();
  auto other = *posix::identify(vmm_pid_);
  --other.start_time;
  write_file(run_path("vmm"), posix::identity_text(other));
  adopt();
  EXPECT_THAT(report_->receive(), HasSubstr("error adopt 3 "));
  EXPECT_EQ(ended(), 0);
  EXPECT_TRUE(vmm_lives());
  EXPECT_EQ(exit_text("reason"), "unknown");
}

TEST_F(Adopt, WhatIsRecordedStays) {
  run({"exit", "0"});
  EXPECT_EQ(ended(), 0);
  const std::string before = read_file(state("exit.json"));
  adopt();
  EXPECT_THAT(report_->receive(), HasSubstr("error adopt 17 "));
  EXPECT_EQ(ended(), 1);
  EXPECT_EQ(read_file(state("exit.json")), before);
}

TEST_F(Adopt, NothingIsNoVm) {
  adopt();
  EXPECT_THAT(report_->receive(), HasSubstr("error adopt 2 "));
  EXPECT_EQ(ended(), 1);
}

TEST_F(Adopt, ADriverThatDiesMeanwhileChangesNothing) {
  run({"await", "exit", "0"});
  monitor_->kill();
  take_over();
  report_->close();
  EXPECT_EQ(count("console", "bytes"), 0U);
  EXPECT_TRUE(vmm_lives());
  end_vmm();
  EXPECT_EQ(ended(), 0);
}

}  // namespace
}  // namespace microvm::monitor::test
