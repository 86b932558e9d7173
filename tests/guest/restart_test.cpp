// A daemon that is killed and comes back: what its clients are told, and who may send again.
#include <gmock/gmock.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

using ::testing::StartsWith;

class RestartTest : public GuestTest {
 protected:
  // A command whose request has reached the guest and gets no answer: what took it has been killed.
  static Process command_that_lost_its_peer(const std::vector<std::string>& flags) {
    const char* microvm = std::getenv("MICROVM_BIN");
    if (microvm == nullptr) throw std::runtime_error("MICROVM_BIN is not set: the path of the microvm command");
    std::vector<std::string> argv = {microvm, "metadata", "set-env", "--uds", vm().uds(), "--timeout", "20s", "A=1"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    const std::string taker = start("vsock_probe swallow 5555");
    Process command({.argv = argv});
    output("until grep -q set_env /run/log; do usleep 1000; done");
    end(taker, "KILL");
    return command;
  }
};

TEST_F(RestartTest, OpenClientLearnsOfItAndANewOneIsServed) {
  const std::string pid = start_daemon();
  metadata::Client client = connect();
  ASSERT_TRUE(client.set_env({{"A", "1"}}));
  end(pid, "KILL");
  const auto lost = client.ping();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::ConnectionLost) << lost.error().message;
  EXPECT_FALSE(client.usable());

  start_daemon();
  metadata::Client next = connect();
  EXPECT_TRUE(next.ping()) << log();
  EXPECT_EQ(output("cat /run/microvm-guest/env"), "A=1");
  EXPECT_FALSE(client.ping());
}

TEST_F(RestartTest, CommandSaysThatTheConnectionIsLost) {
  Process command = command_that_lost_its_peer({});
  EXPECT_EQ(command.wait(kPatience), ExitStatus{.code = 3}) << command.err();
  EXPECT_THAT(command.err(), StartsWith("microvm: connection_lost: "));
}

TEST_F(RestartTest, CommandThatMaySendAgainDoes) {
  Process command = command_that_lost_its_peer({"--resend"});
  start_daemon();
  EXPECT_EQ(command.wait(kPatience), ExitStatus{.code = 0}) << command.err();
  EXPECT_EQ(output("cat /run/microvm-guest/env"), "A=1");
}

}  // namespace
}  // namespace microvm::test
