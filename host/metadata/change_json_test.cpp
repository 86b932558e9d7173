// Transactions as JSON documents: every field, and nothing else.
#include "microvm/change_json.h"

#include <gmock/gmock.h>

#include <string>

#include "host/metadata/request.h"

namespace microvm::metadata {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Change change_of(std::string_view text) {
  auto change = parse_change_json(text);
  EXPECT_TRUE(change) << text << ": " << change.error().message;
  return change ? std::move(*change) : Change();
}

std::string refusal_of(std::string_view text) {
  const auto change = parse_change_json(text);
  EXPECT_FALSE(change) << text;
  if (change) return "";
  EXPECT_EQ(change.error().code, ErrorCode::Invalid);
  return change.error().message;
}

TEST(ChangeJson, EveryField) {
  const Change change = change_of(R"(
    {
      "env": {"B": "x\n", "B": "\u00e9 \"q\"", "A": ""},
      "env_mode": "merge",
      "secrets": {"key": "AP8=", "empty": ""},
      "secrets_mode": "replace",
      "delete_secrets": ["old", "old", "older"],
      "if_match": "e-1",
      "epoch": "blue"
    }
)");
  EXPECT_EQ(change.env, (Env{{"A", ""}, {"B", "\xc3\xa9 \"q\""}}));
  EXPECT_EQ(change.env_mode, EnvMode::Merge);
  ASSERT_EQ(change.secrets.size(), 2U);
  EXPECT_EQ(text_of(change.secrets.at("key")), std::string_view("\0\xff", 2));
  EXPECT_THAT(change.secrets.at("empty"), IsEmpty());
  EXPECT_EQ(change.secrets_mode, SecretsMode::Replace);
  EXPECT_THAT(change.delete_secrets, ElementsAre("old", "older"));
  EXPECT_EQ(change.if_match, "e-1");
  EXPECT_EQ(change.epoch, "blue");
}

TEST(ChangeJson, WhatIsAbsentStays) {
  for (const char* text : {"{}", " { } \n", R"({"env_mode":"merge"})", R"({"secrets_mode":"replace"})"}) {
    const Change change = change_of(text);
    EXPECT_EQ(change.env, std::nullopt);
    EXPECT_THAT(change.secrets, IsEmpty());
    EXPECT_EQ(change.secrets_mode, SecretsMode::Merge) << text;
    EXPECT_EQ(change.if_match, std::nullopt);
    EXPECT_EQ(change.epoch, std::nullopt);
  }
  EXPECT_EQ(change_of(R"({"env":{}})").env, Env());
  EXPECT_EQ(change_of(R"({"secrets":{},"secrets_mode":"replace"})").secrets_mode, SecretsMode::Replace);
  EXPECT_EQ(change_of(R"({"if_match":"","epoch":""})").epoch, "");
}

TEST(ChangeJson, IsReadStrictly) {
  EXPECT_EQ(refusal_of(""), "syntax error at byte 0");
  EXPECT_EQ(refusal_of(R"({"env":{"A":1e})"), "syntax error at byte 14");
  EXPECT_EQ(refusal_of(R"({"env":{}} {})"), "more behind the value at byte 11");
  EXPECT_EQ(refusal_of(R"([{"env":{}}])"), "not a JSON object");
  EXPECT_EQ(refusal_of(R"({"secrest":{}})"), R"(field "secrest": there is no such field)");
  for (const char* name : {"", "op", "id", "name", "value_b64", "merge", "Env", "ok"}) {
    EXPECT_THAT(refusal_of(std::string("{\"env\":{},\"") + name + "\":true}"), HasSubstr("no such field"));
  }
  EXPECT_THAT(refusal_of("{\"" + std::string(100'000, 'x') + "\":1}"), HasSubstr("xxx..."));
  EXPECT_EQ(refusal_of(R"({"env":{},"env":{}})"), R"(field "env": repeated)");
  EXPECT_EQ(refusal_of(R"({"env":null})"), R"(field "env": wrong type)");
  EXPECT_EQ(refusal_of(R"({"env":{"A":1}})"), R"(field "env": wrong type)");
  EXPECT_EQ(refusal_of(R"({"secrets":{"A":{}}})"), R"(field "secrets": wrong type)");
  EXPECT_EQ(refusal_of(R"({"delete_secrets":"a"})"), R"(field "delete_secrets": wrong type)");
  EXPECT_EQ(refusal_of(R"({"epoch":5})"), R"(field "epoch": wrong type)");
  EXPECT_THAT(refusal_of(R"({"env_mode":"append"})"), HasSubstr("\"env_mode\""));
  EXPECT_THAT(refusal_of("{\"epoch\":\"" + std::string(256, 'e') + "\"}"), HasSubstr("255"));
}

TEST(ChangeJson, KeepsTheRulesAndTellsNoValue) {
  for (const char* text :
       {R"({"env":{"1A":"hunter2"}})", R"({"env":{"A":"hunter2\n"}})", R"({"secrets":{"a/b":"aHVudGVyMg=="}})",
        R"({"secrets":{"a":"hunter2!"}})", R"({"secrets":{"a":"aHVudGVyMg"}})",
        R"({"secrets":{"a":"aHVudGVyMg=="},"delete_secrets":["a"]})", R"({"env":{"A":"hunter2)",
        R"({"hunter":"hunter2"})", "{\"env\":{\"A\":\"hunter2\xff\"}}"}) {
    EXPECT_THAT(refusal_of(text), AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("aHVudGVy")))) << text;
  }
}

}  // namespace
}  // namespace microvm::metadata
