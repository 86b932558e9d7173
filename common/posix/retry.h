// System calls that a signal may interrupt.
#pragma once

#include <cerrno>

namespace microvm::posix {

/// Calls again while the call fails with EINTR.
template <class Call>
auto retry(Call call) noexcept {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace microvm::posix
