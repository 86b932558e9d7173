#include "common/posix/replace_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/unique_fd.h"
#include "common/posix/retry.h"

namespace microvm::posix {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr int kNameTries = 16;

std::unexpected<ReplaceFault> fault(const char* step) noexcept {
  return std::unexpected(ReplaceFault{step, errno, false});
}

bool write_all(int fd, std::string_view content) noexcept {
  while (!content.empty()) {
    const ssize_t n = retry([&] { return ::write(fd, content.data(), content.size()); });
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The temporary of one replacement: removed again unless it took its place.
class Temporary {
 public:
  Temporary(int dir, mode_t mode, TempNames& names) noexcept : dir_(dir) {
    for (int i = 0; i < kNameTries; ++i) {
      name_ = names.next();
      fd_.reset(retry([&] {
        return ::openat(dir_, name_.data(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
      }));
      if (fd_.valid() || errno != EEXIST) return;
    }
  }
  ~Temporary() {
    if (!fd_.valid() || placed_) return;
    const int kept = errno;
    // Where it cannot be unlinked it shall at least hold nothing.
    if (::unlinkat(dir_, name_.data(), 0) != 0) (void)retry([&] { return ::ftruncate(fd_.get(), 0); });
    errno = kept;
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  bool place_at(const char* target) noexcept {
    placed_ = ::renameat(dir_, name_.data(), dir_, target) == 0;
    return placed_;
  }

 private:
  int dir_;
  TempNames::Name name_{};
  UniqueFd fd_;
  bool placed_ = false;
};

}  // namespace

TempNames::Name TempNames::next() noexcept {
  Name name{};
  char* to = std::copy(kPrefix.begin(), kPrefix.end(), name.data());
  std::uint64_t bits = next_++;
  for (std::size_t i = 0; i < kDigits; ++i, bits >>= 4) *to++ = kHex[bits & 15];
  return name;
}

bool TempNames::matches(std::string_view name) noexcept {
  return name.size() == kPrefix.size() + kDigits && name.starts_with(kPrefix) &&
         name.find_first_not_of(kHex, kPrefix.size()) == name.npos;
}

std::expected<void, ReplaceFault> replace_file(int dir, const char* name, std::string_view content, mode_t mode,
                                               TempNames& names) noexcept {
  {
    Temporary temporary(dir, mode, names);
    if (temporary.fd() < 0) return fault("create a temporary file");
    if (!write_all(temporary.fd(), content)) return fault("write the temporary file");
    if (retry([&] { return ::fsync(temporary.fd()); }) != 0) return fault("sync the temporary file");
    if (!temporary.place_at(name)) return fault("rename the temporary file");
  }
  if (retry([&] { return ::fsync(dir); }) == 0) return {};
  return std::unexpected(ReplaceFault{"sync the directory", errno, true});
}

}  // namespace microvm::posix
