// What the host writes is what the daemon reads.
#include "common/wire/request_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/request_in.h"

namespace microvm::wire {
namespace {

using testing::ElementsAre;

// The daemon's view of a line that was written; the line ends in its only newline.
class Read {
 public:
  explicit Read(const Bytes& written) : line_(written.view()) {
    EXPECT_EQ(line_.find('\n'), line_.size() - 1);
    line_.pop_back();
    parsed_ = parse_request(line_);
    EXPECT_FALSE(parsed_.failure) << parsed_.failure.text.view();
  }
  const ParsedLine* operator->() const { return &parsed_; }
  [[nodiscard]] std::vector<std::string> env() const {
    std::vector<std::string> lines;
    for (const Entries::Entry entry : parsed_.request.env.all()) lines.emplace_back(parsed_.request.env.line(entry));
    return lines;
  }

 private:
  std::string line_;
  ParsedLine parsed_;
};

std::string all_of_ascii() {
  std::string text;
  for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
  return text;
}

TEST(RequestWriter, IsByteForByteWhatTheProtocolSays) {
  Bytes line;
  ASSERT_TRUE(RequestWriter(line, "ping", "1").end());
  EXPECT_EQ(line.view(), "{\"op\":\"ping\",\"id\":\"1\"}\n");
  ASSERT_TRUE(RequestWriter(line, "set_secret", "2")
                  .text("name", "a")
                  .base64("value_b64", std::string_view("\0\xff", 2))
                  .end());
  EXPECT_EQ(line.view(), "{\"op\":\"set_secret\",\"id\":\"2\",\"name\":\"a\",\"value_b64\":\"AP8=\"}\n");
  ASSERT_TRUE(RequestWriter(line, "set_env", "3").begin("env", "{").text("B", "\"").text("A", "").close("}").end());
  EXPECT_EQ(line.view(), "{\"op\":\"set_env\",\"id\":\"3\",\"env\":{\"B\":\"\\\"\",\"A\":\"\"}}\n");
  ASSERT_TRUE(RequestWriter(line, "set_env", "4").flag("merge", true).begin("env", "{").close("}").end());
  EXPECT_EQ(line.view(), "{\"op\":\"set_env\",\"id\":\"4\",\"merge\":true,\"env\":{}}\n");
  ASSERT_TRUE(RequestWriter(line, "apply", "5")
                  .begin("secrets", "{")
                  .base64("k", "v")
                  .base64("e", "")
                  .close("}")
                  .begin("delete_secrets", "[")
                  .text("", "a")
                  .text("", "b")
                  .close("]")
                  .end());
  EXPECT_EQ(line.view(),
            "{\"op\":\"apply\",\"id\":\"5\",\"secrets\":{\"k\":\"dg==\",\"e\":\"\"},"
            "\"delete_secrets\":[\"a\",\"b\"]}\n");
}

TEST(RequestWriter, AnyIdComesBack) {
  Bytes line;
  for (const std::string& id :
       {std::string(), all_of_ascii(), std::string("\xc3\xa9\xf0\x9f\x98\x80"), std::string(9000, '\\')}) {
    ASSERT_TRUE(RequestWriter(line, "ping", id).end());
    const Read read(line);
    EXPECT_EQ(read->id, id);
    EXPECT_EQ(read->request.op, Op::Ping);
  }
}

TEST(RequestWriter, AnySecretComesBack) {
  Bytes line;
  std::mt19937 random(5);  // the same bytes every time
  for (std::size_t size : {0U, 1U, 2U, 3U, 32U, 255U, 4096U, 700'000U}) {
    std::string value(size, '\0');
    for (char& c : value) c = static_cast<char>(random());
    ASSERT_TRUE(RequestWriter(line, "set_secret", "id").text("name", "Name-_9").base64("value_b64", value).end());
    const Read read(line);
    EXPECT_EQ(read->request.op, Op::SetSecret);
    EXPECT_EQ(read->request.name, "Name-_9");
    EXPECT_TRUE(read->request.value == value) << size;
  }
}

TEST(RequestWriter, AnyEnvComesBack) {
  std::string value = all_of_ascii();
  std::erase(value, '\n');
  std::erase(value, '\0');
  value += "=\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  Bytes line;
  RequestWriter writer(line, "set_env", "id");
  writer.flag("merge", true).begin("env", "{").text("B", value).text("A", "").text("C", value + value).close("}");
  ASSERT_TRUE(writer.end());
  const Read read(line);
  EXPECT_EQ(read->request.op, Op::SetEnv);
  EXPECT_EQ(read->request.env_mode, Mode::Merge);
  EXPECT_THAT(read.env(), ElementsAre("A=", "B=" + value, "C=" + value + value));
}

TEST(RequestWriter, EmptiesTheLineFirst) {
  Bytes line;
  ASSERT_TRUE(line.append("left over"));
  ASSERT_TRUE(RequestWriter(line, "ping", "1").end());
  EXPECT_EQ(line.view(), "{\"op\":\"ping\",\"id\":\"1\"}\n");
}

}  // namespace
}  // namespace microvm::wire
