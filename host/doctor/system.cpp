#include "host/doctor/system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "common/base/unique_fd.h"
#include "common/posix/retry.h"

namespace microvm::doctor {
namespace {

constexpr std::size_t kMaxText = 1024 * 1024;

std::vector<std::string_view> split(std::string_view text, std::string_view at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t begin = text.find_first_not_of(at);
    if (begin == text.npos) return parts;
    text.remove_prefix(begin);
    parts.push_back(text.substr(0, text.find_first_of(at)));
    text.remove_prefix(parts.back().size());
  }
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) { return split(text, "\n"); }
std::vector<std::string_view> words_of(std::string_view line) { return split(line, " \t"); }

uid_t System::uid() const noexcept { return options_.uid.value_or(::geteuid()); }

std::optional<std::string> System::text(std::string_view path) const {
  const UniqueFd file(::open(at(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return std::nullopt;
  std::string text;
  std::array<char, 16 * 1024> part{};
  while (text.size() < kMaxText) {
    const ssize_t n = posix::retry([&] { return ::read(file.get(), part.data(), part.size()); });
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  text.erase(text.find_last_not_of(" \t\n") + 1);
  return text;
}

std::vector<std::string> System::lines(std::string_view path) const {
  const std::string whole = text(path).value_or("");
  const auto lines = lines_of(whole);
  return {lines.begin(), lines.end()};
}

std::vector<std::string> System::names(std::string_view path) const {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at_it(at(path), error), end; !error && at_it != end; at_it.increment(error))
    names.push_back(at_it->path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::optional<KernelVersion> System::kernel() const {
  const auto release = text("/proc/sys/kernel/osrelease");
  KernelVersion version;
  if (!release) return std::nullopt;
  const char* const end = release->data() + release->size();
  const auto [dot, bad] = std::from_chars(release->data(), end, version.major);
  if (bad != std::errc() || dot == end || *dot != '.') return std::nullopt;
  if (std::from_chars(dot + 1, end, version.minor).ec != std::errc()) return std::nullopt;
  return version;
}

std::string System::existing(std::string_view path) const {
  for (std::filesystem::path here(path);; here = here.parent_path()) {
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(at(here.native()).c_str(), nullptr), ::free);
    if (real) return real.get();
    if (here == here.parent_path()) return at("/");
  }
}

}  // namespace microvm::doctor
