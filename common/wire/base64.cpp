#include "common/wire/base64.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <tmmintrin.h>
#endif

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

#ifdef __x86_64__

const bool kHasSsse3 = [] {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0;
}();

// Sixteen letters at once, by Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018). By
// its two halves a byte is looked up in two tables of flags, and is good when they have none in common; the upper half
// (and whether it is a slash) also tells what to add.
[[gnu::target("ssse3")]] std::size_t decode_by_ssse3(std::string_view text, char* out) noexcept {
  const __m128i flags_low =
      _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m128i flags_high =
      _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m128i offsets = _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m128i slash = _mm_set1_epi8('/');
  const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  std::size_t at = 0;
  // Sixteen bytes are written for the twelve that count: the next groups must have the room.
  for (; text.size() - at >= 24; at += 16, out += 12) {
    const __m128i letters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i high = _mm_and_si128(_mm_srli_epi32(letters, 4), slash);
    const __m128i flags =
        _mm_and_si128(_mm_shuffle_epi8(flags_low, _mm_and_si128(letters, slash)), _mm_shuffle_epi8(flags_high, high));
    if (_mm_movemask_epi8(_mm_cmpgt_epi8(flags, _mm_setzero_si128())) != 0) break;
    const __m128i six =
        _mm_add_epi8(letters, _mm_shuffle_epi8(offsets, _mm_add_epi8(_mm_cmpeq_epi8(letters, slash), high)));
    const __m128i twelve = _mm_maddubs_epi16(six, _mm_set1_epi32(0x01400140));
    const __m128i group = _mm_madd_epi16(twelve, _mm_set1_epi32(0x00011000));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_shuffle_epi8(group, order));
  }
  return at;
}

// Decodes groups from the front, as many as it likes and none that is bad; answers how many letters it took.
std::size_t decode_in_blocks(std::string_view text, char* out) noexcept {
  return kHasSsse3 ? decode_by_ssse3(text, out) : 0;
}

#else

std::size_t decode_in_blocks(std::string_view, char*) noexcept { return 0; }

#endif

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
  const std::size_t done = decode_in_blocks(text.substr(0, whole), out);
  char* to = out + done / 4 * 3;
  for (std::size_t i = done; i < whole; i += 4) {
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
