// The limits of a connection: a line, the buffers of all, the replies that nobody reads.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/wire/limits.h"
#include "guest/connection.h"
#include "guest/limits.h"
#include "tests/support/connection_test.h"

namespace microvm::guest {
namespace {

using test::ConnectionTest;
using test::FakeStream;
using test::ping;
using test::pong;
using test::refusal;

constexpr std::size_t kLine = wire::kMaxRequestLine;
const std::string kTooLong = "line too long: limit 1048576 bytes";
const std::string kBusy = "busy: the buffers of all connections are full, try again";

// A ping of `size` bytes with its newline.
std::string long_ping(const std::string& id, std::size_t size) {
  const std::string begin = R"({"op":"ping","id":")" + id + R"(","u":")";
  return begin + std::string(size - begin.size() - 3, 'u') + "\"}\n";
}

// ---- one line ----

TEST_F(ConnectionTest, ALineOfExactlyTheLimitIsServed) {
  for (const std::size_t at_once : {FakeStream::kNoLimit, 1000UL, 65536UL}) {
    stream_.at_once = at_once;
    run(long_ping("1", kLine) + ping("2"));
    EXPECT_EQ(output(), pong("1") + pong("2"));
    EXPECT_EQ(bench_.shared().buffered, 0U);
  }
}

TEST_F(ConnectionTest, ALineOverTheLimitIsRefusedOnceAndSkipped) {
  for (const std::size_t size : {kLine + 1, kLine + 2, 2 * kLine, 3 * kLine + 5}) {
    for (const std::size_t at_once : {FakeStream::kNoLimit, 4999UL}) {
      stream_.at_once = at_once;
      run(ping("0") + long_ping("1", size) + ping("2") + long_ping("3", size) + ping("4"));
      ASSERT_EQ(output(), pong("0") + refusal("1", kTooLong) + pong("2") + refusal("3", kTooLong) + pong("4")) << size;
      ASSERT_EQ(bench_.shared().buffered, 0U);
    }
  }
}

TEST_F(ConnectionTest, ALineIsTooLongWhenItsLastByteCouldNotBeTheNewline) {
  const std::string line = long_ping("1", kLine + 1);
  run(line.substr(0, kLine - 1));
  EXPECT_EQ(output(), "");
  EXPECT_GE(bench_.shared().buffered, kLine);
  run(line.substr(kLine - 1, 1));
  EXPECT_EQ(output(), refusal("1", kTooLong));
  EXPECT_EQ(bench_.shared().buffered, 0U) << "the line is kept while it is skipped";
  run(std::string(5 * kLine, '{'));
  EXPECT_EQ(output(), "");
  EXPECT_EQ(bench_.shared().buffered, 0U);
  run("\n" + ping("2"));
  EXPECT_EQ(output(), pong("2"));
}

TEST_F(ConnectionTest, TheIdOfATooLongLineIsReadFromWhatWasKept) {
  run("{\"u\":\"" + std::string(kLine, 'u') + "\",\"id\":\"late\"}\n");
  EXPECT_EQ(output(), refusal("", kTooLong));
  run("{\"id\":\"a\",\"id\":\"b\",\"u\":\"" + std::string(kLine, 'u') + "\",\"id\":\"late\"}\n");
  EXPECT_EQ(output(), refusal("b", kTooLong));
}

// ---- the buffers of all connections ----

TEST_F(ConnectionTest, BuffersOfAllConnectionsAreBounded) {
  struct Other {
    explicit Other(Workspace& shared) : connection(shared) {}
    FakeStream stream;
    Connection connection;
  };
  const std::string line = long_ping("x", kLine);
  std::vector<std::unique_ptr<Other>> others;
  for (std::size_t i = 0; i < kMaxBuffered / kLine; ++i) {
    others.push_back(std::make_unique<Other>(bench_.shared()));
    others.back()->stream.input = line.substr(0, kLine - 1);
    run(others.back()->connection, others.back()->stream);
  }
  EXPECT_EQ(bench_.shared().buffered, kMaxBuffered);

  run(ping("1"));
  EXPECT_EQ(output(), pong("1")) << "whole lines need no buffer";
  run(R"({"op":"ping","id":"2")");
  EXPECT_EQ(output(), refusal("2", kBusy));
  run("}\n" + ping("3"));
  EXPECT_EQ(output(), pong("3"));

  others.front()->stream.input = "\n";
  run(others.front()->connection, others.front()->stream);
  EXPECT_EQ(others.front()->stream.output, pong("x"));
  run(R"({"op":"ping","id":"4")");
  run("}\n");
  EXPECT_EQ(output(), pong("4"));
  others.clear();
  EXPECT_EQ(bench_.shared().buffered, 0U);
}

TEST_F(ConnectionTest, ALineThatCannotGrowIsRefused) {
  run(R"({"op":"ping","id":"1","u":")");
  const std::size_t others = kMaxBuffered - bench_.shared().buffered;
  bench_.shared().buffered += others;
  run(std::string(2000, 'u'));
  EXPECT_EQ(output(), refusal("1", kBusy));
  EXPECT_EQ(bench_.shared().buffered, others);
  run(std::string(2000, 'u') + "\"}\n" + ping("2"));
  EXPECT_EQ(output(), pong("2"));
  bench_.shared().buffered -= others;
}

TEST_F(ConnectionTest, WhatCannotBeAnsweredInOrderEndsTheConnection) {
  stream_.room = 0;
  bench_.shared().buffered += kMaxBuffered;
  EXPECT_EQ(run(ping("1")), Wants::End) << "no room for the reply";
  bench_.shared().buffered -= kMaxBuffered;

  FakeStream stream;
  Connection connection(bench_.shared());
  stream.room = 0;
  for (int i = 0; i < 2000; ++i) stream.input += "1\n";  // within a turn, and more replies than may wait
  const std::size_t others = kMaxBuffered - kMaxQueuedReplies - 1024;
  bench_.shared().buffered += others;
  EXPECT_EQ(run(connection, stream), Wants::End) << "no room for whole lines";
  bench_.shared().buffered -= others;
}

// ---- replies that the client does not read ----

TEST_F(ConnectionTest, NothingMoreIsReadFromAClientThatReadsNoReplies) {
  std::string input, replies;
  for (int i = 0; i < 40'000; ++i) {
    input += ping(std::to_string(i));
    replies += pong(std::to_string(i));
  }
  stream_.room = 0;
  EXPECT_EQ(run(input), Wants::Room);
  const std::size_t unread = stream_.unread();
  EXPECT_GE(unread, input.size() - kInboxSize);
  EXPECT_LE(bench_.shared().buffered, kInboxSize + 3 * kMaxQueuedReplies);
  EXPECT_EQ(run(), Wants::Room);
  EXPECT_EQ(stream_.unread(), unread);

  stream_.room = 1;
  EXPECT_EQ(run(), Wants::Room) << "as long as 64 KiB wait, nothing is read";
  EXPECT_EQ(stream_.unread(), unread);
  stream_.room = FakeStream::kNoLimit;
  EXPECT_EQ(run(), Wants::Input);
  EXPECT_EQ(output(), replies);
  EXPECT_EQ(bench_.shared().buffered, 0U);
}

TEST_F(ConnectionTest, AClientThatReadsInSmallPartsGetsEverythingInOrder) {
  std::string input, replies;
  for (int i = 0; i < 20'000; ++i) {
    input += i % 1000 == 7 ? long_ping(std::to_string(i), 3000) : ping(std::to_string(i));
    replies += pong(std::to_string(i));
  }
  stream_.input = input + "unfinished";
  while (stream_.output.size() < replies.size()) {
    stream_.room = 5000;
    ASSERT_NE(connection_.ready(stream_, now_), Wants::End);
    ASSERT_LE(bench_.shared().buffered, kInboxSize + 3 * kMaxQueuedReplies);
    ASSERT_TRUE(bench_.is_clean());
  }
  stream_.room = FakeStream::kNoLimit;
  EXPECT_EQ(run(), Wants::Input);
  EXPECT_EQ(output(), replies);
  run("\n");
  EXPECT_THAT(output(), testing::StartsWith(R"({"id":"","ok":false)"));
  EXPECT_EQ(bench_.shared().buffered, 0U);
}

TEST_F(ConnectionTest, AReplyMayBeAsLongAsALine) {
  const std::string id(kLine - ping("").size(), 'i');
  stream_.room = 0;
  EXPECT_EQ(run(ping(id) + ping("2")), Wants::Room);
  stream_.room = FakeStream::kNoLimit;
  run();
  EXPECT_TRUE(output() == pong(id) + pong("2"));
  EXPECT_EQ(bench_.shared().buffered, 0U);
  EXPECT_LE(bench_.shared().replies.capacity(), 2 * kMaxQueuedReplies) << "a long reply's room is given back";
}

}  // namespace
}  // namespace microvm::guest
