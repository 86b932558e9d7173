// The console's records.
#include "host/monitor/cri_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm::monitor {
namespace {

using namespace std::chrono;
using testing::ElementsAre;

class Cri : public testing::Test {
 protected:
  void feed(std::string_view bytes) { log_.feed(bytes, when_); }
  // What was logged, each record without the time that all have.
  std::vector<std::string> records() {
    file_.flush();
    const std::string text = test::exists(dir_ / "log") ? test::read_file(dir_ / "log") : "";
    std::vector<std::string> all;
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
      const std::string record = text.substr(at, end - at);
      EXPECT_TRUE(record.starts_with("2026-11-30T10:00:00.000000007Z stdout ")) << record;
      all.push_back(record.substr(record.find("stdout ") + 7));
    }
    return all;
  }

  test::TempDir dir_;
  UniqueFd fd_{::open(dir_.path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
  RotatingFile file_{fd_.get(), "log", 1U << 20U, RotatingFile::Content::Records};
  CriLog log_{file_};
  const TimeText::Nanoseconds when_ = sys_days(2026y / 11 / 30) + 10h + 7ns;
};

TEST_F(Cri, ALineIsARecord) {
  feed("one\ntwo\r\n\n\r\n three ");
  EXPECT_THAT(records(), ElementsAre("F one", "F two", "F ", "F "));
  EXPECT_TRUE(log_.has_partial());
  feed("four\n");
  EXPECT_THAT(records(), ElementsAre("F one", "F two", "F ", "F ", "F  three four"));
  EXPECT_FALSE(log_.has_partial());
  EXPECT_EQ(log_.records(), 5U);
}

TEST_F(Cri, HoweverItsBytesCome) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += std::string(static_cast<std::size_t>(i), 'x') + "\r\n";
  feed(text);
  const auto whole = records();
  for (const char c : text) feed({&c, 1});
  auto twice = whole;
  twice.insert(twice.end(), whole.begin(), whole.end());
  EXPECT_EQ(records(), twice);
}

TEST_F(Cri, ALongLineIsSeveral) {
  const std::string full(kRecordBytes, 'x');
  feed(full + "\n" + full + "y\n" + full + full);
  feed("\n");
  EXPECT_THAT(records(), ElementsAre("F " + full, "P " + full, "F y", "P " + full, "F " + full));
}

TEST_F(Cri, APromptGoesOn) {
  feed("login: ");
  log_.end_partial(when_);
  log_.end_partial(when_);
  feed("root\n");
  EXPECT_THAT(records(), ElementsAre("P login: ", "F root"));
}

TEST_F(Cri, BytesThatAreNoTextAreKept) {
  feed(std::string_view("\0\xff\x1b[0m\n", 7));
  EXPECT_THAT(records(), ElementsAre(std::string("F \0\xff\x1b[0m", 8)));
}

TEST(CriText, IsReadBack) {
  EXPECT_EQ(cri_text("2026-11-30T10:00:00.000000007Z stdout F a b").text, "a b");
  EXPECT_TRUE(cri_text("2026-11-30T10:00:00.000000007Z stdout F a b").whole);
  EXPECT_FALSE(cri_text("2026-11-30T10:00:00.000000007Z stdout P a b").whole);
  EXPECT_EQ(cri_text("2026-11-30T10:00:00.000000007Z stdout F ").text, "");
  for (const char* bad : {"", "x", "x y", "x y F"}) EXPECT_EQ(cri_text(bad).text, "") << bad;
}

}  // namespace
}  // namespace microvm::monitor
