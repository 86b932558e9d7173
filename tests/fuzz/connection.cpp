// A connection, with a stream cut and held up in any way, against its lines served one by one.
//
// The first line of an input is a script, what follows is what the client sends; a byte 1 stands for 256 KiB of text,
// so that a short input reaches the limit of a line. Each character of the script is a step, then all gates open.
#include "guest/connection.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common/wire/limits.h"
#include "common/wire/reply.h"
#include "guest/limits.h"
#include "tests/fuzz/check.h"
#include "tests/support/fake_stream.h"
#include "tests/support/temp_dir.h"

namespace microvm::fuzz {
namespace {

using namespace std::chrono_literals;
using guest::Connection;
using Wants = Connection::Wants;

constexpr std::size_t kMostRuns = 8;
constexpr std::size_t kInboxSize = 16 * 1024;  // smaller than the daemon's: more turns for the same bytes
constexpr std::string_view kTooLong = "line too long: limit 1048576 bytes";
constexpr std::string_view kTooSlow = "\"error\":\"line not finished within 30 s\"}\n";

// A store whose directory is gone: every request gets its reply and no disk is touched.
guest::Store& store() {
  static const std::unique_ptr<guest::Store> opened = [] {
    const test::TempDir folder;
    return std::move(*guest::Store::open({.env_file = folder / "state/env",
                                          .secrets_dir = folder / "state/secrets",
                                          .socket = {},
                                          .secrets_group = {},
                                          .scrub = false}));
  }();
  return *opened;
}

std::string client_bytes(std::string_view text) {
  std::string bytes;
  std::size_t runs = 0;
  for (const char c : text) {
    if (c == 1 && runs++ < kMostRuns) {
      bytes.append(256 * 1024, 'u');
    } else {
      bytes += c;
    }
  }
  return bytes;
}

// The replies that the lines get one by one.
std::string replies_to(std::string_view bytes, guest::Requests& requests) {
  Bytes replies;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.find('\n'), bytes.size());
    const bool ended = size < bytes.size();
    std::string line(bytes.substr(0, std::min(size, wire::kMaxRequestLine)));
    if (size >= wire::kMaxRequestLine) {
      check(requests.refuse(line, kTooLong, replies), "there is memory");
    } else if (ended) {
      check(requests.serve(line, {}, replies), "there is memory");
    }
    bytes.remove_prefix(ended ? size + 1 : size);
  }
  return std::string(replies.view());
}

class Run {
 public:
  explicit Run(std::string bytes) : expected_(replies_to(bytes, model_)) {
    stream_.input = std::move(bytes);
    stream_.ended = true;
  }

  void play(std::string_view script) {
    for (const char step : script.substr(0, 200)) {
      apply(step);
      if (!move()) return;
    }
    stream_.at_once = stream_.room = stream_.most_sent = test::FakeStream::kNoLimit;
    shared_.buffered -= std::exchange(others_, 0);
    for (int i = 0; i < 10'000; ++i) {
      if (!move()) return;
    }
    check(false, "a connection whose client does its part ends");
  }

 private:
  void apply(char step) {
    const auto size = [step](char first) { return std::size_t{1} << 2 * (step - first); };
    if (step >= '0' && step <= '9') stream_.at_once = size('0');
    if (step >= 'a' && step <= 'j') stream_.room = size('a');
    if (step >= 'A' && step <= 'J') stream_.most_sent = size('A');
    if (step == 'z') stream_.room = 0;
    if (step == 't') now_ += 11s;
    if (step == 'r') stream_.receive_error = ECONNRESET;
    if (step == 's') stream_.send_error = EPIPE;
    if (step == 'f') fill_buffers();
  }
  // Other connections take all room but a little.
  void fill_buffers() {
    exact_ = false;
    if (shared_.buffered + 700 > guest::kMaxBuffered) return;
    const std::size_t more = guest::kMaxBuffered - 700 - shared_.buffered;
    shared_.buffered += more;
    others_ += more;
  }

  // One turn of the event loop; false when the connection is over.
  bool move() {
    const auto deadline = connection_->deadline();
    const bool late = deadline && now_ >= *deadline;
    const Wants wants = late ? Wants::End : connection_->ready(stream_, now_);
    if (late) connection_->expire(stream_, now_);
    between_turns();
    if (wants != Wants::End) return true;
    at_the_end(late);
    return false;
  }
  void between_turns() const {
    check(!stream_.asked_for_nothing, "a receive has room");
    check(shared_.replies.empty(), "no reply is left in what all share");
    check(inbox_.front() == 0 && std::memcmp(inbox_.data(), inbox_.data() + 1, inbox_.size() - 1) == 0,
          "nor any input");
    check(shared_.buffered <= guest::kMaxBuffered, "the buffers are bounded");
  }
  // A late client may have been told so, as far as it takes it.
  static std::string_view without_the_last_word(std::string_view got) {
    got = got.substr(0, got.rfind('\n') + 1);
    return got.ends_with(kTooSlow) ? got.substr(0, got.rfind('\n', got.size() - 2) + 1) : got;
  }
  void at_the_end(bool late) {
    connection_.reset();
    check(shared_.buffered == others_, "all room is given back");
    std::string_view got = stream_.output;
    if (late) got = without_the_last_word(got);
    const bool broken = late || stream_.receive_error != 0 || stream_.send_error != 0;
    if (exact_) {
      check(expected_.starts_with(got), "the replies are those of the lines, in order");
      check(broken || got.size() == expected_.size(), "none is missing");
    }
    for (std::size_t end = got.find('\n'); end != got.npos; end = got.find('\n')) {
      check(wire::parse_reply(got.substr(0, end)).has_value(), "a reply can be read");
      got.remove_prefix(end + 1);
    }
  }

  guest::Log log_{-1};
  guest::Requests model_{store(), log_};
  guest::Requests requests_{store(), log_};
  static inline std::vector<char> inbox_ = std::vector<char>(kInboxSize);  // clean after each run
  guest::Workspace shared_{.requests = requests_, .inbox = inbox_, .replies = {}, .turn = guest::kSharedTurn};
  std::unique_ptr<Connection> connection_ = std::make_unique<Connection>(shared_);
  test::FakeStream stream_;
  Connection::Time now_{};
  std::size_t others_ = 0;
  bool exact_ = true;
  std::string expected_;
};

}  // namespace
}  // namespace microvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t script = std::min(input.find('\n'), input.size());
  const std::string_view bytes = input.substr(std::min(script + 1, input.size()));
  microvm::fuzz::Run(microvm::fuzz::client_bytes(bytes)).play(input.substr(0, script));
  return 0;
}
