// A log as the monitor keeps it, `<name>.1` and `<name>`, read as one stream while it grows and is renamed.
#pragma once

#include <span>
#include <string>

#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::cli {

class LogFile {
 public:
  LogFile(std::string folder, const std::string& name)
      : folder_(std::move(folder)), newer_(folder_ + "/" + name), older_(newer_ + ".1") {}

  /// What comes next, from the oldest there is: 0 bytes at the present end. A log that is not there yet has none.
  Result<std::size_t> read(std::span<char> into);
  /// Whole files were renamed away before they could be read; asking forgets it.
  [[nodiscard]] bool lost() noexcept { return std::exchange(lost_, false); }
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

 private:
  Result<bool> open_first();
  Result<bool> open_next();

  std::string folder_, newer_, older_;
  UniqueFd file_;
  bool lost_ = false;
};

}  // namespace microvm::cli
