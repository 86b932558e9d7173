// Requests as the daemon reads them, shape by shape.
#include "common/wire/request_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/wire/limits.h"

namespace microvm::wire {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The line, parsed in place.
struct Parsed {
  explicit Parsed(std::string text) : line(std::move(text)), result(parse_request(line)) {}
  std::string line;
  ParsedLine result;

  [[nodiscard]] bool good() const { return !result.failure; }
  [[nodiscard]] std::string error() const { return std::string(result.failure.text.view()); }
  [[nodiscard]] const Request& request() const { return result.request; }
  static std::string text(const Entries& entries) {
    std::string all;
    for (const Entries::Entry entry : entries.all()) all += std::string(entries.line(entry)) + ";";
    return all;
  }
};

std::string in_brackets(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(ParseRequest, Ping) {
  for (const char* line :
       {R"({"op":"ping","id":"x"})", R"({"id":"x","op":"ping"})", " {\t\"op\" : \"ping\" ,\"id\":\"x\" }\r",
        R"({"o\u0070":"p\u0069ng","i\u0064":"\u0078"})",
        // Fields of other requests, and of none, may hold anything.
        R"({"op":"ping","id":"x","env":{"1":2},"env":[],"name":"../x","value_b64":"?","merge":"yes","merge":{}})",
        R"({"op":"ping","id":"x","u":[1,-2.5e3,{"id":"y","op":7}],"u":null,"":"","opp":1,"op\u0000":2})",
        R"({"op":"ping","id":"x","value_b64_":1,"abcdefghij":{"op":1}})"}) {
    const Parsed parsed(line);
    EXPECT_TRUE(parsed.good()) << line << ": " << parsed.error();
    EXPECT_EQ(parsed.request().op, Op::Ping);
    EXPECT_EQ(parsed.result.id, "x") << line;
  }
}

TEST(ParseRequest, SetEnv) {
  struct Row {
    const char* env;
    const char* lines;
  };
  for (const Row& row : {Row{"{}", ""}, Row{R"({"A":"1"})", "A=1;"}, Row{R"({"B":"2","A":"1"})", "A=1;B=2;"},
                         Row{R"({"A":""})", "A=;"}, Row{R"({"A":"=x="})", "A==x=;"},
                         Row{R"({"A":"1","B":"2","A":"3"})", "A=3;B=2;"}, Row{R"({"A":"\u0031","\u0041":"2"})", "A=2;"},
                         Row{R"({"A":"\t\"\\\/\u00e9\ud83d\ude00"})", "A=\t\"\\/\xc3\xa9\xf0\x9f\x98\x80;"},
                         Row{"{\"A\":\"\x7f\xc3\xa9\r\"}", nullptr}, Row{R"({"A":"\r"})", "A=\r;"}}) {
    const Parsed parsed(R"({"op":"set_env","id":"x","env":)" + std::string(row.env) + "}");
    ASSERT_EQ(parsed.good(), row.lines != nullptr) << row.env << parsed.error();
    if (row.lines == nullptr) continue;
    EXPECT_EQ(parsed.request().op, Op::SetEnv);
    EXPECT_TRUE(parsed.request().has_env);
    EXPECT_EQ(Parsed::text(parsed.request().env), row.lines);
    EXPECT_EQ(parsed.request().env_mode, Mode::Replace);
  }
}

TEST(ParseRequest, Merge) {
  EXPECT_EQ(Parsed(R"({"op":"set_env","merge":true,"id":"x","env":{}})").request().env_mode, Mode::Merge);
  EXPECT_EQ(Parsed(R"({"op":"set_env","id":"x","env":{},"merge":false})").request().env_mode, Mode::Replace);
}

TEST(ParseRequest, SetSecret) {
  for (const char* line : {R"({"op":"set_secret","id":"x","name":"a-B_9","value_b64":"AP8="})",
                           R"({"value_b64":"\u0041\u0050\u0038\u003d","name":"a\u002dB_9","id":"x","op":"set_secret"})",
                           R"({"op":"set_secret","id":"x","name":"a-B_9","value_b64":"AP8=","env":7,"merge":7})"}) {
    const Parsed parsed(line);
    ASSERT_TRUE(parsed.good()) << parsed.error();
    EXPECT_EQ(parsed.request().op, Op::SetSecret);
    EXPECT_EQ(parsed.request().name, "a-B_9");
    EXPECT_EQ(parsed.request().value, std::string_view("\0\xff", 2));
  }
  EXPECT_TRUE(Parsed(R"({"op":"set_secret","id":"x","name":"a","value_b64":""})").good());
}

TEST(ParseRequest, Apply) {
  const Parsed parsed(
      R"({"op":"apply","id":"x","env":{"B":"2","A":"1"},"env_mode":"merge","secrets":{"t":"","s":"AP8=",)"
      R"("u":"\u0041A==","t":"QUI="},"secrets_mode":"replace","delete_secrets":["z","y","z"],)"
      R"("if_match":"e-1","epoch":"one"})");
  ASSERT_TRUE(parsed.good()) << parsed.error();
  const Request& request = parsed.request();
  EXPECT_EQ(request.op, Op::Apply);
  EXPECT_TRUE(request.has_env && request.has_secrets && parsed.result.extended);
  EXPECT_EQ(Parsed::text(request.env), "A=1;B=2;");
  EXPECT_EQ(request.env_mode, Mode::Merge);
  EXPECT_EQ(Parsed::text(request.secrets), "s=\0\xff;t=AB;u=\0;"sv);
  EXPECT_EQ(request.secrets_mode, Mode::Replace);
  EXPECT_EQ(Parsed::text(request.deleted), "y;z;");
  EXPECT_EQ(request.if_match, "e-1");
  EXPECT_EQ(request.epoch, "one");
}

TEST(ParseRequest, ApplyOfNothing) {
  const Parsed parsed(R"({"op":"apply","id":"x"})");
  ASSERT_TRUE(parsed.good()) << parsed.error();
  EXPECT_FALSE(parsed.request().has_env || parsed.request().has_secrets);
  EXPECT_FALSE(parsed.request().if_match || parsed.request().epoch);
  EXPECT_EQ(parsed.request().env_mode, Mode::Replace);
  EXPECT_EQ(parsed.request().secrets_mode, Mode::Merge);
}

TEST(ParseRequest, OpsWithoutValues) {
  for (const auto& [name, op] :
       {std::pair("stat", Op::Stat), std::pair("wipe", Op::Wipe), std::pair("info", Op::Info)}) {
    const Parsed parsed(R"({"id":"x","op":")" + std::string(name) + R"(","epoch":7,"secrets":[1,"a"],"name":{}})");
    ASSERT_TRUE(parsed.good()) << parsed.error();
    EXPECT_EQ(parsed.request().op, op);
    EXPECT_TRUE(parsed.result.extended);
  }
  const Parsed parsed(R"({"op":"delete_secret","id":"x","name":"a","value_b64":"?"})");
  ASSERT_TRUE(parsed.good()) << parsed.error();
  EXPECT_EQ(parsed.request().op, Op::DeleteSecret);
  EXPECT_EQ(parsed.request().name, "a");
}

TEST(ParseRequest, RepliesAreExtendedWhereTheRequestIs) {
  EXPECT_FALSE(Parsed(R"({"op":"ping","id":"x","if_match":"e"})").result.extended);
  EXPECT_FALSE(Parsed(R"({"op":"set_env","id":"x","env":{}})").result.extended);
  EXPECT_TRUE(Parsed(R"({"op":"set_env","id":"x","env":{},"if_match":"e"})").result.extended);
  EXPECT_TRUE(Parsed(R"({"op":"set_env","id":"x","env":7,"if_match":"e"})").result.extended);
  EXPECT_TRUE(Parsed(R"({"op":"apply","id":"x","env":7})").result.extended);
  EXPECT_FALSE(Parsed(R"({"op":"other","id":"x","if_match":"e"})").result.extended);
}

struct Refusal {
  std::string line;
  const char* id;
  const char* error;  // its beginning
};

void expect_refused(const std::vector<Refusal>& rows) {
  for (const Refusal& row : rows) {
    const Parsed parsed(row.line);
    ASSERT_FALSE(parsed.good()) << row.line;
    EXPECT_THAT(parsed.error(), StartsWith(row.error)) << row.line;
    EXPECT_EQ(parsed.result.id, row.id) << row.line;
  }
}

TEST(ParseRequest, RefusesWhatIsNotJson) {
  expect_refused({
      {"", "", "invalid request json: syntax error at byte 0"},
      {"\r", "", "invalid request json: syntax error at byte 1"},
      {"ping", "", "invalid request json: syntax error"},
      {R"({"op":"ping","id":"x")", "x", "invalid request json: syntax error"},
      {R"({"op":"ping","id":"x)", "", "invalid request json: syntax error"},
      {R"({"id":"a","op":"ping","id":"x)", "a", "invalid request json: syntax error"},
      {R"({"op":"ping","id":"x",})", "x", "invalid request json: syntax error"},
      {R"({'op':'ping','id':'x'})", "", "invalid request json: syntax error at byte 1"},
      {R"({"op":"ping","id":"x"}{"op":"ping","id":"y"})", "x",
       "invalid request json: more behind the value at byte 22"},
      {R"({"op":"ping","id":"x"} x)", "x", "invalid request json: more behind the value at byte 23"},
      {"\xef\xbb\xbf{\"op\":\"ping\",\"id\":\"x\"}", "", "invalid request json: syntax error at byte 0"},
      {"{\"id\":\"x\",\"op\":\"ping\",\"u\":\"a\nb\"}", "x", "invalid request json: syntax error"},
      {R"({"id":"x","op":"ping","u":01})", "x", "invalid request json: syntax error"},
      {R"({"id":"x","op":"ping","u":NaN})", "x", "invalid request json: syntax error"},
      {R"({"id":"x","op":"ping","u":/**/1})", "x", "invalid request json: syntax error"},
      {R"({"id":"x","op":"ping","u":1e309})", "x", "invalid request json: number out of range"},
      {R"({"id":"x","op":"ping","u":-1e99999999999})", "x", "invalid request json: number out of range"},
      {R"({"id":"x","op":"ping","u":1)" + std::string(400, '0') + "}", "x",
       "invalid request json: number out of range"},
      {R"({"id":"x","op":"ping","u":)" + in_brackets(127) + "}", "x",
       "invalid request json: nested deeper than 127 levels"},
  });
}

TEST(ParseRequest, RefusesWhatIsNotUtf8) {
  for (const char* bytes :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
        "\xe2(\xa1", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    expect_refused(
        {{"{\"id\":\"x\",\"op\":\"ping\",\"u\":\"" + std::string(bytes) + "\"}", "x", "invalid request json: syntax"},
         {"{\"id\":\"" + std::string(bytes) + "\",\"op\":\"ping\"}", "", "invalid request json: syntax"},
         {"{\"id\":\"\\n" + std::string(bytes) + "\",\"op\":\"ping\"}", "", "invalid request json: syntax"}});
  }
  for (const char* escape : {R"(\ud800)", R"(\udc00)", R"(\ud800x)", R"(\ud800\n)", R"(\ud800\ud800)",
                             R"(\ud800\u0041)", R"(\ud83d\)", R"(\u12)", R"(\u12g4)", R"(\x41)", R"(\0)"}) {
    expect_refused({{"{\"id\":\"x\",\"op\":\"ping\",\"u\":\"" + std::string(escape) + "\"}", "x",
                     "invalid request json: syntax"}});
  }
}

TEST(ParseRequest, TakesTheLastNumbersAndLevelsThatFit) {
  for (const std::string& value :
       {std::string("1.7976931348623157e308"), std::string("-1e308"), std::string("1e-400"),
        std::string("1e-99999999999"), std::string("0e99999999999"), "1" + std::string(308, '0'),
        "0." + std::string(100'000, '0') + "1", in_brackets(126)}) {
    const Parsed parsed(R"({"id":"x","op":"ping","u":)" + value + "}");
    EXPECT_TRUE(parsed.good()) << value.substr(0, 40) << ": " << parsed.error();
  }
}

TEST(ParseRequest, RefusesWrongShapes) {
  expect_refused({
      {"null", "", "invalid request json: not an object"},
      {"[]", "", "invalid request json: not an object"},
      {R"(["ping","x"])", "", "invalid request json: not an object"},
      {R"([{"op":"ping","id":"x"}])", "", "invalid request json: not an object"},
      {R"("ping")", "", "invalid request json: not an object"},
      {"{}", "", "invalid request json: field \"op\": missing"},
      {R"({"id":"x"})", "x", "invalid request json: field \"op\": missing"},
      {R"({"op":"ping"})", "", "invalid request json: field \"id\": missing"},
      {R"({"u":{"op":"ping","id":"x"}})", "", "invalid request json: field \"op\": missing"},
      {R"({"op":1,"id":"x"})", "x", "invalid request json: field \"op\": wrong type"},
      {R"({"op":null,"id":"x"})", "x", "invalid request json: field \"op\": wrong type"},
      {R"({"op":["ping"],"id":"x"})", "x", "invalid request json: field \"op\": wrong type"},
      {R"({"op":"ping","id":7})", "", "invalid request json: field \"id\": wrong type"},
      {R"({"op":"ping","id":{"id":"x"}})", "", "invalid request json: field \"id\": wrong type"},
      {R"({"op":"ping","op":"ping","id":"x"})", "x", "invalid request json: field \"op\": repeated"},
      {R"({"op":"ping","id":"x","id":"y"})", "y", "invalid request json: field \"id\": repeated"},
      {R"({"op":"ping","id":"x","id":7})", "x", "invalid request json: field \"id\": repeated"},
      {R"({"op":"PING","id":"x"})", "x", "invalid request json: unknown op"},
      {R"({"op":"","id":"x"})", "x", "invalid request json: unknown op"},
      {R"({"op":"ping\u0000","id":"x"})", "x", "invalid request json: unknown op"},
      {R"({"op":"set_env","id":"x"})", "x", "invalid request json: field \"env\": missing"},
      {R"({"op":"set_env","id":"x","env":[]})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":["A","1"]})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":"A=1"})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":null})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{"A":1}})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{"A":null}})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{"A":{"B":"1"}}})", "x", "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{"A":["1"],"A":"1"}})", "x",
       "invalid request json: field \"env\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{},"env":{}})", "x", "invalid request json: field \"env\": repeated"},
      {R"({"op":"set_env","id":"x","env":{},"merge":1})", "x", "invalid request json: field \"merge\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{},"merge":"true"})", "x",
       "invalid request json: field \"merge\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{},"merge":true,"merge":true})", "x",
       "invalid request json: field \"merge\": repeated"},
      {R"({"op":"set_secret","id":"x","value_b64":""})", "x", "invalid request json: field \"name\": missing"},
      {R"({"op":"set_secret","id":"x","name":"a"})", "x", "invalid request json: field \"value_b64\": missing"},
      {R"({"op":"set_secret","id":"x","name":7,"value_b64":""})", "x",
       "invalid request json: field \"name\": wrong type"},
      {R"({"op":"set_secret","id":"x","name":"a","value_b64":[]})", "x",
       "invalid request json: field \"value_b64\": wrong"},
      {R"({"op":"set_secret","id":"x","name":"a","name":"a","value_b64":""})", "x",
       "invalid request json: field \"name\": rep"},
  });
}

TEST(ParseRequest, RefusesWrongShapesOfApply) {
  const auto apply = [](const char* fields) { return R"({"op":"apply","id":"x",)" + std::string(fields) + "}"; };
  expect_refused({
      {apply(R"("env":[])"), "x", "invalid request json: field \"env\": wrong type"},
      {apply(R"("env":["a"],"secrets":["b"])"), "x", "invalid request json: field \"env\": wrong type"},
      {apply(R"("env_mode":1)"), "x", "invalid request json: field \"env_mode\": wrong type"},
      {apply(R"("env_mode":"Merge")"), "x", "field \"env_mode\": must be replace or merge"},
      {apply(R"("secrets":["a"])"), "x", "invalid request json: field \"secrets\": wrong type"},
      {apply(R"("secrets":{"a":1})"), "x", "invalid request json: field \"secrets\": wrong type"},
      {apply(R"("secrets":{},"secrets":{})"), "x", "invalid request json: field \"secrets\": repeated"},
      {apply(R"("secrets_mode":"")"), "x", "field \"secrets_mode\": must be replace or merge"},
      {apply(R"("delete_secrets":"a")"), "x", "invalid request json: field \"delete_secrets\": wrong type"},
      {apply(R"("delete_secrets":{"a":"b"})"), "x", "invalid request json: field \"delete_secrets\": wrong type"},
      {apply(R"("delete_secrets":["a",1])"), "x", "invalid request json: field \"delete_secrets\": wrong type"},
      {apply(R"("delete_secrets":[["a"]])"), "x", "invalid request json: field \"delete_secrets\": wrong type"},
      {apply(R"("if_match":null)"), "x", "invalid request json: field \"if_match\": wrong type"},
      {apply(R"("epoch":7)"), "x", "invalid request json: field \"epoch\": wrong type"},
      {R"({"op":"set_env","id":"x","env":{},"if_match":7})", "x",
       "invalid request json: field \"if_match\": wrong type"},
      {R"({"op":"delete_secret","id":"x"})", "x", "invalid request json: field \"name\": missing"},
  });
}

TEST(ParseRequest, RefusesWhatBreaksARuleOfApply) {
  const auto apply = [](const std::string& fields) { return R"({"op":"apply","id":"x",)" + fields + "}"; };
  expect_refused({
      {apply(R"("env":{"1":""})"), "x", "env key \"1\": "},
      {apply(R"("env":{"A":"\n"})"), "x", "value of env key \"A\": "},
      {apply(R"("secrets":{"ok":"","a/b":""})"), "x", "secret name \"a/b\": "},
      {apply(R"("secrets":{"":""})"), "x", "secret name \"\": "},
      {apply(R"("secrets":{"a=":""})"), "x", "secret name \"a=\": "},
      {apply(R"("secrets":{"a":"QQ"})"), "x", "value_b64 of secret \"a\": not padded standard base64 at byte 2"},
      {apply(R"("delete_secrets":["a",""])"), "x", "secret name \"\": "},
      {apply(R"("delete_secrets":["a="])"), "x", "secret name \"a=\": "},
      {apply(R"("delete_secrets":["a","b"],"secrets":{"b":""})"), "x", "secret \"b\": both set and deleted"},
      {apply("\"epoch\":\"" + std::string(256, 'e') + "\""), "x", "field \"epoch\": at most 255 bytes"},
      {R"({"op":"delete_secret","id":"x","name":"."})", "x", "secret name \".\": "},
  });
  EXPECT_TRUE(Parsed(apply("\"epoch\":\"" + std::string(255, 'e') + "\"")).good());
}

TEST(ParseRequest, RefusesWhatBreaksARule) {
  expect_refused({
      {R"({"op":"set_env","id":"x","env":{"A":"1","1B":"2","2C":"3"}})", "x",
       "env key \"1B\": an env key is [A-Za-z_][A-Za-z0-9_]*"},
      {R"({"op":"set_env","id":"x","env":{"":"1"}})", "x", "env key \"\": "},
      {R"({"op":"set_env","id":"x","env":{"A=B":"1"}})", "x", "env key \"A=B\": "},
      {R"({"op":"set_env","id":"x","env":{"\u0000\u00e9":"1"}})", "x", "env key \"\?\?\?\": "},
      {R"({"op":"set_env","id":"x","env":{"B":"1","A":"2\n"}})", "x",
       "value of env key \"A\": an env value has no newline"},
      {R"({"op":"set_env","id":"x","env":{"A":"\u0000"}})", "x",
       "value of env key \"A\": an env value has no NUL byte"},
      {R"({"op":"set_secret","id":"x","name":"","value_b64":""})", "x",
       "secret name \"\": a secret name is [A-Za-z0-9_-]+"},
      {R"({"op":"set_secret","id":"x","name":"../x","value_b64":""})", "x", "secret name \"../x\": "},
      {R"({"op":"set_secret","id":"x","name":")" + std::string(256, 'n') + R"(","value_b64":""})", "x",
       "secret name \"nnnnnnnn"},
      {R"({"op":"set_secret","id":"x","name":"a","value_b64":"QUJD QUJD"})", "x",
       "value_b64 of secret \"a\": not padded standard base64 at byte 9"},
      {R"({"op":"set_secret","id":"x","name":"a","value_b64":"QUJDQ-JD"})", "x",
       "value_b64 of secret \"a\": not padded standard base64 at byte 5"},
  });
}

// An overridden value is gone before the rules are asked.
TEST(ParseRequest, OnlyTheLastOfARepeatedEnvKeyIsChecked) {
  EXPECT_TRUE(Parsed(R"({"op":"set_env","id":"x","env":{"A":"1\n","A":"2"}})").good());
  EXPECT_FALSE(Parsed(R"({"op":"set_env","id":"x","env":{"A":"1","A":"2\n"}})").good());
}

TEST(ParseRequest, NoErrorHoldsAValue) {
  const std::string value = "TheValue";
  for (const std::string& line : {
           R"({"op":"set_env","id":"x","env":{"A":")" + value + R"(\n"}})",
           R"({"op":"set_env","id":"x","env":{"A":")" + value + R"("},"env":{}})",
           R"({"op":"set_env","id":"x","env":")" + value + R"("})",
           R"({"op":"set_secret","id":"x","name":"a","value_b64":")" + value + "!\"}",
           R"({"op":"set_secret","id":"x","name":"a","value_b64":")" + value + "\",}",
           R"({"op":")" + value + R"(","id":"x"})",
       }) {
    EXPECT_THAT(Parsed(line).error(), Not(HasSubstr("TheV"))) << line;
  }
}

}  // namespace
}  // namespace microvm::wire
