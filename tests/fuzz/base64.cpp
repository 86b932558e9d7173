// The base64 decoder against a decoder that takes one character after the other.
#include "common/wire/base64.h"

#include <cstdint>
#include <optional>
#include <string>

#include "tests/fuzz/check.h"

namespace microvm::fuzz {
namespace {

std::optional<std::string> reference(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == kAlphabet.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held);
    bits &= (1U << held) - 1;
  }
  return bits == 0 ? std::optional(bytes) : std::nullopt;
}

void decode(std::string_view text) {
  const auto expected = reference(text);
  std::string place(text);
  const auto in_place = wire::decode_base64(place, place.data());
  std::string apart(text.size() / 4 * 3, '\0');
  const auto beside = wire::decode_base64(text, apart.data());
  check(in_place == beside, "decoding in place and elsewhere is the same");
  check(in_place.has_value() == expected.has_value(), "the same texts are refused");
  if (!in_place) return check(in_place.error() <= text.size(), "the position is in the text");
  check(place.substr(0, *in_place) == *expected && apart.substr(0, *in_place) == *expected, "the same bytes are read");
  check(place.substr(*in_place) == text.substr(*in_place), "nothing behind them is written");

  Bytes again;
  check(wire::append_base64(again, *expected) && again.view() == text, "each value has one text");
}

void encode(std::string_view bytes) {
  Bytes text;
  check(wire::append_base64(text, bytes), "there is memory");
  check(text.size() == wire::base64_size(bytes.size()) && reference(text.view()) == bytes, "what is written is read");
}

}  // namespace
}  // namespace microvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  microvm::fuzz::decode(input);
  microvm::fuzz::encode(input);
  return 0;
}
