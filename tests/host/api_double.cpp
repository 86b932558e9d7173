// A double of Firecracker's API.
#include "tests/host/api_double.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/support/line_client.h"

namespace microvm::test {
namespace {

constexpr std::string_view kLength = "\r\nContent-Length: ";
constexpr int kSlice = 20;  // ms, until a thread looks whether it is to end

bool is_readable(int fd) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, kSlice) > 0;
}

}  // namespace

std::string api_reply(int status, std::string_view body, std::string_view header) {
  std::string head =
      fmt::format("HTTP/1.1 {} \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n{}", status, header);
  if (status == 204) return head + "\r\n";
  return fmt::format("{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", head, body.size(), body);
}

bool send_all(int stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(stream, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

ApiDouble::ApiDouble(const std::string& path, std::string version)
    : version_(std::move(version)), listener_(listen_unix(path)), thread_([this] { run(); }) {}

ApiDouble::~ApiDouble() {
  stopping_ = true;
  thread_.join();
}

void ApiDouble::answer(Script script) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(script));
}

void ApiDouble::answer(std::string bytes) {
  answer([bytes = std::move(bytes)](int stream) { return send_all(stream, bytes); });
}

void ApiDouble::answer_silence() {
  answer([this](int stream) {
    while (!stopping_ && !is_readable(stream)) continue;
    return false;
  });
}

std::vector<std::string> ApiDouble::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string ApiDouble::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void ApiDouble::run() {
  while (!stopping_) {
    if (!is_readable(listener_.get())) continue;
    const UniqueFd stream(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!stream.valid()) continue;
    ++connections_;
    serve(stream.get());
  }
}

void ApiDouble::serve(int stream) {
  std::string unread;
  while (auto request = next_request(stream, unread))
    if (!reply(stream, *request)) return;
}

std::optional<std::string> ApiDouble::next_request(int stream, std::string& unread) {
  while (!stopping_) {
    if (const std::size_t end = unread.find("\r\n\r\n"); end != unread.npos) {
      const std::string head = unread.substr(0, end + 4);
      const std::size_t length = head.find(kLength);
      const std::size_t size = length == head.npos ? 0 : std::stoul(head.substr(length + kLength.size()));
      if (unread.size() >= head.size() + size) {
        const std::string body = unread.substr(head.size(), size);
        unread.erase(0, head.size() + size);
        return check(head, body);
      }
    }
    if (!is_readable(stream)) continue;
    std::array<char, 65536> bytes;
    const ssize_t n = ::recv(stream, bytes.data(), bytes.size(), 0);
    if (n <= 0) return std::nullopt;
    unread.append(bytes.data(), static_cast<std::size_t>(n));
  }
  return std::nullopt;
}

// "PUT /vsock {…}", after a look at everything that Firecracker minds: there is one way to write a request.
std::string ApiDouble::check(std::string_view head, std::string_view body) {
  constexpr std::string_view kMethods[] = {"GET", "PUT", "PATCH", "DELETE"};
  const std::string_view line = head.substr(0, head.find(" HTTP/1.1\r\n"));
  std::string expected = fmt::format("{} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n", line);
  if (!body.empty()) expected += fmt::format("Content-Type: application/json{}{}\r\n", kLength, body.size());
  const bool is_known = std::ranges::find(kMethods, line.substr(0, line.find(' '))) != std::end(kMethods);
  if (!is_known || head != expected + "\r\n") {
    const std::lock_guard lock(mutex_);
    if (fault_.empty()) fault_ = head;
  }
  return body.empty() ? std::string(line) : fmt::format("{} {}", line, body);
}

bool ApiDouble::reply(int stream, const std::string& request) {
  if (request == "GET /version")
    return send_all(stream, api_reply(200, fmt::format(R"({{"firecracker_version":"{}"}})", version_)));
  Script script;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (!answers_.empty()) {
      script = std::move(answers_.front());
      answers_.pop_front();
    }
  }
  return script ? script(stream) : send_all(stream, api_reply(204));
}

}  // namespace microvm::test
