// A private folder of one test: made 0700, removed with everything in it.
#pragma once

#include <string>
#include <string_view>

namespace microvm::test {

class TempDir {
 public:
  /// Below $TMPDIR or `base`. Throws std::system_error when it cannot be made: a test cannot go on without it.
  TempDir();
  explicit TempDir(const std::string& base);
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// `dir / "name"` is the path of `name` in it.
  [[nodiscard]] std::string operator/(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace microvm::test
