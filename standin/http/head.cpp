#include "standin/http/head.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "standin/json/utf8.h"

namespace microvm::standin::http {
namespace {

constexpr std::string_view kInvalidRequest = "Invalid request.";

std::unexpected<Refusal> refuse(std::string_view why) { return std::unexpected(Refusal(why)); }

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

struct NamedMethod {
  std::string_view name;
  Method method;
};
constexpr std::array kMethods = {
    NamedMethod{"GET", Method::Get},
    NamedMethod{"PUT", Method::Put},
    NamedMethod{"PATCH", Method::Patch},
    NamedMethod{"DELETE", Method::Delete},
};

Refusal invalid_value(std::string_view name, std::string_view value) {
  return "Invalid header. Reason: Invalid value. Key:" + std::string(name) + "; Value:" + std::string(value);
}

Refusal take_content_length(Headers& headers, std::string_view name, std::string_view value) {
  std::string_view digits = trimmed(value);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::uint32_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size()) return invalid_value(name, value);
  headers.content_length = length;
  return {};
}

Refusal take_expect(Headers& headers, std::string_view /*name*/, std::string_view value) {
  if (trimmed(value) == "100-continue") headers.expects_continue = true;
  return {};
}

// Refused only where it rules out the one encoding there is.
Refusal take_accept_encoding(Headers& /*headers*/, std::string_view /*name*/, std::string_view value) {
  std::string_view rest = trimmed(value);
  const bool names_identity = rest.find("identity") != rest.npos;
  if (rest.empty()) return Refusal(kInvalidRequest);
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    const std::string_view encoding = rest.substr(0, comma);
    more = comma != rest.npos;
    if (more) rest.remove_prefix(comma + 1);
    if (trimmed(encoding) == "identity;q=0" || (trimmed(encoding) == "*;q=0" && !names_identity))
      return invalid_value("Accept-Encoding", encoding);
  }
  return {};
}

struct KnownHeader {
  std::string_view name;
  Refusal (*take)(Headers& headers, std::string_view name, std::string_view value);
};
constexpr std::array kHeaders = {
    KnownHeader{"content-length", take_content_length},
    KnownHeader{"expect", take_expect},
    KnownHeader{"accept-encoding", take_accept_encoding},
};

}  // namespace

std::expected<Request, Refusal> parse_request_line(std::string_view line) {
  const auto method_end = line.find(' ');
  const auto uri_end = method_end == line.npos ? line.npos : line.find(' ', method_end + 1);
  if (uri_end == line.npos) return refuse(kInvalidRequest);
  const std::string_view uri = line.substr(method_end + 1, uri_end - method_end - 1);
  const std::string_view version = line.substr(uri_end + 1);

  const auto* method = std::ranges::find(kMethods, line.substr(0, method_end), &NamedMethod::name);
  if (method == kMethods.end()) return refuse("Invalid HTTP Method: Unsupported HTTP method.");
  if (uri.empty()) return refuse("Invalid URI: Empty URI not allowed.");
  if (json::utf8_fault(uri)) return refuse("Invalid URI: Cannot parse URI as UTF-8.");
  if (version != "HTTP/1.0" && version != "HTTP/1.1") return refuse("Invalid HTTP Version: Unsupported HTTP version.");
  return Request{method->method, std::string(uri), version == "HTTP/1.0", std::nullopt};
}

Refusal take_header(Headers& headers, std::string_view line) {
  if (const auto fault = json::utf8_fault(line))
    return "Invalid header. Reason: Header contains invalid characters. Key: " + fault->text();
  const auto colon = line.find(':');
  if (colon == line.npos) return "Invalid header. Reason: Header is incorrectly formatted. Key: " + std::string(line);
  const std::string_view name = line.substr(0, colon);
  std::string lower(trimmed(name));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* known = std::ranges::find(kHeaders, lower, &KnownHeader::name);
  return known == kHeaders.end() ? Refusal() : known->take(headers, name, line.substr(colon + 1));
}

Refusal header_too_long(std::string_view buffer) {
  return "Invalid header. Reason: Invalid content length. Header: " + json::utf8_lossy(buffer);
}

}  // namespace microvm::standin::http
