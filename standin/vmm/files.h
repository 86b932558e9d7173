// Opening the host's files the way Firecracker does, with its words for a refusal.
#pragma once

#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "standin/model/fault.h"

namespace microvm::standin {

/// open(2) with O_CLOEXEC; a NUL in the path is refused before that.
Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode = 0);

/// For logs, metrics, the serial console: made if it is missing, never waited for, written from its start.
Result<UniqueFd> open_output(const std::string& path);

/// The whole content, which may be `limit` bytes.
Result<std::string> read_all(int fd, std::size_t limit);
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// All of it; false with errno set when it cannot be written.
bool write_all(int fd, std::string_view bytes) noexcept;

/// A listening socket at `path`; an empty path lets the kernel choose an abstract name.
Result<UniqueFd> listen_at(const std::string& path);

/// A stream connected to `path`.
Result<UniqueFd> connect_to(const std::string& path);

}  // namespace microvm::standin
