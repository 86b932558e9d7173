// The env file on disk.
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/posix/replace_file.h"
#include "common/wire/request_in.h"
#include "guest/directories.h"
#include "guest/failures.h"

namespace microvm::guest {

class EnvStore {
 public:
  static constexpr posix::Access kAccess{.mode = 0600};

  EnvStore(HeldDirectory directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)), path_(directory_.path() + "/" + name_) {}

  /// The file's present text; `exists` is false, and the text empty, when there is none. What is not a regular file was
  /// planted and counts as none.
  Failure read(Bytes& text, bool& exists) const noexcept;
  /// The text that `env` makes of the present one.
  Failure compose(const wire::Entries& env, wire::Mode mode, Bytes& text) const noexcept;
  /// `visible` tells whether the new text is in place, also with a failure.
  Failure replace(const Bytes& text, posix::HiddenIds& ids, bool& visible) noexcept;

  [[nodiscard]] const HeldDirectory& directory() const noexcept { return directory_; }
  [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  Failure compose_merged(const wire::Entries& env, Bytes& text) const noexcept;

  HeldDirectory directory_;
  std::string name_;
  std::string path_;
};

}  // namespace microvm::guest
