// The manual pages and docs/commands.md against the commands themselves.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <map>
#include <set>
#include <sstream>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/report.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

namespace microvm::test {
namespace {

using Names = std::set<std::string>;

std::string page(const std::string& name) { return read_file(required_env("DOCS_DIR") + "/" + name); }

// `.It Fl d , -detach` and `.It Fl -id Ar name , Fl -name Ar name`: -d, --detach; --id, --name.
Names flags_of(const std::string& item) {
  Names flags;
  std::istringstream words(item);
  bool expected = false;
  for (std::string word; words >> word;) {
    if (word == "Fl" || word == ",") {
      expected = true;
    } else if (word == "Ar" || word == "Ns") {
      expected = false;
    } else if (std::exchange(expected, false)) {
      flags.insert("-" + word);
    }
  }
  return flags;
}

// The flags that each subsection or section of a page lists.
std::map<std::string, Names> listed(const std::string& text) {
  std::map<std::string, Names> out;
  std::string section;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".Ss ") || line.starts_with(".Sh ")) {
      section = line.substr(4);
      out[section];
    } else if (line.starts_with(".It Fl ")) {
      out[section].merge(flags_of(line.substr(4)));
    }
  }
  return out;
}

Names names_of(const std::vector<cli::FlagHelp>& flags) {
  Names names;
  for (const cli::FlagHelp& flag : flags) names.insert(flag.names.begin(), flag.names.end());
  return names;
}

class ManualTest : public testing::Test {
 protected:
  ManualTest() {
    cli::add_commands(app_, context_);
    for (cli::CommandHelp& command : cli::describe(app_)) commands_[command.path] = std::move(command);
  }

  const std::string version_ = "0";
  const cli::Factories factories_{};
  cli::Context context_{.factories = factories_, .version = version_};
  CLI::App app_{"", "microvm"};
  std::map<std::string, cli::CommandHelp> commands_;
};

TEST_F(ManualTest, EveryFlagOfEveryCommandAndNoOther) {
  auto own = listed(page("man/microvm.1"));
  auto metadata = listed(page("man/microvm-metadata.1"));
  const Names everywhere = own.at("OPTIONS");
  Names of_all = names_of(commands_.at("").flags);
  EXPECT_EQ(of_all.erase("--version"), 1U);
  EXPECT_EQ(of_all, everywhere);
  for (const auto& [path, command] : commands_) {
    SCOPED_TRACE(path);
    if (!command.commands.empty() || path == "unpause") continue;
    const bool of_metadata = path.starts_with("metadata ");
    auto& sections = of_metadata ? metadata : own;
    const std::string section = of_metadata ? path.substr(9) : path;
    ASSERT_TRUE(sections.contains(section));
    Names said = sections.at(section);
    said.insert(everywhere.begin(), everywhere.end());
    if (of_metadata) said.insert(metadata.at("OPTIONS").begin(), metadata.at("OPTIONS").end());
    EXPECT_EQ(names_of(command.flags), said);
    sections.erase(section);
  }
  for (const auto* sections : {&own, &metadata}) {
    for (const auto& [section, flags] : *sections) {
      EXPECT_TRUE(section == "OPTIONS" || flags.empty()) << section << " is no command";
    }
  }
}

TEST_F(ManualTest, EveryCommandHasExamplesOfItself) {
  for (const auto& [path, command] : commands_) {
    if (path == "unpause") continue;
    const CLI::App* app = &app_;
    std::istringstream words(path);
    for (std::string word; words >> word;) app = app->get_subcommand(word);
    EXPECT_THAT(app->get_footer(), testing::HasSubstr("  microvm " + path)) << path;
    EXPECT_THAT(app->get_description(), testing::Not(testing::EndsWith("."))) << path;
  }
}

// Rows of exit codes, each as the text that stands behind it.
std::map<int, std::string> rows_of_page() {
  const std::string text = page("man/microvm.1");
  const std::size_t begin = text.find(".Sh EXIT STATUS");
  std::map<int, std::string> rows;
  std::istringstream lines(text.substr(begin, text.find(".Sh ", begin + 1) - begin));
  int code = -1;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".It ")) code = std::stoi(line.substr(4));
    rows[code] += line + "\n";
  }
  return rows;
}

std::map<int, std::string> rows_of_table() {
  const std::string text = page("commands.md");
  std::map<int, std::string> rows;
  std::istringstream lines(text.substr(text.find("## Exit codes")));
  for (std::string line; std::getline(lines, line) && !line.starts_with("## JSON");) {
    if (line.starts_with("| ") && line[2] >= '0' && line[2] <= '9') rows[std::stoi(line.substr(2))] = line;
  }
  return rows;
}

TEST_F(ManualTest, ExitCodesStandInTheirRows) {
  std::map<std::string, int> codes;
  for (int i = 0; i <= static_cast<int>(ErrorCode::Busy); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    codes[std::string(code_name(code))] = cli::exit_code(code);
  }
  for (int i = 0; i <= static_cast<int>(ExitReason::HostRebooted); ++i) {
    const auto reason = static_cast<ExitReason>(i);
    codes[std::string(reason_name(reason))] = cli::exit_code(reason);
  }
  EXPECT_EQ(codes.size(), 20U + 9U);
  const auto in_page = rows_of_page();
  const auto in_table = rows_of_table();
  for (const auto& [name, code] : codes) {
    for (const auto& [row, text] : in_page) {
      EXPECT_EQ((text + " ").find(".Ql " + name + "\n") != text.npos || text.find("Ql " + name + " ") != text.npos,
                row == code)
          << name << " in the row of " << row;
    }
    for (const auto& [row, text] : in_table) EXPECT_EQ(text.find("`" + name + "`") != text.npos, row == code) << name;
  }
}

TEST_F(ManualTest, MandocFindsNoFault) {
  const std::string docs = required_env("DOCS_DIR") + "/man/";
  try {
    const Finished lint =
        run({.argv = {"mandoc", "-T", "lint", "-W", "warning", docs + "microvm.1", docs + "microvm-metadata.1"}});
    EXPECT_EQ(lint.out, "");
  } catch (const std::system_error&) {
    GTEST_SKIP() << "mandoc is not installed";
  }
}

}  // namespace
}  // namespace microvm::test
