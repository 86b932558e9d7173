// The file of events: appended whole, bounded, by several at once.
#include "common/state/events.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "common/wire/json_tree.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::state {
namespace {

using namespace std::chrono;

class Events : public testing::Test {
 protected:
  static Event event(std::string what, std::string detail = {}) {
    const Timestamp when{sys_days(2026y / 11 / 30) + 10h + 5ms};
    return {.when = when, .id = "web-1", .what = std::move(what), .detail = std::move(detail)};
  }
  std::expected<void, int> append(const Event& event) { return append_event(path_.c_str(), event); }
  std::string text() { return test::read_file(path_); }

  test::TempDir dir_;
  const std::string path_ = dir_ / "events.jsonl";
};

TEST_F(Events, AreOneLineEach) {
  ASSERT_TRUE(append(event("created")));
  ASSERT_TRUE(append(event("exited", "say \"bye\"\n")));
  EXPECT_EQ(text(),
            "{\"when\":\"2026-11-30T10:00:00.005Z\",\"id\":\"web-1\",\"what\":\"created\",\"detail\":\"\"}\n"
            "{\"when\":\"2026-11-30T10:00:00.005Z\",\"id\":\"web-1\",\"what\":\"exited\",\"detail\":\"say "
            "\\\"bye\\\"\\n\"}\n");
  EXPECT_EQ(test::mode_of(path_), 0600U);
}

TEST_F(Events, ADetailIsCut) {
  ASSERT_TRUE(append(event("exited", std::string(3 * kMostDetailBytes, 'x'))));
  EXPECT_LT(text().size(), kMostDetailBytes + 100);
}

TEST_F(Events, ATornLineTakesNoOtherWithIt) {
  test::write_file(path_, R"({"when":"2026)", 0600);
  ASSERT_TRUE(append(event("created")));
  const std::string all = text();
  EXPECT_TRUE(wire::read_json_tree(all.substr(all.find('\n') + 1)));
}

TEST_F(Events, MoveAwayAtTheLimit) {
  const std::string old = std::string(kMostEventsBytes - 1, 'o') + '\n';
  test::write_file(path_, old, 0600);
  ASSERT_TRUE(append(event("created")));
  EXPECT_EQ(test::read_file(path_ + ".1"), old);
  EXPECT_EQ(std::ranges::count(text(), '\n'), 1);
}

TEST_F(Events, SayWhyThereAreNone) {
  EXPECT_EQ(append_event((dir_ / "nowhere/events.jsonl").c_str(), event("created")).error(), ENOENT);
  ASSERT_EQ(::symlink("elsewhere", path_.c_str()), 0);
  EXPECT_EQ(append(event("created")).error(), ELOOP);
}

TEST_F(Events, OfManyWritersAreWholeAndBounded) {
  constexpr int kWriters = 4;
  constexpr int kEach = 4000;  // more than the limit in all
  for (int i = 0; i < kWriters; ++i) {
    if (::fork() != 0) continue;
    bool good = true;
    for (int k = 0; k < kEach; ++k) good = append(event("created", std::string(40, 'x'))).has_value() && good;
    ::_exit(good ? 0 : 1);
  }
  for (int i = 0; i < kWriters; ++i) {
    int status = 0;
    ASSERT_GT(::wait(&status), 0);
    EXPECT_EQ(status, 0);
  }
  for (const std::string& path : {path_, path_ + ".1"}) {
    const std::string all = test::read_file(path);
    EXPECT_LT(all.size(), kMostEventsBytes + 10'000) << path;
    std::size_t at = 0;
    for (std::size_t end = 0; (end = all.find('\n', at)) != all.npos; at = end + 1) {
      const std::string line = all.substr(at, end - at);
      ASSERT_TRUE(wire::read_json_tree(line)) << line;
    }
    EXPECT_EQ(at, all.size());
  }
}

}  // namespace
}  // namespace microvm::state
