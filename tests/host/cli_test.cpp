// The `microvm` command as a process: its exit codes, its one line of stderr, its JSON.
#include <fcntl.h>

#include "tests/host/cli_fixture.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Lt;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

TEST(CliHelpTest, EveryLevelHasAnExample) {
  for (const Words& words : {Words{},
                             {"metadata"},
                             {"metadata", "ping"},
                             {"metadata", "wait"},
                             {"metadata", "set-env"},
                             {"metadata", "set-secret"},
                             {"metadata", "apply"},
                             {"metadata", "delete-secret"},
                             {"metadata", "wipe"},
                             {"metadata", "stat"},
                             {"metadata", "info"}}) {
    for (const char* flag : {"--help", "-h"}) {
      Words argv = words;
      argv.push_back(flag);
      const Finished help = microvm(argv);
      EXPECT_EQ(help.status.code, 0);
      EXPECT_THAT(help.out, AllOf(HasSubstr("Example"), HasSubstr("microvm metadata")));
      EXPECT_THAT(help.err, IsEmpty());
    }
  }
}

TEST(CliHelpTest, Version) {
  const Finished version = microvm({"--version"});
  EXPECT_EQ(version.status.code, 0);
  EXPECT_THAT(version.out, MatchesRegex("microvm [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(CliTest, Ping) {
  vsock_.listen(kPort, daemon());
  const Finished text = metadata({"ping"});
  EXPECT_EQ(text.status.code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(IsOneLine(), StartsWith("ping: ok in ")));
  EXPECT_THAT(text.err, IsEmpty());

  const Finished json = metadata({"ping", "--output", "json"});
  EXPECT_EQ(json.status.code, 0);
  EXPECT_THAT(json.out, MatchesRegex(R"(\{"ok":true,"op":"ping","elapsed_ms":[0-9]+\.[0-9]\})"
                                     "\n"));
  EXPECT_THAT(json.err, IsEmpty());
}

TEST_F(CliTest, SetEnv) {
  keep_requests();
  EXPECT_EQ(metadata({"set-env", "A=1", "B=", "C=x=y z", "D=[a,b]", "E={}", "F=\"q\"", "G=%%"}).status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("env":{"A":"1","B":"","C":"x=y z","D":"[a,b]","E":"{}","F":"\"q\"","G":"%%"})"));
  EXPECT_THAT(request_, Not(HasSubstr("merge")));

  // Arguments are laid over the file.
  const std::string env = file("app.env", "export A=file\nB='file'\n# c\n");
  EXPECT_EQ(metadata({"set-env", "--merge", "--from-file", env, "A=argument"}).status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("merge":true,"env":{"A":"argument","B":"file"})"));
  EXPECT_EQ(metadata({"set-env", "--from-file", "-"}, "X=stdin\n").status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("env":{"X":"stdin"})"));
  EXPECT_EQ(metadata({"set-env", "--from-file", "/dev/null"}).status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("env":{})"));
}

TEST_F(CliTest, SetSecret) {
  keep_requests();
  const std::string bytes("a\0\n\xff", 4);
  EXPECT_EQ(metadata({"set-secret", "tls-key", "--from-file", file("key", bytes)}).status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("name":"tls-key","value_b64":"YQAK/w==")"));
  EXPECT_EQ(metadata({"set-secret", "db", "--from-file", "-"}, "hunter2").status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("name":"db","value_b64":"aHVudGVyMg==")"));
  EXPECT_EQ(metadata({"set-secret", "empty", "--from-file", "/dev/null"}).status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("value_b64":"")"));
}

TEST_F(CliTest, TheLargestSecretAndOneMore) {
  vsock_.listen(kPort, daemon());
  EXPECT_EQ(metadata({"set-secret", "big", "--from-file", file("fits", std::string(786'000, 's'))}).status.code, 0);
  const Finished close = metadata({"set-secret", "big", "--from-file", file("close", std::string(786'432, 's'))});
  expect_failure(close, 2, "invalid");
  EXPECT_THAT(close.err, AllOf(HasSubstr("1048"), HasSubstr("1048576")));
  const Finished over = metadata({"set-secret", "big", "--from-file", file("over", std::string(786'433, 's'))});
  expect_failure(over, 2, "invalid");
  EXPECT_THAT(over.err, AllOf(HasSubstr("/over"), HasSubstr("786433"), HasSubstr("786432")));
  const Finished endless = metadata({"set-secret", "big", "--from-file", "/dev/zero"});
  expect_failure(endless, 2, "invalid");
  EXPECT_THAT(endless.err, HasSubstr("786432"));
}

TEST_F(CliTest, Usage) {
  // Nothing listens, and nothing is dialled: what is wrong is found before.
  for (const Words& words : std::vector<Words>{
           {},
           {"metadata"},
           {"nonsense"},
           {"metadata", "nonsense"},
           {"metadata", "ping"},
           {"metadata", "ping", "--uds"},
           {"metadata", "ping", "--uds", "x", "--port", "0"},
           {"metadata", "ping", "--uds", "x", "--port", "4294967295"},
           {"metadata", "ping", "--uds", "x", "--port", "5a"},
           {"metadata", "ping", "--uds", "x", "--timeout", "10"},
           {"metadata", "ping", "--uds", "x", "--timeout", "0s"},
           {"metadata", "ping", "--uds", "x", "--output", "yaml"},
           {"metadata", "ping", "--uds", "x", "--output", "\x1b[2J\n\xc3\xa9"},
           {"metadata", "ping", "--uds", "x", "--nonsense"},
           {"metadata", "ping", "--uds", "x", "more"},
           {"metadata", "ping", "--uds", ""},
           {"metadata", "ping", "--uds", std::string(108, 'x')},
           {"metadata", "set-env", "--uds", "x"},
           {"metadata", "set-env", "--uds", "x", "A"},
           {"metadata", "set-env", "--uds", "x", "1A=b"},
           {"metadata", "set-env", "--uds", "x", "A=b\nc"},
           {"metadata", "set-env", "--uds", "x", "A=\xff"},
           {"metadata", "set-env", "--uds", "x", "--from-file", file("bad.env", "A=1\nB\n")},
           {"metadata", "set-secret", "--uds", "x", "name"},
           {"metadata", "set-secret", "--uds", "x", "--from-file", "-"},
           {"metadata", "set-secret", "--uds", "x", "na/me", "--from-file", "-"},
       }) {
    SCOPED_TRACE(testing::PrintToString(words));
    Finished finished{};
    EXPECT_THAT(time_of([&] { finished = microvm(words); }), Lt(5s));
    expect_failure(finished, 2, "invalid");
    EXPECT_THAT(finished.out, IsEmpty());
  }
}

TEST_F(CliTest, LocalFiles) {
  expect_failure(metadata({"set-secret", "a", "--from-file", dir_.path() + "/missing"}), 2, "io");
  expect_failure(metadata({"set-secret", "a", "--from-file", dir_.path()}), 2, "io");
  const Finished env =
      metadata({"set-env", "--from-file", file("bad.env", "A=1\n\nexport hunter2 =x=y\nB-=hunter2\n")});
  expect_failure(env, 2, "invalid");
  EXPECT_THAT(env.err, AllOf(HasSubstr("bad.env: line 4: "), Not(HasSubstr("hunter2"))));
}

TEST_F(CliTest, VariablesOfTheEnvironment) {
  vsock_.listen(7777, daemon());
  const char* port = "MICROVM_GUEST_METADATA_PORT";
  const char* connect = "MICROVM_GUEST_METADATA_CONNECT_TIMEOUT_MS";
  const char* request = "MICROVM_GUEST_METADATA_REQUEST_TIMEOUT_MS";
  EXPECT_EQ(metadata({"ping"}, "", {{port, "7777"}}).status.code, 0);
  EXPECT_EQ(metadata({"ping", "--port", "7777"}, "", {{port, "1"}}).status.code, 0);
  EXPECT_EQ(metadata({"ping", "--port", "7777"}, "", {{port, ""}, {connect, ""}}).status.code, 0);

  Finished finished{};
  EXPECT_THAT(time_of([&] { finished = metadata({"ping"}, "", {{connect, "100"}}); }), Lt(3s));
  expect_failure(finished, 3, "not_listening");
  vsock_.listen(7777, [](LineClient& host) { read_request(host), read_request(host); });
  EXPECT_THAT(time_of([&] { finished = metadata({"ping"}, "", {{port, "7777"}, {request, "100"}}); }), Lt(3s));
  expect_failure(finished, 3, "reply_timeout");

  for (const char* name : {port, connect, request}) {
    for (const char* value : {"x", "0", "-1", "5 ", "5000ms", "99999999999999999999"}) {
      finished = metadata({"ping"}, "", {{name, value}});
      expect_failure(finished, 2, "invalid");
      EXPECT_THAT(finished.err, HasSubstr(name));
    }
  }
}

struct Outcome {
  const char* name;
  int code;
  VsockDouble::Script guest;
};

TEST_F(CliTest, WhatGuestsDo) {
  const auto reply = [](const std::string& text) { return answering([text](const std::string&) { return text; }); };
  const std::vector<Outcome> outcomes = {
      {"rejected", 1,
       answering([](const std::string& request) { return refusal_of(request, R"(no\n\u001b[2J\"space\")"); })},
      {"reply_timeout", 3, [](LineClient& host) { read_request(host), read_request(host); }},
      {"connection_lost", 3, [](LineClient& host) { read_request(host); }},
      {"bad_reply", 4, reply("nonsense\n")},
      {"id_mismatch", 4, reply("{\"id\":\"x\",\"ok\":true}\n")},
      {"reply_too_long", 4, reply(std::string(70'000, 'x'))},
  };
  for (const Outcome& outcome : outcomes) {
    SCOPED_TRACE(outcome.name);
    vsock_.listen(kPort, outcome.guest);
    const Finished text = metadata({"set-env", "--timeout", "500ms", "A=b"});
    expect_failure(text, outcome.code, outcome.name);
    EXPECT_THAT(text.out, IsEmpty());
    const Finished json = metadata({"set-env", "--timeout", "500ms", "--output=json", "A=b"});
    expect_failure(json, outcome.code, outcome.name);
    EXPECT_THAT(
        json.out,
        AllOf(IsOneLine(), StartsWith(fmt::format(R"({{"ok":false,"op":"set-env","code":"{}","errno":0,"message":")",
                                                  outcome.name))));
  }
}

TEST_F(CliTest, WhatVmmsDo) {
  expect_failure(metadata({"ping", "--timeout", "200ms"}), 3, "not_listening");
  vsock_.ignore(kPort);
  Finished finished{};
  EXPECT_THAT(time_of([&] { finished = metadata({"ping", "--timeout", "300ms"}); }), Lt(2s));
  expect_failure(finished, 3, "handshake_timeout");
  vsock_.answer_next([](LineClient& host) { host.send("HTTP/1.1 400\r\n"); });
  expect_failure(metadata({"ping"}), 4, "bad_handshake");

  uds_ = dir_.path() + "/missing";
  expect_failure(metadata({"ping", "--timeout", "100ms"}), 3, "socket_missing");
  const Finished json = metadata({"ping", "--timeout", "100ms", "--output", "json"});
  EXPECT_THAT(json.out, HasSubstr(R"("code":"socket_missing","errno":2,)"));
  uds_ = file("plain", "");
  expect_failure(metadata({"ping", "--timeout", "100ms"}), 3, "refused");
  uds_ += "/v.sock";
  expect_failure(metadata({"ping"}), 2, "io");
}

TEST_F(CliTest, JsonOfAUsageError) {
  const Finished json = microvm({"metadata", "ping", "--output", "json", "--port", "x\"y", "--uds", "x"});
  expect_failure(json, 2, "invalid");
  EXPECT_THAT(json.out,
              AllOf(IsOneLine(), StartsWith(R"({"ok":false,"op":"ping","code":"invalid","errno":0,"message":")"),
                    HasSubstr(R"(x\"y)")));
}

TEST_F(CliTest, ResendsOnlyWhereItIsAsked) {
  vsock_.listen(kPort, [this](LineClient& host) {
    read_request(host);
    vsock_.listen(kPort, daemon());
  });
  expect_failure(metadata({"ping"}), 3, "connection_lost");
  vsock_.listen(kPort, [this](LineClient& host) {
    read_request(host);
    vsock_.listen(kPort, daemon());
  });
  EXPECT_EQ(metadata({"ping", "--resend"}).status.code, 0);
}

TEST_F(CliTest, AnEmptyPipeIsWaitedForNoLongerThanTheCommand) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  Process process({.argv = {required_env("MICROVM_BIN"), "metadata", "set-secret", "a", "--uds", uds_, "--from-file",
                            "-", "--timeout", "200ms"},
                   .fds = {{read_end.get(), 0}}});
  const auto status = process.wait(Deadline::after(10s));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 2);
  EXPECT_THAT(process.err(), StartsWith("microvm: io: standard input: "));
}

TEST_F(CliTest, ASecretThatIsAnArgumentIsNotRepeated) {
  for (const Words& words : std::vector<Words>{{"set-secret", "name", "hunter2-hunter2", "--from-file", "-"},
                                               {"set-secret", "name", "hunter2-hunter2"},
                                               {"set-secret", "name", "--value=hunter2-hunter2", "--from-file", "-"},
                                               {"set-env", "hunter2-hunter2"}}) {
    const Finished finished = metadata(words);
    expect_failure(finished, 2, "invalid");
    EXPECT_THAT(finished.err + finished.out, Not(HasSubstr("hunter2")));
  }
}

TEST_F(CliTest, NoOutputHoldsAValue) {
  // The guest quotes all it can.
  vsock_.listen(kPort, answering([](const std::string& request) {
                  const bool secret = request.contains("value_b64");
                  return refusal_of(request,
                                    secret ? "bad aHVudGVyMi1odW50ZXIy and hunter2-hunter2" : "bad hunter2-hunter2");
                }));
  for (const char* form : {"text", "json"}) {
    for (const Words& words :
         std::vector<Words>{{"set-secret", "name", "--from-file", "-"}, {"set-env", "A=hunter2-hunter2"}}) {
      Words all = words;
      all.insert(all.end(), {"--output", form});
      const Finished finished = metadata(all, "hunter2-hunter2");
      expect_failure(finished, 1, "rejected");
      EXPECT_THAT(finished.err + finished.out, AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("aHVudGVy"))));
    }
  }
}

TEST_F(CliTest, AFullStandardOutputIsAFailure) {
  vsock_.listen(kPort, daemon());
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Process process({.argv = {required_env("MICROVM_BIN"), "metadata", "ping", "--uds", uds_}, .fds = {{full.get(), 1}}});
  const auto status = process.wait(Deadline::after(kPatience));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 2);
  EXPECT_THAT(process.err(), StartsWith("microvm: io: standard output"));
}

}  // namespace
}  // namespace microvm::test
