// The double of Firecracker's vsock device: one thread for all streams, one for each script.
#include "tests/support/vsock_double.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "common/posix/unix_address.h"

namespace microvm::test {
namespace {

constexpr std::size_t kWindow = 64 * 1024;  // what the VMM buffers for each direction
constexpr int kBacklog = 4096;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

UniqueFd unix_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

UniqueFd connect_unix(const std::string& path) {
  UniqueFd fd = unix_socket();
  const sockaddr_un address = posix::unix_address(path).value();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

std::pair<UniqueFd, UniqueFd> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

enum class Io { Some, Later, End };

// Reads what fits into the window.
Io receive(int fd, std::string& into) {
  std::array<char, kWindow> part;
  const ssize_t n = ::recv(fd, part.data(), kWindow - into.size(), MSG_DONTWAIT);
  if (n > 0) into.append(part.data(), static_cast<std::size_t>(n));
  return n > 0 ? Io::Some : n < 0 && errno == EAGAIN ? Io::Later : Io::End;
}

Io send(int fd, std::string& from) {
  if (from.empty()) return Io::Some;
  const ssize_t n = ::send(fd, from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) from.erase(0, static_cast<std::size_t>(n));
  return n > 0 ? Io::Some : n < 0 && errno == EAGAIN ? Io::Later : Io::End;
}

bool hung_up(int fd) {
  pollfd state{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

// The line as the VMM reads it: ten bytes at once, without waiting, then byte by byte, to the newline or 32 bytes.
std::optional<std::string> read_line(int fd) {
  std::array<char, 32> line;
  std::size_t size = 10;
  if (::recv(fd, line.data(), size, MSG_DONTWAIT) != static_cast<ssize_t>(size)) return std::nullopt;
  while (line[size - 1] != '\n' && size < line.size()) {
    if (::recv(fd, &line[size++], 1, MSG_DONTWAIT) != 1) return std::nullopt;
  }
  return std::string(line.data(), size);
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : line) {
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!blank && !in_word) words.emplace_back();
    if (!blank) words.back() += c;
    in_word = !blank;
  }
  return words;
}

bool is_connect(std::string word) {
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return word == "connect";
}

// A u32 in decimal, with a plus sign if one likes.
std::optional<std::uint32_t> port_of(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  return error == std::errc() && end == word.data() + word.size() ? std::optional(port) : std::nullopt;
}

}  // namespace

struct VsockDouble::Stream {
  enum class State { Handshake, Requested, Open };
  State state = State::Handshake;
  UniqueFd host{};
  UniqueFd guest{};
  std::string to_guest{}, to_host{};
  bool guest_reads = true, guest_writes = true, guest_gone = false;
  std::optional<Deadline> expires{};

  void open(UniqueFd guest_end) {
    guest = std::move(guest_end);
    state = State::Open;
  }
  [[nodiscard]] pollfd host_poll() const {
    const bool read = state == State::Handshake || (guest_reads && to_guest.size() < kWindow);
    return {.fd = host.get(), .events = events(read, !to_host.empty()), .revents = 0};
  }
  [[nodiscard]] pollfd guest_poll() const {
    const short wanted = events(guest_writes && to_host.size() < kWindow, !to_guest.empty());
    // A hang-up is reported wanted or not: not before there is room for what came before it.
    const bool look = !guest_gone && (wanted != 0 || to_host.empty());
    return {.fd = look ? guest.get() : -1, .events = wanted, .revents = 0};
  }
  static short events(bool read, bool write) { return static_cast<short>((read ? POLLIN : 0) | (write ? POLLOUT : 0)); }

  bool from_host();
  bool from_guest();
  bool pump(short host_events);
};

struct VsockDouble::Task {
  LineClient end;
  std::thread thread;
};

// False when the host is gone. There is no half-close: its shutdown of one direction is the end of both.
bool VsockDouble::Stream::from_host() {
  while (guest_reads && to_guest.size() < kWindow) {
    const Io got = receive(host.get(), to_guest);
    if (send(guest.get(), to_guest) == Io::End) guest_reads = false;
    if (got == Io::End) return false;
    if (got == Io::Later) break;
  }
  if (send(guest.get(), to_guest) == Io::End) guest_reads = false;
  if (!guest_reads) to_guest.clear();
  return true;
}

// False when the stream is over. The host learns of the guest's end only when both directions are shut.
bool VsockDouble::Stream::from_guest() {
  while (guest_writes && to_host.size() < kWindow) {
    const Io got = receive(guest.get(), to_host);
    if (send(host.get(), to_host) == Io::End) return false;
    if (got == Io::End) guest_writes = false;
    if (got == Io::Later) break;
  }
  if (send(host.get(), to_host) == Io::End) return false;
  if (!guest_writes && !guest_gone) guest_gone = hung_up(guest.get());
  return !guest_gone || !to_host.empty();
}

bool VsockDouble::Stream::pump(short host_events) {
  if ((host_events & POLLHUP) != 0 && !guest_reads) return false;
  return from_host() && from_guest();
}

VsockDouble::VsockDouble(std::string uds_path, bool serving, Limits limits)
    : uds_path_(std::move(uds_path)),
      limits_(limits),
      listener_(unix_socket()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      serving_(serving) {
  const sockaddr_un address = posix::unix_address(uds_path_).value();
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), kBacklog) != 0) {
    fail("bind " + uds_path_);
  }
  loop_ = std::thread([this] { run(); });
}

VsockDouble::~VsockDouble() {
  change([this] {
    stopping_ = true;
    for (Task& task : tasks_) {
      if (task.end.fd() >= 0) ::shutdown(task.end.fd(), SHUT_RDWR);
    }
  });
  stopped_.notify_all();
  loop_.join();
  for (Task& task : tasks_) task.thread.join();
  ::unlink(uds_path_.c_str());
}

void VsockDouble::change(const std::function<void()>& change) {
  const std::lock_guard lock(mutex_);
  change();
  ::eventfd_write(wake_.get(), 1);
}

void VsockDouble::serve() {
  change([this] { serving_ = true; });
}
void VsockDouble::listen(std::uint32_t port, Script guest) {
  change([&] { ports_.insert_or_assign(port, std::move(guest)); });
}
void VsockDouble::listen(std::uint32_t port, std::string unix_path) {
  change([&] { ports_.insert_or_assign(port, std::move(unix_path)); });
}
void VsockDouble::unlisten(std::uint32_t port) {
  change([&] { ports_.erase(port); });
}
void VsockDouble::ignore(std::uint32_t port) {
  change([&] { ignored_.insert(port); });
}
void VsockDouble::answer_next(Script vmm) {
  change([&] { answers_.push_back(std::move(vmm)); });
}
void VsockDouble::hold() {
  change([this] { held_ = true; });
}
void VsockDouble::release() {
  change([this] { held_ = false; });
}

UniqueFd VsockDouble::call_host(std::uint32_t port) {
  UniqueFd host = connect_unix(fmt::format("{}_{}", uds_path_, port));
  if (!host.valid()) return host;
  auto [vmm_end, guest_end] = socket_pair();
  change([&] {
    Stream& stream = streams_.emplace_back();
    stream.host = std::move(host);
    stream.open(std::move(vmm_end));
  });
  return std::move(guest_end);
}

bool VsockDouble::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, time, [this] { return stopping_; });
}

unsigned VsockDouble::connects() const {
  const std::lock_guard lock(mutex_);
  return connects_;
}

void VsockDouble::run() {
  std::vector<pollfd> polls;
  for (;;) {
    std::vector<std::list<Stream>::iterator> polled;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      polls.assign({{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                    {.fd = serving_ && !held_ ? listener_.get() : -1, .events = POLLIN, .revents = 0}});
      for (auto it = streams_.begin(); it != streams_.end() && !held_; ++it) {
        if (it->state == Stream::State::Requested) continue;  // sweep() may erase it at any step
        polled.push_back(it);
        polls.push_back(it->host_poll());
        polls.push_back(it->guest_poll());
      }
    }
    ::poll(polls.data(), polls.size(), -1);
    const std::lock_guard lock(mutex_);
    eventfd_t woken = 0;
    ::eventfd_read(wake_.get(), &woken);
    if (stopping_ || held_) continue;
    for (std::size_t i = 0; i < polled.size(); ++i) {
      const short host_events = polls[2 + 2 * i].revents;
      const short guest_events = polls[3 + 2 * i].revents;
      if (!step(*polled[i], host_events, guest_events)) streams_.erase(polled[i]);
    }
    if (polls[1].revents != 0) accept_all();
  }
}

void VsockDouble::accept_all() {
  for (;;) {
    UniqueFd host(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!host.valid()) return;
    streams_.emplace_back().host = std::move(host);
  }
}

// False when the stream is over.
bool VsockDouble::step(Stream& stream, short host_events, short guest_events) {
  if (host_events == 0 && guest_events == 0) return true;
  if (stream.state == Stream::State::Handshake) return handshake(stream);
  return stream.pump(host_events);
}

bool VsockDouble::handshake(Stream& stream) {
  const auto line = read_line(stream.host.get());
  if (!line) return false;
  const auto words = words_of(*line);
  if (words.size() < 2 || !is_connect(words[0])) return false;
  const auto port = port_of(words[1]);
  return port && request(stream, *port);
}

bool VsockDouble::request(Stream& stream, std::uint32_t port) {
  ++connects_;
  if (!answers_.empty()) {
    start(std::move(stream.host), std::move(answers_.front()));
    answers_.pop_front();
    return false;
  }
  sweep();
  const auto taken =
      std::ranges::count_if(streams_, [](const Stream& other) { return other.state != Stream::State::Handshake; });
  if (static_cast<std::size_t>(taken) >= limits_.connections) return false;
  last_host_port_ = ((last_host_port_ + 1) & ~(1U << 31)) | 1U << 30;
  if (ignored_.contains(port)) {
    stream.state = Stream::State::Requested;
    stream.expires = Deadline::after(limits_.request_timeout);
    return true;
  }
  UniqueFd guest = connect_guest(port);
  if (!guest.valid()) return false;
  stream.open(std::move(guest));
  stream.to_host = fmt::format("OK {}\n", last_host_port_);
  return stream.pump(0);
}

// A guest that nothing listens in, or whose backlog is full, resets the connection: not valid.
UniqueFd VsockDouble::connect_guest(std::uint32_t port) {
  const auto found = ports_.find(port);
  if (found == ports_.end()) return {};
  if (const auto* path = std::get_if<std::string>(&found->second)) return connect_unix(*path);
  auto [vmm_end, guest_end] = socket_pair();
  start(std::move(guest_end), std::get<Script>(found->second));
  return std::move(vmm_end);
}

void VsockDouble::start(UniqueFd end, Script script) {
  Task& task = tasks_.emplace_back(LineClient(std::move(end)), std::thread());
  task.thread = std::thread([this, &task, run_script = std::move(script)] {
    run_script(task.end);
    const std::lock_guard lock(mutex_);
    task.end.close();
  });
}

// The VMM looks for requests that nobody answered only when it adds a connection.
void VsockDouble::sweep() {
  std::erase_if(streams_, [](const Stream& stream) { return stream.expires && stream.expires->passed(); });
}

}  // namespace microvm::test
