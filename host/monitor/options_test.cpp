// The monitor's flags.
#include "host/monitor/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace microvm::monitor {
namespace {

using Arguments = std::vector<const char*>;

Arguments with(Arguments more) {
  Arguments all = {"--id", "web-1", "--state-dir", "/s/vms/web-1/", "--run-dir=/r/web-1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(MonitorOptions, AreRead) {
  const Arguments arguments =
      with({"--report", "5", "--console-bytes=65536", "--log-bytes", "32768", "--ring-bytes", "0", "--log-file", "/l",
            "--metrics-file", "/m", "--unlink", "/a", "--unlink=/b", "--", "/fc", "--id", "x"});
  const auto options = parse_options(arguments);
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->action, Options::Action::Start);
  EXPECT_EQ(options->id, "web-1");
  EXPECT_EQ(options->state_dir, "/s/vms/web-1");
  EXPECT_EQ(options->run_dir, "/r/web-1");
  EXPECT_EQ(options->report, 5);
  EXPECT_EQ(options->console_bytes, 65536U);
  EXPECT_EQ(options->log_bytes, 32768U);
  EXPECT_EQ(options->ring_bytes, 0U);
  EXPECT_EQ(options->log_file, "/l");
  EXPECT_EQ(options->metrics_file, "/m");
  EXPECT_EQ(options->unlink, (std::vector<std::string>{"/a", "/b"}));
  ASSERT_EQ(options->program.size(), 4U);
  EXPECT_EQ(options->program[0], std::string_view("/fc"));
  EXPECT_EQ(options->program[3], nullptr);
}

TEST(MonitorOptions, AdoptTakesNoProgram) {
  EXPECT_EQ(parse_options(with({"--adopt"}))->action, Options::Action::Adopt);
  EXPECT_FALSE(parse_options(with({"--adopt", "--", "/fc"})));
}

TEST(MonitorOptions, AreRefused) {
  for (const Arguments& bad : {with({}),
                               with({"--"}),
                               with({"--", "fc"}),
                               with({"x", "--", "/fc"}),
                               with({"--id", "A", "--", "/fc"}),
                               with({"--id", "", "--", "/fc"}),
                               with({"--id", "a/b", "--", "/fc"}),
                               with({"--run-dir", "r", "--", "/fc"}),
                               with({"--report", "2", "--", "/fc"}),
                               with({"--report", "-1", "--", "/fc"}),
                               with({"--unlink", "x", "--", "/fc"}),
                               with({"--console-bytes", "100", "--", "/fc"}),
                               with({"--ring-bytes", "9999999", "--", "/fc"}),
                               with({"--log-bytes", "1e6", "--", "/fc"}),
                               with({"--nonsense", "1", "--", "/fc"}),
                               with({"--id"}),
                               Arguments{"--id", "a", "--state-dir", "/s", "--", "/fc"},
                               Arguments{"--id", "a", "--run-dir", "/s", "--", "/fc"},
                               Arguments{"--state-dir", "/s", "--run-dir", "/s", "--", "/fc"},
                               Arguments{}})
    EXPECT_FALSE(parse_options(bad));
  EXPECT_EQ(parse_options(Arguments{"--help"})->action, Options::Action::ShowHelp);
  EXPECT_EQ(parse_options(Arguments{"--version", "--nonsense"})->action, Options::Action::ShowVersion);
}

}  // namespace
}  // namespace microvm::monitor
