// Protocol 2 beyond single rows: etags and conditions, the epoch, the replaced set, limits, what is planted in the way.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <thread>

#include "tests/contract/transaction_test.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

using testing::IsEmpty;

constexpr std::string_view kTwoSecrets = R"("secrets":{"a":"aHVudGVyMg==","b":"Yg=="})";
constexpr std::string_view kTwoOthers = R"("secrets":{"a":"Mg==","b":"Mg=="})";

std::string member(std::string_view name, std::string_view value) {
  return "\"" + std::string(name) + R"(":")" + std::string(value) + "\"";
}

class Transactions : public TransactionTest {
 protected:
  void SetUp() override { start(); }
};

// ---- etag, if_match ----

TEST_F(Transactions, TheEtagIsNewAfterEveryChangeAndEveryStart) {
  std::set<std::string> seen{etag()};
  const auto expect_new = [&] { EXPECT_TRUE(seen.insert(etag()).second) << "an etag that was there before"; };
  const auto expect_same = [&] { EXPECT_FALSE(seen.insert(etag()).second) << "another etag without a change"; };
  for (int i = 0; i < 2; ++i) {
    SCOPED_TRACE(i);
    ASSERT_EQ(ask("set_env", R"("env":{"A":"1"})"), kPong);  // always writes
    expect_new();
    ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
    expect_new();
    change("apply", i == 0 ? kTwoSecrets : kTwoOthers);
    expect_new();
    change("delete_secret", R"("name":"s")");
    expect_new();
    change("wipe");
    expect_new();
    change("wipe");
    expect_new();
    for (const char* op : {"ping", "stat", "info", "nonsense"}) ask(op);
    change("apply", R"("env":{},"delete_secrets":["a"])");
    refusal("apply", R"("env":{"1":""})");
    expect_same();
    daemon().stop();
    start();
    expect_new();
  }
}

TEST_F(Transactions, IfMatchLetsTheFirstWriterIn) {
  struct Case {
    const char* op;
    std::string fields;
  };
  for (const Case& at :
       {Case{"set_env", R"("env":{"A":"1"})"}, Case{"set_env", R"("merge":true,"env":{"B":"1"})"},
        Case{"set_secret", R"("name":"s","value_b64":"aHVudGVyMg==")"}, Case{"apply", std::string(kTwoSecrets)},
        Case{"apply", R"("epoch":"e")"}, Case{"delete_secret", R"("name":"z")"}, Case{"wipe", R"("u":1)"}}) {
    SCOPED_TRACE(at.op + at.fields);
    change("apply", R"("env":{"Z":"1"},"secrets":{"z":""},"epoch":"before")");
    const std::string matching = at.fields + "," + member("if_match", etag());
    const std::string reply = ask(at.op, matching);
    EXPECT_THAT(reply, testing::StartsWith(R"({"id":"x","ok":true,"etag":")" + etag() + "\""));
    EXPECT_EQ(refusal(at.op, matching), "conflict");
  }
}

TEST_F(Transactions, RepliesOfProtocolOneCarryMoreOnlyWithIfMatch) {
  for (const auto& [op, fields] : {std::pair<std::string, std::string>{"set_env", R"("env":{"A":"1"},"epoch":5)"},
                                   {"set_secret", R"("name":"s","value_b64":"","secrets":5)"}}) {
    EXPECT_EQ(ask(op, fields), kPong);
    const std::string reply = ask(op, fields + "," + member("if_match", etag()));
    EXPECT_EQ(reply, R"({"id":"x","ok":true,)" + member("etag", etag()) + "}");
  }
  EXPECT_EQ(refusal("set_env", R"("env":{"1":""},"if_match":"")"), "invalid");
  EXPECT_EQ(refusal("set_secret", R"("name":"s","if_match":"")"), "invalid");
  EXPECT_THAT(ask("set_env", R"("env":{"1":""})"), IsError("env key"));
  EXPECT_EQ(ask("ping", R"("if_match":5)"), kPong);
  EXPECT_THAT(daemon().ask("{\"id\":\"x\",\"op\":\"apply\",}\n"), IsError("invalid request json: "));
}

TEST_F(Transactions, PipelinedOnesSeeEachOther) {
  LineClient client = daemon().client();
  std::string stream;
  for (int i = 0; i < 50; ++i) {
    stream += request("apply", R"("secrets":{"a":"aHVudGVyMg=="},"env":{"N":")" + std::to_string(i) + "\"}");
    stream += request("delete_secret", R"("name":"a")");
  }
  ASSERT_TRUE(client.send(stream));
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto reply = change_of(client.read_line().value_or(""));
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->changed);
    EXPECT_TRUE(seen.insert(reply->etag).second);
  }
  EXPECT_EQ(state(), (State{.env = "N=49\n", .secrets = {}, .epoch = {}}));
}

// ---- epoch ----

TEST_F(Transactions, TheEpochOutlivesTheDaemon) {
  EXPECT_THAT(ask("stat"), testing::HasSubstr(R"("epoch":null,)"));
  EXPECT_FALSE(test::exists(in_state(".epoch")));
  EXPECT_TRUE(change("apply", R"("epoch":"one","env":{"A":"1"})").changed);
  EXPECT_EQ(test::mode_of(in_state(".epoch")), 0600U);
  daemon().stop();
  start();
  EXPECT_THAT(ask("stat"), testing::HasSubstr(R"("epoch":"one",)"));
  EXPECT_FALSE(change("apply", R"("epoch":"one")").changed);
  EXPECT_EQ(state().env, "A=1\n");
  EXPECT_TRUE(change("wipe").changed);
  EXPECT_EQ(state().epoch, "one");
}

TEST_F(Transactions, NoEpochAndTheEmptyOneDiffer) {
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_TRUE(change("apply", R"("epoch":"")").changed);
  EXPECT_EQ(state(), (State{.env = "", .secrets = {}, .epoch = ""}));
  daemon().stop();
  start();
  EXPECT_FALSE(change("apply", R"("epoch":"")").changed);
}

TEST_F(Transactions, AnEpochFileThatIsNoneCountsAsNone) {
  daemon().stop();
  test::write_file(dir_ / "elsewhere", "one");
  fs::create_symlink(dir_ / "elsewhere", in_state(".epoch"));
  start();
  EXPECT_THAT(ask("stat"), testing::HasSubstr(R"("epoch":null,)"));
  EXPECT_TRUE(change("apply", R"("epoch":"two")").changed);
  EXPECT_EQ(state().epoch, "two");
  EXPECT_EQ(test::read_file(dir_ / "elsewhere"), "one");
}

// ---- files ----

TEST_F(Transactions, ModesAreTheSameAfterAnExchange) {
  daemon().stop();
  start({}, {.umask = 0777});
  change("apply", std::string(kTwoSecrets) + R"(,"env":{"A":"1"},"epoch":"e")");
  change("apply", std::string(kTwoOthers) + R"(,"env":{"A":"2"})");
  for (const char* dir : {"", "secrets"}) EXPECT_EQ(test::mode_of(in_state(dir)), 0700U) << dir;
  for (const char* file : {"env", ".epoch", "secrets/a", "secrets/b"}) {
    EXPECT_EQ(test::mode_of(in_state(file)), 0600U) << file;
  }
  EXPECT_EQ(test::mode_of(retired()), 0700U);
}

TEST_F(Transactions, WhatStaysIsNotWrittenAgain) {
  ASSERT_EQ(daemon().ask(set_secret("kept")), kPong);
  const ino_t kept = test::stat_of(in_state("secrets/kept")).st_ino;
  change("apply", kTwoSecrets);
  EXPECT_EQ(test::stat_of(in_state("secrets/kept")).st_ino, kept);
}

TEST_F(Transactions, SymlinksAreReplacedNotFollowed) {
  test::write_file(dir_ / "elsewhere", "hunter2");
  for (const char* name : {"env", "secrets/a", "secrets/c", "secrets/d"}) {
    fs::create_symlink(dir_ / "elsewhere", in_state(name));
  }
  change("apply", R"("secrets":{"a":"aHVudGVyMg=="})");
  change("apply", R"("delete_secrets":["c"])");
  EXPECT_EQ(test::read_file(in_state("secrets/a")), "hunter2");
  change("apply", R"("env":{"A":"1"},"env_mode":"merge","secrets":{"b":"Yg=="})");
  EXPECT_EQ(state(), (State{.env = "A=1\n", .secrets = {{"a", "hunter2"}, {"b", "b"}}, .epoch = {}}));
  fs::create_symlink(dir_ / "elsewhere", in_state("secrets/e"));
  change("wipe");
  EXPECT_EQ(test::read_file(dir_ / "elsewhere"), "hunter2");
}

TEST_F(Transactions, SecretsBehindASymlinkAreNotTouched) {
  change("apply", kTwoSecrets);
  fs::rename(paths_.secrets_dir, dir_ / "moved");
  fs::create_directory_symlink(dir_ / "moved", paths_.secrets_dir);
  for (const char* op : {"wipe", "stat"}) EXPECT_EQ(refusal(op), "io");
  EXPECT_EQ(refusal("apply", kTwoOthers), "io");
  EXPECT_EQ(refusal("delete_secret", R"("name":"a")"), "io");
  EXPECT_EQ(test::read_file(dir_ / "moved/a"), "hunter2");
}

TEST_F(Transactions, SecretsThatVanishAreMadeAgain) {
  for (const auto& [op, fields] : {std::pair<std::string, std::string>{"wipe", ""},
                                   {"delete_secret", R"("name":"a")"},
                                   {"apply", R"("delete_secrets":["a","b"])"},
                                   {"apply", std::string(kTwoSecrets)}}) {
    SCOPED_TRACE(op);
    fs::remove_all(paths_.secrets_dir);
    change(op, fields);
    EXPECT_EQ(test::mode_of(paths_.secrets_dir), 0700U);
  }
  EXPECT_EQ(state().secrets.size(), 2U);
}

TEST_F(Transactions, AForeignLineIsNotLostByAMerge) {
  test::write_file(paths_.env_file, "A=1\nexport B=hunter2\n");
  EXPECT_EQ(refusal("apply", R"("env_mode":"merge","env":{"C":"3"},"secrets":{"a":"","b":""})"), "invalid");
  EXPECT_TRUE(change("apply", R"("env":{"C":"3"},"secrets":{"a":"","b":""})").changed);
  EXPECT_EQ(state().env, "C=3\n");
}

// ---- the replaced set ----

TEST_F(Transactions, AReplacedSetStaysWholeForFiveSeconds) {
  change("apply", kTwoSecrets);
  const UniqueFd held(::open(paths_.secrets_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto replaced_at = std::chrono::steady_clock::now();
  change("apply", kTwoOthers);
  const std::string set = retired();
  while (std::chrono::steady_clock::now() - replaced_at < 4500ms) {
    ASSERT_EQ(test::read_file(set + "/a") + test::read_file(set + "/b"), "hunter2b");
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(::faccessat(held.get(), "a", R_OK, 0), 0);
  const Deadline deadline = Deadline::after(test::kPatience);
  while (test::exists(set) && !deadline.passed()) std::this_thread::sleep_for(20ms);
  EXPECT_GE(std::chrono::steady_clock::now() - replaced_at, 5s);
  EXPECT_THAT(faults::leftovers(paths_), IsEmpty());
}

TEST_F(Transactions, AReplacedSetGoesWithTheNext) {
  std::set<std::string> sets;
  for (int i = 0; i < 4; ++i) {
    change("apply", i % 2 == 0 ? kTwoSecrets : kTwoOthers);
    EXPECT_TRUE(sets.insert(retired()).second);
    EXPECT_THAT(faults::leftovers(paths_, true), IsEmpty());
  }
  ASSERT_EQ(daemon().ask(set_secret("a")), kPong);
  change("delete_secret", R"("name":"b")");
  EXPECT_TRUE(sets.contains(retired())) << "one secret by itself leaves it alone";
}

TEST_F(Transactions, AReplacedSetGoesAtOnceWithAWipeAnEpochAndTheDaemon) {
  for (const auto& [op, fields] :
       {std::pair{"wipe", ""}, std::pair{"apply", R"("epoch":"one")"}, std::pair{"apply", R"("epoch":"two")"}}) {
    change("apply", kTwoSecrets);
    EXPECT_NE(retired(), "");
    change(op, fields);
    EXPECT_THAT(faults::leftovers(paths_), IsEmpty());
  }
  change("apply", kTwoSecrets);
  daemon().stop();
  EXPECT_THAT(faults::leftovers(paths_), IsEmpty());
}

// Not even a reader that has it open sees a value behind the reply.
TEST_F(Transactions, AWipeOverwritesWhatIsOpen) {
  change("apply", kTwoSecrets);
  change("apply", R"("secrets":{"b":"","c":""})");
  const UniqueFd present(::open(in_state("secrets/a").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  const UniqueFd other(::open(in_state("secrets/s").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd replaced(::open((retired() + "/b").c_str(), O_RDONLY | O_CLOEXEC));
  change("wipe");
  for (const auto& [fd, size] : {std::pair{present.get(), 7}, {other.get(), 7}, {replaced.get(), 1}}) {
    std::string bytes(16, 'x');
    EXPECT_EQ(::pread(fd, bytes.data(), bytes.size(), 0), size);
    EXPECT_EQ(bytes.find_first_not_of('\0'), static_cast<std::size_t>(size));
  }
}

// ---- limits ----

std::string many_secrets(int from, int to) {
  std::string members;
  for (int i = from; i < to; ++i) members += (i == from ? "" : ",") + member("s" + std::to_string(i), "");
  return "\"secrets\":{" + members + "}";
}

TEST_F(Transactions, AThousandAndTwentyFourSecrets) {
  const auto expect_too_large = [this](const char* op, const std::string& fields) {
    const State before = state();
    EXPECT_EQ(refusal_of(ask(op, fields)).value_or(Refusal()).code, "too_large");
    EXPECT_EQ(state(), before);
    EXPECT_THAT(faults::leftovers(paths_), IsEmpty());
  };
  expect_too_large("apply", many_secrets(0, 1025));
  change("apply", many_secrets(0, 1023) + R"(,"epoch":"e")");
  EXPECT_TRUE(change("apply", many_secrets(1023, 1024)).changed);
  expect_too_large("apply", many_secrets(1024, 1025));
  expect_too_large("apply", R"("env":{"A":"1"},)" + many_secrets(1024, 1026));
  expect_too_large("set_secret", R"("name":"s1024","value_b64":"",)" + member("if_match", etag()));
  EXPECT_TRUE(change("apply", R"("delete_secrets":["s0"],)" + many_secrets(1024, 1025)).changed);
  EXPECT_FALSE(change("apply", many_secrets(1, 1025)).changed);
  EXPECT_TRUE(change("apply", R"("secrets_mode":"replace",)" + many_secrets(1025, 2049)).changed);
  EXPECT_TRUE(change("apply", R"("epoch":"f",)" + many_secrets(0, 1024)).changed);
  EXPECT_EQ(state().secrets.size(), 1024U);
}

TEST_F(Transactions, AMergedEnvFileOfAMebibyte) {
  const std::string value(600'000, 'v');
  change("apply", R"("env":{)" + member("A", value) + "}");
  EXPECT_EQ(refusal("apply", R"("secrets":{"a":"","b":""},"env_mode":"merge","env":{)" + member("B", value) + "}"),
            "too_large");
  EXPECT_TRUE(change("apply", R"("env":{)" + member("B", value) + "}").changed);
}

}  // namespace
}  // namespace microvm::contract
