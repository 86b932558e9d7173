// exit.json: room for it is taken while there is some, so that a full disk cannot hide how a VM ended.
#pragma once

#include <string_view>

#include "common/base/unique_fd.h"
#include "host/monitor/directories.h"

namespace microvm::monitor {

class ExitFile {
 public:
  explicit ExitFile(Directory& state) noexcept : state_(state) {}

  void reserve() noexcept;
  /// On the disk when it answers; 0 or an errno.
  int write(std::string_view text) noexcept;
  void give_back() noexcept;

 private:
  bool write_reserved(std::string_view text) noexcept;

  Directory& state_;
  UniqueFd fd_;
};

}  // namespace microvm::monitor
