// One line for each event, and not more of them than anybody can read.
#include "guest/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::guest {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kName = "microvm-guest-metadatad: ";

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    from_.reset(ends[0]);
    to_.reset(ends[1]);
    ASSERT_EQ(::fcntl(from_.get(), F_SETFL, O_NONBLOCK), 0);
  }
  // What has been written since the last call; every line is whole.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    std::array<char, 64 * 1024> text;
    const ssize_t n = ::read(from_.get(), text.data(), text.size());
    std::string_view rest(text.data(), n < 0 ? 0 : static_cast<std::size_t>(n));
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      EXPECT_NE(end, rest.npos) << rest;
      all.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return all;
  }

  UniqueFd from_, to_;
};

TEST_F(LogTest, WritesALineWithItsLevel) {
  Log log(to_.get());
  log(Level::Info, FixedText("one"));
  log(Level::Warning, FixedText("two"));
  log(Level::Error, FixedText());
  EXPECT_THAT(lines(), ElementsAre(kName + "info: one", kName + "warning: two", kName + "error: "));
}

TEST_F(LogTest, ALongTextIsCutAndStillALine) {
  Log log(to_.get());
  const std::string longest(FixedText::kCapacity, 'x');
  log(Level::Info, FixedText(longest));
  log(Level::Info, FixedText("next\nline"));
  EXPECT_THAT(lines(),
              ElementsAre((kName + "info: " + longest).substr(0, FixedText::kCapacity), kName + "info: next?line"));
}

// A burst, then one line a second; how long the test itself takes does not matter.
TEST_F(LogTest, LimitsItsRateAndCountsWhatItLeavesOut) {
  constexpr std::size_t kEvents = 200;
  const auto start = std::chrono::steady_clock::now();
  Log log(to_.get());
  for (std::size_t i = 0; i < kEvents; ++i) log(Level::Info, FixedText("burst"));
  std::this_thread::sleep_for(1001ms);
  for (std::size_t i = 0; i < kEvents; ++i) log(Level::Info, FixedText("later"));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  const auto all = lines();
  EXPECT_GE(all.size(), 21U);
  EXPECT_LE(all.size(), 20U + static_cast<std::size_t>(seconds.count()));

  std::size_t left_out = 0, before = 0;
  for (const std::string& line : all) {
    const auto at = line.find("info: (");
    if (at != line.npos) left_out += std::stoul(line.substr(at + 7));
    if (line.ends_with("later")) break;
    ++before;
  }
  EXPECT_EQ(left_out, kEvents - before) << "told in the first line that comes through";
}

TEST_F(LogTest, AReaderThatDoesNotReadLosesLinesAndNotTheDaemonsTime) {
  std::string fill(1 << 16, 'x');
  ASSERT_EQ(::fcntl(to_.get(), F_SETFL, O_NONBLOCK), 0);
  while (::write(to_.get(), fill.data(), fill.size()) > 0) {
  }
  ASSERT_EQ(::fcntl(to_.get(), F_SETFL, 0), 0);
  Log log(to_.get());
  log(Level::Info, FixedText("lost"));  // would block for ever
  while (::read(from_.get(), fill.data(), fill.size()) > 0) {
  }
  log(Level::Info, FixedText("kept"));
  log(Level::Info, FixedText("next"));
  EXPECT_THAT(lines(), ElementsAre(kName + "info: (1 lines left out) kept", kName + "info: next"));
}

TEST_F(LogTest, WithoutStderrNothingHappens) {
  Log(-1)(Level::Error, FixedText("lost"));
  EXPECT_THAT(lines(), IsEmpty());
}

}  // namespace
}  // namespace microvm::guest
