// What a daemon makes of what a killed one left, each such state made by hand; and what it leaves alone.
#include <filesystem>
#include <ostream>

#include "tests/contract/transaction_test.h"

namespace microvm::contract {
namespace {
namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kId = "0123456789abcdef";
const std::string kOtherId = "fedcba9876543210";

const State kOld{.env = "OLD=1\n", .secrets = {{"a", "old"}}, .epoch = "old"};
const State kNew{.env = "NEW=1\n", .secrets = {{"a", "new"}, {"b", "new"}}, .epoch = "new"};

void put_secrets(const std::string& dir, const State& state) {
  test::make_dir(dir);
  for (const auto& [name, value] : state.secrets) test::write_file(dir + "/" + name, value);
}

struct Left {
  const char* name;
  void (*leave)(const std::string& state_dir);  // env, epoch and secrets are the old ones
  State expected;
};
void PrintTo(const Left& left, std::ostream* out) { *out << left.name; }

// Everything that waits is written, nothing is exchanged.
void leave_prepared(const std::string& dir) {
  put_secrets(dir + "/.microvm-set." + kId, kNew);
  test::write_file(dir + "/.microvm-set." + kId + "/.microvm-txn." + kId, "");
  test::write_file(dir + "/.microvm-env." + kId, *kNew.env);
  test::write_file(dir + "/.microvm-epo." + kId, *kNew.epoch);
}

void leave_exchanged(const std::string& dir) {
  leave_prepared(dir);
  fs::rename(dir + "/secrets", dir + "/between");
  fs::rename(dir + "/.microvm-set." + kId, dir + "/secrets");
  fs::rename(dir + "/between", dir + "/.microvm-set." + kId);
}

void leave_env_renamed(const std::string& dir) {
  leave_exchanged(dir);
  fs::rename(dir + "/.microvm-env." + kId, dir + "/env");
}

void leave_all_renamed(const std::string& dir) {
  leave_env_renamed(dir);
  fs::rename(dir + "/.microvm-epo." + kId, dir + "/.epoch");
}

void leave_unmarked(const std::string& dir) {
  leave_all_renamed(dir);
  fs::remove(dir + "/secrets/.microvm-txn." + kId);
}

// What waits belongs to a transaction that never came to its exchange.
void leave_of_another(const std::string& dir) {
  leave_all_renamed(dir);
  test::write_file(dir + "/.microvm-env." + kOtherId, "ANOTHER=1\n");
  test::write_file(dir + "/.microvm-epo." + kOtherId, "another");
}

void leave_begun(const std::string& dir) {
  test::make_dir(dir + "/.microvm-set." + kId);
  test::write_file(dir + "/.microvm-set." + kId + "/b", "new");
  test::write_file(dir + "/.microvm-set." + kId + "/c.microvm-foreign", "new");
}

void leave_only_what_waits(const std::string& dir) {
  test::write_file(dir + "/.microvm-env." + kId, *kNew.env);
  test::write_file(dir + "/.microvm-epo." + kId, *kNew.epoch);
}

void leave_without_old_files(const std::string& dir) {
  leave_exchanged(dir);
  for (const char* name : {"/env", "/.epoch"}) fs::remove(dir + name);
}

void leave_two_sets(const std::string& dir) {
  leave_unmarked(dir);
  put_secrets(dir + "/.microvm-set." + kOtherId, kOld);
}

class Recovery : public TransactionTest {
 protected:
  void leave(const State& state) {
    test::make_dir(paths_.state_dir);
    test::write_file(paths_.env_file, *state.env);
    test::write_file(in_state(".epoch"), *state.epoch);
    put_secrets(paths_.secrets_dir, state);
  }
};

class Finished : public Recovery, public testing::WithParamInterface<Left> {};

TEST_P(Finished, OldOrNewAndNothingHidden) {
  leave(kOld);
  GetParam().leave(paths_.state_dir);
  start();
  EXPECT_EQ(state(), GetParam().expected);
  EXPECT_THAT(faults::leftovers(paths_), IsEmpty());
  EXPECT_FALSE(change("apply", R"("epoch":")" + *GetParam().expected.epoch + "\"").changed);
  EXPECT_TRUE(change("apply", R"("epoch":"next","env":{"A":"1"},"secrets":{"a":"Yg==","c":""})").changed);
  EXPECT_EQ(state(), (State{.env = "A=1\n", .secrets = {{"a", "b"}, {"c", ""}}, .epoch = "next"}));
}

INSTANTIATE_TEST_SUITE_P(
    Every, Finished,
    testing::Values(Left{"Begun", leave_begun, kOld}, Left{"OnlyWhatWaits", leave_only_what_waits, kOld},
                    Left{"Prepared", leave_prepared, kOld}, Left{"Exchanged", leave_exchanged, kNew},
                    Left{"EnvRenamed", leave_env_renamed, kNew}, Left{"AllRenamed", leave_all_renamed, kNew},
                    Left{"Unmarked", leave_unmarked, kNew}, Left{"OfAnother", leave_of_another, kNew},
                    Left{"WithoutOldFiles", leave_without_old_files, kNew}, Left{"TwoSets", leave_two_sets, kNew}),
    [](const auto& left) { return std::string(left.param.name); });

// Neither a name that is nearly hidden nor what no daemon makes is taken away.
TEST_F(Recovery, OnlyTheDaemonsOwnNamesAreSwept) {
  leave(kOld);
  const std::vector<std::string> foreign = {".microvm-env.0123456789ABCDEF",
                                            ".microvm-env.0123456789abcde",
                                            ".microvm-epo.0123456789abcdef0",
                                            ".microvm-new.0123456789abcdef",
                                            ".microvm-set.",
                                            "microvm-env.0123456789abcdef"};
  for (const std::string& name : foreign) test::write_file(in_state(name), "hunter2");
  test::make_dir(in_state(".microvm-env." + kOtherId));
  test::make_dir(in_state(".microvm-set.0123456789abcdeg"));
  test::write_file(in_state(".microvm-set.0123456789abcdeg/a"), "hunter2");
  const auto before = test::names_in(paths_.state_dir);
  start();
  change("apply", R"("secrets":{"a":"","b":""},"epoch":"next")");
  EXPECT_EQ(test::names_in(paths_.state_dir), before);
}

TEST_F(Recovery, SymlinksAtHiddenNamesAreNotFollowed) {
  leave(kOld);
  test::make_dir(dir_ / "elsewhere");
  test::write_file(dir_ / "elsewhere/a", "hunter2");
  for (const char* prefix : {".microvm-env.", ".microvm-epo.", ".microvm-tmp.", ".microvm-set."}) {
    fs::create_symlink(dir_ / "elsewhere", in_state(prefix + kId));
  }
  start();
  change("apply", R"("secrets":{"a":"","b":""},"epoch":"next")");
  change("wipe");
  EXPECT_EQ(state(), (State{.env = "", .secrets = {}, .epoch = "next"}));
  EXPECT_EQ(test::read_file(dir_ / "elsewhere/a"), "hunter2");
}

// A link inside a set is the daemon's to remove, what it leads to is not; nor is another name of a secret overwritten.
TEST_F(Recovery, WhatStandsElsewhereIsNotOverwritten) {
  leave(kOld);
  test::write_file(dir_ / "file", "hunter2");
  put_secrets(in_state(".microvm-set." + kId), kNew);
  fs::create_symlink(dir_ / "file", in_state(".microvm-set." + kId + "/link"));
  fs::create_hard_link(in_state(".microvm-set." + kId + "/a"), dir_ / "other");
  start();
  EXPECT_THAT(faults::leftovers(paths_), IsEmpty());
  EXPECT_EQ(test::read_file(dir_ / "file"), "hunter2");
  EXPECT_EQ(test::read_file(dir_ / "other"), "new");
}

// What cannot be put right is told, and nothing is served over it.
TEST_F(Recovery, ASetThatCannotBeRemovedIsNamed) {
  leave(kOld);
  test::make_dir(in_state(".microvm-set." + kId));
  test::make_dir(in_state(".microvm-set." + kId + "/folder"));
  const auto ended = run_to_end();
  EXPECT_EQ(ended.status, ExitStatus{.code = 1});
  EXPECT_THAT(ended.err, HasSubstr(".microvm-set." + kId));
  EXPECT_THAT(faults::leftovers(paths_), ElementsAre(".microvm-set." + kId));
  EXPECT_EQ(state(), kOld);
}

}  // namespace
}  // namespace microvm::contract
