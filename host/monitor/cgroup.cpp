#include "host/monitor/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/base/deadline.h"
#include "common/posix/process_identity.h"
#include "common/posix/retry.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

// Alone, or beside the hierarchies of version 1.
constexpr std::array kHierarchies = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

// `0::/system.slice/x.service`: the line of version 2.
std::string own_path() {
  const UniqueFd file(posix::retry([] { return ::open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC); }));
  std::string text(4096, '\0');
  const ssize_t n = posix::retry([&] { return ::read(file.get(), text.data(), text.size()); });
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  const std::size_t at = text.starts_with("0::") ? 0 : text.find("\n0::");
  if (at == text.npos) return {};
  const std::size_t begin = text.find('/', at);
  const std::size_t end = text.find('\n', begin);
  return begin == text.npos || end == text.npos ? "" : text.substr(begin, end - begin);
}

UniqueFd open_in(const std::string& path, const char* name, int how) noexcept {
  return UniqueFd(posix::retry([&] { return ::open((path + name).c_str(), how | O_CLOEXEC); }));
}

// Since Linux 5.14. True once nothing is left in it.
bool end_all(const std::string& path) noexcept {
  const UniqueFd events = open_in(path, "/cgroup.events", O_RDONLY);
  const UniqueFd kill = open_in(path, "/cgroup.kill", O_WRONLY);
  const Deadline deadline = Deadline::after(kCgroupEnd);
  if (posix::retry([&] { return ::write(kill.get(), "1", 1); }) != 1) return false;
  for (;;) {
    std::array<char, 128> text{};
    if (posix::retry([&] { return ::pread(events.get(), text.data(), text.size() - 1, 0); }) <= 0) return false;
    if (std::string_view(text.data()).find("populated 0") != std::string_view::npos) return true;
    pollfd change{.fd = events.get(), .events = POLLPRI, .revents = 0};
    if (posix::retry([&] { return ::poll(&change, 1, deadline.poll_ms()); }) <= 0) return false;
  }
}

}  // namespace

std::string cgroup_path(std::string_view id) {
  for (const char* const hierarchy : kHierarchies) {
    struct statfs info{};
    if (::statfs(hierarchy, &info) != 0 || info.f_type != CGROUP2_SUPER_MAGIC) continue;
    std::string own = own_path();
    if (own.empty()) return {};
    if (own == "/") own.clear();
    // VMs of other state directories may have the same id.
    const auto self = posix::start_time_of(::getpid());
    if (!self) return {};
    own = ((hierarchy + own) += "/microvm-") += id;
    return (((own += '-') += std::to_string(::getpid())) += '-') += std::to_string(*self);
  }
  return {};
}

UniqueFd make_cgroup(const std::string& path) noexcept {
  if (path.empty() || ::mkdir(path.c_str(), 0755) != 0) return {};
  return UniqueFd(posix::retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

bool remove_cgroup(const std::string& path) noexcept {
  const auto removed = [&] { return path.empty() || ::rmdir(path.c_str()) == 0 || errno == ENOENT; };
  return removed() || (end_all(path) && removed());
}

}  // namespace microvm::monitor
