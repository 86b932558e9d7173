// When a client keeps the daemon waiting for too long.
#include <chrono>

#include "common/wire/limits.h"
#include "guest/connection.h"
#include "guest/limits.h"
#include "tests/support/connection_test.h"

namespace microvm::guest {
namespace {

using namespace std::chrono_literals;
using test::ConnectionTest;
using test::FakeStream;
using test::ping;
using test::pong;
using test::refusal;

const std::string kTooSlow = "line not finished within 30 s";

TEST_F(ConnectionTest, IdleHasNoDeadline) {
  EXPECT_FALSE(connection_.deadline());
  run();
  run(ping("1") + "\n");
  EXPECT_FALSE(connection_.deadline());
}

TEST_F(ConnectionTest, ALineHas30SecondsFromItsFirstByte) {
  run("{");
  EXPECT_EQ(connection_.deadline(), now_ + 30s);
  now_ += 29s;
  run("\"op\":\"ping\",");
  EXPECT_EQ(connection_.deadline(), now_ + 1s) << "more of the line buys no time";
  run("\"id\":\"1\"}\n");
  EXPECT_FALSE(connection_.deadline());
  now_ += 1h;
  run(ping("2") + "{");
  EXPECT_EQ(connection_.deadline(), now_ + 30s) << "the next line has its own";
  now_ += 5s;
  run("}\n{");
  EXPECT_EQ(connection_.deadline(), now_ + 30s);
}

TEST_F(ConnectionTest, ASlowLineIsAnswered) {
  run(R"({"op":"ping","id":"1","u":")");
  now_ += 29s;
  connection_.expire(stream_, now_);
  EXPECT_EQ(output(), "") << "not yet";
  now_ += 1s;
  connection_.expire(stream_, now_);
  EXPECT_EQ(output(), refusal("1", kTooSlow));
  EXPECT_TRUE(bench_.is_clean());
}

TEST_F(ConnectionTest, ARefusedLineThatDoesNotEndIsNotAnsweredTwice) {
  run(R"({"op":"ping","id":"1","u":")");
  now_ += 10s;
  run(std::string(wire::kMaxRequestLine, 'u'));
  EXPECT_EQ(output(), refusal("1", "line too long: limit 1048576 bytes"));
  now_ += 10s;
  run(std::string(1000, 'u'));
  EXPECT_EQ(connection_.deadline(), now_ + 10s);
  now_ += 10s;
  connection_.expire(stream_, now_);
  EXPECT_EQ(output(), "");
}

TEST_F(ConnectionTest, RepliesHave30SecondsFromTheLastByteTaken) {
  stream_.room = 0;
  run(ping("1"));
  EXPECT_EQ(connection_.deadline(), now_ + 30s);
  now_ += 20s;
  run(ping("2"));
  EXPECT_EQ(connection_.deadline(), now_ + 10s) << "more replies buy no time";
  stream_.room = 1;
  run();
  EXPECT_EQ(connection_.deadline(), now_ + 30s);
  now_ += 30s;
  connection_.expire(stream_, now_);
  EXPECT_EQ(output().size(), 1U) << "nothing can be told to a client that reads nothing";
  stream_.room = FakeStream::kNoLimit;
  run();
  EXPECT_FALSE(connection_.deadline());
}

TEST_F(ConnectionTest, TheEarlierDeadlineCounts) {
  stream_.room = 0;
  run(ping("1"));
  now_ += 10s;
  run("{");
  EXPECT_EQ(connection_.deadline(), now_ + 20s);
  stream_.room = 1;
  now_ += 10s;
  run();
  EXPECT_EQ(connection_.deadline(), now_ + 20s) << "the line's";
}

TEST_F(ConnectionTest, LinesThatWaitForRepliesToBeReadAreNotLate) {
  for (int i = 0; i < 5000; ++i) stream_.input += ping("1");
  stream_.input += "{";
  stream_.room = 0;
  EXPECT_EQ(run(), Wants::Room);
  now_ += 29s;
  stream_.room = 1;
  run();
  EXPECT_EQ(connection_.deadline(), now_ + 30s);
  now_ += 20s;
  stream_.room = FakeStream::kNoLimit;
  EXPECT_EQ(run(), Wants::Input);
  EXPECT_EQ(connection_.deadline(), now_ + 30s) << "the unfinished line's, from when it could be read";
}

}  // namespace
}  // namespace microvm::guest
