// The lines of a request's head, as micro_http takes and refuses them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "standin/http/request.h"

namespace microvm::standin::http {

/// Why a request is no request, in words.
using Refusal = std::string;

std::expected<Request, Refusal> parse_request_line(std::string_view line);

struct Headers {
  std::uint32_t content_length = 0;
  bool expects_continue = false;
};

/// Takes one header line in; an empty text when there is nothing against it.
Refusal take_header(Headers& headers, std::string_view line);

/// A line that does not fit in the buffer of a connection.
Refusal header_too_long(std::string_view buffer);

}  // namespace microvm::standin::http
