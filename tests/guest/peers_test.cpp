// Who is served: the host, which is CID 2, and nobody of the guest itself unless a flag says so.
#include <gmock/gmock.h>

#include <span>

#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class PeersTest : public GuestTest {
 protected:
  PeersTest() { output("lsmod | grep -q vsock_loopback || insmod /lib/vsock_loopback.ko"); }

  // What a process of the guest gets to see that dials the daemon through loopback.
  static std::string dial(const std::string& request, const std::string& uid = "1000", const std::string& cid = "1") {
    return output("echo '" + request + "' | vsock_probe --uid " + uid + " dial " + cid + " 5555");
  }
  static std::string state() { return output("find /run/microvm-guest -exec stat -c '%n %a %s %i %z' {} +"); }
};

constexpr char kPing[] = R"({"op":"ping","id":"x"})";
constexpr char kSetEnv[] = R"({"op":"set_env","id":"x","env":{"EVIL":"1"}})";
constexpr char kSetSecret[] = R"({"op":"set_secret","id":"x","name":"token","value_b64":""})";

TEST_F(PeersTest, ProcessOfTheGuestIsRefusedUnread) {
  start_daemon();
  metadata::Client client = connect();
  ASSERT_TRUE(client.set_env({{"A", "1"}}));
  ASSERT_TRUE(client.set_secret("token", std::as_bytes(std::span("value"))));
  const std::string before = state();
  for (const std::string uid : {"1000", "0"}) {
    for (const std::string cid : {"1", "3"}) {
      for (const std::string request : {kPing, kSetEnv, kSetSecret}) {
        // Nothing but the end of the stream; a reset when the request was under way.
        EXPECT_THAT(dial(request, uid, cid), AnyOf("EOF", "errno 104")) << "uid " << uid << ", CID " << cid;
      }
    }
  }
  EXPECT_EQ(state(), before);
  EXPECT_THAT(log(), HasSubstr("unread: its peer is not allowed (12 so far)"));
  EXPECT_TRUE(client.ping()) << log();
}

TEST_F(PeersTest, AllowCidAdmitsLoopbackInPlaceOfTheHost) {
  start_daemon("--allow-cid 1");
  output("until grep -q listening /run/log; do usleep 1000; done");
  EXPECT_EQ(dial(kSetEnv), "{\"id\":\"x\",\"ok\":true}\nSILENCE");
  EXPECT_EQ(output("cat /run/microvm-guest/env"), "EVIL=1");
  auto host = metadata::Client::connect(endpoint(), kPatient);
  ASSERT_TRUE(host) << host.error().message;  // the handshake is the kernel's
  const auto ping = host->ping();
  ASSERT_FALSE(ping);
  EXPECT_EQ(ping.error().code, ErrorCode::ConnectionLost) << ping.error().message;
}

TEST_F(PeersTest, AllowCidMayBeGivenForBoth) {
  start_daemon("--allow-cid 1 --allow-cid 2");
  EXPECT_TRUE(connect().ping()) << log();
  EXPECT_THAT(dial(kPing), HasSubstr("\"ok\":true"));
}

}  // namespace
}  // namespace microvm::test
