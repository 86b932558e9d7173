// The client of the metadata daemon against guests that answer well, badly, late, or not at all.
#include <sys/socket.h>

#include <atomic>

#include "tests/host/client_fixture.h"

namespace microvm::metadata {
namespace {

using namespace std::chrono_literals;
using namespace microvm::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Lt;
using testing::Not;
using testing::StartsWith;

constexpr auto kSlack = 300ms;

class ClientTest : public WithGuest {
 protected:
  Requests requests_;
};

TEST_F(ClientTest, SendsWhatTheProtocolSays) {
  Client client = client_of(requests_.served());
  EXPECT_THAT(client.ping(), Succeeds());
  EXPECT_THAT(client.set_env({{"B", "x \"y\" \\ \t\xc3\xa9"}, {"A", ""}}), Succeeds());
  EXPECT_THAT(client.set_env({}, EnvMode::Merge), Succeeds());
  EXPECT_THAT(client.set_secret("db-password_1", bytes_of(std::string_view("\0\xff\n", 3))), Succeeds());
  EXPECT_THAT(client.set_secret("empty", {}), Succeeds());
  EXPECT_THAT(requests_.seen(),
              ElementsAre(R"({"op":"ping","id":"0000000000000001"})",
                          R"({"op":"set_env","id":"0000000000000002","env":{"A":"","B":"x \"y\" \\ \t)"
                          "\xc3\xa9\"}}",
                          R"({"op":"set_env","id":"0000000000000003","merge":true,"env":{}})",
                          R"({"op":"set_secret","id":"0000000000000004","name":"db-password_1","value_b64":"AP8K"})",
                          R"({"op":"set_secret","id":"0000000000000005","name":"empty","value_b64":""})"));
  EXPECT_EQ(vsock_.connects(), 1U);
}

TEST_F(ClientTest, ARepliesFieldsStandInAnyOrderAndMayBeMore) {
  Client client = client_of(answering([](const std::string& request) {
    return R"( {"durable":true,"ok":true,"x":[{"id":1}],"id":")" + id_of(request) + "\"}\r\n";
  }));
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(ClientTest, ARefusalLeavesTheConnection) {
  Client client = client_of([](LineClient& host) {
    host.send(refusal_of(read_request(host), R"(no space: \u001b[31m\nred é)"));
    host.send(ok_to(read_request(host)));
    read_request(host);
  });
  const auto refused = client.set_secret("db", bytes_of("x"));
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("no space: ?[31m?red ??"), HasSubstr("set_secret")));
  EXPECT_TRUE(client.usable());
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(ClientTest, ARefusalOfALineWhoseIdTheDaemonCouldNotReadIsOne) {
  Client client = client_of(answering(
      [](const std::string&) { return "{\"id\":\"\",\"ok\":false,\"error\":\"invalid request json: x\"}\n"; }));
  const auto refused = client.ping();
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_THAT(refused.error().message, HasSubstr("invalid request json: x"));
  EXPECT_TRUE(client.usable());
}

TEST_F(ClientTest, ALongReasonIsCut) {
  Client client =
      client_of(answering([](const std::string& request) { return refusal_of(request, std::string(60'000, 'r')); }));
  const auto refused = client.ping();
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr(std::string(512, 'r') + "..."), Not(HasSubstr(std::string(513, 'r')))));
}

TEST_F(ClientTest, AnotherRequestsReplyClosesForGood) {
  Client client = client_of(
      requests_.then([](LineClient& host, const std::string&) { host.send("{\"id\":\"0\",\"ok\":true}\n"); }));
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::IdMismatch));
  EXPECT_FALSE(client.usable());
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_EQ(requests_.seen().size(), 1U);
}

TEST_F(ClientTest, AnotherRequestsRefusalIsNoneOfThisOne) {
  Client client =
      client_of(answering([](const std::string&) { return "{\"id\":\"0\",\"ok\":false,\"error\":\"no\"}\n"; }));
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::IdMismatch));
  EXPECT_FALSE(client.usable());
}

TEST_F(ClientTest, AnOkWithoutAnIdIsNoOk) {
  Client client = client_of(answering([](const std::string&) { return "{\"id\":\"\",\"ok\":true}\n"; }));
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::IdMismatch));
}

TEST_F(ClientTest, RepliesThatAreNone) {
  for (const char* reply :
       {"\n", "ok\n", "[]\n", "{}\n", "{\"id\":\"x\"}\n", "{\"id\":1,\"ok\":true}\n", "{\"id\":\"x\",\"ok\":1}\n",
        "{\"id\":\"x\",\"ok\":false,\"error\":{}}\n", "{\"id\":\"\xff\",\"ok\":true}\n"}) {
    Client client = client_of(answering([reply](const std::string&) { return reply; }));
    EXPECT_THAT(client.ping(), FailsAs(ErrorCode::BadReply)) << reply;
    EXPECT_FALSE(client.usable());
  }
}

TEST_F(ClientTest, ALateReplyIsNeverTakenForTheNextOne) {
  Client client = client_of(
      [&](LineClient& host) {
        const std::string first = read_request(host);
        vsock_.pause(200ms);
        host.send(ok_to(first));
        read_request(host);
      },
      {.request_timeout = 100ms});
  Result<void> result;
  EXPECT_THAT(time_of([&] { result = client.ping(); }), AllOf(Ge(100ms), Lt(100ms + kSlack)));
  EXPECT_THAT(result, FailsAs(ErrorCode::ReplyTimeout));
  EXPECT_FALSE(client.usable());
  vsock_.pause(200ms);
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_EQ(vsock_.connects(), 1U);
}

TEST_F(ClientTest, AByteNowAndThenDoesNotStretchTheDeadline) {
  Client client = client_of(
      [&](LineClient& host) {
        for (const char c : ok_to(read_request(host))) {
          if (!vsock_.pause(50ms) || !host.send({&c, 1})) return;
        }
      },
      {.request_timeout = 300ms});
  Result<void> result;
  EXPECT_THAT(time_of([&] { result = client.ping(); }), AllOf(Ge(300ms), Lt(300ms + kSlack)));
  EXPECT_THAT(result, FailsAs(ErrorCode::ReplyTimeout));
}

TEST_F(ClientTest, TheDeadlineOfAllBoundsEveryCall) {
  const auto start = std::chrono::steady_clock::now();
  Client client = client_of([](LineClient& host) { read_request(host), read_request(host); },
                            {.request_timeout = 20s, .deadline = start + 200ms});
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ReplyTimeout));
  EXPECT_THAT(std::chrono::steady_clock::now() - start, AllOf(Ge(200ms), Lt(200ms + kSlack)));
  vsock_.unlisten(kPort);
  EXPECT_THAT(Client::connect({.uds_path = uds_, .port = kPort}, {.deadline = start + 400ms}),
              FailsAs(ErrorCode::NotListening));
  EXPECT_THAT(std::chrono::steady_clock::now() - start, AllOf(Ge(400ms), Lt(400ms + 2 * kSlack)));
}

TEST_F(ClientTest, ForEverIsATimeToo) {
  Client client = client_of(daemon(), {.connect_timeout = std::chrono::milliseconds::max(),
                                       .request_timeout = std::chrono::milliseconds::max()});
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(ClientTest, AReplyInPieces) {
  Client client = client_of([&](LineClient& host) {
    for (const char c : ok_to(read_request(host))) {
      host.send({&c, 1});
      vsock_.pause(1ms);
    }
    read_request(host);
  });
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(ClientTest, TheEndInTheMiddleOfAReply) {
  Client client = client_of([](LineClient& host) { host.send(ok_to(read_request(host)).substr(0, 10)); });
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_FALSE(client.usable());
}

TEST_F(ClientTest, AResetInTheMiddleOfAReply) {
  // The VMM's end is closed with bytes of a long request unread.
  vsock_.answer_next([](LineClient& host) {
    host.send("OK 1073741824\n");
    host.read_some();
    host.send("{\"id\":");
  });
  Client client = connect();
  EXPECT_THAT(client.set_secret("big", bytes_of(std::string(700'000, 's'))), FailsAs(ErrorCode::ConnectionLost));
}

TEST_F(ClientTest, TheEndBeforeTheRequest) {
  Client client = client_of([](LineClient&) {});
  vsock_.pause(50ms);
  const auto lost = client.ping();
  EXPECT_THAT(lost, FailsAs(ErrorCode::ConnectionLost));
  EXPECT_THAT(lost.error().message, HasSubstr("before the request was sent"));
}

TEST_F(ClientTest, BytesThatNobodyAskedFor) {
  Client client = client_of([](LineClient& host) {
    const std::string reply = ok_to(read_request(host));
    host.send(reply + reply);
    read_request(host);
  });
  EXPECT_THAT(client.ping(), Succeeds());
  vsock_.pause(50ms);
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::BadReply));
  EXPECT_FALSE(client.usable());

  Client greeted = client_of([](LineClient& host) {
    host.send("hello\n");
    read_request(host);
  });
  vsock_.pause(50ms);
  EXPECT_THAT(greeted.ping(), FailsAs(ErrorCode::BadReply));
}

TEST_F(ClientTest, TheLongestReplyAndOneMore) {
  const auto padded_to = [](std::size_t size) {
    return answering([size](const std::string& request) {
      std::string reply = ok_to(request);
      reply.insert(1, std::string(size - reply.size(), ' '));
      return reply;
    });
  };
  Client client = client_of(padded_to(64 * 1024));
  EXPECT_THAT(client.ping(), Succeeds());
  EXPECT_THAT(client.ping(), Succeeds());
  client = client_of(padded_to(64 * 1024 + 1));
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ReplyTooLong));
  EXPECT_FALSE(client.usable());
}

TEST_F(ClientTest, AnEndlessReplyIsCutOff) {
  const auto sent = std::make_shared<std::atomic<std::size_t>>(0);  // the guest goes on behind the end of this test
  Client client = client_of([sent](LineClient& host) {
    read_request(host);
    const std::string part(4096, 'x');
    while (host.send(part)) *sent += part.size();
  });
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ReplyTooLong));
  // The rest was only ever in the buffers of sockets.
  EXPECT_LT(*sent, 2'000'000U);
}

TEST_F(ClientTest, AnEndlessReplyIsCutOffWhileTheRequestIsSent) {
  Client client = client_of([](LineClient& host) {
    host.read_some();
    while (host.send("0123456789abcdef")) continue;
  });
  // Not only when the time is over.
  EXPECT_THAT(client.set_secret("big", bytes_of(std::string(700'000, 's'))), FailsAs(ErrorCode::ReplyTooLong));
}

TEST_F(ClientTest, ARefusalBeforeTheWholeRequestIsSent) {
  // The daemon skips the rest of the line, and both stay in step.
  std::string value(700'000, 's');
  Client client = client_of([&](LineClient& host) {
    const std::string part = host.read_some();
    host.send(refusal_of(part, "busy: 8 MiB are in use"));
    vsock_.pause(20ms);
    read_request(host);
    host.send(ok_to(read_request(host)));
    read_request(host);
  });
  const auto refused = client.set_secret("big", bytes_of(value));
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_THAT(refused.error().message, HasSubstr("busy: 8 MiB"));
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(ClientTest, ARefusalAndTheEndBeforeTheWholeRequestIsSent) {
  Client client = client_of([](LineClient& host) { host.send(refusal_of(host.read_some(), "shutting down")); });
  const auto refused = client.set_secret("big", bytes_of(std::string(700'000, 's')));
  EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
  EXPECT_THAT(refused.error().message, HasSubstr("shutting down"));
  vsock_.pause(50ms);
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
}

TEST_F(ClientTest, AGuestThatDoesNotRead) {
  Client client = client_of([&](LineClient&) { vsock_.pause(1min); }, {.request_timeout = 200ms});
  Result<void> result;
  const std::string value(700'000, 's');
  EXPECT_THAT(time_of([&] { result = client.set_secret("big", bytes_of(value)); }),
              AllOf(Ge(200ms), Lt(200ms + kSlack)));
  EXPECT_THAT(result, FailsAs(ErrorCode::ReplyTimeout));
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("only "), HasSubstr(" bytes were taken")));
}

TEST_F(ClientTest, TheLongestRequestAndOneMore) {
  constexpr std::string_view kAround = R"({"op":"set_secret","id":"0123456789abcdef","name":"nnn","value_b64":""})";
  constexpr std::size_t kBase64 = kMaxRequestBytes - kAround.size() - 1;
  static_assert(kBase64 % 4 == 0);
  const std::string value(kBase64 / 4 * 3, 's');
  Client client = client_of(daemon());
  EXPECT_THAT(client.set_secret("nnn", bytes_of(value)), Succeeds());
  const auto refused = client.set_secret("nnnn", bytes_of(value));
  EXPECT_THAT(refused, FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("1048577 bytes"), HasSubstr("1048576"), HasSubstr("\"nnnn\"")));
  EXPECT_THAT(client.set_secret("n", bytes_of(std::string(2'000'000, 's'))), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_env({{"A", std::string(kMaxRequestBytes, 'v')}}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.ping(), Succeeds());
}

TEST_F(ClientTest, WhatBreaksARuleIsNotSent) {
  Client client = client_of(requests_.served());
  EXPECT_THAT(client.set_env({{"GOOD", "1"}, {"1BAD", "2"}}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_env({{"A", "x\ny"}}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_env({{"A", std::string("x\0y", 3)}}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_env({{"A", "\xff"}}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_secret("a/b", {}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_secret("", {}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_secret(std::string(256, 'n'), {}), FailsAs(ErrorCode::Invalid));
  EXPECT_TRUE(client.usable());
  EXPECT_THAT(client.ping(), Succeeds());
  EXPECT_EQ(requests_.seen().size(), 1U);
}

TEST_F(ClientTest, ALostRequestIsSentOnceUnlessTheCallerAllowsMore) {
  const auto lose = [](LineClient& host, const std::string&) { ::shutdown(host.fd(), SHUT_RDWR); };
  Client client = client_of(requests_.then(lose));
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_EQ(requests_.seen().size(), 1U);
}

TEST_F(ClientTest, ALostRequestIsSentOnceMoreWhereTheCallerAllowsIt) {
  std::atomic<int> losses = 1;
  const auto lose_some = [&](LineClient& host, const std::string& request) {
    losses-- > 0 ? static_cast<void>(::shutdown(host.fd(), SHUT_RDWR)) : static_cast<void>(host.send(ok_to(request)));
  };
  Client client = client_of(requests_.then(lose_some), {.resend_if_lost = true});
  EXPECT_THAT(client.set_env({{"A", "b"}}), Succeeds());
  EXPECT_EQ(requests_.seen().size(), 2U);
  EXPECT_THAT(client.ping(), Succeeds());
  EXPECT_EQ(vsock_.connects(), 2U);

  losses = 100;
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_EQ(requests_.seen().size(), 5U);  // that one twice
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ConnectionLost));
  EXPECT_EQ(requests_.seen().size(), 5U);  // closed for good
}

TEST_F(ClientTest, SendingOnceMoreIsBoundByTheSameDeadline) {
  Client client = client_of(
      [&](LineClient& host) {
        read_request(host);
        vsock_.unlisten(kPort);
      },
      {.request_timeout = 300ms, .resend_if_lost = true});
  Result<void> result;
  EXPECT_THAT(time_of([&] { result = client.ping(); }), AllOf(Ge(300ms), Lt(300ms + kSlack)));
  EXPECT_THAT(result, FailsAs(ErrorCode::ConnectionLost));
  EXPECT_THAT(result.error().message, HasSubstr("nothing in the guest listens"));
}

TEST_F(ClientTest, ATimeoutIsNoLoss) {
  Client client = client_of(requests_.then([](LineClient&, const std::string&) {}),
                            {.request_timeout = 100ms, .resend_if_lost = true});
  EXPECT_THAT(client.ping(), FailsAs(ErrorCode::ReplyTimeout));
  EXPECT_EQ(requests_.seen().size(), 1U);
}

TEST_F(ClientTest, ErrorsNameSocketAndPort) {
  Client client = client_of([](LineClient& host) { read_request(host); });
  const auto lost = client.ping();
  EXPECT_THAT(lost, FailsAs(ErrorCode::ConnectionLost));
  EXPECT_THAT(lost.error().message, AllOf(StartsWith("ping"), HasSubstr(uds_), HasSubstr("5555")));
}

TEST_F(ClientTest, MovesTakeTheConnectionAlong) {
  Client client = client_of(daemon());
  Client other = std::move(client);
  EXPECT_FALSE(client.usable());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(other.usable());
  EXPECT_THAT(other.ping(), Succeeds());
}

TEST(CheckTest, FindsWhatSendingWouldRefuse) {
  EXPECT_THAT(check_env({{"A", "b"}}), Succeeds());
  EXPECT_THAT(check_env({{"A-", "b"}}), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(check_secret("a", bytes_of(std::string(786'000, 'x'))), Succeeds());
  EXPECT_THAT(check_secret(std::string(255, 'n'), bytes_of(std::string(786'000, 'x'))), Succeeds());
  EXPECT_THAT(check_secret("a", bytes_of(std::string(787'000, 'x'))), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(check_secret("a.b", {}), FailsAs(ErrorCode::Invalid));
}

}  // namespace
}  // namespace microvm::metadata
