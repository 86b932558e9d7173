#include "guest/failures.h"

#include <cerrno>

namespace microvm::guest {
namespace {

constexpr FailureCode code_for(int sys_errno) noexcept {
  switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
      return FailureCode::NoSpace;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return FailureCode::Busy;
    default:
      return FailureCode::Io;
  }
}

}  // namespace

Failure file_failure(const FixedText& subject, const posix::FileFault& fault) noexcept {
  Failure failure{fault.visible ? FailureCode::Io : code_for(fault.sys_errno), subject};
  failure.text << ": cannot " << fault.step;
  failure.text.errno_text(fault.sys_errno);
  if (fault.visible) failure.text << "; the new content is visible and may not last";
  return failure;
}

Failure failed(std::string_view subject, std::string_view name, const char* step) noexcept {
  const posix::FileFault fault{step, errno, false};
  FixedText text(subject);
  return file_failure(text << name, fault);
}

Failure out_of_memory() noexcept { return {FailureCode::Busy, FixedText("busy: out of memory")}; }

}  // namespace microvm::guest
