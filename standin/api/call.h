// One request on its way to what it asks for, and what comes of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "standin/http/request.h"
#include "standin/model/fault.h"

namespace microvm::standin {

struct Call {
  explicit Call(const http::Request& request);

  /// The nth part of the path; empty when there is none.
  [[nodiscard]] std::string_view part(std::size_t n) const noexcept { return n < parts.size() ? parts[n] : ""; }

  http::Method method;
  std::vector<std::string_view> parts;  ///< "/drives/a" -> {"drives", "a"}
  const std::string* body;              ///< null: none
};

struct Outcome {
  Result<std::string> reply;  ///< JSON, or nothing
  bool understood = true;     ///< false: refused as a request, before anyone was asked to do anything
  std::string deprecation{};
  std::string_view timed{};  ///< the action whose duration is told, as its metric is called
};

/// A request that is refused as such.
Outcome not_understood(Fault why);
Outcome not_understood(std::string_view debug, std::string text);
/// For a refusal that has no name of its own.
Fault bad_request(std::string text);
Fault deserialization_fault(const json::Failure& failure);
Outcome unknown_route(const Call& call, std::string_view path);

}  // namespace microvm::standin
