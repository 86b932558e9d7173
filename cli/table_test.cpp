// Tests of table.
#include "cli/table.h"

#include <gtest/gtest.h>

namespace microvm::cli {
namespace {

TEST(Table, AlignsAndShowsNothingRaw) {
  Table table({"ID", "STATE", "END"});
  table.add({"web-1", "running", "x"});
  table.add({"db", "\x1b[2J\n", ""});
  EXPECT_EQ(table.text(),
            "ID      STATE     END\n"
            "web-1   running   x\n"
            "db      ?[2J?     -");
}

TEST(Table, PaintTakesNoRoomAndSparesTheTitles) {
  Table table({"ID", "STATE"});
  table.add({"a", "up"});
  table.paint(0, [](const std::string& cell) { return "<" + cell + ">"; });
  EXPECT_EQ(table.text(), "ID   STATE\n<a>    up");
}

}  // namespace
}  // namespace microvm::cli
