// Replies: what the daemon writes the host reads, and the host believes nothing else.
#include "common/wire/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace microvm::wire {
namespace {

using testing::HasSubstr;

std::string line_of(const Bytes& out) {
  EXPECT_TRUE(out.view().ends_with('\n'));
  return std::string(out.view().substr(0, out.size() - 1));
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Reply, IsByteForByteWhatTheProtocolSays) {
  Bytes out;
  ASSERT_TRUE(append_ok_reply(out, "1"));
  ASSERT_TRUE(append_error_reply(out, "", "why"));
  EXPECT_EQ(out.view(), "{\"id\":\"1\",\"ok\":true}\n{\"id\":\"\",\"ok\":false,\"error\":\"why\"}\n");
}

TEST(Reply, IdsAreEscapedAsLittleAsPossible) {
  Bytes out;
  ASSERT_TRUE(append_ok_reply(out, std::string_view("\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa9", 13)));
  EXPECT_EQ(line_of(out), "{\"id\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\",\"ok\":true}");
}

TEST(Reply, WrittenIsWhatIsRead) {
  std::string every_byte;
  for (int byte = 0; byte < 128; ++byte) every_byte += static_cast<char>(byte);
  const std::string multibyte = "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf";
  const std::string long_one(10'000, '"');
  for (const std::string& id : {std::string(), every_byte, multibyte, long_one}) {
    Bytes ok, error;
    ASSERT_TRUE(append_ok_reply(ok, id) && append_error_reply(error, id, every_byte + multibyte));
    const auto good = parse_reply(line_of(ok)), bad = parse_reply(line_of(error));
    ASSERT_TRUE(good && bad);
    EXPECT_TRUE(good->ok);
    EXPECT_EQ(good->id, id);
    EXPECT_EQ(good->error, "");
    EXPECT_FALSE(bad->ok);
    EXPECT_EQ(bad->id, id);
    EXPECT_EQ(bad->error, every_byte + multibyte);
  }
}

TEST(Reply, UnknownFieldsAndAnyOrderAreFine) {
  for (const std::string& line :
       {std::string(R"({"ok":true,"id":"a"})"), std::string(R"( { "id" : "a" , "ok" : true } )"),
        std::string(R"({"etag":null,"x":{"id":1,"ok":"no","error":[]},"id":"a","n":[{"ok":0}],"ok":true,"z":-1.5e-3})"),
        std::string("{\"i\\u0064\":\"\\u0061\",\"ok\":true}\r"), R"({"id":"a","ok":true,"x":)" + nested(126) + "}"}) {
    const auto reply = parse_reply(line);
    ASSERT_TRUE(reply) << line << ": " << reply.error();
    EXPECT_EQ(reply->id, "a");
    EXPECT_TRUE(reply->ok);
  }
}

TEST(Reply, ARefusalMayHaveACodeAndOthersMore) {
  const auto refused = parse_reply(R"({"id":"a","ok":false,"error":"no","code":"conflict"})");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, "conflict");
  const auto more = parse_reply(R"({"id":"a","ok":true,"etag":"e","n":[18446744073709551615,-1,{"x":null}]})");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->code, "");
  EXPECT_EQ(*more->fields.find("etag")->as<std::string>(), "e");
}

TEST(Reply, AnythingElseIsRefused) {
  struct Row {
    std::string line;
    const char* why;
  };
  const std::vector<Row> rows = {
      {"", "not valid JSON: syntax error at byte 0"},
      {" ", "syntax error"},
      {"OK 1073741824", "syntax error"},
      {R"({"id":"a","ok":true)", "syntax error"},
      {R"({"id":"a","ok":true}})", "more behind the value at byte 20"},
      {R"({"id":"a","ok":true} {})", "more behind the value at byte 21"},
      {R"({"id":"a","ok":tru})", "syntax error"},
      {R"({"id":"a","ok":true,})", "syntax error"},
      {"\xef\xbb\xbf{\"id\":\"a\",\"ok\":true}", "syntax error"},
      {"{\"id\":\"\xff\",\"ok\":true}", "syntax error"},
      {"{\"id\":\"\xed\xa0\x80\",\"ok\":true}", "syntax error"},
      {R"({"id":"\ud800","ok":true})", "syntax error"},
      {std::string("{\"id\":\"\0\",\"ok\":true}", 20), "syntax error"},
      {R"({"id":"a","ok":true,"x":1e400})", "number out of range"},
      {R"({"id":"a","ok":true,"x":)" + nested(127) + "}", "nested deeper than 127 levels"},
      {nested(1), "not a JSON object"},
      {R"([{"id":"a","ok":true}])", "not a JSON object"},
      {"\"id\"", "not a JSON object"},
      {"true", "not a JSON object"},
      {"{}", R"("id" or "ok" is missing)"},
      {R"({"id":"a"})", R"("id" or "ok" is missing)"},
      {R"({"ok":true})", R"("id" or "ok" is missing)"},
      {R"({"x":{"id":"a","ok":true}})", R"("id" or "ok" is missing)"},
      {R"({"ID":"a","Ok":true})", R"("id" or "ok" is missing)"},
      {R"({"id":1,"ok":true})", "wrong type"},
      {R"({"id":null,"ok":true})", "wrong type"},
      {R"({"id":1.5,"ok":true})", "wrong type"},
      {R"({"id":18446744073709551615,"ok":true})", "wrong type"},
      {R"({"id":true,"ok":true})", "wrong type"},
      {R"({"id":["a"],"ok":true})", "wrong type"},
      {R"({"id":{"id":"a"},"ok":true})", "wrong type"},
      {R"({"id":"a","ok":"true"})", "wrong type"},
      {R"({"id":"a","ok":1})", "wrong type"},
      {R"({"id":"a","ok":[]})", "wrong type"},
      {R"({"id":"a","ok":false,"error":7})", "wrong type"},
      {R"({"id":"a","ok":false,"error":null})", "wrong type"},
      {R"({"id":"a","ok":false,"error":{}})", "wrong type"},
      {R"({"id":"a","ok":false,"error":"no","code":5})", "wrong type"},
  };
  for (const Row& row : rows) {
    const auto reply = parse_reply(row.line);
    ASSERT_FALSE(reply) << row.line;
    EXPECT_THAT(reply.error(), HasSubstr(row.why)) << row.line;
  }
}

}  // namespace
}  // namespace microvm::wire
