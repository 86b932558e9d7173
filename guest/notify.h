// Tells a service manager how far the daemon is (sd_notify(3)).
#pragma once

#include <string_view>

#include "common/base/unique_fd.h"

namespace microvm::guest {

class Notifier {
 public:
  /// `address` is that of NOTIFY_SOCKET: a path, or an abstract name behind '@'. Null when nobody wants to know.
  explicit Notifier(const char* address) noexcept;

  /// Sends a line such as READY=1. False when it was asked for and did not go.
  bool operator()(std::string_view state) const noexcept;

 private:
  bool wanted_;
  UniqueFd fd_;
};

}  // namespace microvm::guest
