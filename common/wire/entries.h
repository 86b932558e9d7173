// The entries of an object of strings, as `KEY=VALUE` spans of the line they came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace microvm::wire {

/// An index over one buffer: cheap, movable, and running out of memory is a result.
class Entries {
 public:
  struct Entry {
    std::uint32_t begin;         ///< of `KEY=VALUE` in the buffer
    std::uint32_t end;           ///< behind the value
    std::uint32_t key_size = 0;  ///< up to the first '=', which no rule allows in a key; `add` finds it
  };

  Entries() noexcept = default;
  Entries(Entries&& other) noexcept;
  Entries& operator=(Entries&& other) noexcept;
  ~Entries();

  /// The buffer that the entries point into; it must outlive them.
  void set_base(char* base) noexcept { base_ = base; }
  [[nodiscard]] bool add(Entry entry) noexcept;
  void clear() noexcept { size_ = 0; }

  /// Sorts by key, by byte; of a repeated key the one added last stays.
  void settle() noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const Entry> all() const noexcept { return {entries_, size_}; }
  [[nodiscard]] std::span<Entry> all() noexcept { return {entries_, size_}; }
  /// Of settled entries.
  [[nodiscard]] bool contains(std::string_view key) const noexcept;

  /// `KEY=VALUE`
  [[nodiscard]] std::string_view line(Entry entry) const noexcept {
    return {base_ + entry.begin, entry.end - entry.begin};
  }
  [[nodiscard]] std::string_view key(Entry entry) const noexcept { return line(entry).substr(0, entry.key_size); }
  [[nodiscard]] std::string_view value(Entry entry) const noexcept { return line(entry).substr(entry.key_size + 1); }
  /// Where the value stands, to be changed in place.
  [[nodiscard]] char* value_place(Entry entry) const noexcept { return base_ + entry.begin + entry.key_size + 1; }

 private:
  char* base_ = nullptr;
  Entry* entries_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace microvm::wire
