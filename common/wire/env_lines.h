// The entries of one set_env, as `KEY=VALUE` spans of the line they came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace microvm::wire {

/// An index over one buffer: cheap, movable, and running out of memory is a result.
class EnvLines {
 public:
  struct Entry {
    std::uint32_t begin;  ///< of `KEY=VALUE` in the buffer
    std::uint32_t end;    ///< behind the value
  };

  EnvLines() noexcept = default;
  EnvLines(EnvLines&& other) noexcept;
  EnvLines& operator=(EnvLines&& other) noexcept;
  ~EnvLines();

  /// The buffer that the entries point into; it must outlive them.
  void set_base(const char* base) noexcept { base_ = base; }
  [[nodiscard]] bool add(Entry entry) noexcept;
  void clear() noexcept { size_ = 0; }

  /// Sorts by key, by byte; of a repeated key the one added last stays.
  void settle() noexcept;

  [[nodiscard]] std::span<const Entry> entries() const noexcept { return {entries_, size_}; }
  /// `KEY=VALUE`
  [[nodiscard]] std::string_view line(Entry entry) const noexcept {
    return {base_ + entry.begin, entry.end - entry.begin};
  }
  /// A key holds no '=', the rule for keys sees to that.
  [[nodiscard]] std::string_view key(Entry entry) const noexcept { return line(entry).substr(0, line(entry).find('=')); }
  [[nodiscard]] std::string_view value(Entry entry) const noexcept {
    return line(entry).substr(line(entry).find('=') + 1);
  }

 private:
  const char* base_ = nullptr;
  Entry* entries_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace microvm::wire
