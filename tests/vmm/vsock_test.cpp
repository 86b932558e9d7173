// vsock as Firecracker has it: the handshake, host ports, both directions, many at once.
#include <poll.h>
#include <sys/socket.h>

#include <vector>

#include "host/vsock/dial.h"
#include "tests/vmm/vmm_test.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr unsigned long kFirstHostPort = 1'073'741'824;

TEST_F(VmmTest, ConnectIsAnsweredWithHostPortsThatCountUp) {
  LineClient first = guest().connect("5555");
  const auto port = host_port(first);
  EXPECT_GE(port, kFirstHostPort);
  LineClient second = guest().connect("5555");
  EXPECT_EQ(host_port(second), port + 1);
  // Both serve.
  EXPECT_THAT(first.ask("{\"op\":\"ping\",\"id\":\"1\"}\n"), HasSubstr("\"ok\":true"));
  EXPECT_THAT(second.ask("{\"op\":\"ping\",\"id\":\"2\"}\n"), HasSubstr("\"ok\":true"));
}

TEST_F(VmmTest, WhatIsNoConnectAndWhereNobodyListensIsEndOfStream) {
  EXPECT_TRUE(guest().connect("4242").at_end());
  EXPECT_TRUE(guest().connect("port").at_end());
  LineClient wrong = LineClient::connect(guest().uds());
  wrong.send("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(wrong.at_end());
}

TEST_F(VmmTest, DialSaysThatNobodyListens) {
  const auto stream = vsock::dial(guest().uds(), 4242, Deadline::after(300ms));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::NotListening) << stream.error().message;
}

TEST_F(VmmTest, FiftyConnectionsServeAtOnce) {
  std::vector<metadata::Client> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(guest().daemon());
  for (auto& client : clients) EXPECT_DONE(client.ping());
}

TEST_F(VmmTest, GuestReachesAListenerOfTheHost) {
  const UniqueFd listener = listen_unix(guest().uds() + "_7000");
  guest().output("printf 'from the guest\\n' | vsock_probe dial 2 7000 >/run/dial.log 2>&1 &");
  pollfd waiting{.fd = listener.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&waiting, 1, 20'000), 1);
  LineClient peer(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  EXPECT_EQ(peer.read_line(), "from the guest");
  peer.send("from the host\n");
  EXPECT_TRUE(eventually([] { return guest().output("cat /run/dial.log").starts_with("from the host"); }));
  peer.close();
  EXPECT_TRUE(eventually([] { return guest().output("cat /run/dial.log") == "from the host\nEOF"; }));
}

TEST_F(VmmTest, GuestIsResetWhereNoHostListens) {
  EXPECT_EQ(guest().run("vsock_probe dial 2 7001 </dev/null").out, "connect: errno 104\n");
}

}  // namespace
}  // namespace microvm::test
