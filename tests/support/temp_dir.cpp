// A private folder of one test, removed whatever its modes are.
#include "tests/support/temp_dir.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace microvm::test {
namespace fs = std::filesystem;

namespace {

std::string default_base() {
  std::error_code no_folder;
  const fs::path base = fs::temp_directory_path(no_folder);  // $TMPDIR, else /tmp
  return no_folder ? "/tmp" : base.string();
}

}  // namespace

TempDir::TempDir() : TempDir(default_base()) {}

TempDir::TempDir(const std::string& base) : path_(fs::path(base) / "microvm-test.XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp " + path_);
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::string TempDir::operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

}  // namespace microvm::test
