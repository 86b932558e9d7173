#include "host/vm/layout.h"

#include <fmt/format.h>

#include <cstdint>

#include "common/base/printable.h"
#include "common/posix/unix_address.h"
#include "microvm/spec.h"

namespace microvm::vm {
namespace {

// The longest name of a socket there: a guest's connection to port 4294967295 goes to the vsock socket's name with
// that.
constexpr std::string_view kLongestSocket = "/v.sock_4294967295";

bool has_room(const std::string& run) { return run.size() + kLongestSocket.size() <= posix::kMaxSocketPath; }

// FNV-1a. Two ids of one hash do not share a directory: the second one's mkdir fails.
std::uint64_t hash(std::string_view text) noexcept {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, std::move(message)});
}

}  // namespace

Result<Roots> roots_of(const RuntimeOptions& options) {
  for (const auto& [what, path] : {std::pair{"state", &options.state_dir}, std::pair{"run", &options.run_dir}}) {
    if (!path->starts_with('/') || path->find('\0') != path->npos)
      return invalid(fmt::format("{} directory {}: an absolute path is needed", what, printable(*path, 256)));
  }
  Roots roots{options.state_dir, options.run_dir};
  for (std::string* const path : {&roots.state, &roots.run})
    while (path->size() > 1 && path->ends_with('/')) path->pop_back();
  return roots;
}

Result<Layout> lay_out(const Roots& roots, std::string_view id) {
  if (auto good = check_id(id); !good) return std::unexpected(std::move(good.error()));
  Layout layout{fmt::format("{}/{}", roots.vms(), id), fmt::format("{}/{}", roots.run, id)};
  if (has_room(layout.run)) return layout;
  layout.run = fmt::format("{}/.{:016x}", roots.run, hash(id));
  if (has_room(layout.run)) return layout;
  return invalid(
      fmt::format("run directory {}: too long by {} bytes for the sockets of a VM in it: a socket's path has at "
                  "most {} bytes",
                  roots.run, layout.run.size() + kLongestSocket.size() - posix::kMaxSocketPath, posix::kMaxSocketPath));
}

}  // namespace microvm::vm
