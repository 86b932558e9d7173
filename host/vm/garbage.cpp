#include "host/vm/garbage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "common/posix/dead_socket.h"
#include "host/vm/files.h"
#include "host/vm/patience.h"
#include "host/vm/unfinished.h"
#include "microvm/spec.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

// A run directory has the name of a VM, or that of its hash.
bool is_run_name(const std::string& name) {
  return check_id(name).has_value() ||
         (name.size() == 17 && name[0] == '.' && name.find_first_not_of("0123456789abcdef", 1) == name.npos);
}

class Collection {
 public:
  Collection(const Host& host, bool dry_run) : host_(host), dry_run_(dry_run) {}

  Result<std::vector<Garbage>> all() {
    const auto ids = ids_in(host_.roots);
    if (!ids) return std::unexpected(ids.error());
    for (const std::string& id : *ids) vm(id);
    unfinished();
    run_directories();
    return std::move(found_);
  }

 private:
  void found(std::string what, std::string path, std::string why, const std::function<bool()>& remove) {
    const bool removed = !dry_run_ && remove();
    found_.push_back({std::move(what), std::move(path), std::move(why), removed});
  }

  // Names what it has in the run directory; gives back a half-made one.
  void vm(const std::string& id) {
    auto seen = look(host_.roots, id);
    if (!seen) return;
    owned_.push_back(seen->layout.run);
    if (seen->exit) return sockets_of(*seen);
    if (!seen->is_unsettled()) return;
    const auto lock = VmLock::try_take(seen->layout.state);
    if (!lock || !*lock) return;
    if (seen->status.state == VmState::Creating && seen->is_of_this_boot) {
      found("state directory", seen->layout.state, "its creation was cut short", [&] {
        const auto settled = settle(host_, id, **lock);
        return !settled && settled.error().code == ErrorCode::Missing;
      });
    } else if (!dry_run_) {
      (void)settle(host_, id, **lock);
    }
  }

  void sockets_of(const Seen& vm) {
    for (const std::string* path : {&vm.record.api_socket, &vm.record.vsock_socket}) {
      if (path->empty() || !exists(*path)) continue;
      found("socket", *path, fmt::format("VM {} has exited", vm.id), [&] {
        posix::remove_dead_socket(*path);
        return !exists(*path);
      });
    }
  }

  void unfinished() {
    const std::size_t count = sweep_unfinished(host_.roots, true);
    if (count == 0) return;
    found("state directory", host_.roots.unfinished(),
          fmt::format("{} that a dead process was making or removing", count),
          [&] { return sweep_unfinished(host_.roots) == count; });
  }

  void run_directories() {
    std::error_code error;
    for (std::filesystem::directory_iterator at(host_.roots.run, error), end; !error && at != end;
         at.increment(error)) {
      const std::string name = at->path().filename();
      if (!is_run_name(name) || !at->is_directory() || at->is_symlink()) continue;
      if (std::ranges::find(owned_, at->path().string()) == owned_.end()) ownerless(at->path());
    }
  }

  // Of a VM whose state directory was removed by hand, or is just being made: then its name is there by now.
  void ownerless(const std::string& path) {
    const auto ids = ids_in(host_.roots);
    if (!ids) return;
    for (const std::string& id : *ids)
      if (const auto seen = look(host_.roots, id); seen && seen->layout.run == path) return;
    const Layout layout{.state = {}, .run = path};
    // An empty one has nothing of ours in it.
    const bool is_ours = exists(layout.monitor()) || exists(layout.vmm()) || exists(layout.status());
    if (!is_ours) return;
    for (auto* const live : {&live_monitor, &live_vmm}) {
      const auto process = live(layout);
      if (!process) continue;
      found("process", fmt::format("{}", process->identity.pid),
            fmt::format("its VM has no state directory ({})", path),
            [&] { return (end(*process, kEndPatience), true); });
    }
    found("run directory", path, "it is of no VM", [&] {
      clear_after_vmm(layout, {});
      return remove_tree(path).has_value();
    });
  }

  const Host& host_;
  bool dry_run_;
  std::vector<std::string> owned_;
  std::vector<Garbage> found_;
};

}  // namespace

Result<std::vector<Garbage>> collect_garbage(const Host& host, bool dry_run) { return Collection(host, dry_run).all(); }

void settle_all(const Host& host) {
  sweep_unfinished(host.roots);
  const auto ids = ids_in(host.roots);
  if (!ids) return;
  for (const std::string& id : *ids) {
    const auto vm = look(host.roots, id);
    if (!vm || !vm->is_unsettled()) continue;
    if (const auto lock = VmLock::try_take(vm->layout.state); lock && *lock) (void)settle(host, id, **lock);
  }
}

}  // namespace microvm::vm
