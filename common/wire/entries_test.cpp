// Entries of an object: sorted by byte, the last of a key wins.
#include "common/wire/entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace microvm::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Entries over a text of their own, one for each line added.
class Lines {
 public:
  Lines() { text_.reserve(1 << 20); }  // it must not move
  void add(const std::string& line) {
    entries_.set_base(text_.data());
    const auto begin = static_cast<std::uint32_t>(text_.size());
    text_ += line;
    EXPECT_TRUE(entries_.add({begin, static_cast<std::uint32_t>(text_.size())}));
  }
  Entries& entries() { return entries_; }

 private:
  std::string text_;
  Entries entries_;
};

std::vector<std::string> text_of(const Entries& entries) {
  std::vector<std::string> lines;
  for (const Entries::Entry entry : entries.all()) lines.emplace_back(entries.line(entry));
  return lines;
}

TEST(Entries, SplitsAtTheFirstEqualsSign) {
  Lines lines;
  for (const char* line : {"A=1", "B=", "C==x=y"}) lines.add(line);
  const Entries& entries = lines.entries();
  EXPECT_EQ(entries.key(entries.all()[2]), "C");
  EXPECT_EQ(entries.value(entries.all()[2]), "=x=y");
  EXPECT_EQ(entries.value_place(entries.all()[2]), entries.value(entries.all()[2]).data());
  EXPECT_EQ(entries.key(entries.all()[1]), "B");
  EXPECT_EQ(entries.value(entries.all()[1]), "");
}

TEST(Entries, MayBeKeysAlone) {
  Lines lines;
  for (const char* line : {"b", "a", "b"}) lines.add(line);
  lines.entries().settle();
  EXPECT_THAT(text_of(lines.entries()), ElementsAre("a", "b"));
  EXPECT_EQ(lines.entries().key(lines.entries().all()[1]), "b");
}

TEST(Entries, AreFoundByTheirWholeKey) {
  Lines lines;
  EXPECT_FALSE(lines.entries().contains("A"));
  for (const char* line : {"CC=1", "A=A", "B="}) lines.add(line);
  lines.entries().settle();
  for (const char* key : {"A", "B", "CC"}) EXPECT_TRUE(lines.entries().contains(key)) << key;
  for (const char* key : {"", "C", "CCC", "A=A", "a", "Z"}) EXPECT_FALSE(lines.entries().contains(key)) << key;
}

TEST(Entries, SettleSortsByKeyNotByLine) {
  Lines lines;
  for (const char* line : {"b=1", "B=2", "A1=3", "A=4", "A_=5", "_=6", "AA=7"}) lines.add(line);
  lines.entries().settle();
  EXPECT_THAT(text_of(lines.entries()), ElementsAre("A=4", "A1=3", "AA=7", "A_=5", "B=2", "_=6", "b=1"));
}

TEST(Entries, TheLastOfAKeyWins) {
  Lines lines;
  for (const char* line : {"A=z", "B=1", "A=y", "A=", "B=0"}) lines.add(line);
  lines.entries().settle();
  EXPECT_THAT(text_of(lines.entries()), ElementsAre("A=", "B=0"));
  lines.entries().settle();
  EXPECT_THAT(text_of(lines.entries()), ElementsAre("A=", "B=0"));
}

TEST(Entries, AgreesWithAMap) {
  std::mt19937 random(2);  // the same entries every time
  for (const unsigned size : {0U, 1U, 2U, 63U, 64U, 65U, 5000U}) {
    Lines lines;
    std::map<std::string, std::string> expected;
    for (unsigned i = 0; i < size; ++i) {
      const std::string key = "K" + std::to_string(random() % (size + 1)), value = std::to_string(random());
      lines.add(key + "=" + value);
      expected[key] = value;
    }
    lines.entries().settle();
    std::vector<std::string> sorted;
    for (const auto& [key, value] : expected) sorted.push_back(key + "=" + value);
    ASSERT_EQ(text_of(lines.entries()), sorted);
  }
}

TEST(Entries, MoveAndClear) {
  Lines lines;
  lines.add("A=1");
  Entries moved(std::move(lines.entries()));
  EXPECT_THAT(text_of(moved), ElementsAre("A=1"));
  Entries assigned;
  assigned = std::move(moved);
  EXPECT_THAT(text_of(assigned), ElementsAre("A=1"));
  EXPECT_THAT(text_of(moved), IsEmpty());  // NOLINT(bugprone-use-after-move): what a move leaves is promised
  assigned.clear();
  EXPECT_THAT(text_of(assigned), IsEmpty());
}

}  // namespace
}  // namespace microvm::wire
