// The command line: what is refused with 2, and that nothing was touched then.
#include <ostream>

#include "tests/contract/daemon_test.h"

namespace microvm::contract {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  const char* name;
  std::vector<std::string> arguments;
  const char* mentions = "";
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }
};

class Flags : public DaemonTest {
 protected:
  [[nodiscard]] test::Finished run_with(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), test::required_env("METADATAD_BIN"));
    return test::run({.argv = std::move(arguments), .cwd = dir_.path()});
  }
};

TEST_F(Flags, HelpIsOnStderr) {
  for (const std::vector<std::string>& arguments :
       {std::vector{"--help"s}, std::vector{"-h"s}, std::vector{"--port"s, "1"s, "--help"s}}) {
    const test::Finished help = run_with(arguments);
    EXPECT_EQ(help.status, ExitStatus{.code = 0});
    EXPECT_THAT(help.out, IsEmpty());
    for (const char* flag : {"usage", "--port", "--listen", "vsock:PORT", "unix:PATH", "fd:N", "--env-file",
                             "--secrets-dir", "--allow-cid", "--max-connections", "--version", "--help"}) {
      EXPECT_THAT(help.err, HasSubstr(flag));
    }
  }
  EXPECT_THAT(test::names_in(dir_.path()), IsEmpty());
}

TEST_F(Flags, Version) {
  const test::Finished version = run_with({"--version"});
  EXPECT_EQ(version.status, ExitStatus{.code = 0});
  EXPECT_THAT(version.out + version.err, testing::MatchesRegex("microvm-guest-metadatad [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

class BadFlags : public Flags, public testing::WithParamInterface<Case> {};

TEST_P(BadFlags, ExitTwoWithUsage) {
  const test::Finished refused = run_with(GetParam().arguments);
  EXPECT_EQ(refused.status, ExitStatus{.code = 2});
  EXPECT_THAT(refused.out, IsEmpty());
  EXPECT_THAT(refused.err, HasSubstr("usage"));
  EXPECT_THAT(refused.err.substr(0, refused.err.find('\n')), HasSubstr(GetParam().mentions));
  EXPECT_THAT(test::names_in(dir_.path()), IsEmpty());
}

const Case kBadFlags[] = {
    {"unknown_flag", {"--verbose"}, "--verbose"},
    {"unknown_short_flag", {"-v"}, "-v"},
    {"beginning_of_a_flag", {"--por", "5555"}, "--por"},
    {"operand", {"5555"}, "5555"},
    {"empty_argument", {""}},
    {"double_dash", {"--"}},
    {"unknown_behind_good", {"--port", "5555", "--verbose"}, "--verbose"},
    {"port_without_value", {"--port"}, "--port"},
    {"port_without_value_behind_good", {"--env-file", "env", "--port"}, "--port"},
    {"port_empty", {"--port", ""}, "--port"},
    {"port_word", {"--port", "http"}, "--port"},
    {"port_negative", {"--port", "-1"}, "--port"},
    {"port_with_sign", {"--port", "+1"}, "--port"},
    {"port_with_blank", {"--port", " 1"}, "--port"},
    {"port_with_tail", {"--port", "5555x"}, "--port"},
    {"port_hex", {"--port", "0x15b3"}, "--port"},
    {"port_fraction", {"--port", "5555.0"}, "--port"},
    {"port_any", {"--port", "4294967295"}, "--port"},
    {"port_too_large", {"--port", "4294967296"}, "--port"},
    {"port_much_too_large", {"--port", "18446744073709557171"}, "--port"},
    {"listen_without_value", {"--listen"}, "--listen"},
    {"listen_empty", {"--listen", ""}, "--listen"},
    {"listen_bare_port", {"--listen", "5555"}, "--listen"},
    {"listen_bare_path", {"--listen", "/tmp/socket"}, "--listen"},
    {"listen_tcp", {"--listen", "tcp:5555"}, "--listen"},
    {"listen_vsock_empty", {"--listen", "vsock:"}, "--listen"},
    {"listen_vsock_word", {"--listen", "vsock:http"}, "--listen"},
    {"listen_vsock_cid", {"--listen", "vsock:2:5555"}, "--listen"},
    {"listen_vsock_too_large", {"--listen", "vsock:4294967296"}, "--listen"},
    {"listen_unix_empty", {"--listen", "unix:"}, "--listen"},
    {"listen_fd_empty", {"--listen", "fd:"}, "--listen"},
    {"listen_fd_word", {"--listen", "fd:x"}, "--listen"},
    {"listen_fd_negative", {"--listen", "fd:-1"}, "--listen"},
    {"listen_fd_too_large", {"--listen", "fd:2147483648"}, "--listen"},
    {"listen_twice", {"--listen", "unix:a", "--listen", "unix:a"}, "--listen"},
    {"port_twice", {"--port", "5555", "--port", "5555"}, "--port"},
    {"port_and_listen", {"--port", "5555", "--listen", "unix:a"}, "--listen"},
    {"listen_and_port", {"--listen", "unix:a", "--port", "5555"}, "--port"},
    {"cid_without_value", {"--allow-cid"}, "--allow-cid"},
    {"cid_word", {"--allow-cid", "host"}, "--allow-cid"},
    {"cid_negative", {"--allow-cid", "-1"}, "--allow-cid"},
    {"cid_too_large", {"--allow-cid", "4294967296"}, "--allow-cid"},
    {"cids_in_one", {"--allow-cid", "2,3"}, "--allow-cid"},
    {"second_cid_bad", {"--allow-cid", "2", "--allow-cid", "x"}, "--allow-cid"},
    {"connections_without_value", {"--max-connections"}, "--max-connections"},
    {"no_connections", {"--max-connections", "0"}, "--max-connections"},
    {"connections_word", {"--max-connections", "many"}, "--max-connections"},
    {"connections_negative", {"--max-connections", "-5"}, "--max-connections"},
    {"connections_too_many", {"--max-connections", "99999999999"}, "--max-connections"},
    {"env_file_without_value", {"--env-file"}, "--env-file"},
    {"env_file_empty", {"--env-file", ""}, "--env-file"},
    {"env_file_is_a_folder", {"--env-file", "state/"}, "--env-file"},
    {"secrets_dir_without_value", {"--secrets-dir"}, "--secrets-dir"},
    {"secrets_dir_empty", {"--secrets-dir", ""}, "--secrets-dir"},
    {"secrets_dir_is_root", {"--secrets-dir", "/"}, "--secrets-dir"},
    {"env_file_in_the_secrets_dir", {"--listen", "unix:a", "--secrets-dir", "s", "--env-file", "s/env"}, "secrets"},
    {"env_file_deep_in_the_secrets_dir",
     {"--listen", "unix:a", "--secrets-dir", "s", "--env-file", "s/a/env"},
     "secrets"},
    {"env_file_is_the_secrets_dir", {"--listen", "unix:a", "--secrets-dir", "s", "--env-file", "s"}, "secrets"},
    {"env_file_in_the_secrets_dir_with_slash",
     {"--listen", "unix:a", "--secrets-dir", "s/", "--env-file", "s/env"},
     "secrets"},
};

INSTANTIATE_TEST_SUITE_P(Every, BadFlags, testing::ValuesIn(kBadFlags), testing::PrintToStringParamName());

TEST_F(Flags, ValueBehindAnEqualsSign) {
  const std::vector<std::string> argv = {test::required_env("METADATAD_BIN"),
                                         "--listen=unix:" + paths_.socket,
                                         "--env-file=" + paths_.env_file,
                                         "--secrets-dir=" + paths_.secrets_dir,
                                         "--allow-cid=2",
                                         "--allow-cid=3",
                                         "--max-connections=7"};
  test::Process process({.argv = argv});
  LineClient client = LineClient::connect(paths_.socket, Deadline::after(test::kPatience));
  EXPECT_EQ(client.ask(kPing), kPong);
}

}  // namespace
}  // namespace microvm::contract
