#include "cli/proc.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "common/base/unique_fd.h"
#include "common/posix/retry.h"

namespace microvm::cli {
namespace {

// Files of /proc that fit one read.
std::optional<std::string> small_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(2048, '\0');
  const ssize_t n = file.valid() ? posix::retry([&] { return ::read(file.get(), text.data(), text.size()); }) : -1;
  if (n <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  return text;
}

}  // namespace

std::optional<std::uint64_t> stat_field(std::string_view stat, int number) {
  // The second field is the program's name, which may hold anything; what follows is behind the last parenthesis.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == stat.npos) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int field = 2; field < number; ++field) {
    const std::size_t blank = stat.find(' ');
    if (blank == stat.npos) return std::nullopt;
    stat.remove_prefix(blank + 1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(stat.data(), stat.data() + stat.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<ProcessUse> use_of(const ProcessId& process, const std::string& proc) {
  const auto stat = small_file(fmt::format("{}/{}/stat", proc, process.pid));
  if (!stat) return std::nullopt;
  const auto user = stat_field(*stat, 14);
  const auto system = stat_field(*stat, 15);
  const auto pages = stat_field(*stat, 24);
  if (!user || !system || !pages || stat_field(*stat, 22) != process.start_time) return std::nullopt;
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ProcessUse{.cpu = std::chrono::nanoseconds((*user + *system) * (1'000'000'000 / ticks)),
                    .rss_bytes = *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

}  // namespace microvm::cli
