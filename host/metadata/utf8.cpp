#include "host/metadata/utf8.h"

#include <algorithm>
#include <cstddef>

namespace microvm::metadata {
namespace {

// The bytes that may follow the first one of a sequence: how many, and the range of the first of them, which is what
// rules out overlong forms, surrogates and code points beyond the last.
struct Tail {
  std::size_t size = 0;
  unsigned char low = 0x80, high = 0xBF;
};

// Size 0 for ASCII; 4, which never follows, for a byte that begins nothing.
constexpr Tail tail_of(unsigned char first) noexcept {
  if (first < 0x80) return {};
  if (first < 0xC2 || first > 0xF4) return {.size = 4};
  if (first < 0xE0) return {.size = 1};
  if (first == 0xE0) return {.size = 2, .low = 0xA0};
  if (first == 0xED) return {.size = 2, .high = 0x9F};
  if (first < 0xF0) return {.size = 2};
  if (first == 0xF0) return {.size = 3, .low = 0x90};
  if (first == 0xF4) return {.size = 3, .high = 0x8F};
  return {.size = 3};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto [size, low, high] = tail_of(static_cast<unsigned char>(text.front()));
    if (size > 3 || text.size() <= size) return false;
    const auto within = [](char c, unsigned char from, unsigned char to) {
      return static_cast<unsigned char>(c) >= from && static_cast<unsigned char>(c) <= to;
    };
    const std::string_view tail = text.substr(1, size);
    if (!tail.empty() && !within(tail.front(), low, high)) return false;
    if (!std::ranges::all_of(tail, [&](char c) { return within(c, 0x80, 0xBF); })) return false;
    text.remove_prefix(1 + size);
  }
  return true;
}

}  // namespace microvm::metadata
