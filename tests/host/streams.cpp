// Plays streams against the double, step by step.
#include "tests/host/streams.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <thread>

#include "common/posix/unix_address.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 20ms;  // so long nothing may come where nothing shall come

UniqueFd listen_at(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = posix::unix_address(path).value();
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd.get(), 128), 0);
  return fd;
}

bool poll_for(int fd, short events, std::chrono::milliseconds time) {
  pollfd state{.fd = fd, .events = events, .revents = 0};
  return ::poll(&state, 1, static_cast<int>(time.count())) > 0;
}

std::string ended_as(int error) { return error == ECONNRESET ? "ConnectionResetError" : error == 0 ? "EOF" : "?"; }

// Reads `size` bytes, or to the end, and says how the stream stands then; `seen` holds all that came.
std::string receive(int fd, std::size_t size, std::string& seen) {
  std::array<char, 64 * 1024> part;
  for (;;) {
    const bool all = seen.size() >= size;
    if (!poll_for(fd, POLLIN, all ? kQuiet : std::chrono::milliseconds(kPatience))) return "open";
    const ssize_t n = ::recv(fd, part.data(), part.size(), MSG_DONTWAIT);
    if (n <= 0) return ended_as(n == 0 ? 0 : errno);
    seen.append(part.data(), static_cast<std::size_t>(n));
  }
}

// One row: a stream of the host, and what else the host does.
class Player {
 public:
  Player(const Vmm& vmm, std::string uds_path, const Row& row) : vmm_(vmm), uds_path_(std::move(uds_path)), row_(row) {
    prepare_host();
  }
  ~Player() { ::unlink(host_path().c_str()); }
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // Plays up to step `end`.
  void play(std::size_t end) {
    while (next_ < end && !testing::Test::HasFailure()) {
      const std::size_t burst = burst_at(next_);
      // What the recorder sent without a pause, the VMM found all at once.
      if (burst > 1) vmm_.hold();
      for (const std::size_t stop = next_ + std::max<std::size_t>(burst, 1); next_ < stop; ++next_)
        step(row_.steps[next_]);
      if (burst > 1) vmm_.release();
    }
  }
  void play() { play(row_.steps.size()); }

 private:
  [[nodiscard]] std::string host_path() const { return uds_path_ + "_5000"; }

  // What stands at <uds>_5000 is told by the row's label.
  void prepare_host() {
    if (row_.label.contains("listener there")) host_listener_ = listen_at(host_path());
    if (row_.label.contains("stale socket file")) listen_at(host_path());
    if (row_.label.contains("plain file")) std::ofstream(host_path()).put('x');
  }

  // Sends that were not refused, and shutdowns, in a row.
  [[nodiscard]] std::size_t burst_at(std::size_t at) const {
    const auto ends = [](const Step& step) {
      return !(step[0] == "send" && step.size() == 2) && step[0] != "shutdown(SHUT_WR)";
    };
    const auto rest = std::span(row_.steps).subspan(at);
    return static_cast<std::size_t>(std::ranges::find_if(rest, ends) - rest.begin());
  }

  void step(const Step& step) {
    using Act = void (Player::*)(const Step&);
    static const std::map<std::string, Act, std::less<>> kActs = {
        {"connect", &Player::connect},   {"send", &Player::send},
        {"recv", &Player::recv},         {"shutdown(SHUT_WR)", &Player::shut},
        {"echoed", &Player::echo},       {"host listener on v.sock_5000 accepted", &Player::host_accept},
        {"it read", &Player::host_read}, {"after shutdown(SHUT_WR) it read", &Player::host_shut},
    };
    SCOPED_TRACE(fmt::format("step {} {}", next_, step[0]));
    const auto act = kActs.find(step[0]);
    ASSERT_NE(act, kActs.end());
    (this->*act->second)(step);
  }

  void connect(const Step&) { stream_ = LineClient::connect(uds_path_); }
  void send(const Step& step) {
    if (step.size() > 2) {
      // The recorder had paused: by then the VMM had dropped the stream.
      ASSERT_TRUE(poll_for(stream_.fd(), POLLIN | POLLRDHUP, kPatience));
    }
    const ssize_t n = ::send(stream_.fd(), step[1].data(), step[1].size(), MSG_NOSIGNAL);
    if (step.size() > 2) {
      EXPECT_TRUE(n < 0 && errno == EPIPE && step[2] == "BrokenPipeError");
    } else {
      EXPECT_EQ(n, static_cast<ssize_t>(step[1].size()));
    }
  }
  void shut(const Step&) { EXPECT_EQ(::shutdown(stream_.fd(), SHUT_WR), 0); }
  void recv(const Step& step) { expect_received(stream_.fd(), step[1], step[2]); }
  static void expect_received(int fd, const std::string& bytes, const std::string& how) {
    std::string seen;
    // A stream that ends is read to its end, however late that comes.
    const std::string stands = receive(fd, how == "open" ? bytes.size() : bytes.size() + 1, seen);
    EXPECT_EQ(seen, bytes);
    EXPECT_EQ(stands, how);
  }
  void echo(const Step& step) {
    std::string sent(std::stoul(step[1]), 'e');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7);
    std::thread sender([&] { EXPECT_TRUE(stream_.send(sent)); });
    std::string seen;
    EXPECT_EQ(receive(stream_.fd(), sent.size(), seen), "open");
    sender.join();
    EXPECT_TRUE(seen == sent && step[2] == "same");
  }
  void host_accept(const Step&) {
    ASSERT_TRUE(poll_for(host_listener_.get(), POLLIN, kPatience));
    called_ = LineClient(UniqueFd(::accept4(host_listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
  void host_read(const Step& step) { expect_received(called_.fd(), step[1], "open"); }
  void host_shut(const Step& step) {
    vmm_.hold();
    EXPECT_TRUE(called_.send("pong"));
    EXPECT_EQ(::shutdown(called_.fd(), SHUT_WR), 0);
    vmm_.release();
    expect_received(called_.fd(), step[1], "EOF");
  }

  const Vmm& vmm_;
  const std::string uds_path_;
  const Row& row_;
  std::size_t next_ = 0;
  LineClient stream_;
  UniqueFd host_listener_;
  LineClient called_;
};

void expect_at_once(const std::string& uds_path, int count) {
  std::vector<LineClient> streams;
  for (int i = 0; i < count; ++i) {
    streams.push_back(LineClient::connect(uds_path));
    EXPECT_TRUE(streams.back().send("CONNECT 52\n"));
  }
  for (LineClient& stream : streams) EXPECT_THAT(stream.read_line().value_or(""), testing::StartsWith("OK 10737"));
}

void echo(LineClient& host) {
  for (std::string data; !(data = host.read_some(Deadline::after(1h))).empty();) host.send(data);
}

void swallow(LineClient& host) {
  while (!host.read_some(Deadline::after(1h)).empty()) continue;
}

VsockDouble::Script shut_at_first_data(int direction) {
  return [direction](LineClient& host) {
    host.read_some(Deadline::after(1h));
    ::shutdown(host.fd(), direction);
    pollfd gone{.fd = host.fd(), .events = 0, .revents = 0};
    ::poll(&gone, 1, -1);  // until the stream is over
  };
}

// `c<port>` on the control stream: call that port of the host; R = it was answered, X = it was reset.
VsockDouble::Script call_the_host(VsockDouble& vsock) {
  return [&vsock](LineClient& control) {
    const std::string order = control.read_some(Deadline::after(1h));
    if (order.size() < 2) return;
    LineClient called(vsock.call_host(static_cast<std::uint32_t>(std::stoul(order.substr(1)))));
    control.send(called.fd() >= 0 ? "R\n" : "X\n");
    if (called.fd() >= 0 && called.send("guest calling\n")) echo(called);
    swallow(control);
  };
}

}  // namespace

void listen_like_recorded_guest(VsockDouble& vsock) {
  const auto end = [](LineClient&) {};
  vsock.listen(52, echo);
  vsock.listen(53, [](LineClient& host) {
    host.send("hello from guest\n");
    echo(host);
  });
  vsock.listen(54, end);
  vsock.listen(55, end);
  vsock.listen(56, shut_at_first_data(SHUT_WR));
  vsock.listen(57, call_the_host(vsock));
  vsock.ignore(58);
  vsock.listen(59, swallow);
  vsock.listen(60, [](LineClient& host) { host.send("bye\n"); });
  vsock.listen(61, shut_at_first_data(SHUT_RD));
}

std::vector<Row> rows_like_recorded() {
  const Step connect{"connect", "ok"};
  return {
      {"echo",
       {connect, {"send", "CONNECT 52\n"}, {"recv", "OK 1073741824\n", "open"}, {"send", "a"}, {"recv", "a", "open"}}},
      {"nobody listens, and a host port is used up", {connect, {"send", "CONNECT 10\n"}, {"recv", "", "EOF"}}},
      {"any case, further words", {connect, {"send", "cOnNeCt +052 x\r\n"}, {"recv", "OK 1073741826\n", "open"}}},
      {"the guest speaks first",
       {connect, {"send", "CONNECT 53\n"}, {"recv", "OK 1073741827\nhello from guest\n", "open"}}},
      {"behind the line", {connect, {"send", "CONNECT 52\nhi"}, {"recv", "OK 1073741828\nhi", "open"}}},
      {"behind the line, nobody listens", {connect, {"send", "CONNECT 10\nhi"}, {"recv", "", "ConnectionResetError"}}},
      {"less than ten bytes", {connect, {"send", "CONNECT\n"}, {"recv", "", "EOF"}}},
      {"no newline", {connect, {"send", "CONNECT 52"}, {"send", "\n", "BrokenPipeError"}, {"recv", "", "EOF"}}},
      {"split", {connect, {"send", "CONNECT "}, {"send", "52\n", "BrokenPipeError"}, {"recv", "", "EOF"}}},
      {"in pieces, but soon enough",
       {connect, {"send", "CONN"}, {"send", "ECT 52\n"}, {"recv", "OK 1073741830\n", "open"}}},
      {"a newline among the first ten bytes is a blank",
       {connect, {"send", "CONNECT\n52\n"}, {"recv", "OK 1073741831\n", "open"}}},
      {"another word", {connect, {"send", "LISTEN 52\n\n"}, {"recv", "", "ConnectionResetError"}}},
      {"no number", {connect, {"send", "CONNECT 5x2\n"}, {"recv", "", "EOF"}}},
      {"a number over u32", {connect, {"send", "CONNECT 4294967296\n"}, {"recv", "", "EOF"}}},
      {"cut at 32 bytes",
       {connect, {"send", "CONNECT 52                      x"}, {"recv", "OK 1073741832\nx", "open"}}},
      {"the guest ends", {connect, {"send", "CONNECT 60\n"}, {"recv", "OK 1073741833\nbye\n", "EOF"}}},
      {"a half-close of the guest is not forwarded",
       {connect, {"send", "CONNECT 56\n"}, {"recv", "OK 1073741834\n", "open"}, {"send", "x"}, {"recv", "", "open"}}},
      {"a half-close of the host ends both directions, the echo is lost",
       {connect,
        {"send", "CONNECT 52\n"},
        {"recv", "OK 1073741835\n", "open"},
        {"send", "ping"},
        {"shutdown(SHUT_WR)"},
        {"recv", "", "EOF"}}},
      {"an answer, although another stream never gets one",
       {connect, {"send", "CONNECT 52\n"}, {"recv", "OK 1073741837\n", "open"}}},
      {"that other one: dropped when a connection was added",
       {connect, {"send", "CONNECT 58\n"}, {"recv", "", "open"}, {"recv", "", "EOF"}},
       true},
      {"the guest calls the host, listener there",
       {connect,
        {"send", "CONNECT 57\n"},
        {"recv", "OK 1073741838\n", "open"},
        {"send", "c5000"},
        {"host listener on v.sock_5000 accepted"},
        {"it read", "guest calling\n"},
        {"after shutdown(SHUT_WR) it read", ""},
        {"recv", "R\n", "open"}}},
      {"the guest calls the host, nobody there",
       {connect,
        {"send", "CONNECT 57\n"},
        {"recv", "OK 1073741839\n", "open"},
        {"send", "c5000"},
        {"recv", "X\n", "open"}}},
      {"many", {}, false, 40},
  };
}

void expect_streams(const Vmm& vmm, const std::string& uds_path, const std::vector<Row>& rows,
                    std::chrono::milliseconds request_timeout) {
  for (std::size_t i = 0; i < rows.size() && !testing::Test::HasFailure(); ++i) {
    const Row& row = rows[i];
    SCOPED_TRACE(row.label);
    if (row.streams_at_once != 0) {
      expect_at_once(uds_path, row.streams_at_once);
      continue;
    }
    Player player(vmm, uds_path, row);
    std::optional<Player> next;
    if (i + 1 < rows.size() && rows[i + 1].begins_before_previous) {
      next.emplace(vmm, uds_path, rows[++i]);
      next->play(rows[i].steps.size() - 1);
      std::this_thread::sleep_for(request_timeout);
    }
    player.play();
    if (next) next->play();
  }
}

void expect_streams(VsockDouble& vsock, const std::string& uds_path, const std::vector<Row>& rows,
                    std::chrono::milliseconds request_timeout) {
  expect_streams({[&] { vsock.hold(); }, [&] { vsock.release(); }}, uds_path, rows, request_timeout);
}

}  // namespace microvm::test
