// The contract of microvm/runtime.h, call by call and state by state.
#include "tests/runtime/contract.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace microvm::test {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

namespace {

// Of an operation that may fail: nothing when it did not.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

const std::vector<StopRung> kKill = {{StopRung::Kind::Kill, 5s}};

// What happened to one VM, but for what may happen or not: `ready`.
std::vector<std::string> history(Runtime& runtime, const std::string& id) {
  std::vector<std::string> words;
  const auto keep = [&](const Event& event) {
    if (event.id == id && event.what != "ready") words.push_back(event.what);
    return true;
  };
  EXPECT_TRUE(runtime.events({}, 0ms, keep));
  return words;
}

using Operation = std::function<std::optional<ErrorCode>(Runtime&, const std::string&)>;
struct Row {
  const char* name;
  Operation run;
  // In created, running, paused and exited: what it answers.
  std::array<std::optional<ErrorCode>, 4> answers;
};

constexpr std::array kStates = {VmState::Created, VmState::Running, VmState::Paused, VmState::Exited};
constexpr std::optional<ErrorCode> kDone = std::nullopt, kWrong = ErrorCode::WrongState;

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"start", [](auto& r, auto& id) { return code_of(r.start(id)); }, {kDone, kWrong, kWrong, kWrong}},
      {"pause", [](auto& r, auto& id) { return code_of(r.pause(id)); }, {kWrong, kDone, kDone, kWrong}},
      {"resume", [](auto& r, auto& id) { return code_of(r.resume(id)); }, {kWrong, kDone, kDone, kWrong}},
      {"stop", [](auto& r, auto& id) { return code_of(r.stop(id, kKill)); }, {kDone, kDone, kDone, kDone}},
      {"kill", [](auto& r, auto& id) { return code_of(r.kill(id)); }, {kDone, kDone, kDone, kWrong}},
      {"remove", [](auto& r, auto& id) { return code_of(r.remove(id)); }, {kWrong, kWrong, kWrong, kDone}},
      {"remove by force", [](auto& r, auto& id) { return code_of(r.remove(id, true)); }, {kDone, kDone, kDone, kDone}},
      {"inspect", [](auto& r, auto& id) { return code_of(r.inspect(id)); }, {kDone, kDone, kDone, kDone}},
  };
  return kRows;
}

}  // namespace

void RuntimeContract::make_vm(const std::string& id, VmState state) {
  const auto made = runtime().create(spec(id));
  ASSERT_TRUE(made) << made.error().message;
  if (state == VmState::Running || state == VmState::Paused) {
    const auto started = runtime().start(id);
    ASSERT_TRUE(started) << started.error().message;
  }
  if (state == VmState::Paused) {
    ASSERT_TRUE(runtime().pause(id));
  }
  if (state == VmState::Exited) {
    ASSERT_TRUE(runtime().stop(id, kKill));
  }
  ASSERT_EQ(state_of(id), state);
}

VmState RuntimeContract::state_of(const std::string& id) {
  const auto info = runtime().inspect(id);
  EXPECT_TRUE(info) << info.error().message;
  return info ? info->state : VmState::Failed;
}

TEST_P(RuntimeContract, ACreatedVmIsKnown) {
  Spec wanted = spec("b");
  wanted.config.machine_config = {.vcpu_count = 2, .mem_size_mib = 64};
  const auto made = runtime().create(wanted);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->id, "b");
  make_vm("a", VmState::Created);
  const auto all = runtime().list();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].id, "a");
  const auto info = runtime().inspect("b");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->state, VmState::Created);
  EXPECT_EQ(info->vcpu_count, 2);
  EXPECT_EQ(info->mem_size_mib, 64U);
  EXPECT_FALSE(info->started);
  EXPECT_FALSE(info->exit);
  EXPECT_EQ(info->operation, "");
}

TEST_P(RuntimeContract, IdsAreMadeUpWhereNoneIsGiven) {
  const auto one = runtime().create(spec("")), other = runtime().create(spec(""));
  ASSERT_TRUE(one && other);
  EXPECT_THAT(one->id, MatchesRegex("vm-[0-9a-f]{12}"));
  EXPECT_NE(one->id, other->id);
  EXPECT_EQ(state_of(one->id), VmState::Created);
}

TEST_P(RuntimeContract, BadSpecsLeaveNothing) {
  EXPECT_EQ(code_of(runtime().create(spec("A"))), ErrorCode::Invalid);
  EXPECT_EQ(code_of(runtime().create(spec("../a"))), ErrorCode::Invalid);
  Spec broken = spec("a");
  broken.config.boot_source.reset();
  EXPECT_EQ(code_of(runtime().create(broken)), ErrorCode::Invalid);
  broken = spec("a");
  broken.stop.clear();
  EXPECT_EQ(code_of(runtime().create(broken)), ErrorCode::Invalid);
  EXPECT_THAT(*runtime().list(), IsEmpty());
  EXPECT_THAT(history(runtime(), "a"), IsEmpty());
}

TEST_P(RuntimeContract, AnIdIsTakenUntilItsVmIsRemoved) {
  make_vm("a", VmState::Exited);
  EXPECT_EQ(code_of(runtime().create(spec("a"))), ErrorCode::Exists);
  EXPECT_EQ(state_of("a"), VmState::Exited);
  ASSERT_TRUE(runtime().remove("a"));
  EXPECT_EQ(code_of(runtime().inspect("a")), ErrorCode::Missing);
  make_vm("a", VmState::Created);
}

TEST_P(RuntimeContract, WhatIsNotThereIsMissing) {
  make_vm("ab", VmState::Created);
  for (const Row& row : rows()) EXPECT_EQ(row.run(runtime(), "a"), ErrorCode::Missing) << row.name;
  EXPECT_EQ(code_of(runtime().wait("a", 0ms)), ErrorCode::Missing);
  EXPECT_EQ(state_of("ab"), VmState::Created);
}

TEST_P(RuntimeContract, EachStateAllowsWhatItAllows) {
  for (const Row& row : rows()) {
    for (std::size_t i = 0; i < kStates.size(); ++i) {
      make_vm("a", kStates[i]);
      EXPECT_EQ(row.run(runtime(), "a"), row.answers[i]) << row.name << " while " << state_name(kStates[i]);
      if (row.answers[i] == kWrong) {
        EXPECT_EQ(state_of("a"), kStates[i]) << row.name << " was refused";
      }
      if (runtime().inspect("a")) {
        ASSERT_TRUE(runtime().remove("a", true));
      }
    }
  }
}

TEST_P(RuntimeContract, PausingTwiceIsPausingOnce) {
  make_vm("a", VmState::Running);
  ASSERT_TRUE(runtime().resume("a"));
  ASSERT_TRUE(runtime().pause("a"));
  ASSERT_TRUE(runtime().pause("a"));
  EXPECT_EQ(state_of("a"), VmState::Paused);
  ASSERT_TRUE(runtime().resume("a"));
  ASSERT_TRUE(runtime().resume("a"));
  EXPECT_EQ(state_of("a"), VmState::Running);
  EXPECT_THAT(history(runtime(), "a"), ElementsAre("created", "started", "paused", "resumed"));
}

TEST_P(RuntimeContract, StoppingSaysWhatWorked) {
  make_vm("a", VmState::Running);
  const auto outcome = runtime().stop("a", kKill);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->tried.size(), 1U);
  EXPECT_TRUE(outcome->tried[0].worked);
  EXPECT_EQ(outcome->tried[0].kind, StopRung::Kind::Kill);
  EXPECT_EQ(outcome->exit.reason, ExitReason::Killed);
  EXPECT_EQ(outcome->exit.signal, 9);
  EXPECT_EQ(outcome->exit.code, std::nullopt);
  const auto info = runtime().inspect("a");
  ASSERT_TRUE(info && info->exit);
  EXPECT_EQ(info->exit->reason, ExitReason::Killed);
  EXPECT_EQ(info->exit->finished, outcome->exit.finished);
  EXPECT_GE(info->exit->finished, info->created);
  EXPECT_EQ(info->vmm, std::nullopt);

  const auto again = runtime().stop("a");
  ASSERT_TRUE(again);
  EXPECT_THAT(again->tried, IsEmpty());
  EXPECT_EQ(again->exit.reason, ExitReason::Killed);
}

TEST_P(RuntimeContract, TheSpecsLadderEndsEveryLiveVm) {
  for (const VmState state : {VmState::Created, VmState::Running, VmState::Paused}) {
    Spec wanted = spec("a");
    wanted.stop[0].budget = 100ms;
    ASSERT_TRUE(runtime().create(wanted));
    if (state != VmState::Created) {
      ASSERT_TRUE(runtime().start("a"));
    }
    if (state == VmState::Paused) {
      ASSERT_TRUE(runtime().pause("a"));
    }
    const auto outcome = runtime().stop("a");
    ASSERT_TRUE(outcome) << state_name(state) << ": " << outcome.error().message;
    ASSERT_FALSE(outcome->tried.empty());
    EXPECT_TRUE(outcome->tried.back().worked);
    EXPECT_EQ(state_of("a"), VmState::Exited);
    ASSERT_TRUE(runtime().remove("a"));
  }
}

TEST_P(RuntimeContract, KillingEndsAtOnce) {
  make_vm("a", VmState::Running);
  EXPECT_EQ(code_of(runtime().kill("a", 0)), ErrorCode::Invalid);
  EXPECT_EQ(code_of(runtime().kill("a", 1000)), ErrorCode::Invalid);
  ASSERT_TRUE(runtime().kill("a"));
  const auto exit = runtime().wait("a", 10s);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->signal, 9);
  EXPECT_EQ(exit->reason, ExitReason::Killed);
  EXPECT_EQ(exit->certainty, Certainty::Certain);
}

TEST_P(RuntimeContract, WaitingEndsWithTheVmOrTheTime) {
  make_vm("a", VmState::Running);
  EXPECT_EQ(code_of(runtime().wait("a", 0ms)), ErrorCode::ReplyTimeout);
  EXPECT_EQ(code_of(runtime().wait("a", 30ms)), ErrorCode::ReplyTimeout);
  std::jthread waiter([&] { EXPECT_EQ(runtime().wait("a", 30s)->signal, 9); });
  std::jthread other([&] { EXPECT_EQ(runtime().wait("a", 30s)->signal, 9); });
  ASSERT_TRUE(runtime().kill("a"));
  waiter.join();
  other.join();
  EXPECT_EQ(runtime().wait("a", 0ms)->signal, 9);
}

TEST_P(RuntimeContract, EventsTellALife) {
  make_vm("a", VmState::Paused);
  make_vm("b", VmState::Created);
  ASSERT_TRUE(runtime().resume("a"));
  ASSERT_TRUE(runtime().stop("a", kKill));
  ASSERT_TRUE(runtime().remove("a"));
  EXPECT_THAT(history(runtime(), "a"),
              ElementsAre("created", "started", "paused", "resumed", "stopping", "exited", "removed"));
  EXPECT_THAT(history(runtime(), "b"), ElementsAre("created"));
  int told = 0;
  const auto count = [&](const Event&) { return ++told < 2; };
  ASSERT_TRUE(runtime().events({}, 1h, count));
  EXPECT_EQ(told, 2) << "false ends it";
  const auto later = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + 1h;
  const auto none = [](const Event&) {
    ADD_FAILURE();
    return true;
  };
  ASSERT_TRUE(runtime().events(later, 0ms, none));
}

TEST_P(RuntimeContract, EventsComeAsTheyHappen) {
  make_vm("a", VmState::Running);
  std::vector<std::string> seen;
  // The first one is there already; what it does is seen by itself.
  const auto react = [&](const Event& event) {
    if (seen.empty()) {
      EXPECT_TRUE(runtime().pause("a"));
    }
    seen.push_back(event.what);
    if (event.what == "paused") {
      EXPECT_TRUE(runtime().kill("a"));
    }
    return event.what != "exited";
  };
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(runtime().events({}, 30s, react));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
  std::erase(seen, "ready");
  EXPECT_THAT(seen, ElementsAre("created", "started", "paused", "exited"));
}

TEST_P(RuntimeContract, OfManyCreatesOfOneIdOneWins) {
  std::atomic<int> won = 0, lost = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        const auto made = runtime().create(spec("a"));
        if (made) ++won;
        if (code_of(made) == ErrorCode::Exists || code_of(made) == ErrorCode::Busy) ++lost;
      });
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 7);
  EXPECT_EQ(state_of("a"), VmState::Created);
  EXPECT_THAT(history(runtime(), "a"), ElementsAre("created"));
}

TEST_P(RuntimeContract, CommandsAtOnceSucceedOrAreToldWhy) {
  make_vm("a", VmState::Created);
  std::mutex mutex;
  std::vector<std::string> odd;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
      for (const Row& row : rows())
        threads.emplace_back([&] {
          const auto code = row.run(runtime(), "a");
          if (!code || code == ErrorCode::WrongState || code == ErrorCode::Missing || code == ErrorCode::Busy ||
              code == ErrorCode::VmmDied)
            return;
          const std::lock_guard lock(mutex);
          odd.push_back(std::string(row.name) + ": " + std::string(code_name(*code)));
        });
  }
  EXPECT_THAT(odd, IsEmpty());
  EXPECT_EQ(code_of(runtime().inspect("a")), ErrorCode::Missing) << "one of them removed it";
}

TEST_P(RuntimeContract, WhatIsInUseIsNoGarbage) {
  make_vm("a", VmState::Running);
  make_vm("b", VmState::Exited);
  for (const bool dry_run : {true, false}) {
    const auto found = runtime().gc(dry_run);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_THAT(*found, IsEmpty());
  }
  EXPECT_EQ(state_of("a"), VmState::Running);
  EXPECT_EQ(state_of("b"), VmState::Exited);
}

}  // namespace microvm::test
