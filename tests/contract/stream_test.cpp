// Lines in a stream: however it is cut, each line gets exactly one reply, in order.
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <thread>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {

using testing::StartsWith;

constexpr std::size_t kLineLimit = 1048576;
constexpr std::string_view kTooLong = "line too long: limit 1048576 bytes";

class Stream : public DaemonTest {
 protected:
  void SetUp() override {
    start();
    client_ = daemon().client();
  }

  std::string next() { return client_.read_line().value_or("no answer"); }
  // The last check of a test: nothing but what was asked for has come, and the connection lives.
  void expect_in_step() { EXPECT_EQ(client_.ask("{\"op\":\"ping\",\"id\":\"last\"}\n"), ok_reply(R"("last")")); }

  LineClient client_;
};

// A ping of exactly `size` bytes with its newline.
std::string ping_of(std::size_t size, std::string_view end = "\n") {
  const std::string begin = R"({"op":"ping","id":"x","u":")";
  return begin + std::string(size - begin.size() - 2 - end.size(), 'u') + "\"}" + std::string(end);
}

// Every kind of line there is, short.
struct Mixed {
  std::string bytes;
  std::vector<std::string> replies;
};

Mixed mixed_stream() {
  const std::string escaped = "{\"op\":\"ping\",\"id\":\"\\u00e9\\n\xF0\x9F\x98\x80\"}\r\n";
  return {std::string(kPing) + set_env(R"({"B":"2","A":"1"})") + "\n" + "{\"id\":\"x\",\"op\":\n" + escaped +
              set_secret("s", "QUI=") + set_env(R"({"1":"2"})") + "[]\r\n" + std::string(kPing),
          {kPong, kPong, R"({"id":"","ok":false)", R"({"id":"x","ok":false)", ok_reply("\"é\\n\xF0\x9F\x98\x80\""),
           kPong, R"({"id":"x","ok":false)", R"({"id":"","ok":false)", kPong}};
}

TEST_F(Stream, CutInTwoAtEveryByte) {
  const Mixed mixed = mixed_stream();
  for (std::size_t cut = 1; cut < mixed.bytes.size(); ++cut) {
    SCOPED_TRACE(cut);
    ASSERT_TRUE(client_.send(mixed.bytes.substr(0, cut)));
    ASSERT_TRUE(client_.await_taken());
    ASSERT_TRUE(client_.send(mixed.bytes.substr(cut)));
    for (const std::string& reply : mixed.replies) ASSERT_THAT(next(), StartsWith(reply));
  }
  expect_in_step();
  EXPECT_EQ(test::read_file(paths_.env_file), "A=1\nB=2\n");
  EXPECT_EQ(test::read_file(paths_.secrets_dir + "/s"), "AB");
}

TEST_F(Stream, ByteByByte) {
  const Mixed mixed = mixed_stream();
  for (const char byte : mixed.bytes) {
    ASSERT_TRUE(client_.send({&byte, 1}));
    ASSERT_TRUE(client_.await_taken());
  }
  for (const std::string& reply : mixed.replies) EXPECT_THAT(next(), StartsWith(reply));
  expect_in_step();
}

TEST_F(Stream, LongLineCutWhereBuffersEnd) {
  const std::string value(600'000, 'A');
  const std::string line = set_secret("long", value);
  for (const std::size_t cut : {511UL, 512UL, 513UL, 4096UL, 32768UL, 65535UL, 65536UL, 131072UL, 262143UL, 262144UL,
                                262145UL, 524288UL, line.size() - 2, line.size() - 1}) {
    SCOPED_TRACE(cut);
    ASSERT_TRUE(client_.send(line.substr(0, cut)));
    ASSERT_TRUE(client_.await_taken());
    ASSERT_TRUE(client_.send(line.substr(cut) + std::string(kPing)));
    ASSERT_EQ(next(), kPong);
    ASSERT_EQ(next(), kPong);
    ASSERT_TRUE(test::read_file(paths_.secrets_dir + "/long") == std::string(450'000, '\0'));
  }
}

TEST_F(Stream, PipelinedRepliesLeaveInOneWrite) {
  std::string requests;
  std::string replies;
  for (int i = 0; i < 500; ++i) {
    const std::string id = "\"" + std::to_string(i) + "\"";
    requests += R"({"op":"ping","id":)" + id + "}\n";
    replies += ok_reply(id) + "\n";
  }
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(client_.send(requests));
    ASSERT_EQ(client_.read_some(), replies);
  }
}

TEST_F(Stream, ServedInOrder) {
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += R"({"op":"set_env","id":"x","env":{"N":")" + std::to_string(i) + "\"}}\n";
    requests += i % 3 == 0 ? "broken\n" : std::string(kPing);
  }
  ASSERT_TRUE(client_.send(requests));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(next(), kPong);
    EXPECT_THAT(next(), StartsWith(i % 3 == 0 ? R"({"id":"","ok":false)" : kPong));
  }
  EXPECT_EQ(test::read_file(paths_.env_file), "N=49\n");
}

// ---- the limit of a line ----

TEST_F(Stream, LineOfExactlyTheLimitIsServed) {
  EXPECT_EQ(client_.ask(ping_of(kLineLimit)), kPong);
  EXPECT_EQ(client_.ask(ping_of(kLineLimit, "\r\n")), kPong);
  const std::string frame = set_secret("big", "");
  const std::size_t quads = (kLineLimit - frame.size()) / 4;
  ASSERT_EQ(client_.ask(set_secret("big", std::string(quads * 4, 'A'))), kPong);
  EXPECT_EQ(test::read_file(paths_.secrets_dir + "/big").size(), quads * 3);
  const std::string value(kLineLimit - set_env(R"({"K":""})").size(), 'v');
  ASSERT_EQ(client_.ask(set_env(R"({"K":")" + value + "\"}")), kPong);
  EXPECT_TRUE(test::read_file(paths_.env_file) == "K=" + value + "\n");
  expect_in_step();
}

TEST_F(Stream, LineOverTheLimitIsAnsweredOnce) {
  for (const std::size_t size : {kLineLimit + 1, kLineLimit + 2, 2 * kLineLimit, 5 * kLineLimit + 7}) {
    SCOPED_TRACE(size);
    ASSERT_TRUE(client_.send(ping_of(size)));
    EXPECT_EQ(error_of(next()), kTooLong);
    expect_in_step();
  }
  const auto before = test::tree(paths_.state_dir);
  ASSERT_TRUE(client_.send(set_env(R"({"A":")" + std::string(kLineLimit, 'v') + "\"}")));
  EXPECT_EQ(error_of(next()), kTooLong);
  EXPECT_TRUE(test::tree(paths_.state_dir) == before);
}

TEST_F(Stream, LineOverTheLimitIsAnsweredBeforeItEnds) {
  std::string line = ping_of(kLineLimit + 1);
  line.resize(kLineLimit);
  ASSERT_TRUE(client_.send(line));
  EXPECT_EQ(error_of(next()), kTooLong);
  ASSERT_TRUE(client_.send(std::string(100'000, 'u')));
  ASSERT_TRUE(client_.await_taken());
  EXPECT_FALSE(client_.read_line(Deadline::after(50ms))) << "the rest of a line is answered";
  ASSERT_TRUE(client_.send("\n"));
  expect_in_step();
}

TEST_F(Stream, LineJustBelowTheLimitIsNotAnsweredBeforeItEnds) {
  std::string line = ping_of(kLineLimit);
  line.resize(kLineLimit - 1);
  ASSERT_TRUE(client_.send(line));
  EXPECT_FALSE(client_.read_line(Deadline::after(100ms)));
  ASSERT_TRUE(client_.send("\n"));
  EXPECT_EQ(next(), kPong);
}

TEST_F(Stream, IdOfALineOverTheLimit) {
  const std::string padding = R"("u":")" + std::string(kLineLimit, 'u') + "\"";
  ASSERT_TRUE(client_.send("{\"op\":\"ping\"," + padding + ",\"id\":\"late\"}\n"));
  EXPECT_EQ(error_of(next(), R"("")"), kTooLong);
  ASSERT_TRUE(client_.send("{\"id\":\"a\",\"id\":\"b\"," + padding + ",\"id\":\"late\"}\n"));
  EXPECT_EQ(error_of(next(), R"("b")"), kTooLong);
  ASSERT_TRUE(client_.send(std::string(2 * kLineLimit, '[') + "\n"));
  EXPECT_EQ(error_of(next(), R"("")"), kTooLong);
  ASSERT_TRUE(client_.send(std::string(2 * kLineLimit, '\0') + "\n"));
  EXPECT_EQ(error_of(next(), R"("")"), kTooLong);
  ASSERT_TRUE(client_.send("{\"id\":\"" + std::string(2 * kLineLimit, 'i') + "\n"));
  EXPECT_EQ(error_of(next(), R"("")"), kTooLong);
  expect_in_step();
}

TEST_F(Stream, LinesOverTheLimitInARow) {
  const std::string line = ping_of(kLineLimit + 1);
  std::jthread writer([&] { EXPECT_TRUE(client_.send(line + line + std::string(kPing) + line + std::string(kPing))); });
  EXPECT_EQ(error_of(next()), kTooLong);
  EXPECT_EQ(error_of(next()), kTooLong);
  EXPECT_EQ(next(), kPong);
  EXPECT_EQ(error_of(next()), kTooLong);
  EXPECT_EQ(next(), kPong);
}

TEST_F(Stream, AnIdAsLongAsALineComesBack) {
  const std::string frame = R"({"op":"ping","id":""})";
  const std::string id = "\"" + std::string(kLineLimit - frame.size() - 1, 'i') + "\"";
  EXPECT_TRUE(client_.ask(R"({"op":"ping","id":)" + id + "}\n") == ok_reply(id));
  expect_in_step();
}

// ---- the end of the stream ----

TEST_F(Stream, PartialLineAtTheEndIsNotRun) {
  const std::string request = set_env(R"({"A":"1"})");
  ASSERT_TRUE(client_.send(std::string(kPing) + request.substr(0, request.size() - 1)));
  client_.finish();
  EXPECT_EQ(next(), kPong);
  EXPECT_TRUE(client_.at_end());
  EXPECT_FALSE(test::exists(paths_.env_file));
}

TEST_F(Stream, CompleteLinesBeforeTheEndAreAnswered) {
  std::string requests;
  for (int i = 0; i < 5000; ++i) requests += kPing;
  std::jthread writer([&] {
    EXPECT_TRUE(client_.send(requests));
    client_.finish();
  });
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(next(), kPong);
  EXPECT_TRUE(client_.at_end());
}

TEST_F(Stream, ClientThatLeavesIsRunButNotAnswered) {
  for (int i = 0; i < 20; ++i) {
    LineClient gone = daemon().client();
    for (int j = 0; j < 20; ++j) ASSERT_TRUE(gone.send(kPing));
    ASSERT_TRUE(gone.send(set_env(R"({"GONE":")" + std::to_string(i) + "\"}")));
  }
  expect_in_step();
  const Deadline deadline = Deadline::after(test::kPatience);
  const auto written = [&] { return test::exists(paths_.env_file) && test::read_file(paths_.env_file) == "GONE=19\n"; };
  while (!written() && !deadline.passed()) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(written());
}

// ---- anything at all ----

TEST_F(Stream, GarbageGetsOneReplyPerLine) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same garbage every time
  std::string garbage;
  for (int i = 0; i < 300'000; ++i) {
    const unsigned byte = random() % 64;
    garbage += byte == 0   ? '\n'
               : byte < 40 ? R"({}[]":,\u0e1-.+tfn opidenvsat)"[byte % 30]
                           : static_cast<char>(random());
  }
  garbage += '\n';
  std::jthread writer([&] { EXPECT_TRUE(client_.send(garbage)); });
  for (auto lines = std::ranges::count(garbage, '\n'); lines > 0; --lines) {
    ASSERT_THAT(next(), testing::HasSubstr(R"("ok":false,"error":"invalid request json: )"));
  }
  writer.join();
  expect_in_step();
}

}  // namespace
}  // namespace microvm::contract
