// Tests of detach_keys.
#include "cli/detach_keys.h"

#include <gtest/gtest.h>

namespace microvm::cli {
namespace {

TEST(DetachKeys, AsTheyAreWritten) {
  EXPECT_EQ(parse_keys("ctrl-p,ctrl-q"), "\x10\x11");
  EXPECT_EQ(parse_keys("ctrl-],a,~"),
            "\x1d"
            "a~");
  EXPECT_EQ(parse_keys("ctrl-@"), std::string(1, '\0'));
  EXPECT_EQ(parse_keys(""), "");
  for (const char* text : {",", "a,", ",a", "ctrl-", "ctrl-1", "ctrl-pp", "Ctrl-p", "ab", " ", "a,b,c,d,e,f,g,h,i"}) {
    EXPECT_EQ(parse_keys(text), std::nullopt) << text;
  }
}

// What the guest gets of keys that come one by one or all at once; with a `!` where they left.
std::string typed(std::string keys, std::string_view text, bool at_once) {
  DetachKeys detach(std::move(keys));
  std::string out;
  if (at_once) return detach.take(text, out) ? out + "!" : out;
  for (const char c : text) {
    if (detach.take(std::string(1, c), out)) return out + "!";
  }
  return out;
}

TEST(DetachKeys, AreFoundAndAllElsePasses) {
  for (const bool at_once : {false, true}) {
    EXPECT_EQ(typed("pq", "apqz", at_once), "a!");
    EXPECT_EQ(typed("pq", "ppq", at_once), "p!");
    EXPECT_EQ(typed("pq", "papb", at_once), "papb");
    EXPECT_EQ(typed("pq", "p", at_once), "");
    EXPECT_EQ(typed("aab", "aaab", at_once), "a!");
    EXPECT_EQ(typed("abac", "ababac", at_once), "ab!");
    EXPECT_EQ(typed("", "pq", at_once), "pq");
    EXPECT_EQ(typed("q", "q", at_once), "!");
  }
}

}  // namespace
}  // namespace microvm::cli
