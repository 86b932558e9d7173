#include "common/posix/process_identity.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <span>

#include "common/posix/retry.h"

namespace microvm::posix {
namespace {

constexpr std::size_t kBootIdSize = 36;
constexpr int kFieldsBehindName = 19;  // between the name's ')' and field 22

// The beginning of a small file, in one read.
std::expected<std::string_view, int> read_head(const char* path, std::span<char> room) noexcept {
  const UniqueFd fd(retry([&] { return ::open(path, O_RDONLY | O_CLOEXEC); }));
  if (!fd.valid()) return std::unexpected(errno);
  const ssize_t n = retry([&] { return ::read(fd.get(), room.data(), room.size()); });
  if (n < 0) return std::unexpected(errno);
  return std::string_view(room.data(), static_cast<std::size_t>(n));
}

// Takes the number and the one byte behind it from the front of `text`.
template <class Number>
std::optional<Number> take_number(std::string_view& text, char behind) noexcept {
  Number value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end == last || *end != behind || text.front() == '-') return std::nullopt;
  text = std::string_view(end + 1, last);
  return value;
}

bool is_boot_id(std::string_view text) noexcept {
  return text.size() == kBootIdSize && text.find_first_not_of("0123456789abcdef-") == text.npos;
}

}  // namespace

namespace {

std::expected<std::string, int> boot_id_from_kernel() {
  std::array<char, kBootIdSize + 2> room;
  const auto text = read_head("/proc/sys/kernel/random/boot_id", room);
  if (!text) return std::unexpected(text.error());
  if (!is_boot_id(text->substr(0, kBootIdSize))) return std::unexpected(EBADMSG);
  return std::string(text->substr(0, kBootIdSize));
}

}  // namespace

std::expected<std::string, int> read_boot_id() {
  // It stays the same as long as this process can live.
  static const auto id = boot_id_from_kernel();
  return id;
}

std::optional<std::uint64_t> parse_start_time(std::string_view stat) noexcept {
  // A program may be called `) R 1 2`; nothing behind its name holds a parenthesis.
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == stat.npos) return std::nullopt;
  stat.remove_prefix(name_end + 2);
  for (int i = 0; i < kFieldsBehindName; ++i) {
    const std::size_t blank = stat.find(' ');
    if (blank == stat.npos) return std::nullopt;
    stat.remove_prefix(blank + 1);
  }
  return take_number<std::uint64_t>(stat, ' ');
}

std::expected<std::uint64_t, int> start_time_of(int pid) noexcept {
  constexpr std::string_view kPrefix = "/proc/";
  constexpr std::string_view kSuffix = "/stat";
  std::array<char, 32> path{};
  char* const digits = path.data() + kPrefix.copy(path.data(), kPrefix.size());
  char* const end = std::to_chars(digits, digits + 11, pid).ptr;
  kSuffix.copy(end, kSuffix.size());
  std::array<char, 512> room;
  const auto text = read_head(path.data(), room);
  if (!text) return std::unexpected(text.error() == ENOENT ? ESRCH : text.error());
  const auto time = parse_start_time(*text);
  if (!time) return std::unexpected(EBADMSG);
  return *time;
}

std::expected<ProcessIdentity, int> identify(int pid) {
  const auto start_time = start_time_of(pid);
  if (!start_time) return std::unexpected(start_time.error());
  auto boot_id = read_boot_id();
  if (!boot_id) return std::unexpected(boot_id.error());
  return ProcessIdentity{pid, *start_time, std::move(*boot_id)};
}

std::string identity_text(const ProcessIdentity& process) {
  return std::to_string(process.pid) + ' ' + std::to_string(process.start_time) + ' ' + process.boot_id + '\n';
}

std::optional<ProcessIdentity> parse_identity(std::string_view text) {
  const auto pid = take_number<int>(text, ' ');
  if (!pid || *pid == 0) return std::nullopt;
  const auto start_time = take_number<std::uint64_t>(text, ' ');
  if (!start_time || text.size() != kBootIdSize + 1 || text.back() != '\n') return std::nullopt;
  text.remove_suffix(1);
  if (!is_boot_id(text)) return std::nullopt;
  return ProcessIdentity{*pid, *start_time, std::string(text)};
}

std::expected<UniqueFd, int> open_process(const ProcessIdentity& process) {
  const auto boot_id = read_boot_id();
  if (!boot_id) return std::unexpected(boot_id.error());
  if (*boot_id != process.boot_id) return std::unexpected(ESRCH);
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!fd.valid()) return std::unexpected(errno);
  const auto start_time = start_time_of(process.pid);
  if (!start_time) return std::unexpected(start_time.error());
  if (*start_time != process.start_time) return std::unexpected(ESRCH);
  return fd;
}

}  // namespace microvm::posix
