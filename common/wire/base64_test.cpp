// Base64, strictly: one text for each value, every other text refused where it goes wrong.
#include "common/wire/base64.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace microvm::wire {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode(std::string_view bytes) {
  Bytes out;
  EXPECT_TRUE(out.append("=") && append_base64(out, bytes));  // behind what is there
  EXPECT_EQ(out.size(), 1 + base64_size(bytes.size()));
  return std::string(out.view().substr(1));
}

struct Decoded {
  bool good;
  std::string bytes;
  std::size_t bad_at;
};

// In place, as the daemon does it; nothing beyond the answer's end is written.
Decoded decode(std::string text) {
  const std::string before = text;
  const auto size = decode_base64(text, text.data());
  if (!size) return {false, {}, size.error()};
  EXPECT_LE(*size, before.size() / 4 * 3);
  EXPECT_EQ(text.substr(*size), before.substr(*size));
  std::string apart(*size, '\0');
  EXPECT_EQ(decode_base64(before, apart.data()), *size);
  text.resize(*size);
  EXPECT_EQ(apart, text);
  return {true, text, 0};
}

void expect_bad(const std::string& text, std::size_t at) {
  const Decoded decoded = decode(text);
  ASSERT_FALSE(decoded.good) << text;
  ASSERT_EQ(decoded.bad_at, at) << text;
}

TEST(Base64, VectorsOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xfb\xff\xbf", "+/+/"},
                                                                    {std::string(3, '\0'), "AAAA"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode(bytes), text);
    EXPECT_EQ(decode(text).bytes, bytes);
  }
}

TEST(Base64, EveryLengthComesBack) {
  std::mt19937 random(1);  // the same bytes every time
  for (std::size_t size = 0; size <= 300; ++size) {
    std::string bytes(size, '\0');
    std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    const Decoded decoded = decode(encode(bytes));
    ASSERT_TRUE(decoded.good) << size;
    ASSERT_EQ(decoded.bytes, bytes) << size;
  }
}

TEST(Base64, EveryBadByteAtEveryPlace) {
  for (const std::string& good :
       {std::string("Zm9vYmFyZm9v"), std::string("Zm9vYmFyZm8="), std::string("Zm9vYmFyZg=="), std::string(64, 'Z')}) {
    for (std::size_t place = 0; place < good.find('='); ++place) {
      if (place == good.size()) break;
      for (int byte = 0; byte < 256; ++byte) {
        std::string text = good;
        text[place] = static_cast<char>(byte);
        const bool is_padding = byte == '=' && place + 1 == std::min(good.size(), good.find('='));
        if (kAlphabet.find(text[place]) == kAlphabet.npos && !is_padding) expect_bad(text, place);
      }
    }
  }
}

TEST(Base64, SpareBitsAreZero) {
  for (std::size_t bits = 0; bits < kAlphabet.size(); ++bits) {
    const std::string two = std::string("A") + kAlphabet[bits] + "==",
                      three = std::string("AA") + kAlphabet[bits] + "=";
    EXPECT_EQ(decode(two).good, bits % 16 == 0) << two;
    EXPECT_EQ(decode(three).good, bits % 4 == 0) << three;
  }
  expect_bad("Zm9vZh==", 5);
  expect_bad("Zm9vZm9=", 6);
}

TEST(Base64, PaddingEndsTheText) {
  for (const char* text : {"=", "A", "AA", "AAA", "AA=", "A=", "AAAAA", "AAAA=", "AAAA==", "AAAAAA", "AAAAAAA"}) {
    expect_bad(text, std::string_view(text).size());
  }
  expect_bad("====", 0);
  expect_bad("A===", 1);
  expect_bad("=AAA", 0);
  expect_bad("A=AA", 1);
  expect_bad("AA=A", 2);
  expect_bad("AAA=AAAA", 3);
  expect_bad("AA==AAAA", 2);
  expect_bad("AAAA====", 4);
  expect_bad("AA==\n   ", 2);
}

}  // namespace
}  // namespace microvm::wire
