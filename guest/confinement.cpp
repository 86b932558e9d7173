#include "guest/confinement.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/unique_fd.h"
#include "guest/landlock.h"
#include "guest/seccomp.h"

namespace microvm::guest {
namespace {

// A sanitizer's runtime reads files and makes calls of its own, whenever it likes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

bool is_member(gid_t group) {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(static_cast<int>(groups.size()), groups.data()))));
  return ::getegid() == group || std::ranges::find(groups, group) != groups.end();
}

// An empty permitted and inheritable set leaves no ambient one either.
bool drop_capabilities() noexcept {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;) ++capability;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  ::syscall(SYS_capset, &header, sets);
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  return std::ranges::all_of(sets, [](auto set) { return (set.effective | set.permitted | set.inheritable) == 0; });
}

UniqueFd open_parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == path.npos ? "." : path.substr(0, slash + 1);
  return UniqueFd(path.empty() ? -1 : ::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

FixedText Confinement::missing() const noexcept {
  const std::pair<std::string_view, bool> parts[] = {{"capabilities", capabilities},
                                                     {"no_new_privs", no_new_privs},
                                                     {"landlock", landlock != 0},
                                                     {"seccomp", seccomp}};
  FixedText names;
  for (const auto& [name, held] : parts) {
    if (!held) names << (names.empty() ? "" : ", ") << name;
  }
  return names;
}

FixedText join_group(std::optional<gid_t> group) {
  const bool alone = ::setgroups(group ? 1 : 0, group ? &*group : nullptr) == 0;
  const int error = errno;
  if (alone || !group || is_member(*group)) return {};
  FixedText text("cannot join group ");
  return (text << *group).errno_text(error);
}

Confinement confine(std::span<const int> directories, const std::string& socket) {
  const UniqueFd socket_directory = open_parent(socket);
  Confinement held;
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  held.no_new_privs = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  held.capabilities = drop_capabilities();
  if (kSanitized) return held;
  held.landlock = restrict_files(directories, socket_directory.get());
  held.seccomp = filter_syscalls();
  return held;
}

}  // namespace microvm::guest
