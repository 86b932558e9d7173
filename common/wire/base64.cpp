#include "common/wire/base64.h"

#include <array>
#include <cstdint>

namespace microvm::wire {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t kBad = 0x8000'0000;

// One table per place in a group of four, with the bits where they belong: a group is three ORs, and one test finds
// any bad byte in it.
using Table = std::array<std::uint32_t, 256>;

constexpr Table make_table(unsigned shift) {
  Table table;
  table.fill(kBad);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint32_t>(i) << shift;
  return table;
}

constexpr std::array<Table, 4> kTables = {make_table(18), make_table(12), make_table(6), make_table(0)};

std::uint32_t bits(std::string_view text, std::size_t at, std::size_t place) noexcept {
  return kTables[place][static_cast<unsigned char>(text[at + place])];
}

std::size_t first_bad(std::string_view text, std::size_t at, std::size_t count) noexcept {
  std::size_t place = 0;
  while (place < count && bits(text, at, place) != kBad) ++place;
  return at + place;
}

}  // namespace

bool append_base64(Bytes& out, std::string_view bytes) noexcept {
  const std::size_t size = base64_size(bytes.size());
  if (!out.reserve(out.size() + size)) return false;
  char* to = out.data() + out.size();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) {
      return i + k < bytes.size() ? std::uint32_t{static_cast<unsigned char>(bytes[i + k])} : 0U;
    };
    const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) *to++ = kAlphabet[group >> shift & 63];
  }
  const std::size_t pad = (3 - bytes.size() % 3) % 3;
  for (std::size_t i = 1; i <= pad; ++i) to[-static_cast<std::ptrdiff_t>(i)] = '=';
  out.grew(size);
  return true;
}

std::expected<std::size_t, std::size_t> decode_base64(std::string_view text, char* out) noexcept {
  if (text.size() % 4 != 0) return std::unexpected(text.size());
  const std::size_t pad = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t whole = text.size() - (pad != 0 ? 4 : 0);
  char* to = out;
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint32_t group = bits(text, i, 0) | bits(text, i, 1) | bits(text, i, 2) | bits(text, i, 3);
    if ((group & kBad) != 0) return std::unexpected(first_bad(text, i, 4));
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
  }
  if (pad == 0) return static_cast<std::size_t>(to - out);

  const std::uint32_t group = bits(text, whole, 0) | bits(text, whole, 1) | (pad == 1 ? bits(text, whole, 2) : 0);
  if ((group & kBad) != 0) return std::unexpected(first_bad(text, whole, 4 - pad));
  if ((group & (pad == 1 ? 0xFFU : 0xFFFFU)) != 0) return std::unexpected(whole + 3 - pad);  // spare bits
  *to++ = static_cast<char>(group >> 16);
  if (pad == 1) *to++ = static_cast<char>(group >> 8);
  return static_cast<std::size_t>(to - out);
}

}  // namespace microvm::wire
