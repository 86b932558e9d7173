// Every system call of every request fails in every way it can: what is answered, what stands then, and what is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "tests/faults/errnos.h"
#include "tests/faults/unfinished.h"

namespace microvm::faults {
namespace {

using testing::IsEmpty;

constexpr const char* kPing = "{\"op\":\"ping\",\"id\":\"x\"}\n";

// ---- what fails ----

struct Case {
  const CallRule* rule;
  Fault fault;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << c.rule->name << " " << c.fault.at << (c.fault.lasting ? " and later: " : ": ");
  return out << (c.fault.kind == Fault::Kind::Short ? "half written" : std::strerror(c.fault.sys_errno));
}

// The short form takes two of a call's errnos, other ones each time the call is made.
bool is_taken(std::size_t errno_index, std::size_t occurrence, std::size_t errnos) {
  return long_form() || (errno_index + errnos - occurrence % errnos) % errnos < 2;
}

void add_cases(std::vector<Case>& cases, const CallRule& rule, std::size_t occurrence) {
  const std::vector<int>& errnos = rule.errnos;
  for (std::size_t i = 0; i < errnos.size(); ++i) {
    Fault fault{.at = occurrence, .kind = Fault::Kind::Fail, .sys_errno = errnos[i], .number = rule.number};
    if (is_taken(i, occurrence, errnos.size())) cases.push_back({&rule, fault});
    fault.lasting = true;
    if (i == occurrence % errnos.size() && fault.sys_errno != EINTR) cases.push_back({&rule, fault});
  }
  const bool writes = rule.number == SYS_write || rule.number == SYS_pwrite64 || rule.number == SYS_sendto;
  if (writes) cases.push_back({&rule, {.at = occurrence, .kind = Fault::Kind::Short, .number = rule.number}});
}

std::vector<Case> cases_of(const std::vector<Call>& calls) {
  std::vector<Case> cases;
  std::map<std::uint64_t, std::size_t> seen;
  for (const Call& call : calls) {
    const CallRule* rule = rule_of(call.number);
    if (rule == nullptr) {
      ADD_FAILURE() << "system call " << call.number << " is not in the table of errnos.cpp";
    } else {
      add_cases(cases, *rule, seen[call.number]++);
    }
  }
  return cases;
}

// ---- what must hold ----

class FailedWithin : public testing::TestWithParam<Operation> {
 protected:
  void SetUp() override {
    subject_.begin(GetParam());
    old_ = subject_.state();
    subject_.ask(GetParam().request);
    // Once more, now that the heap has grown: this is how it will be.
    subject_.prepare(GetParam());
    ASSERT_EQ(subject_.state(), old_);
    const Subject::Answer answer = subject_.ask(GetParam().request);
    calls_ = answer.calls;
    new_ = subject_.state();
    descriptors_ = subject_.descriptors();
  }

  std::size_t unscrubbed() {
    const std::string name = R"("unscrubbed_files":)";
    const std::string reply = subject_.ask("{\"op\":\"info\",\"id\":\"x\"}\n").reply;
    return std::stoul(reply.substr(reply.find(name) + name.size()));
  }

  void strike(const Case& c) {
    subject_.prepare(GetParam());
    const std::size_t unscrubbed_before = unscrubbed();
    const Subject::Answer answer = subject_.ask(GetParam().request, c.fault);
    ASSERT_TRUE(subject_.tracer().waits()) << "the daemon is dead";
    SCOPED_TRACE("answered: " + answer.reply);
    EXPECT_FALSE(tells_a_value(answer.reply));
    EXPECT_FALSE(tells_a_value(subject_.log()));
    check_state(c, answer);
    if (answer.reply.empty()) subject_.connect();
    if (c.rule->kind == Kind::Sync && fails(c)) check_unsynced(c, answer);
    if (c.rule->kind == Kind::Scrub && fails(c)) {
      EXPECT_TRUE(answer.ok());
      EXPECT_GT(unscrubbed(), unscrubbed_before);
    }
    if (c.rule->number == SYS_sendto) {
      EXPECT_EQ(count(answer.calls, SYS_pwrite64), count(calls_, SYS_pwrite64)) << "nobody heard, nothing is scrubbed";
    }
    EXPECT_EQ(subject_.descriptors(), descriptors_);
  }

  void check_state(const Case& c, const Subject::Answer& answer) {
    const bool visible = is_visible_only(answer);
    State found = subject_.state();
    if (visible) found.epoch = new_.epoch;  // it comes with the next request
    if (answer.ok() || visible) {
      EXPECT_EQ(found, new_);
    } else if (!answer.reply.empty()) {
      EXPECT_EQ(found, old_);
    } else {
      EXPECT_TRUE(found == old_ || found == new_) << testing::PrintToString(found);
      EXPECT_TRUE(c.rule->kind == Kind::Reply) << "no answer";
    }
    stands_ = found;
  }

  // What is not synced is not acknowledged, nor may a crash that undoes it find zeros in the old files; who asks for
  // the same again is answered when it is synced.
  void check_unsynced(const Case& c, const Subject::Answer& answer) {
    EXPECT_FALSE(answer.ok());
    std::vector<Call> before = answer.calls;
    while (count(before, SYS_fsync) > c.fault.at + 1 || before.back().number != SYS_fsync) before.pop_back();
    if (is_visible_only(answer) || count(before, SYS_renameat2) != 0) {
      EXPECT_EQ(count(before, SYS_pwrite64), count(answer.calls, SYS_pwrite64)) << "scrubbed too soon";
    }
    if (!is_visible_only(answer)) return;
    const Subject::Answer again = subject_.ask(GetParam().request);
    EXPECT_TRUE(again.ok()) << again.reply;
    EXPECT_GT(count(again.calls, SYS_fsync), 0U) << "acknowledged unsynced";
    EXPECT_EQ(subject_.state(), new_);
  }

  // The next request works, and puts right what the fault left.
  void check_next() {
    subject_.ask_well(set_secret_request("next", "1"));
    stands_.secrets["next"] = "1";
    EXPECT_EQ(subject_.state(), stands_);
    const bool done = stands_.env == new_.env && stands_.epoch == new_.epoch;
    const bool retired = GetParam().leaves_retired_set || (GetParam().finds_retired_set && !done);
    EXPECT_THAT(leftovers(subject_.paths(), retired), IsEmpty());
  }
  // So does the next daemon.
  void check_restart() {
    subject_.tracer().process().kill();
    subject_.start();
    ASSERT_TRUE(subject_.tracer().waits()) << subject_.log();
    EXPECT_EQ(subject_.state(), stands_);
    EXPECT_THAT(leftovers(subject_.paths()), IsEmpty());
    subject_.connect();
  }

  static bool fails(const Case& c) { return c.fault.kind == Fault::Kind::Fail && c.fault.sys_errno != EINTR; }
  static bool is_visible_only(const Subject::Answer& answer) {
    return answer.reply.find("is visible and may not last") != std::string::npos;
  }
  static std::size_t count(const std::vector<Call>& calls, std::uint64_t number) {
    return static_cast<std::size_t>(std::ranges::count(calls, number, &Call::number));
  }

  Subject subject_;
  State old_, new_;
  State stands_;  // behind a fault
  std::vector<Call> calls_;
  std::size_t descriptors_ = 0;
};

TEST_P(FailedWithin, IsAnsweredAsItIs) {
  const std::vector<Case> cases = cases_of(calls_);
  for (std::size_t i = 0; i < cases.size() && !HasFailure(); ++i) {
    SCOPED_TRACE(testing::Message() << cases[i]);
    strike(cases[i]);
    if (HasFailure()) break;
    if (i % 2 == 0) {
      check_next();
    } else {
      check_restart();
    }
  }
  RecordProperty("cases", static_cast<int>(cases.size()));
}

constexpr auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Changes, FailedWithin, testing::ValuesIn(changes()), kName);
INSTANTIATE_TEST_SUITE_P(Questions, FailedWithin, testing::ValuesIn(questions()), kName);

TEST(FailedConnect, OthersAreServed) {
  Subject subject;
  subject.start();
  subject.connect();
  const std::size_t descriptors = subject.descriptors();
  for (const Case& c : cases_of(subject.connect())) {
    SCOPED_TRACE(testing::Message() << c);
    subject.connect(c.fault);
    ASSERT_TRUE(subject.tracer().waits()) << "the daemon is dead";
    subject.connect();
    EXPECT_TRUE(subject.ask(kPing).ok()) << subject.log();
    while (subject.descriptors() > descriptors) subject.tracer().run();  // the ends of the ones before
    EXPECT_EQ(subject.descriptors(), descriptors);
    if (HasFailure()) break;
  }
}

// ---- the start ----

class FailedAtStart : public testing::TestWithParam<Unfinished> {};

// It does without, or it ends; either way nothing is lost.
TEST_P(FailedAtStart, TheNextStartFindsTheSame) {
  Subject left;
  GetParam().leave(left);
  Subject counted(left);
  const std::vector<Call> calls = counted.start();
  for (std::size_t at = first_call(GetParam(), calls); at < calls.size(); ++at) {
    const CallRule* rule = rule_of(calls[at].number);
    std::vector<int> errnos = rule != nullptr && !rule->errnos.empty() ? rule->errnos : std::vector{EPERM, ENOMEM};
    if (!long_form()) errnos = {errnos[at % errnos.size()]};
    for (const int sys_errno : errnos) {
      SCOPED_TRACE(testing::Message() << "call " << at << ", number " << calls[at].number << ": "
                                      << std::strerror(sys_errno));
      Subject subject(left);
      subject.start(Fault{.at = at, .kind = Fault::Kind::Fail, .sys_errno = sys_errno});
      EXPECT_FALSE(tells_a_value(subject.log()));
      EXPECT_NE(subject.tracer().process().wait(std::chrono::milliseconds(0)), test::ExitStatus{.code = 0});
      subject.tracer().process().kill();
      subject.start();
      ASSERT_TRUE(subject.tracer().waits()) << subject.log();
      EXPECT_EQ(subject.state(), counted.state());
      EXPECT_THAT(leftovers(subject.paths()), IsEmpty());
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, FailedAtStart, testing::ValuesIn(unfinished()), kName);

}  // namespace
}  // namespace microvm::faults
