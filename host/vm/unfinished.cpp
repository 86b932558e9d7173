#include "host/vm/unfinished.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "common/posix/process_identity.h"
#include "host/vm/files.h"

namespace microvm::vm {
namespace {

// <pid>-<start time>-<number>
Result<std::string> new_name(const Roots& roots) {
  static std::atomic<unsigned> next = 0;
  const auto started = posix::start_time_of(::getpid());
  if (!started) return io_error("/proc/self/stat", "read", started.error());
  return fmt::format("{}/{}-{}-{}", roots.unfinished(), ::getpid(), *started, next.fetch_add(1));
}

bool is_at_work(const std::string& name) {
  int pid = 0;
  std::uint64_t start_time = 0;
  const char* const end = name.data() + name.size();
  const auto first = std::from_chars(name.data(), end, pid);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return false;
  if (std::from_chars(first.ptr + 1, end, start_time).ec != std::errc()) return false;
  const auto now = posix::start_time_of(pid);
  return now && *now == start_time;
}

}  // namespace

Result<std::string> make_unfinished(const Roots& roots) {
  auto path = new_name(roots);
  if (!path) return path;
  if (::mkdir(path->c_str(), 0700) == 0) return path;
  if (errno != ENOENT) return io_error(*path, "mkdir");
  for (const std::string& folder : {roots.state, roots.vms(), roots.unfinished()})
    if (auto made = make_directories(folder); !made) return std::unexpected(std::move(made.error()));
  if (::mkdir(path->c_str(), 0700) != 0) return io_error(*path, "mkdir");
  return path;
}

Result<void> retire(const Roots& roots, const std::string& directory) {
  const auto path = new_name(roots);
  if (!path) return std::unexpected(path.error());
  if (::rename(directory.c_str(), path->c_str()) != 0)
    return errno == ENOENT ? Result<void>() : Result<void>(io_error(directory, "rename"));
  return remove_tree(*path);
}

std::size_t sweep_unfinished(const Roots& roots, bool dry_run) {
  std::size_t found = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(roots.unfinished(), error), end; !error && at != end;
       at.increment(error)) {
    if (is_at_work(at->path().filename())) continue;
    if (dry_run || remove_tree(at->path())) ++found;
  }
  return found;
}

}  // namespace microvm::vm
