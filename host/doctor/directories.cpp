// The folders that VMs live in.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "host/doctor/checks.h"

namespace microvm::doctor {
namespace {

constexpr std::uint64_t kMib = 1024 * 1024;
// A VM takes 17 MiB at most by default: its console and its VMM's log.
constexpr std::uint64_t kLittleSpace = 256 * kMib, kNoSpace = 32 * kMib;
constexpr std::uint64_t kLittleRunSpace = 16 * kMib, kNoRunSpace = kMib;
constexpr std::size_t kMaxSocketPath = 107, kMaxId = 63;
constexpr std::string_view kLongestSocket = "/v.sock_4294967295";
constexpr std::size_t kHashedName = 17;  // a dot and 16 hex digits

bool is_below(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

// Of the folder itself, where it is there.
std::optional<Finding> faults_of(const System& system, const std::string& dir) {
  struct stat about{};
  if (::lstat(system.at(dir).c_str(), &about) != 0) return std::nullopt;
  const unsigned mode = about.st_mode & 07777U;
  if (S_ISLNK(about.st_mode)) {
    return Finding{Verdict::Fail, fmt::format("{} is a symbolic link", dir), "name the folder that it points to"};
  }
  if (!S_ISDIR(about.st_mode)) return Finding{Verdict::Fail, fmt::format("{} is no folder", dir), "remove it"};
  if (about.st_uid != system.uid()) {
    return Finding{Verdict::Fail, fmt::format("{} belongs to uid {}", dir, about.st_uid),
                   fmt::format("chown {} {}, or name another folder", system.uid(), dir)};
  }
  if ((mode & 022U) != 0) {
    return Finding{Verdict::Fail, fmt::format("{} has mode {:04o}", dir, mode),
                   fmt::format("chmod go-w {}: others can replace what VMs are made of", dir)};
  }
  return Finding{Verdict::Ok, fmt::format("{}, mode {:04o}", dir, mode)};
}

Finding directory(const System& system, const std::string& dir) {
  if (!dir.starts_with('/')) return {Verdict::Fail, fmt::format("\"{}\" is no absolute path", dir), "name one"};
  auto found = faults_of(system, dir);
  if (found && found->verdict != Verdict::Ok) return *found;
  const std::string above = system.existing(dir);
  if (::access(above.c_str(), W_OK | X_OK) != 0) {
    return {Verdict::Fail, fmt::format("{}: {}", dir, std::generic_category().message(errno)),
            "make it and give it to this user, or name another one"};
  }
  for (const std::string_view shared : {"/tmp", "/var/tmp", "/dev/shm"})
    if (is_below(dir, shared)) {
      return {Verdict::Warn, fmt::format("{} is below {}", dir, shared),
              "name another folder: others, and cleaners of old files, come there"};
    }
  return found.value_or(Finding{Verdict::Ok, fmt::format("{} can be made", dir)});
}

/// The type of the file system that `path`, a path without symbolic links, is on.
std::string filesystem_of(const System& system, std::string_view path) {
  std::string type = "unknown";
  std::size_t longest = 0;
  for (const std::string& line : system.lines("/proc/self/mountinfo")) {
    const auto words = words_of(line);
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 5 || words.end() - dash < 2) continue;
    const std::string_view at = words[4];
    // Of several at one place the last one counts.
    if ((at != "/" && !is_below(path, at)) || at.size() < longest) continue;
    longest = at.size();
    type = dash[1];
  }
  return type;
}

Finding space(const System& system, const std::string& dir, std::uint64_t little, std::uint64_t none,
              const auto& about_type) {
  const std::string real = system.existing(dir);
  const std::string type = filesystem_of(system, real.substr(std::min(system.options().root.size(), real.size())));
  struct statvfs about{};
  if (::statvfs(real.c_str(), &about) != 0)
    return {Verdict::Warn, fmt::format("{}: {}", dir, std::generic_category().message(errno)), "see what is there"};
  const std::uint64_t free = std::uint64_t{about.f_bavail} * about.f_frsize;
  const std::string seen = fmt::format("{} MiB free on {}", free / kMib, type);
  if (free < none) return {Verdict::Fail, seen, "free some space: nothing can be recorded"};
  if ((about.f_flag & ST_RDONLY) != 0) return {Verdict::Fail, seen + ", read-only", "mount it for writing"};
  if (about.f_files != 0 && about.f_favail == 0) return {Verdict::Fail, seen + ", no inode free", "remove some files"};
  if (free < little) return {Verdict::Warn, seen, "free some space: consoles and logs are kept there"};
  const std::string_view advice = about_type(type);
  return {advice.empty() ? Verdict::Ok : Verdict::Warn, seen, std::string(advice)};
}

bool is_remote(std::string_view type) {
  constexpr std::array<std::string_view, 9> kRemote = {"nfs",  "nfs4",     "cifs", "smb3",     "9p",
                                                       "ceph", "virtiofs", "afs",  "glusterfs"};
  return type.starts_with("fuse") || std::ranges::find(kRemote, type) != kRemote.end();
}

constexpr std::string_view kRemoteAdvice = "name a folder on a disk of this host: locks and renames must hold";

}  // namespace

Finding state_dir(const System& system) { return directory(system, system.options().state_dir); }
Finding run_dir(const System& system) { return directory(system, system.options().run_dir); }

Finding state_space(const System& system) {
  return space(system, system.options().state_dir, kLittleSpace, kNoSpace,
               [](std::string_view type) -> std::string_view {
                 if (type == "tmpfs" || type == "ramfs")
                   return "name a folder on a disk: this one is empty after a reboot";
                 return is_remote(type) ? kRemoteAdvice : "";
               });
}

Finding run_space(const System& system) {
  return space(system, system.options().run_dir, kLittleRunSpace, kNoRunSpace,
               [](std::string_view type) -> std::string_view { return is_remote(type) ? kRemoteAdvice : ""; });
}

Finding socket_paths(const System& system) {
  const std::string& dir = system.options().run_dir;
  const std::size_t taken = dir.size() + 1 + kLongestSocket.size();
  if (taken + kHashedName > kMaxSocketPath) {
    return {
        Verdict::Fail, fmt::format("{} has {} bytes", dir, dir.size()),
        fmt::format("name a run directory of at most {} bytes: sockets in it have longer paths than the kernel takes",
                    kMaxSocketPath - kHashedName - 1 - kLongestSocket.size())};
  }
  const std::size_t longest = std::min(kMaxId, kMaxSocketPath - taken);
  const std::string seen = fmt::format("ids of up to {} bytes have a folder of their name", longest);
  if (longest == kMaxId) return {Verdict::Ok, seen};
  return {Verdict::Info, seen, "longer ids get one that is named by a hash; a shorter run directory avoids that"};
}

}  // namespace microvm::doctor
