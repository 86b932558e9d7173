// The last lines, and the signs of the guest's end in them.
#include "host/monitor/tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/monitor/signs.h"

namespace microvm::monitor {
namespace {

using testing::ElementsAre;

TEST(Tail, HasTheLastLines) {
  Tail tail;
  std::vector<std::string> seen;
  const auto see = [&](std::string_view line) { seen.emplace_back(line); };
  EXPECT_TRUE(tail.lines().empty());
  tail.feed("one\r\n\n  \ntw", see);
  EXPECT_THAT(tail.lines(), ElementsAre("one", "tw"));
  tail.feed("o\t\xff\nlogin: ", see);
  EXPECT_THAT(tail.lines(), ElementsAre("one", "two??", "login:"));
  EXPECT_THAT(seen, ElementsAre("one", "two??"));
  tail.end_line(see);
  EXPECT_THAT(seen, ElementsAre("one", "two??", "login:"));
  EXPECT_THAT(tail.lines(), ElementsAre("one", "two??", "login: "));
}

TEST(Tail, IsBounded) {
  Tail tail;
  for (int i = 0; i < 100; ++i) tail.feed(std::to_string(i) + "\n", [](std::string_view) {});
  ASSERT_EQ(tail.lines().size(), kTailLines);
  EXPECT_EQ(tail.lines().front(), "80");
  EXPECT_EQ(tail.lines().back(), "99");
  tail.feed(std::string(100'000, 'x'), [](std::string_view) {});
  ASSERT_EQ(tail.lines().size(), kTailLines);
  EXPECT_EQ(tail.lines().front(), "81");
  EXPECT_EQ(tail.lines().back(), std::string(kTailLineBytes, 'x'));
}

TEST(Signs, AreWhatTheKernelSays) {
  struct Row {
    const char* line;
    Sign::Kind kind;
    const char* text;
  };
  for (const Row& row :
       {Row{"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100", Sign::Kind::Panic,
            "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100"},
        Row{"[    2.613461] Kernel panic - not syncing: sysrq triggered crash", Sign::Kind::Panic,
            "Kernel panic - not syncing: sysrq triggered crash"},
        Row{"[    0.512345][    T1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
            Sign::Kind::Panic, "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"},
        Row{"[   12.000001] [   C3] Kernel panic - not syncing: Fatal exception in interrupt", Sign::Kind::Panic,
            "Kernel panic - not syncing: Fatal exception in interrupt"},
        Row{"[   10.123456] reboot: Power down", Sign::Kind::PoweredOff, "reboot: Power down"},
        Row{"reboot: System halted", Sign::Kind::PoweredOff, "reboot: System halted"},
        Row{"[    1.002003] reboot: Restarting system", Sign::Kind::Rebooting, "reboot: Restarting system"},
        Row{"[    1.002003] reboot: Restarting system with command 'x'", Sign::Kind::Rebooting,
            "reboot: Restarting system with command 'x'"}}) {
    const auto sign = sign_in(row.line);
    ASSERT_TRUE(sign) << row.line;
    EXPECT_EQ(sign->kind, row.kind) << row.line;
    EXPECT_EQ(sign->text, row.text);
  }
  for (const char* line :
       {"", "[", "[    1.0] ", "a Kernel panic - not syncing: x", "---[ end Kernel panic - not syncing: x ]---",
        "kernel panic", "[ok] Kernel panic - not syncing", "[  OK  ] reboot: Power down", "Power down",
        "[    1.0] reboot: machine restart"})
    EXPECT_FALSE(sign_in(line)) << line;
}

}  // namespace
}  // namespace microvm::monitor
