#include "cli/metadata_input.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "cli/input.h"
#include "common/base/printable.h"
#include "common/base/unique_fd.h"
#include "microvm/change_json.h"
#include "microvm/dotenv.h"
#include "microvm/metadata.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMaxShown = 256;
constexpr std::string_view kWhy = "fit one request";

template <class T>
Result<T> within(const std::string& path, Result<T> result) {
  if (!result) result.error().message = fmt::format("{}: {}", printable(path, kMaxShown), result.error().message);
  return result;
}

// What a secret takes of a request at least: `"name":"base64",`.
std::size_t size_in_request(std::size_t name, std::size_t value) { return name + (value + 2) / 3 * 4 + 6; }

std::unexpected<Error> too_much(const std::string& path) {
  return std::unexpected(Error{ErrorCode::Invalid, 0,
                               fmt::format("{}: its secrets do not fit one request of {} bytes",
                                           printable(path, kMaxShown), metadata::kMaxRequestBytes)});
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::size_t size = 0;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename());
    size += size_in_request(names.back().size(), 0);
    if (size > metadata::kMaxRequestBytes) return too_much(path);
  }
  if (error) {
    return std::unexpected(
        Error{ErrorCode::Io, error.value(), fmt::format("{}: {}", printable(path, kMaxShown), error.message())});
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<metadata::Env> read_env_file(const std::string& path, Deadline deadline) {
  const auto text = read_input(path, metadata::kMaxRequestBytes, kWhy, deadline);
  if (!text) return std::unexpected(text.error());
  return within(path, metadata::parse_dotenv(text->view()));
}

Result<metadata::Secrets> read_secrets_dir(const std::string& path, Deadline deadline) {
  const auto names = names_in(path);
  if (!names) return std::unexpected(names.error());
  metadata::Secrets secrets;
  std::size_t size = 0;
  for (const std::string& name : *names) {
    if (auto checked = within(path, metadata::check_secret(name, {})); !checked) {
      return std::unexpected(std::move(checked.error()));
    }
    const auto content = read_regular_file(path + "/" + name, metadata::kMaxRequestBytes, kWhy, deadline);
    if (!content) return std::unexpected(content.error());
    size += size_in_request(name.size(), content->size());
    if (size > metadata::kMaxRequestBytes) return too_much(path);
    const auto value = std::as_bytes(std::span(content->view()));
    secrets.try_emplace(name, value.begin(), value.end());
  }
  return secrets;
}

Result<metadata::Change> read_change(const std::string& path, Deadline deadline) {
  const auto text = read_input(path, metadata::kMaxRequestBytes, kWhy, deadline);
  if (!text) return std::unexpected(text.error());
  return within(path, metadata::parse_change_json(text->view()));
}

}  // namespace microvm::cli
