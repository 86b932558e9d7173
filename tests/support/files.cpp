// Short words for what tests ask of files.
#include "tests/support/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/base/unique_fd.h"

namespace microvm::test {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw std::system_error(errno, std::generic_category(), what + (" " + path));
}

std::string describe(const std::string& path) {
  const struct stat st = stat_of(path);
  std::string text = std::to_string(st.st_mode) + " " + std::to_string(st.st_uid) + " " + std::to_string(st.st_ino) +
                     " " + std::to_string(st.st_ctim.tv_sec) + "." + std::to_string(st.st_ctim.tv_nsec);
  if (S_ISREG(st.st_mode)) text += " " + read_file(path);
  return text;
}

}  // namespace

std::string read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) fail("open", path);
  std::string content;
  std::array<char, 64 * 1024> part;
  for (;;) {
    const ssize_t n = ::read(fd.get(), part.data(), part.size());
    if (n < 0) fail("read", path);
    if (n == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(n));
  }
}

void write_file(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid() || ::fchmod(fd.get(), mode) != 0) fail("create", path);
  if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) fail("write", path);
}

void make_dir(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), 0700) != 0 || ::chmod(path.c_str(), mode) != 0) fail("mkdir", path);
}

struct stat stat_of(const std::string& path) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) fail("lstat", path);
  return st;
}

bool exists(const std::string& path) {
  struct stat st{};
  return ::lstat(path.c_str(), &st) == 0 || errno != ENOENT;
}

mode_t mode_of(const std::string& path) { return stat_of(path).st_mode & 07777; }

std::vector<std::string> names_in(const std::string& dir) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::map<std::string, std::string> tree(const std::string& dir) {
  std::map<std::string, std::string> all{{dir, describe(dir)}};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(dir)) {
    all[entry.path()] = describe(entry.path());
  }
  return all;
}

}  // namespace microvm::test
