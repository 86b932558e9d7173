// One request as a value: planned and checked before there is a connection, printed, and turned into bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "host/fcapi/bodies.h"
#include "host/fcapi/routes.h"

namespace microvm::fcapi {

struct Request {
  const Route* route;
  std::string line;                 ///< "PUT /drives/root"
  std::optional<std::string> body;  ///< absent: nothing is said of a body, not even that it is empty

  [[nodiscard]] std::string bytes() const;
};

/// What keeps `route` from being sent: the version (Unsupported), the id or a body that is too long (Invalid).
Result<Request> plan_text(const Route& route, std::string_view id, std::optional<std::string> body, Version version,
                          std::size_t max_body);

/// An error that names what it belongs to: "PUT /drives/root: …".
Error about(std::string_view line, Error error);

template <class Body>
Result<Request> plan(const Route& route, std::string_view id, const Body& body, Version version, std::size_t max_body) {
  auto text = write_body(body, version);
  if (!text) return std::unexpected(about(route.text, std::move(text.error())));
  return plan_text(route, id, std::move(*text), version, max_body);
}

}  // namespace microvm::fcapi
