#include "standin/model/fault.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "standin/json/text.h"

namespace microvm::standin {
namespace {

struct Kind {
  int sys_errno;
  std::string_view name;
};

constexpr std::array kKinds = {
    Kind{EPERM, "PermissionDenied"},
    Kind{EACCES, "PermissionDenied"},
    Kind{ENOENT, "NotFound"},
    Kind{ENOTDIR, "NotADirectory"},
    Kind{EISDIR, "IsADirectory"},
    Kind{EEXIST, "AlreadyExists"},
    Kind{EINVAL, "InvalidInput"},
    Kind{EADDRINUSE, "AddrInUse"},
    Kind{ENAMETOOLONG, "InvalidFilename"},
    Kind{EBUSY, "ResourceBusy"},
    Kind{ENOMEM, "OutOfMemory"},
    Kind{ENOSPC, "StorageFull"},
    Kind{EROFS, "ReadOnlyFilesystem"},
    Kind{ECONNREFUSED, "ConnectionRefused"},
};

std::string_view kind_of(int sys_errno) noexcept {
  for (const Kind& kind : kKinds)
    if (kind.sys_errno == sys_errno) return kind.name;
  return "Uncategorized";
}

}  // namespace

Fault errno_fault(int sys_errno) {
  const std::string number = std::to_string(sys_errno);
  const std::string text = std::strerror(sys_errno);  // NOLINT(concurrency-mt-unsafe): one thread
  return {text + " (os error " + number + ")", "Os { code: " + number + ", kind: " + std::string(kind_of(sys_errno)) +
                                                   ", message: " + json::debug_quoted(text) + " }"};
}

Fault input_fault(std::string_view text) {
  return {std::string(text), "Error { kind: InvalidInput, message: " + json::debug_quoted(text) + " }"};
}

Fault json_fault(const json::Failure& failure) { return {failure.text(), failure.debug()}; }

}  // namespace microvm::standin
