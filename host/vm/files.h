// Small files read and replaced, directories made and removed: with errors that name the path.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::vm {

/// Io: `<path>: <what>: <the errno's text>`, of the errno at hand.
std::unexpected<Error> io_error(std::string_view path, std::string_view what);
std::unexpected<Error> io_error(std::string_view path, std::string_view what, int number);

/// SocketMissing-like absence is no error of its own: ENOENT stands in `sys_errno`. At most `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);
/// The last `limit` bytes; empty when it cannot be read.
std::string tail_of(const std::string& path, std::size_t limit);

/// A new file that holds this, not synced yet.
Result<UniqueFd> create_file(const std::string& path, std::string_view content);
Result<void> sync_file(const UniqueFd& fd, const std::string& path);

enum class Durable { No, Yes };  ///< whether it has to outlive a power cut
/// Through a temporary beside it and a rename.
Result<void> write_file(const std::string& path, std::string_view content, Durable durable);

/// 0700, with its parents (0755 where they are missing). One that is there is fine when it is ours and closed to
/// others' writing.
Result<void> make_directories(const std::string& path);
Result<UniqueFd> open_directory(const std::string& path);
Result<void> sync_directory(const std::string& path);
/// Everything in it and itself; never follows a symlink. One that is not there is fine.
Result<void> remove_tree(const std::string& path);
bool exists(const std::string& path);

}  // namespace microvm::vm
