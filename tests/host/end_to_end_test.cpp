// The command, the client and the real daemon, with nothing but the VMM replaced by the double.
#include "tests/host/client_fixture.h"
#include "tests/support/daemon.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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

TEST_F(EndToEndTest, TheCommandDoesItAll) {
  const auto microvm = [this](std::vector<std::string> words, std::string input = {}) {
    words.insert(words.begin(), {required_env("MICROVM_BIN"), "metadata"});
    words.insert(words.end(), {"--uds", uds_, "--timeout", "20s"});
    const Finished finished = run({.argv = words, .input = std::move(input)});
    EXPECT_EQ(finished.status.code, 0) << finished.err;
  };
  microvm({"ping"});
  microvm({"set-env", "LANG=C.UTF-8", "GONE=1"});
  microvm({"set-env", "--merge", "--from-file", "-"}, "export TZ='Europe/Berlin'\nGONE=\n");
  microvm({"set-secret", "db", "--from-file", "-"}, std::string("hunter2\n\0\xff", 10));
  EXPECT_EQ(read_file(daemon_.paths().env_file), "LANG=C.UTF-8\nTZ=Europe/Berlin\n");
  EXPECT_EQ(read_file(daemon_.paths().secrets_dir + "/db"), std::string("hunter2\n\0\xff", 10));
}

}  // namespace
}  // namespace microvm::test
