// The text of the env file: written, read again, merged.
#include "guest/env_file.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace microvm::guest {
namespace {

// A text with the entries that were read from it.
struct EnvText {
  explicit EnvText(std::string_view content) {
    EXPECT_TRUE(text.append(content));
    result = read_env_file(text, entries);
  }
  Bytes text;
  wire::Entries entries;
  std::optional<std::size_t> result;
};

std::string written(const wire::Entries& entries) {
  Bytes out;
  EXPECT_TRUE(append_env_file(out, entries));
  return std::string(out.view());
}

std::string merged(const std::string& present, const std::string& over) {
  const EnvText below(present), above(over);
  EXPECT_EQ(below.result, 0U);
  EXPECT_EQ(above.result, 0U);
  Bytes out;
  EXPECT_TRUE(append_merged_env_file(out, below.entries, above.entries));
  return std::string(out.view());
}

TEST(EnvFile, HasSortedLinesAndNoneForAnEmptyValue) {
  for (const auto& [content, text] :
       {std::pair("", ""), std::pair("B=2\nA=1\n", "A=1\nB=2\n"), std::pair("A=\nB==\n", "B==\n"),
        std::pair("A=1\nA=2\n", "A=2\n"), std::pair("A=1\nA=\n", ""), std::pair("A= \r\n", "A= \r\n"),
        std::pair("b=1\n_=2\nB=3\nA1=4\nA=5", "A=5\nA1=4\nB=3\n_=2\nb=1\n")}) {
    const EnvText env(content);
    EXPECT_EQ(env.result, 0U) << content;
    EXPECT_EQ(written(env.entries), text);
  }
}

TEST(EnvFile, TheFirstBadLineIsNamed) {
  for (const auto& [content, line] :
       {std::pair(std::string("A=1\n\nB=2\n"), 2U), std::pair(std::string("A"), 1U), std::pair(std::string("=1\n"), 1U),
        std::pair(std::string("A=1\nB=2\n# no comments\n"), 3U), std::pair(std::string("A=1\nexport B=2\n"), 2U),
        std::pair(std::string("A =1\n"), 1U), std::pair(std::string("A=1\nB=\0\n", 9), 2U)}) {
    EXPECT_EQ(EnvText(content).result, line) << content;
  }
}

TEST(EnvFile, Merging) {
  EXPECT_EQ(merged("", ""), "");
  EXPECT_EQ(merged("A=1\nC=3\n", ""), "A=1\nC=3\n");
  EXPECT_EQ(merged("", "A=1\n"), "A=1\n");
  EXPECT_EQ(merged("A=1\nC=3\n", "B=2\n"), "A=1\nB=2\nC=3\n");
  EXPECT_EQ(merged("B=1\n", "A=0\nC=2\n"), "A=0\nB=1\nC=2\n");
  EXPECT_EQ(merged("A=1\nB=2\n", "A=9\n"), "A=9\nB=2\n");
  EXPECT_EQ(merged("A=1\nB=2\nC=3\n", "B=\n"), "A=1\nC=3\n");
  EXPECT_EQ(merged("A=1\n", "B=\n"), "A=1\n");
  EXPECT_EQ(merged("A=1\n", "A=\n"), "");
  EXPECT_EQ(merged("A=\nB=1\n", "C=2\n"), "B=1\nC=2\n");
}

TEST(EnvFile, MergingAgreesWithAMap) {
  std::mt19937 random(8);  // the same entries every time
  for (int round = 0; round < 300; ++round) {
    std::map<std::string, std::string> expected;
    std::string texts[2];
    for (std::string& text : texts) {
      for (auto i = random() % 20; i > 0; --i) {
        const std::string key = "K" + std::to_string(random() % 20);
        const std::string value = random() % 4 == 0 ? "" : std::to_string(random());
        text += key + "=" + value + "\n";
        expected[key] = value;
      }
    }
    std::string all;
    for (const auto& [key, value] : expected) all += value.empty() ? "" : key + "=" + value + "\n";
    ASSERT_EQ(merged(texts[0], texts[1]), all) << texts[0] << "and\n" << texts[1];
  }
}

}  // namespace
}  // namespace microvm::guest
