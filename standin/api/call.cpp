#include "standin/api/call.h"

#include "standin/json/text.h"

namespace microvm::standin {

Call::Call(const http::Request& request) : method(request.method), body(request.body ? &*request.body : nullptr) {
  std::string_view path = request.path();
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  while (!path.empty()) {
    const auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
}

Outcome not_understood(Fault why) { return {std::unexpected(std::move(why)), false, {}}; }

Outcome not_understood(std::string_view debug, std::string text) {
  return not_understood(Fault{std::move(text), std::string(debug)});
}

Fault bad_request(std::string text) {
  std::string debug = "Generic(BadRequest, " + json::debug_quoted(text) + ")";
  return {std::move(text), std::move(debug)};
}

Fault deserialization_fault(const json::Failure& failure) {
  Fault fault =
      json_fault(failure).in("SerdeJson", "An error occurred when deserializing the json body of a request: ");
  fault.text += '.';
  return fault;
}

Outcome unknown_route(const Call& call, std::string_view path) {
  const std::string text(path);
  return not_understood(
      "InvalidPathMethod(" + json::debug_quoted(text) + ", " + std::string(http::name(call.method)) + ")",
      "Invalid request method and/or path: " + std::string(http::upper_name(call.method)) + " " + text + ".");
}

}  // namespace microvm::standin
