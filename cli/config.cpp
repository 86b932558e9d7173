#include "cli/config.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "cli/duration.h"

namespace microvm::cli {
namespace {

Result<std::int64_t> number_from(const char* name, std::int64_t otherwise, std::int64_t min, std::int64_t max) {
  const char* value = std::getenv(name);
  const std::string_view text = value == nullptr ? "" : value;
  if (text.empty()) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= min && number <= max) return number;
  return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("{} is no number from {} to {}", name, min, max)});
}

}  // namespace

Result<MetadataConfig> metadata_config() {
  MetadataConfig config;
  const auto port = number_from("MICROVM_GUEST_METADATA_PORT", config.port, kMinPort, kMaxPort);
  if (!port) return std::unexpected(port.error());
  const auto connect = number_from("MICROVM_GUEST_METADATA_CONNECT_TIMEOUT_MS", config.connect_timeout.count(), 1,
                                   kLongestDuration.count());
  if (!connect) return std::unexpected(connect.error());
  const auto request = number_from("MICROVM_GUEST_METADATA_REQUEST_TIMEOUT_MS", config.request_timeout.count(), 1,
                                   kLongestDuration.count());
  if (!request) return std::unexpected(request.error());
  return MetadataConfig{.port = static_cast<std::uint32_t>(*port),
                        .connect_timeout = std::chrono::milliseconds(*connect),
                        .request_timeout = std::chrono::milliseconds(*request)};
}

}  // namespace microvm::cli
