// The daemon's command line, flag by flag.
#include "guest/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace microvm::guest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Action = Options::Action;
using Kind = ListenOn::Kind;
using Arguments = std::vector<const char*>;

std::string shown(const Arguments& arguments) {
  std::string text;
  for (const char* argument : arguments) text += std::string(argument) + " ";
  return text;
}

TEST(Options, Defaults) {
  const auto options = parse_options({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->action, Action::Serve);
  EXPECT_FALSE(options->listen);
  EXPECT_EQ(options->env_file, "/var/run/microvm-guest/env");
  EXPECT_EQ(options->secrets_dir, "/var/run/microvm-guest/secrets");
  EXPECT_THAT(options->allowed_cids, ElementsAre(2U));
  EXPECT_EQ(options->max_connections, 1024U);
  EXPECT_FALSE(options->secrets_group);
  EXPECT_TRUE(options->scrub);
  EXPECT_EQ(ListenOn().kind, Kind::Vsock);
  EXPECT_EQ(ListenOn().number, 5555U);
}

TEST(Options, EveryFlag) {
  const Arguments arguments = {
      "--listen", "unix:/run/s:1",     "--env-file=e=1", "--secrets-dir",   "s//",       "--allow-cid=3", "--allow-cid",
      "0",        "--max-connections", "65536",          "--secrets-gid=0", "--no-scrub"};
  const auto options = parse_options(arguments);
  ASSERT_TRUE(options) << options.error();
  ASSERT_TRUE(options->listen);
  EXPECT_EQ(options->listen->kind, Kind::Unix);
  EXPECT_EQ(options->listen->path, "/run/s:1");
  EXPECT_EQ(options->env_file, "e=1");
  EXPECT_EQ(options->secrets_dir, "s");
  EXPECT_THAT(options->allowed_cids, ElementsAre(3U, 0U)) << "in place of the default";
  EXPECT_EQ(options->max_connections, 65536U);
  EXPECT_EQ(options->secrets_group, 0U);
  EXPECT_FALSE(options->scrub);
}

TEST(Options, Addresses) {
  struct Row {
    Arguments arguments;
    Kind kind;
    std::uint32_t number;
  };
  for (const Row& row : {Row{{"--port", "1"}, Kind::Vsock, 1}, Row{{"--port=4294967294"}, Kind::Vsock, 4294967294},
                         Row{{"--listen=vsock:800"}, Kind::Vsock, 800}, Row{{"--listen", "fd:0"}, Kind::Descriptor, 0},
                         Row{{"--listen", "fd:2147483647"}, Kind::Descriptor, 2147483647}}) {
    const auto options = parse_options(row.arguments);
    ASSERT_TRUE(options && options->listen) << shown(row.arguments);
    EXPECT_EQ(options->listen->kind, row.kind);
    EXPECT_EQ(options->listen->number, row.number);
  }
}

TEST(Options, HelpAndVersionEndTheReading) {
  for (const auto& [arguments, action] :
       {std::pair(Arguments{"--help"}, Action::ShowHelp), std::pair(Arguments{"-h", "--bad"}, Action::ShowHelp),
        std::pair(Arguments{"--port", "7", "--version", "--help"}, Action::ShowVersion)}) {
    const auto options = parse_options(arguments);
    ASSERT_TRUE(options) << shown(arguments);
    EXPECT_EQ(options->action, action);
  }
  EXPECT_FALSE(parse_options(Arguments{"--bad", "--help"}));
}

TEST(Options, Refusals) {
  const std::vector<std::pair<Arguments, const char*>> rows = {
      {{"--bad"}, "unknown argument: --bad"},
      {{"path"}, "unknown argument: path"},
      {{""}, "unknown argument: "},
      {{"--Port", "1"}, "unknown argument: --Port"},
      {{"--help=1"}, "unknown argument: --help=1"},
      {{"--no-scrub=1"}, "unknown argument: --no-scrub=1"},
      {{"--port"}, "--port needs a value"},
      {{"--env-file"}, "--env-file needs a value"},
      {{"--port", "0"}, "--port: a vsock port is a number from 1 to 4294967294"},
      {{"--port", "4294967295"}, "--port: a vsock port"},
      {{"--port", "4294967296"}, "--port: a vsock port"},
      {{"--port", "-1"}, "--port: a vsock port"},
      {{"--port", "+1"}, "--port: a vsock port"},
      {{"--port", " 1"}, "--port: a vsock port"},
      {{"--port", "1x"}, "--port: a vsock port"},
      {{"--port", "0x1"}, "--port: a vsock port"},
      {{"--port", ""}, "--port: a vsock port"},
      {{"--port="}, "--port: a vsock port"},
      {{"--port", "1", "--port", "1"}, "--port: the listening address is given twice"},
      {{"--port", "1", "--listen", "fd:3"}, "--listen: the listening address is given twice"},
      {{"--listen", "5555"}, "--listen: an address is vsock:PORT, unix:PATH or fd:N"},
      {{"--listen", "unix:"}, "--listen: an address is"},
      {{"--listen", "tcp:1"}, "--listen: an address is"},
      {{"--listen", "vsock:"}, "--listen: a vsock port"},
      {{"--listen", "fd:"}, "--listen: a descriptor is a number"},
      {{"--listen", "fd:2147483648"}, "--listen: a descriptor is a number"},
      {{"--env-file", ""}, "--env-file: the path of a file is needed"},
      {{"--env-file", "/etc/"}, "--env-file: the path of a file is needed"},
      {{"--secrets-dir="}, "--secrets-dir: the path of a directory below / is needed"},
      {{"--secrets-dir", "//"}, "--secrets-dir: the path of a directory below / is needed"},
      {{"--allow-cid", "all"}, "--allow-cid: a CID is a number"},
      {{"--max-connections", "0"}, "--max-connections: a number from 1 to 65536 is needed"},
      {{"--max-connections", "65537"}, "--max-connections: a number"},
      {{"--secrets-gid", "4294967295"}, "--secrets-gid: a gid is a number"},
      {{"--secrets-gid", "root"}, "--secrets-gid: a gid is a number"},
      {{"--env-file", "/s/env", "--secrets-dir", "/s/"}, "the env file must be outside the secrets directory"},
      {{"--env-file", "/s", "--secrets-dir", "/s"}, "the env file must be outside the secrets directory"},
  };
  for (const auto& [arguments, why] : rows) {
    const auto options = parse_options(arguments);
    ASSERT_FALSE(options) << shown(arguments);
    EXPECT_THAT(options.error(), testing::StartsWith(why)) << shown(arguments);
  }
  EXPECT_TRUE(parse_options(Arguments{"--env-file", "/secrets2", "--secrets-dir", "/secrets"}));
}

TEST(Options, UsageNamesEveryFlag) {
  for (const char* flag : {"--port", "--listen", "--env-file", "--secrets-dir", "--allow-cid", "--max-connections",
                           "--secrets-gid", "--no-scrub", "--version", "--help"}) {
    EXPECT_THAT(kUsage, HasSubstr(flag));
  }
}

}  // namespace
}  // namespace microvm::guest
