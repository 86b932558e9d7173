// stat and info: what they tell, and what they never tell.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

#include "tests/contract/row.h"
#include "tests/contract/transaction_test.h"

namespace microvm::contract {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class Questions : public TransactionTest {
 protected:
  void SetUp() override { start(); }

  /// The first number of `info` that has this name.
  std::uint64_t number(const std::string& name) {
    const std::string info = ask("info");
    const std::string begin = "\"" + name + "\":";
    const std::size_t at = info.find(begin);
    EXPECT_NE(at, info.npos) << name << " in " << info;
    return at == info.npos ? 0 : std::stoull(info.substr(at + begin.size()));
  }
};

// mtime_ms as the file system has it.
std::string entry(const std::string& dir, const std::string& name) {
  const struct stat status = test::stat_of(dir + "/" + name);
  return R"({"name":")" + name + R"(","size":)" + std::to_string(status.st_size) + R"(,"mtime_ms":)" +
         std::to_string(status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000) + "}";
}

TEST_F(Questions, StatOfNothing) {
  EXPECT_EQ(ask("stat"), R"({"id":"x","ok":true,"etag":")" + etag() + R"(","epoch":null,"env":[],"secrets":[]})");
}

TEST_F(Questions, StatTellsNamesAndSizes) {
  const Change last = change("apply", R"("epoch":"\"é\n","env":{"b":"hunter2","Z":"=hunter2","_":"","A":"x=y"},)"
                                      R"("secrets":{"b":"","a-1":"aHVudGVyMg==","_":"Yg==","Z":"AAAA"})");
  EXPECT_EQ(ask("stat"), R"({"id":"x","ok":true,"etag":")" + last.etag +
                             R"(","epoch":"\"é\n","env":["A","Z","b"],"secrets":[)" + entry(paths_.secrets_dir, "Z") +
                             "," + entry(paths_.secrets_dir, "_") + "," + entry(paths_.secrets_dir, "a-1") + "," +
                             entry(paths_.secrets_dir, "b") + "]}");
}

TEST_F(Questions, StatLeavesOutWhatIsNotTheDaemonsOwn) {
  test::write_file(paths_.env_file, "# hunter2\nA=hunter2\nexport B=hunter2\n=hunter2\nhunter2\n\nC=");
  for (const char* name : {"a.pem", ".hidden", ".microvm-tmp.0123456789abcdef", "a b"}) {
    test::write_file(paths_.secrets_dir + "/" + name, "hunter2");
  }
  EXPECT_THAT(ask("stat"), testing::EndsWith(R"("env":["A","C"],"secrets":[]})"));
}

TEST_F(Questions, StatOfAsMuchAsThereCanBe) {
  std::string env;
  std::string secrets;
  for (int i = 0; i < 1024; ++i) {
    const std::string name = std::to_string(10'000 + i) + std::string(250, 'n');
    env += (i == 0 ? "\"K" : ",\"K") + name + R"(":"v")";
    secrets += (i == 0 ? "\"" : ",\"") + name + R"(":"")";
  }
  change("apply", R"("env":{)" + env + R"(},"secrets":{)" + secrets + "}");
  const std::string stat = ask("stat");
  EXPECT_LT(stat.size(), 2U * 1024 * 1024);
  EXPECT_THAT(stat, HasSubstr(R"(,"K11023nnn)"));
  EXPECT_THAT(stat, HasSubstr(R"("name":"11023nnn)"));
}

TEST_F(Questions, QuestionsTouchNothingAndTellNoValue) {
  change("apply", R"("epoch":"e","env":{"A":"hunter2"},"secrets":{"a":"aHVudGVyMg==","b":"aHVudGVyMg=="})");
  const auto before = test::tree(paths_.state_dir);
  for (const char* op : {"stat", "info", "ping"}) {
    const std::string reply = ask(op, R"("env":5,"if_match":5,"secrets":{"../a":"hunter2"},"epoch":"f","name":"a")");
    EXPECT_THAT(reply, StartsWith(R"({"id":"x","ok":true)"));
    EXPECT_THAT(reply, Not(HasSubstr(kMarker)));
    EXPECT_THAT(reply, Not(HasSubstr(kMarkerBase64.substr(0, 8))));
  }
  EXPECT_TRUE(test::tree(paths_.state_dir) == before);
}

TEST_F(Questions, InfoHasItsParts) {
  EXPECT_THAT(ask("info"),
              MatchesRegex(R"(\{"id":"x","ok":true,"version":"[0-9.]+","protocol":2,)"
                           R"("limits":\{"line_bytes":1048576,"buffered_bytes":8388608,"connections":1024,)"
                           R"("secrets":1024,"env_file_bytes":1048576,"line_timeout_ms":30000,)"
                           R"("queued_reply_bytes":65536,"reply_timeout_ms":30000,"json_depth":127,)"
                           R"("secret_name_bytes":255,"stop_timeout_ms":500\},)"
                           R"("filesystem":\{"type":"[a-z0-9]+","durable":(true|false)\},)"
                           R"("confinement":\{"capabilities":(true|false),"no_new_privs":true,)"
                           R"("landlock":[0-9]+,"seccomp":(true|false)\},)"
                           R"("counters":\{"connections":[0-9]+,"refused_peers":0,"turned_away":0,)"
                           R"("requests":[0-9]+,"errors":0,"skipped_lines":0,"unscrubbed_files":0\}\})"));
}

TEST_F(Questions, InfoTellsTheLimitThatHolds) {
  daemon().stop();
  start({"--max-connections", "7"});
  EXPECT_EQ(number("connections"), 7U);  // the limit comes before the counter
}

TEST_F(Questions, InfoCounts) {
  const std::uint64_t requests = number("requests");
  ask("ping");
  ask("apply", R"("env":{"1":""})");
  EXPECT_THAT(daemon().ask("nonsense\n"), HasSubstr("invalid request json: "));
  EXPECT_EQ(number("requests"), requests + 4);
  EXPECT_EQ(number("errors"), 2U);
  EXPECT_THAT(daemon().ask(std::string(1024 * 1024, 'u') + "\n"), HasSubstr("line too long"));
  EXPECT_EQ(number("skipped_lines"), 1U);
  EXPECT_EQ(number("errors"), 3U);
}

TEST_F(Questions, InfoCountsWhatIsNotScrubbed) {
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  const UniqueFd reader(::open((paths_.secrets_dir + "/s").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_EQ(number("unscrubbed_files"), 1U);
  ASSERT_EQ(daemon().ask(set_secret("s")), kPong);
  EXPECT_EQ(number("unscrubbed_files"), 1U);
  EXPECT_EQ(::lseek(reader.get(), 0, SEEK_END), 7) << "what a reader has open stays as it was";
}

}  // namespace
}  // namespace microvm::contract
