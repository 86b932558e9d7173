// The scripts, run by the shells themselves where they are installed.
#include "cli/completion.h"

#include <gmock/gmock.h>

#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A small tree that has all there is.
std::vector<CommandHelp> tree() {
  const FlagHelp quiet{.names = {"-q", "--quiet"}, .help = "It's quiet: [x]"};
  const FlagHelp output{.names = {"--output"},
                        .help = "Form",
                        .takes_value = true,
                        .value = {.kind = Words::Kind::Fixed, .fixed = {"text", "json"}}};
  return {{.path = "", .commands = {{"stop", "Ends"}, {"spec", "Group"}}, .flags = {quiet}},
          {.path = "stop", .flags = {quiet, output}, .argument = {.kind = Words::Kind::Id}},
          {.path = "spec", .commands = {{"check", "Checks"}}},
          {.path = "spec check", .argument = {.kind = Words::Kind::File}}};
}

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    test::write_file(dir_ / "microvm", "#!/bin/sh\n[ \"$1 $2\" = 'ps -aq' ] && printf 'web-1\\nweb-2\\ndb\\n'\n", 0700);
  }
  // What a shell prints; nothing where it is not installed.
  std::string run(const char* shell, const std::string& script) {
    test::write_file(dir_ / "script", script);
    try {
      const auto done = test::run({.argv = {shell, dir_ / "script"},
                                   .env = {{"PATH", dir_.path() + ":/usr/bin:/bin"}, {"HOME", dir_.path()}},
                                   .cwd = dir_.path()});
      EXPECT_EQ(done.err, "");
      return done.out;
    } catch (const std::system_error&) {
      return "";
    }
  }

  test::TempDir dir_;
};

TEST_F(CompletionTest, Bash) {
  const auto complete = [&](const std::string& words, int at) {
    return run("bash", bash_completion(tree()) + "\nCOMP_WORDS=(microvm " + words +
                           ")\nCOMP_CWORD=" + std::to_string(at) + "\n_microvm\necho \"${COMPREPLY[@]}\"\n");
  };
  EXPECT_EQ(complete("s", 1), "stop spec\n");
  EXPECT_EQ(complete("stop w", 2), "web-1 web-2\n");
  EXPECT_EQ(complete("stop -", 2), "-q --quiet --output\n");
  EXPECT_EQ(complete("stop --output ''", 3), "text json\n");
  EXPECT_EQ(complete("spec ''", 2), "check\n");
  EXPECT_EQ(complete("spec check scr", 3), "script\n");
}

TEST_F(CompletionTest, Fish) {
  const auto complete = [&](const std::string& line) {
    return run("fish", fish_completion(tree()) + "\ncomplete -C '" + line + "'\n");
  };
  if (run("fish", "echo there\n").empty()) GTEST_SKIP() << "fish is not installed";
  EXPECT_EQ(complete("microvm s"), "spec\tGroup\nstop\tEnds\n");
  EXPECT_EQ(complete("microvm stop w"), "web-1\nweb-2\n");
  EXPECT_THAT(complete("microvm stop --"),
              AllOf(HasSubstr("--quiet\tIt's quiet: [x]\n"), HasSubstr("--output\tForm\n")));
  EXPECT_EQ(complete("microvm stop --output "), "json\tForm\ntext\tForm\n");
  EXPECT_EQ(complete("microvm spec "), "check\tChecks\n");
  EXPECT_EQ(complete("microvm spec check scr"), "script\n");
}

TEST_F(CompletionTest, Zsh) {
  if (run("zsh", "echo there\n").empty()) GTEST_SKIP() << "zsh is not installed";
  // The functions of zsh's completion are replaced by ones that print.
  const auto complete = [&](const std::string& words, const std::string& prefix) {
    return run("zsh",
               "compdef() { : }\n_files() { echo files $@ }\n_message() { : }\ncompadd() { shift; echo $@ }\n"
               "_describe() { [[ $1 == -o ]] && shift; print -l -- ${(P)2} }\n" +
                   zsh_completion(tree()) + "\nwords=(microvm " + words + ")\nCURRENT=$#words\nPREFIX='" + prefix +
                   "'\n_microvm\ntrue\n");
  };
  EXPECT_EQ(complete("s", "s"), "stop:Ends\nspec:Group\n");
  EXPECT_EQ(complete("stop w", "w"), "web-1\nweb-2\ndb\n");
  EXPECT_THAT(complete("stop -", "-"), AllOf(HasSubstr("--quiet:It's quiet: [x]\n"), Not(HasSubstr("web-1"))));
  EXPECT_EQ(complete("stop --output x", "x"), "text json\n");
  EXPECT_EQ(complete("spec ''", ""), "check:Checks\n");
  EXPECT_EQ(complete("spec check ''", ""), "files\n");
}

}  // namespace
}  // namespace microvm::cli
