// A connection answers each line once and in order, however its stream is cut and however it ends.
#include "guest/connection.h"

#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/connection_test.h"
#include "tests/support/files.h"
#include "tests/support/freed_blocks.h"

namespace microvm::guest {
namespace {

using test::ConnectionTest;
using test::FakeStream;
using test::ping;
using test::pong;

// Every kind of line there is, and the replies that they get one by one.
struct Mixed {
  explicit Mixed(Requests& requests) {
    for (std::string line : {ping("1"), std::string(R"({"op":"set_env","id":"2","env":{"B":"2","A":"\u0031"}})") + "\n",
                             std::string("\n"), std::string("\r\n"), std::string("{\"id\":\"3\",\"op\":\n"),
                             std::string("{\"op\":\"ping\",\"id\":\"\\u00e9\\n\xF0\x9F\x98\x80\"}\r\n"),
                             std::string(R"({"op":"set_secret","id":"4","name":"s","value_b64":"QUI="})") + "\n",
                             std::string(R"({"op":"set_secret","id":"5","name":"..","value_b64":""})") + "\n",
                             std::string(R"({"op":"apply","id":"6","env":{"1":"2"}})") + "\r\n", std::string("[]\n"),
                             std::string("\xff\n"), std::string(R"({"op":"other","id":"7"})") + "\n", ping("8")}) {
      input += line;
      line.pop_back();
      Bytes reply;
      EXPECT_TRUE(requests.serve(line, {}, reply));
      EXPECT_EQ(std::ranges::count(reply.view(), '\n'), 1);
      replies += reply.view();
    }
  }
  std::string input;
  std::string replies;
};

TEST_F(ConnectionTest, AnswersALine) {
  EXPECT_EQ(run(ping("1")), Wants::Input);
  EXPECT_EQ(output(), pong("1"));
  EXPECT_FALSE(connection_.deadline());
  EXPECT_TRUE(connection_.settled());
}

TEST_F(ConnectionTest, IsSettledWhenTheLastCallFoundNothingToReadOrToSend) {
  EXPECT_FALSE(connection_.settled()) << "nobody has looked yet";
  stream_.input = ping("1");
  connection_.ready(stream_, now_);
  EXPECT_FALSE(connection_.settled()) << "there may be more";
  run();
  EXPECT_TRUE(connection_.settled());
  stream_.room = 0;
  run(ping("2"));
  EXPECT_FALSE(connection_.settled());
}

// ---- splits ----

TEST_F(ConnectionTest, CutInTwoAtEveryByte) {
  const Mixed mixed(bench_.requests());
  for (std::size_t cut = 0; cut <= mixed.input.size(); ++cut) {
    run(mixed.input.substr(0, cut));
    run(mixed.input.substr(cut));
    ASSERT_EQ(output(), mixed.replies) << cut;
    ASSERT_EQ(bench_.shared().buffered, 0U);
  }
  EXPECT_EQ(test::read_file(bench_.env_file()), "A=1\nB=2\n");
  EXPECT_EQ(test::read_file(bench_.secret("s")), "AB");
}

TEST_F(ConnectionTest, AFewBytesAtATimeBothWays) {
  const Mixed mixed(bench_.requests());
  for (const std::size_t size : {1U, 2U, 3U, 7U, 64U}) {
    stream_.at_once = stream_.most_sent = size;
    run(mixed.input);
    ASSERT_EQ(output(), mixed.replies) << size;
  }
}

TEST_F(ConnectionTest, AtRandomBothWays) {
  const Mixed mixed(bench_.requests());
  std::mt19937 random(6);  // the same cuts every time
  for (int round = 0; round < 100; ++round) {
    stream_.input += mixed.input + mixed.input;
    while (stream_.output.size() < 2 * mixed.replies.size()) {
      stream_.at_once = 1 + random() % 200;
      stream_.room = random() % 100;
      ASSERT_NE(connection_.ready(stream_, now_), Wants::End);
      ASSERT_TRUE(bench_.is_clean());
    }
    ASSERT_EQ(output(), mixed.replies + mixed.replies);
    ASSERT_EQ(bench_.shared().buffered, 0U);
  }
}

TEST_F(ConnectionTest, RepliesOfATurnLeaveInOneSend) {
  std::string input, replies;
  for (int i = 0; i < 1000; ++i) {
    input += ping(std::to_string(i));
    replies += pong(std::to_string(i));
  }
  for (const std::size_t turn : {kTurn, kSharedTurn}) {
    bench_.shared().turn = turn;
    stream_ = {};
    run(input);
    EXPECT_EQ(output(), replies);
    EXPECT_EQ(stream_.sends, input.size() / turn + 1);
  }
}

TEST_F(ConnectionTest, RepliesOfOneNeverReachAnother) {
  FakeStream others;
  Connection other(bench_.shared());
  stream_.room = 5;
  EXPECT_EQ(run(ping("mine") + ping("mine")), Wants::Both);
  others.input = ping("other");
  run(other, others);
  EXPECT_EQ(others.output, pong("other"));
  stream_.room = FakeStream::kNoLimit;
  run();
  EXPECT_EQ(output(), pong("mine") + pong("mine"));
}

// ---- the end ----

TEST_F(ConnectionTest, EndsWhenTheClientDoes) {
  stream_.ended = true;
  EXPECT_EQ(run(ping("1")), Wants::End);
  EXPECT_EQ(output(), pong("1"));
}

TEST_F(ConnectionTest, AnUnfinishedLineAtTheEndIsNotRun) {
  stream_.ended = true;
  EXPECT_EQ(run(ping("1") + R"({"op":"set_env","id":"2","env":{}})"), Wants::End);
  EXPECT_EQ(output(), pong("1"));
  EXPECT_EQ(bench_.shared().buffered, 0U);
  EXPECT_FALSE(test::exists(bench_.env_file()));
}

TEST_F(ConnectionTest, RepliesThatWaitAreSentAfterTheClientsEnd) {
  stream_.ended = true;
  stream_.room = 3;
  EXPECT_EQ(run(ping("1") + ping("2")), Wants::Room);
  EXPECT_TRUE(connection_.deadline());
  stream_.room = FakeStream::kNoLimit;
  EXPECT_EQ(run(), Wants::End);
  EXPECT_EQ(output(), pong("1") + pong("2"));
}

TEST_F(ConnectionTest, EndsWhenTheStreamBreaks) {
  stream_.receive_error = ECONNRESET;
  EXPECT_EQ(run(), Wants::End);
}

// What a client that is gone does not take must not wait for the next one.
TEST_F(ConnectionTest, RepliesThatCannotBeSentAreGone) {
  stream_.send_error = EPIPE;
  EXPECT_EQ(run(ping("lost") + ping("lost")), Wants::End);
  FakeStream others;
  Connection other(bench_.shared());
  others.input = ping("other");
  run(other, others);
  EXPECT_EQ(others.output, pong("other"));
}

TEST_F(ConnectionTest, EndsWhenQueuedRepliesCannotBeSent) {
  stream_.room = 3;
  EXPECT_EQ(run(ping("1")), Wants::Both);
  stream_.send_error = ECONNRESET;
  EXPECT_EQ(run(), Wants::End);
}

// ---- nothing of a value is left behind ----

TEST_F(ConnectionTest, NoBlockIsFreedWithAValue) {
  const std::string marker = "MarkerOfAValue==";
  std::string input = R"({"op":"set_env","id":"1","env":{"A":")" + marker +
                      R"(","B":"\u004darkerOfAValue=="}})"
                      "\n" +
                      R"({"op":"set_env","id":"2","merge":true,"env":{"C":")" + marker + "\"}}\n" +
                      R"({"op":"set_secret","id":"3","name":"s","value_b64":"TWFya2VyT2ZBVmFsdWU9PQ=="})"
                      "\n" +
                      R"({"op":"apply","id":"4","env":{"D":")" + marker +
                      R"("},"secrets":{"t":"TWFya2VyT2ZBVmFsdWU9PQ=="}})"
                      "\n" +
                      R"({"op":"set_env","id":")" + marker + R"(","env":{"1":")" + marker + "\"}}\n";
  input += input.substr(0, input.size() - 3);  // ends in the middle of a line
  stream_.input.reserve(input.size());
  stream_.output.reserve(100'000);
  for (const std::size_t size : {1UL, 50UL, 300UL, 5000UL}) {
    test::FreedBlocks freed(marker);
    {
      Connection connection(bench_.shared());
      stream_.at_once = size;
      stream_.most_sent = size;
      stream_.input = input;
      EXPECT_EQ(run(connection, stream_), Wants::Input);
    }
    EXPECT_GT(freed.seen(), 0U);
    EXPECT_EQ(freed.with_marker(), 0U) << size;
    EXPECT_EQ(bench_.shared().buffered, 0U);
    stream_.output.clear();
  }
  EXPECT_EQ(test::read_file(bench_.secret("t")), marker);
}

}  // namespace
}  // namespace microvm::guest
