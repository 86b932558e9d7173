#include "host/spec/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "common/base/printable.h"
#include "common/base/unique_fd.h"
#include "common/posix/retry.h"
#include "host/spec/limits.h"

namespace microvm::spec {
namespace {

std::string place(const Source& source, std::size_t offset, std::string_view what) {
  const auto line = 1 + std::ranges::count(source.text.substr(0, offset), '\n');
  return fmt::format("{}:{}: {}", printable(source.name, 256), line, what);
}

}  // namespace

std::string Source::at(std::size_t index, std::string_view what) const {
  return place(*this, wire::json_offset(text, index), what);
}

Error Source::fault(std::size_t index, std::string_view what) const { return {ErrorCode::Invalid, 0, at(index, what)}; }

Error Source::fault(const fcapi::Reader& reader) const { return fault(reader.fault_index(), reader.fault()); }

Result<wire::Json> Source::tree() const {
  if (text.size() > kMaxFileBytes) {
    const std::string what = fmt::format("{}: more than {} bytes", printable(name, 256), kMaxFileBytes);
    return std::unexpected(Error{ErrorCode::Invalid, 0, what});
  }
  auto tree = wire::read_json_tree(text);
  if (!tree)
    return std::unexpected(Error{ErrorCode::Invalid, 0, place(*this, tree.error().position, tree.error().text)});
  if (tree->as<wire::Json::Object>() == nullptr) return std::unexpected(fault(0, "it is not an object"));
  return std::move(*tree);
}

Result<std::string> read_text(const std::string& path) {
  const auto failed = [&] {
    const int number = errno;
    const std::string why = std::generic_category().message(number);
    return std::unexpected(Error{ErrorCode::Io, number, fmt::format("{}: {}", printable(path, 256), why)});
  };
  // A FIFO would not be waited for, and is refused below.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat about{};
  if (!file.valid() || ::fstat(file.get(), &about) != 0) return failed();
  if (!S_ISREG(about.st_mode)) {
    return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("{} is no regular file", printable(path, 256))});
  }
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = posix::retry([&] { return ::read(file.get(), text.data() + size, text.size() - size); });
    if (n < 0) return failed();
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

}  // namespace microvm::spec
