// The runtime in memory keeps the contract; what only it promises is here.
#include "tests/runtime/contract.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;

struct MemorySubject final : RuntimeSubject {
  std::unique_ptr<Runtime> made = make_memory_runtime();
  Runtime& runtime() override { return *made; }
  Spec make_spec() override {
    Spec spec;
    spec.config.boot_source = {.kernel_image_path = "/vmlinux"};
    return spec;
  }
};

INSTANTIATE_TEST_SUITE_P(Memory, RuntimeContract,
                         testing::Values(RuntimeKind{"memory", [] { return std::make_unique<MemorySubject>(); }}),
                         kind_name);

TEST(MemoryRuntime, ClimbsTheLadderAsTheStateAllows) {
  MemorySubject subject;
  Runtime& runtime = subject.runtime();
  Spec spec = subject.make_spec();
  spec.id = "a";
  ASSERT_TRUE(runtime.create(spec));
  const std::vector<StopRung> polite = {{StopRung::Kind::CtrlAltDel, 1s}};
  const auto refused = runtime.stop("a", polite);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ReplyTimeout);
  EXPECT_EQ(runtime.inspect("a")->state, VmState::Created);
  ASSERT_TRUE(runtime.start("a"));
  const auto stopped = runtime.stop("a", polite);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->exit.reason, ExitReason::Stopped);
  EXPECT_EQ(stopped->exit.code, 0);

  spec.id = "b";
  ASSERT_TRUE(runtime.create(spec));
  const auto killed = runtime.stop("b");
  ASSERT_TRUE(killed);
  ASSERT_EQ(killed->tried.size(), 2U);
  EXPECT_EQ(killed->tried[0].skipped, "the VM is created");
  EXPECT_TRUE(killed->tried[1].worked);
  EXPECT_EQ(killed->exit.signal, 9);
}

TEST(MemoryRuntime, ForgetsTheOldestEvents) {
  MemorySubject subject;
  Spec spec = subject.make_spec();
  for (int i = 0; i < 600; ++i) {
    spec.id = "vm-" + std::to_string(i);
    ASSERT_TRUE(subject.runtime().create(spec));
    ASSERT_TRUE(subject.runtime().kill(spec.id));
  }
  std::vector<Event> seen;
  const auto keep = [&](const Event& event) {
    seen.push_back(event);
    return true;
  };
  ASSERT_TRUE(subject.runtime().events({}, 0ms, keep));
  ASSERT_EQ(seen.size(), 1000U);
  EXPECT_EQ(seen.front().id, "vm-100");
  EXPECT_EQ(seen.back().id, "vm-599");
  EXPECT_EQ(seen.back().what, "exited");
}

TEST(MemoryRuntime, SurvivesHarmlessSignals) {
  MemorySubject subject;
  Spec spec = subject.make_spec();
  spec.id = "a";
  ASSERT_TRUE(subject.runtime().create(spec));
  ASSERT_TRUE(subject.runtime().kill("a", SIGCHLD));
  EXPECT_EQ(subject.runtime().inspect("a")->state, VmState::Created);
}

}  // namespace
}  // namespace microvm::test
