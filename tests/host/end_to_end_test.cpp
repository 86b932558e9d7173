// The command, the client and the real daemon, with nothing but the VMM replaced by the double.
#include <thread>

#include "tests/host/client_fixture.h"
#include "tests/support/daemon.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Lt;
using testing::Not;

class EndToEndTest : public WithGuest {
 protected:
  EndToEndTest() { vsock_.listen(kPort, daemon_.paths().socket); }

  TempDir guest_dir_;
  Daemon daemon_{guest_dir_};
};

TEST_F(EndToEndTest, ValuesArriveAsTheyWere) {
  metadata::Client client = connect();
  EXPECT_THAT(client.ping(), Succeeds());
  EXPECT_THAT(client.set_env({{"B", "x \"y\" \\ \t\r\x01\x7f\xc3\xa9"}, {"A", "1"}, {"EMPTY", ""}}), Succeeds());
  EXPECT_EQ(read_file(daemon_.paths().env_file), "A=1\nB=x \"y\" \\ \t\r\x01\x7f\xc3\xa9\n");
  EXPECT_THAT(client.set_env({{"A", ""}, {"C", "3"}}, metadata::EnvMode::Merge), Succeeds());
  EXPECT_EQ(read_file(daemon_.paths().env_file), "B=x \"y\" \\ \t\r\x01\x7f\xc3\xa9\nC=3\n");

  std::string every_byte(786'000, '\0');
  for (std::size_t i = 0; i < every_byte.size(); ++i) every_byte[i] = static_cast<char>(i * 31 + i / 256);
  for (const std::string& value : {std::string(), std::string("x"), std::string(32, '\0'), every_byte}) {
    EXPECT_THAT(client.set_secret("key", bytes_of(value)), Succeeds());
    EXPECT_TRUE(read_file(daemon_.paths().secrets_dir + "/key") == value) << value.size();
  }
}

TEST_F(EndToEndTest, ARefusalOfTheDaemonLeavesTheConnection) {
  metadata::Client client = connect();
  write_file(daemon_.paths().env_file, "no assignment\n");
  const auto refused = client.set_env({{"A", "1"}}, metadata::EnvMode::Merge);
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_THAT(refused.error().message, HasSubstr("1"));
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(EndToEndTest, ADaemonThatEndsIsTold) {
  metadata::Client client = connect({.connect_timeout = 200ms});
  EXPECT_THAT(client.ping(), Succeeds());
  daemon_.stop();
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_THAT(metadata::Client::connect({.uds_path = uds_, .port = kPort}, {.connect_timeout = 100ms}),
              FailsAs(ErrorCode::NotListening));
  Daemon again(daemon_.paths());
  EXPECT_THAT(connect().ping(), Succeeds());
}

TEST_F(EndToEndTest, Transactions) {
  metadata::Client client = connect();
  metadata::Change change{.env = metadata::Env{{"A", "1"}, {"B", "2"}}, .epoch = "blue"};
  change.secrets = {{"crt", secret_of("certificate")}, {"key", secret_of(std::string_view("\0\xff", 2))}, {"old", {}}};
  const auto first = client.apply(change);
  ASSERT_THAT(first, Succeeds());
  EXPECT_TRUE(first->changed);
  EXPECT_EQ(read_file(daemon_.paths().env_file), "A=1\nB=2\n");
  EXPECT_EQ(read_file(daemon_.paths().secrets_dir + "/key"), std::string("\0\xff", 2));

  const auto same = client.apply(change);
  ASSERT_THAT(same, Succeeds());
  EXPECT_FALSE(same->changed);
  EXPECT_EQ(same->etag, first->etag);

  const auto merged = client.set_env({{"B", ""}, {"C", "3"}}, metadata::EnvMode::Merge, first->etag);
  ASSERT_THAT(merged, Succeeds());
  EXPECT_NE(merged->etag, first->etag);
  const auto conflict = client.set_secret("key", bytes_of("other"), first->etag);
  EXPECT_THAT(conflict, FailsAs(ErrorCode::Rejected));
  EXPECT_EQ(conflict.error().guest_code, "conflict");
  const auto deleted = client.delete_secret("old", merged->etag);
  ASSERT_THAT(deleted, Succeeds());
  EXPECT_TRUE(deleted->changed);
  const auto gone = client.delete_secret("old");
  ASSERT_THAT(gone, Succeeds());
  EXPECT_FALSE(gone->changed);

  const auto stat = client.stat();
  ASSERT_THAT(stat, Succeeds());
  EXPECT_EQ(stat->etag, gone->etag);
  EXPECT_EQ(stat->epoch, "blue");
  EXPECT_THAT(stat->env, ElementsAre("A", "C"));
  ASSERT_EQ(stat->secrets.size(), 2U);
  EXPECT_EQ(stat->secrets[0].name, "crt");
  EXPECT_EQ(stat->secrets[0].size, 11U);
  const auto age = std::chrono::system_clock::now() - stat->secrets[0].changed;
  EXPECT_THAT(age, AllOf(Ge(-1s), Lt(1min)));

  ASSERT_THAT(client.apply({.env = metadata::Env{{"D", "4"}}, .epoch = "green"}), Succeeds());
  EXPECT_EQ(read_file(daemon_.paths().env_file), "D=4\n");
  EXPECT_THAT(names_in(daemon_.paths().secrets_dir), IsEmpty());
  ASSERT_THAT(client.set_secret("key", bytes_of("x")), Succeeds());
  ASSERT_THAT(client.wipe(), Succeeds());
  EXPECT_EQ(read_file(daemon_.paths().env_file), "");
  EXPECT_THAT(names_in(daemon_.paths().secrets_dir), IsEmpty());
}

TEST_F(EndToEndTest, TheMostThatAStatTells) {
  metadata::Client client = connect();
  metadata::Change change{.env = metadata::Env()};
  for (int i = 0; i < 1024; ++i) {
    change.env->emplace(fmt::format("KEY_{:0200}", i), "1");
    change.secrets[fmt::format("{:0255}", i)];
  }
  ASSERT_THAT(client.apply(change), Succeeds());
  const auto stat = client.stat();
  ASSERT_THAT(stat, Succeeds());
  EXPECT_EQ(stat->env.size(), 1024U);
  EXPECT_EQ(stat->secrets.size(), 1024U);
  change.secrets["one_more"];
  const auto refused = client.apply(change);
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_EQ(refused.error().guest_code, "too_large");
}

TEST_F(EndToEndTest, TheDaemonTellsOfItself) {
  const auto info = connect().info();
  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->protocol, 2U);
  EXPECT_EQ(info->limits.at("line_bytes"), metadata::kMaxRequestBytes);
  EXPECT_GE(info->counters.at("requests"), 1U);
  EXPECT_TRUE(info->confinement.contains("seccomp"));
  EXPECT_THAT(info->filesystem, Not(IsEmpty()));
}

TEST_F(EndToEndTest, WaitsForADaemonThatStartsAgain) {
  const metadata::Endpoint endpoint{.uds_path = uds_, .port = kPort};
  EXPECT_THAT(metadata::wait_until_answered(endpoint), Succeeds());
  daemon_.stop();
  // A daemon of a test ends with the thread that started it: the waiting is what the other thread does.
  Result<void> result;
  std::thread waiting([&] { result = metadata::wait_until_answered(endpoint, {.connect_timeout = kPatience}); });
  std::this_thread::sleep_for(100ms);
  const Daemon again(daemon_.paths());
  waiting.join();
  EXPECT_THAT(result, Succeeds());
}

TEST_F(EndToEndTest, TheCommandDoesItAll) {
  const auto microvm = [this](std::vector<std::string> words, std::string input = {}) {
    words.insert(words.begin(), {required_env("MICROVM_BIN"), "metadata"});
    words.insert(words.end(), {"--uds", uds_, "--timeout", "20s"});
    const Finished finished = run({.argv = words, .input = std::move(input)});
    EXPECT_EQ(finished.status.code, 0) << finished.err;
    return finished.out;
  };
  microvm({"ping"});
  microvm({"set-env", "LANG=C.UTF-8", "GONE=1"});
  microvm({"set-env", "--merge", "--from-file", "-"}, "export TZ='Europe/Berlin'\nGONE=\n");
  microvm({"set-secret", "db", "--from-file", "-"}, std::string("hunter2\n\0\xff", 10));
  EXPECT_EQ(read_file(daemon_.paths().env_file), "LANG=C.UTF-8\nTZ=Europe/Berlin\n");
  EXPECT_EQ(read_file(daemon_.paths().secrets_dir + "/db"), std::string("hunter2\n\0\xff", 10));

  make_dir(dir_ / "secrets");
  write_file(dir_ / "secrets/crt", "certificate");
  EXPECT_THAT(microvm({"apply", "--env-file", "-", "--secrets-dir", dir_ / "secrets", "--delete", "db"}, "A=1\n"),
              HasSubstr(", changed, "));
  EXPECT_EQ(read_file(daemon_.paths().env_file), "A=1\n");
  EXPECT_THAT(names_in(daemon_.paths().secrets_dir), ElementsAre("crt"));
  EXPECT_THAT(microvm({"apply", "--json", "-"}, R"({"env":{"A":"1"}})"), HasSubstr(", unchanged, "));
  EXPECT_THAT(microvm({"stat"}), AllOf(HasSubstr("\nenv A\n"), HasSubstr("\nsecret crt")));
  EXPECT_THAT(microvm({"info"}), HasSubstr("\nprotocol 2\n"));
  EXPECT_THAT(microvm({"delete-secret", "crt"}), HasSubstr(", changed, "));
  EXPECT_THAT(microvm({"wipe"}), HasSubstr(", changed, "));
  EXPECT_THAT(microvm({"wait"}), HasSubstr("wait: ok"));
  EXPECT_EQ(read_file(daemon_.paths().env_file), "");
}

}  // namespace
}  // namespace microvm::test
