#include "common/base/bytes.h"

#include <string.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace microvm {

void wipe(void* at, std::size_t n) noexcept {
  if (n != 0) ::explicit_bzero(at, n);
}

bool Bytes::reserve(std::size_t capacity) noexcept {
  if (capacity <= capacity_) return true;
  // Not realloc: it may leave a copy behind that nobody wipes.
  auto* fresh = static_cast<char*>(std::malloc(capacity));
  if (fresh == nullptr) return false;
  if (size_ != 0) std::memcpy(fresh, data_, size_);
  const std::size_t size = size_;
  free();
  data_ = fresh;
  size_ = size;
  capacity_ = capacity;
  return true;
}

bool Bytes::append(std::string_view text) noexcept {
  if (text.empty()) return true;
  if (size_ + text.size() > capacity_ && !reserve(std::max(size_ + text.size(), 2 * capacity_))) return false;
  std::memcpy(data_ + size_, text.data(), text.size());
  size_ += text.size();
  return true;
}

void Bytes::consume(std::size_t n) noexcept {
  if (n != 0 && n < size_) std::memmove(data_, data_ + n, size_ - n);
  truncate(size_ - std::min(n, size_));
}

void Bytes::truncate(std::size_t n) noexcept {
  if (n >= size_) return;
  wipe(data_ + n, size_ - n);
  size_ = n;
}

void Bytes::free() noexcept {
  clear();
  std::free(data_);
  data_ = nullptr;
  capacity_ = 0;
}

}  // namespace microvm
