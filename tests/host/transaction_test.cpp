// The client's requests of protocol 2: what is sent, what is made of replies, and what is never sent twice.
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
using testing::IsEmpty;
using testing::Lt;
using testing::Not;

constexpr std::string_view kApplied = R"("etag":"e-2","changed":true,"durable":false)";
constexpr std::string_view kStat =
    R"("etag":"e-2","epoch":"blue","env":["A","B"],"secrets":[{"name":"crt","size":1704,"mtime_ms":1795509479502}])";
constexpr std::string_view kInfo =
    R"("version":"1.2.3","protocol":2,"limits":{"line_bytes":1048576},"filesystem":{"type":"ext4","durable":true},)"
    R"("confinement":{"seccomp":true,"landlock":6,"mode":"whole"},"counters":{"requests":7,"errors":0})";

class TransactionTest : public WithGuest {
 protected:
  Client client_of_replies(std::string_view more, Options options = {}) {
    return client_of(requests_.then([more = std::string(more)](LineClient& host, const std::string& request) {
      host.send(ok_to(request, more));
    }),
                     options);
  }
  Requests requests_;
};

TEST_F(TransactionTest, SendsWhatTheProtocolSays) {
  Client client = client_of_replies(kApplied);
  Change change{.env = Env{{"A", "1"}}, .delete_secrets = {"old", "older"}, .epoch = "blue \"\xc3\xa9\""};
  change.secrets = {{"crt", secret_of(std::string_view("\0\xff", 2))}, {"key", {}}};
  EXPECT_THAT(client.apply(change), Succeeds());
  EXPECT_THAT(client.apply({.env = Env{}, .env_mode = EnvMode::Merge, .secrets_mode = SecretsMode::Replace}),
              Succeeds());
  EXPECT_THAT(client.apply({.if_match = "e-1"}), Succeeds());
  EXPECT_THAT(client.set_env({{"A", "2"}}, EnvMode::Merge, "e-1"), Succeeds());
  EXPECT_THAT(client.set_secret("key", bytes_of("x"), ""), Succeeds());
  EXPECT_THAT(client.delete_secret("key"), Succeeds());
  EXPECT_THAT(client.delete_secret("key", "e-1"), Succeeds());
  EXPECT_THAT(client.wipe(), Succeeds());
  EXPECT_THAT(client.wipe("e-1"), Succeeds());
  EXPECT_THAT(
      requests_.seen(),
      ElementsAre(
          R"({"op":"apply","id":"0000000000000001","epoch":"blue \")"
          "\xc3\xa9"
          R"(\"","env":{"A":"1"},"secrets":{"crt":"AP8=","key":""},"delete_secrets":["old","older"]})",
          R"({"op":"apply","id":"0000000000000002","env_mode":"merge","env":{},"secrets_mode":"replace","secrets":{}})",
          R"({"op":"apply","id":"0000000000000003","if_match":"e-1"})",
          R"({"op":"apply","id":"0000000000000004","if_match":"e-1","env_mode":"merge","env":{"A":"2"}})",
          R"({"op":"apply","id":"0000000000000005","if_match":"","secrets":{"key":"eA=="}})",
          R"({"op":"delete_secret","id":"0000000000000006","name":"key"})",
          R"({"op":"delete_secret","id":"0000000000000007","name":"key","if_match":"e-1"})",
          R"({"op":"wipe","id":"0000000000000008"})", R"({"op":"wipe","id":"0000000000000009","if_match":"e-1"})"));
}

TEST_F(TransactionTest, AnswersBecomeValues) {
  Client client = client_of_replies(kApplied);
  const auto applied = client.apply({});
  ASSERT_THAT(applied, Succeeds());
  EXPECT_EQ(applied->etag, "e-2");
  EXPECT_TRUE(applied->changed);
  EXPECT_FALSE(applied->durable);

  client = client_of_replies(kStat);
  const auto stat = client.stat();
  ASSERT_THAT(stat, Succeeds());
  EXPECT_EQ(stat->etag, "e-2");
  EXPECT_EQ(stat->epoch, "blue");
  EXPECT_THAT(stat->env, ElementsAre("A", "B"));
  ASSERT_EQ(stat->secrets.size(), 1U);
  EXPECT_EQ(stat->secrets[0].name, "crt");
  EXPECT_EQ(stat->secrets[0].size, 1704U);
  EXPECT_EQ(stat->secrets[0].changed.time_since_epoch(), 1795509479502ms);

  client = client_of_replies(R"("etag":"","epoch":null,"env":[],"secrets":[])");
  const auto empty = client.stat();
  ASSERT_THAT(empty, Succeeds());
  EXPECT_EQ(empty->epoch, std::nullopt);
  EXPECT_THAT(empty->secrets, IsEmpty());

  client = client_of_replies(kInfo);
  const auto info = client.info();
  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->version, "1.2.3");
  EXPECT_EQ(info->protocol, 2U);
  EXPECT_EQ(info->limits.at("line_bytes"), 1048576U);
  EXPECT_EQ(info->filesystem, "ext4");
  EXPECT_TRUE(info->durable);
  EXPECT_EQ(info->confinement.at("seccomp"), "true");
  EXPECT_EQ(info->confinement.at("landlock"), "6");
  EXPECT_EQ(info->confinement.at("mode"), "whole");
  EXPECT_EQ(info->counters.at("requests"), 7U);
}

// A guest may not make the host believe just anything.
TEST_F(TransactionTest, AnswersThatAreNone) {
  const auto without = [](std::string_view from, std::string_view what, std::string_view instead) {
    std::string text(from);
    return text.replace(text.find(what), what.size(), instead);
  };
  const auto closes = [](Client client, auto ask) {
    EXPECT_THAT(ask(client), FailsAs(ErrorCode::BadReply));
    EXPECT_FALSE(client.usable());
  };
  const auto apply = [](Client& client) { return client.apply({}); };
  const auto stat = [](Client& client) { return client.stat(); };
  const auto info = [](Client& client) { return client.info(); };
  for (const auto& [what, instead] : std::vector<std::pair<const char*, const char*>>{
           {R"("etag":"e-2",)", ""}, {R"("e-2")", "5"}, {R"("changed":true)", R"("changed":1)"}, {"durable", "d"}}) {
    closes(client_of_replies(without(kApplied, what, instead)), apply);
  }
  for (const auto& [what, instead] :
       std::vector<std::pair<const char*, const char*>>{{R"("etag":"e-2",)", ""},
                                                        {R"("blue")", "5"},
                                                        {R"(["A","B"])", R"({"A":"B"})"},
                                                        {R"("B")", "5"},
                                                        {R"("B")", R"("\u001b[2J")"},
                                                        {R"("env")", R"("e")"},
                                                        {R"("secrets")", R"("s")"},
                                                        {R"("crt")", R"("../crt")"},
                                                        {R"("crt")", R"("")"},
                                                        {"1704", "-1"},
                                                        {"1704", R"("1704")"},
                                                        {"1795509479502", "9223372036854775808"},
                                                        {"mtime_ms", "mtime"}}) {
    SCOPED_TRACE(instead);
    closes(client_of_replies(without(kStat, what, instead)), stat);
  }
  for (const auto& [what, instead] :
       std::vector<std::pair<const char*, const char*>>{{R"("1.2.3")", "1.2"},
                                                        {R"("protocol":2)", R"("protocol":"2")"},
                                                        {R"({"line_bytes":1048576})", "[]"},
                                                        {R"({"type":"ext4","durable":true})", R"("ext4")"},
                                                        {R"("ext4")", "null"},
                                                        {R"("durable":true)", R"("durable":"yes")"},
                                                        {"confinement", "c"},
                                                        {"counters", "c"}}) {
    SCOPED_TRACE(instead);
    closes(client_of_replies(without(kInfo, what, instead)), info);
  }
}

TEST_F(TransactionTest, WhatALaterDaemonAddsIsSkipped) {
  Client client = client_of_replies(std::string(kInfo) + R"(,"more":[1],"fields":{})");
  EXPECT_THAT(client.info(), Succeeds());
  std::string more(kInfo);
  more.replace(more.find(R"("seccomp")"), 0, R"("a b":true,"inner":{"x":1},"escape":"\u001b[2J",)");
  client = client_of_replies(more);
  const auto info = client.info();
  ASSERT_THAT(info, Succeeds());
  EXPECT_EQ(info->confinement.size(), 3U);
}

TEST_F(TransactionTest, TheDaemonsCodeReachesTheCaller) {
  for (const char* code : {"invalid", "conflict", "too_large", "busy", "no_space", "io", "a_later_one"}) {
    Client client = client_of(answering([code](const std::string& request) {
      return fmt::format("{{\"id\":\"{}\",\"ok\":false,\"error\":\"invalid request json: x\",\"code\":\"{}\"}}\n",
                         id_of(request), code);
    }));
    const auto refused = client.wipe("e-1");
    EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
    EXPECT_EQ(refused.error().guest_code, code);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("protocol 1")));
    EXPECT_TRUE(client.usable());
  }
  Client client = client_of(answering([](const std::string& request) {
    return fmt::format("{{\"id\":\"{}\",\"ok\":false,\"error\":\"no\",\"code\":\"\\u001b[2J\"}}\n", id_of(request));
  }));
  EXPECT_EQ(client.wipe().error().guest_code, "");
}

TEST_F(TransactionTest, AnOlderDaemonIsNamed) {
  for (const bool knows_id : {true, false}) {
    Client client = client_of(answering([knows_id](const std::string& request) {
      return refusal_of(knows_id ? request : R"({"id":""})", "invalid request json: unknown op");
    }));
    const auto refused = client.apply({});
    EXPECT_THAT(refused, FailsAs(ErrorCode::Rejected));
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("the daemon speaks protocol 1"), HasSubstr("apply")));
    EXPECT_THAT(client.ping().error().message, Not(HasSubstr("protocol 1")));
  }
}

TEST_F(TransactionTest, WhatBreaksARuleIsNotSent) {
  Client client = client_of_replies(kApplied);
  const auto refused = [&](const Change& change, const std::string& why) {
    const auto checked = check_change(change);
    EXPECT_THAT(checked, FailsAs(ErrorCode::Invalid));
    EXPECT_THAT(checked.error().message, HasSubstr(why));
    EXPECT_THAT(client.apply(change), FailsAs(ErrorCode::Invalid));
  };
  Change both{.delete_secrets = {"a", "b"}};
  both.secrets["b"];
  Change unnamed;
  unnamed.secrets[std::string(256, 'n')];
  refused({.env = Env{{"GOOD", "1"}, {"1BAD", "2"}}}, "1BAD");
  refused({.env = Env{{"A", "x\ny"}}}, "\"A\"");
  refused({.env = Env{{"A", "\xff"}}}, "UTF-8");
  refused({.delete_secrets = {"a/b"}}, "a/b");
  refused(unnamed, "255 bytes");
  refused(both, "\"b\": both set and deleted");
  refused({.epoch = std::string(256, 'e')}, "256 bytes, at most 255");
  refused({.epoch = "\xff"}, "epoch");
  refused({.if_match = "\xff"}, "if_match");
  EXPECT_THAT(client.delete_secret(""), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.delete_secret("a", "\xff"), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.wipe("\xff"), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_env({{"1", ""}}, EnvMode::Merge, "e"), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(client.set_secret("a b", {}, "e"), FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(check_change({.epoch = std::string(255, 'e')}), Succeeds());
  EXPECT_TRUE(client.usable());
  EXPECT_THAT(requests_.seen(), IsEmpty());
}

TEST_F(TransactionTest, TheLongestRequestAndOneMore) {
  constexpr std::string_view kAround = R"({"op":"apply","id":"0123456789abcdef","secrets":{"a":"","nnnn":""}})";
  constexpr std::size_t kBase64 = kMaxRequestBytes - kAround.size() - 1 - 400'000;
  static_assert(kBase64 % 4 == 0);
  Change change;
  change.secrets["a"].resize(300'000);
  change.secrets["nnnn"].resize(kBase64 / 4 * 3);
  EXPECT_THAT(check_change(change), Succeeds());
  change.delete_secrets = {"x"};
  const auto refused = check_change(change);
  EXPECT_THAT(refused, FailsAs(ErrorCode::Invalid));
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("1048599 bytes"), HasSubstr("1048576")));
}

TEST_F(TransactionTest, AReplyToStatMayBeLong) {
  const auto long_stat = [](std::size_t size) {
    return answering([size](const std::string& request) {
      std::string reply = ok_to(request, kStat);
      reply.insert(1, std::string(size - reply.size(), ' '));
      return reply;
    });
  };
  constexpr std::size_t kLimit = 2 * 1024 * 1024;
  Client client = client_of(long_stat(kLimit));
  EXPECT_THAT(client.stat(), Succeeds());
  // The room that it took is not the next one's.
  EXPECT_THAT(client.info(), FailsAs(ErrorCode::ReplyTooLong));
  client = client_of(long_stat(kLimit + 1));
  EXPECT_THAT(client.stat(), FailsAs(ErrorCode::ReplyTooLong));
  client = client_of(long_stat(64 * 1024 + 1));
  EXPECT_THAT(client.apply({}), FailsAs(ErrorCode::ReplyTooLong));
}

TEST_F(TransactionTest, OnlyWhatMayBeDoneTwiceIsSentTwice) {
  std::atomic<int> losses = 0;
  const auto lose_some = [&](LineClient& host, const std::string& request) {
    losses-- > 0 ? static_cast<void>(::shutdown(host.fd(), SHUT_RDWR))
                 : static_cast<void>(host.send(ok_to(request, kApplied)));
  };
  vsock_.listen(kPort, requests_.then(lose_some));
  using Ask = std::function<Result<Applied>(Client&)>;
  const auto times_sent = [&](const Ask& ask) {
    Client client = connect({.resend_if_lost = true});
    const std::size_t before = requests_.seen().size();
    losses = 1;
    const bool done = ask(client).has_value();
    const std::size_t times = requests_.seen().size() - before;
    EXPECT_EQ(done, times == 2);
    return times;
  };
  EXPECT_EQ(times_sent([](Client& client) { return client.apply({.epoch = "e"}); }), 2U);
  EXPECT_EQ(times_sent([](Client& client) { return client.delete_secret("a"); }), 2U);
  EXPECT_EQ(times_sent([](Client& client) { return client.wipe(); }), 2U);
  EXPECT_EQ(times_sent([](Client& client) { return client.apply({.if_match = "e"}); }), 1U);
  EXPECT_EQ(times_sent([](Client& client) { return client.set_env({}, EnvMode::Merge, "e"); }), 1U);
  EXPECT_EQ(times_sent([](Client& client) { return client.set_secret("a", {}, "e"); }), 1U);
  EXPECT_EQ(times_sent([](Client& client) { return client.delete_secret("a", "e"); }), 1U);
  EXPECT_EQ(times_sent([](Client& client) { return client.wipe("e"); }), 1U);
}

class WaitTest : public WithGuest {
 protected:
  Result<void> wait(std::chrono::milliseconds time) {
    return wait_until_answered({.uds_path = uds_, .port = kPort}, {.connect_timeout = time});
  }
};

TEST_F(WaitTest, ThroughLossesAndSilence) {
  std::atomic<int> tries = 0;
  vsock_.listen(kPort, [&](LineClient& host) {
    const int number = ++tries;
    if (number < 4) return;  // as soon as it is there, before the ping or behind it
    const std::string request = read_request(host);
    if (number == 4) read_request(host);  // no answer, until the client hangs up
    if (number == 5) host.send(ok_to(request));
  });
  // Sooner than a request's own time is over.
  EXPECT_THAT(time_of([&] { EXPECT_THAT(wait(20s), Succeeds()); }), Lt(4500ms));
  EXPECT_EQ(tries, 5);
}

TEST_F(WaitTest, NoLongerThanItsTime) {
  vsock_.listen(kPort, [](LineClient& host) { read_request(host), read_request(host); });
  Result<void> result;
  EXPECT_THAT(time_of([&] { result = wait(300ms); }), AllOf(Ge(300ms), Lt(600ms)));
  EXPECT_THAT(result, FailsAs(ErrorCode::ReplyTimeout));
  vsock_.listen(kPort, [](LineClient& host) { read_request(host); });
  EXPECT_THAT(time_of([&] { result = wait(300ms); }), AllOf(Ge(300ms), Lt(600ms)));
  EXPECT_FALSE(result);
  vsock_.unlisten(kPort);
  EXPECT_THAT(wait(100ms), FailsAs(ErrorCode::NotListening));
}

TEST_F(WaitTest, WhatIsNoDaemonIsNotWaitedFor) {
  vsock_.listen(kPort, answering([](const std::string&) { return "HTTP/1.1 400\n"; }));
  EXPECT_THAT(time_of([&] { EXPECT_THAT(wait(20s), FailsAs(ErrorCode::BadReply)); }), Lt(5s));
}

}  // namespace
}  // namespace microvm::metadata
