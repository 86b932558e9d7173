// A growable byte buffer that may hold secret values: whatever leaves it is wiped, and running out of memory is a
// result, not an abort.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace microvm {

/// Overwrites `n` bytes; the compiler may not drop it.
void wipe(void* at, std::size_t n) noexcept;

class Bytes {
 public:
  Bytes() noexcept = default;
  Bytes(Bytes&& other) noexcept { swap(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    Bytes(std::move(other)).swap(*this);
    return *this;
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { free(); }

  [[nodiscard]] char* data() noexcept { return data_; }
  [[nodiscard]] const char* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

  /// Makes room for `capacity` bytes in all; false when there is no memory (the content stays).
  [[nodiscard]] bool reserve(std::size_t capacity) noexcept;
  /// False when there is no memory; then nothing was appended.
  [[nodiscard]] bool append(std::string_view text) noexcept;
  /// Drops the first `n` bytes, wiping what they leave behind.
  void consume(std::size_t n) noexcept;
  /// Shortens to `n` bytes, wiping the rest.
  void truncate(std::size_t n) noexcept;
  /// The caller filled `n` bytes behind `size()` (within the capacity).
  void grew(std::size_t n) noexcept { size_ += n; }
  /// Wipes the content; the room stays.
  void clear() noexcept { truncate(0); }
  /// Wipes the content and gives the room back.
  void free() noexcept;
  void swap(Bytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace microvm
