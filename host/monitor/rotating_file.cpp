#include "host/monitor/rotating_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/posix/retry.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {

RotatingFile::RotatingFile(int dir, std::string name, std::uint64_t limit, Content content)
    : dir_(dir), name_(std::move(name)), older_(name_ + ".1"), half_(limit / 2), content_(content) {}

void RotatingFile::append(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  if (kept_.capacity() < kKeptBytes) kept_.reserve(kKeptBytes);
  if (kept_.size() + size > kKeptBytes) flush();
  for (const auto part : parts) kept_.append(part);
}

bool RotatingFile::open() noexcept {
  if (fd_.valid()) return true;
  constexpr int kHow = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  fd_.reset(posix::retry([&] { return ::openat(dir_, name_.c_str(), kHow, 0600); }));
  struct stat info{};
  if (!fd_.valid() || ::fstat(fd_.get(), &info) != 0) return false;
  size_ = static_cast<std::uint64_t>(info.st_size);
  char last = '\n';
  if (content_ == Content::Records && size_ > 0 && ::pread(fd_.get(), &last, 1, info.st_size - 1) == 1 && last != '\n')
    size_ += write_some("\n");
  return true;
}

void RotatingFile::rotate() noexcept {
  // Where the half cannot be put aside it is given up: the limit holds.
  if (::renameat(dir_, name_.c_str(), dir_, older_.c_str()) != 0 && fd_.valid())
    (void)posix::retry([&] { return ::ftruncate(fd_.get(), 0); });
  fd_.reset();
}

// The lines that still fit this half; where it is empty, a part of a longer one.
std::string_view RotatingFile::fitting(std::string_view text) noexcept {
  const std::uint64_t room = half_ - std::min(half_, size_);
  if (text.size() <= room) return text;
  text = text.substr(0, room);
  const std::size_t end = text.rfind('\n');
  if (end == text.npos && size_ > 0) return {};
  return end == text.npos ? text : text.substr(0, end + 1);
}

// How much of it stands in the file: all, or its first lines.
std::size_t RotatingFile::write_some(std::string_view text) noexcept {
  const ssize_t n = posix::retry([&] { return ::write(fd_.get(), text.data(), text.size()); });
  if (n == static_cast<ssize_t>(text.size())) return text.size();
  if (n <= 0) return 0;
  const std::size_t end = text.rfind('\n', static_cast<std::size_t>(n) - 1);
  const std::size_t whole = end == text.npos ? 0 : end + 1;
  if (posix::retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_ + whole)); }) == 0) return whole;
  return static_cast<std::size_t>(n);
}

void RotatingFile::write(std::string_view text) noexcept {
  while (!text.empty() && open()) {
    const std::string_view part = fitting(text);
    if (part.empty()) {
      rotate();
      continue;
    }
    const std::size_t written = write_some(part);
    size_ += written;
    text.remove_prefix(written);
    if (written != part.size()) break;
  }
  dropped_ += text.size();
}

void RotatingFile::flush() noexcept {
  write(kept_);
  kept_.clear();
}

void RotatingFile::drop_older() noexcept { (void)::unlinkat(dir_, older_.c_str(), 0); }

}  // namespace microvm::monitor
