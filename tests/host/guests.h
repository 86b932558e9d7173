// Guests for the client's tests: scripts that answer requests, well or badly.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

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

inline VsockDouble::Script daemon() { return answering(ok_to); }

/// How long `act` took.
template <class Act>
std::chrono::milliseconds time_of(Act act) {
  const auto start = Deadline::Clock::now();
  act();
  return std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - start);
}

}  // namespace microvm::test
