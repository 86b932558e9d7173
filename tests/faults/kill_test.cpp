// The daemon is killed before and after every system call it makes: what stands then, and what the next one makes of
// it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <utility>

#include "tests/faults/unfinished.h"

namespace microvm::faults {
namespace {

using testing::IsEmpty;

constexpr std::string_view kNextApply =
    "{\"op\":\"apply\",\"id\":\"x\",\"env\":{\"NEXT\":\"1\"},\"secrets\":{\"next\":\"Mg==\"},\"epoch\":\"next\"}\n";

struct Moment {
  std::size_t at;
  Fault::Kind kind;
};

std::ostream& operator<<(std::ostream& out, const Moment& moment) {
  return out << "killed " << (moment.kind == Fault::Kind::KillBefore ? "before" : "after") << " call " << moment.at;
}

// What stands after a call stands before the next one too: the short form takes one of the two.
std::vector<Moment> moments(std::size_t calls, std::size_t from = 0) {
  std::vector<Moment> all;
  for (std::size_t at = from; at < calls; ++at) {
    all.push_back({at, Fault::Kind::KillBefore});
    if (long_form() || at + 1 == calls) all.push_back({at, Fault::Kind::KillAfter});
  }
  return all;
}

// The state, now that a daemon has found what a killed one left; it must be fit for work.
State state_after_restart(const test::DaemonPaths& paths) {
  test::Daemon daemon(paths);
  const State state = read_state(paths);
  EXPECT_THAT(leftovers(paths), IsEmpty());
  EXPECT_THAT(daemon.ask(set_secret_request("next", "1")), testing::HasSubstr(R"("ok":true)"));
  EXPECT_THAT(daemon.ask(kNextApply), testing::HasSubstr(R"("ok":true)"));
  const State expected{.env = "NEXT=1\n", .secrets = {{"next", "2"}}, .epoch = "next"};
  EXPECT_EQ(read_state(paths), expected);
  EXPECT_FALSE(tells_a_value(daemon.log())) << daemon.log();
  return state;
}

// ---- requests ----

class KilledWithin : public testing::TestWithParam<Operation> {
 protected:
  // Without a fault: the two states, and how many calls there are between them.
  void SetUp() override {
    Subject subject;
    subject.begin(GetParam());
    old_ = subject.state();
    const Subject::Answer answer = subject.ask(GetParam().request);
    ASSERT_TRUE(answer.ok()) << answer.reply;
    new_ = subject.state();
    calls_ = answer.calls.size();
    ASSERT_NE(old_, new_);
    EXPECT_THAT(leftovers(subject.paths(), GetParam().leaves_retired_set), IsEmpty());
  }

  void check(const Moment& moment) {
    Subject subject;
    subject.begin(GetParam());
    const Subject::Answer answer = subject.ask(GetParam().request, Fault{.at = moment.at, .kind = moment.kind});
    ASSERT_FALSE(subject.tracer().waits()) << "the daemon makes fewer calls than before";
    const State found = subject.state();
    EXPECT_TRUE(is_whole(found, old_, new_)) << testing::PrintToString(found);
    const State after = state_after_restart(subject.paths());
    EXPECT_TRUE(after == new_ || (!answer.ok() && after == old_))
        << testing::PrintToString(after) << "\nanswered: " << answer.reply;
  }

  State old_, new_;
  std::size_t calls_ = 0;
};

TEST_P(KilledWithin, OldOrNewAndWhole) {
  for (const Moment& moment : moments(calls_)) {
    SCOPED_TRACE(testing::Message() << moment << " of " << calls_);
    check(moment);
    if (HasFailure()) break;
  }
  RecordProperty("calls", static_cast<int>(calls_));
}

constexpr auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Every, KilledWithin, testing::ValuesIn(changes()), kName);

// ---- the start, with what an earlier daemon left ----

class KilledAtStart : public testing::TestWithParam<Unfinished> {};

TEST_P(KilledAtStart, TheNextStartFindsTheSame) {
  Subject left;
  GetParam().leave(left);
  Subject counted(left);
  const std::vector<Call> made = counted.start();
  const std::size_t calls = made.size();
  ASSERT_TRUE(counted.tracer().waits()) << counted.log();
  EXPECT_THAT(leftovers(counted.paths()), IsEmpty());
  const State expected = counted.state();
  for (const Moment& moment : moments(calls, first_call(GetParam(), made))) {
    SCOPED_TRACE(testing::Message() << moment << " of " << calls);
    Subject subject(left);
    subject.start(Fault{.at = moment.at, .kind = moment.kind});
    ASSERT_FALSE(subject.tracer().waits()) << "the daemon makes fewer calls than before";
    EXPECT_EQ(state_after_restart(subject.paths()), expected);
    if (HasFailure()) break;
  }
  RecordProperty("calls", static_cast<int>(calls));
}

INSTANTIATE_TEST_SUITE_P(Every, KilledAtStart, testing::ValuesIn(unfinished()), kName);

// ---- the end, and a replaced set whose time is over ----

class KilledLater : public testing::Test {
 protected:
  // A daemon that has replaced a set and keeps it for a while.
  static std::unique_ptr<Subject> with_replaced_set() {
    auto subject = std::make_unique<Subject>();
    subject->begin(operation("apply_many"));
    subject->ask_well(operation("apply_many").request);
    return subject;
  }
};

TEST_F(KilledLater, WithinAnOrderlyEnd) {
  const auto end = [](Subject& subject, const std::optional<Fault>& fault) {
    subject.tracer().process().signal(SIGTERM);
    return subject.tracer().run(fault);
  };
  const auto counted = with_replaced_set();
  const std::size_t calls = end(*counted, {}).size();
  EXPECT_EQ(counted->tracer().process().wait(test::kPatience), test::ExitStatus{.code = 0});
  EXPECT_THAT(leftovers(counted->paths()), IsEmpty());
  for (const Moment& moment : moments(calls - 1)) {  // the last one is the end itself
    SCOPED_TRACE(testing::Message() << moment << " of " << calls);
    const auto subject = with_replaced_set();
    end(*subject, Fault{.at = moment.at, .kind = moment.kind});
    EXPECT_EQ(subject->tracer().process().wait(test::kPatience), test::ExitStatus{.signal = SIGKILL});
    EXPECT_EQ(state_after_restart(subject->paths()), counted->state());
    if (HasFailure()) break;
  }
}

// All of them wait for their five seconds side by side.
TEST_F(KilledLater, WhileAReplacedSetIsRemoved) {
  const auto counted = with_replaced_set();
  const std::size_t calls = counted->tracer().run().size();
  EXPECT_THAT(leftovers(counted->paths()), IsEmpty());
  std::vector<std::pair<Moment, std::unique_ptr<Subject>>> all;
  for (const Moment& moment : moments(calls)) {
    if (moment.at == 0) continue;  // the wait itself
    all.emplace_back(moment, with_replaced_set());
    all.back().second->tracer().resume();
  }
  ASSERT_GT(all.size(), 10U);
  for (const auto& [moment, subject] : all) {
    SCOPED_TRACE(testing::Message() << moment << " of " << calls);
    subject->tracer().run(Fault{.at = moment.at, .kind = moment.kind});
    ASSERT_FALSE(subject->tracer().waits()) << "the daemon makes fewer calls than before";
    EXPECT_EQ(state_after_restart(subject->paths()), counted->state());
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace microvm::faults
