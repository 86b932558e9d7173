// Guests for the client's tests: scripts that answer requests, well or badly.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/vsock_double.h"

namespace microvm::test {

inline constexpr std::uint32_t kPort = 5555;

/// Reads a request; empty when the host has gone.
inline std::string read_request(LineClient& host) {
  return host.read_line(Deadline::after(std::chrono::hours(1))).value_or("");
}

inline std::string id_of(std::string_view request) {
  constexpr std::string_view kField = R"("id":")";
  const std::size_t at = request.find(kField) + kField.size();
  return std::string(request.substr(at, request.find('"', at) - at));
}

inline std::string ok_to(std::string_view request) {
  return fmt::format(R"({{"id":"{}","ok":true}})"
                     "\n",
                     id_of(request));
}

/// `more` stands behind `ok`, as `"name":value` and without a comma before it.
inline std::string ok_to(std::string_view request, std::string_view more) {
  std::string reply = ok_to(request);
  reply.insert(reply.size() - 2, "," + std::string(more));
  return reply;
}

/// `error` stands in the reply as it is: JSON escapes are the caller's.
inline std::string refusal_of(std::string_view request, std::string_view error) {
  return fmt::format(R"({{"id":"{}","ok":false,"error":"{}"}})"
                     "\n",
                     id_of(request), error);
}

/// Answers every request with what `reply` makes of it.
template <class Reply>
VsockDouble::Script answering(Reply reply) {
  return [reply](LineClient& host) {
    for (std::string request; !(request = read_request(host)).empty();) host.send(reply(request));
  };
}

inline VsockDouble::Script daemon() {
  return answering([](const std::string& request) { return ok_to(request); });
}

/// What reached a guest.
class Requests {
 public:
  VsockDouble::Script then(std::function<void(LineClient&, const std::string&)> answer) {
    return [this, answer = std::move(answer)](LineClient& host) {
      for (std::string request; !(request = read_request(host)).empty();) {
        {
          const std::lock_guard lock(mutex_);
          seen_.push_back(request);
        }
        answer(host, request);
      }
    };
  }
  VsockDouble::Script served() {
    return then([](LineClient& host, const std::string& request) { host.send(ok_to(request)); });
  }
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
};

/// How long `act` took.
template <class Act>
std::chrono::milliseconds time_of(Act act) {
  const auto start = Deadline::Clock::now();
  act();
  return std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - start);
}

}  // namespace microvm::test
