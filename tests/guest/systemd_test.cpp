// A Debian guest under systemd: the packaged units, and what docs/guest-setup.md shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <optional>

#include "tests/guest/init_guest.h"

namespace microvm::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Pair;

const std::string kService = "microvm-guest-metadatad.service";

class SystemdTest : public ::testing::Test {
 protected:
  static InitGuest& guest() {
    static std::optional<InitGuest> booted;
    if (!booted) {
      booted.emplace("debian", 5555,
                     "-drive if=none,id=disk,format=raw,snapshot=on,file=" + required_env("GUEST_DEBIAN") +
                         " -device virtio-blk-pci,drive=disk");
    }
    return *booted;
  }
  static std::string output(const std::string& line) { return guest().output(line); }
  static std::string show(const std::string& property, const std::string& unit = kService) {
    return output("systemctl show --value -p " + property + " " + unit);
  }
  static GuestVm::Answer probe(unsigned port) {
    return guest().vm().run("timeout 5 vsock_probe --uid 1000 listen " + std::to_string(port));
  }
  // Nothing was pushed yet.
  static void start_afresh() {
    output("systemctl stop " + kService + "; rm -rf /run/microvm-guest; systemctl start " + kService);
  }
  static std::string as_user(const std::string& groups) { return "setpriv --reuid 1000 --regid 1000 " + groups + " "; }
};

TEST_F(SystemdTest, HardenedServiceDoesItsWorkConfined) {
  guest().apply({.env = metadata::Env{{"A", "1"}}, .secrets = as_secrets({{"crt", "c"}, {"key", "k"}})});
  guest().apply({.env = metadata::Env{{"A", "2"}}, .secrets = as_secrets({{"crt", "C"}, {"key", "K"}}), .epoch = "e"});
  EXPECT_EQ(output("cd /run/microvm-guest; cat env secrets/crt secrets/key"), "A=2\nCK");
  EXPECT_EQ(output("cd /run/microvm-guest; stat -c '%a %u %g' . env secrets secrets/key"),
            "700 0 0\n600 0 0\n700 0 0\n600 0 0");
  EXPECT_TRUE(guest().connect().wipe());
  EXPECT_EQ(output("ls /run/microvm-guest/secrets"), "");
  const auto info = guest().connect().info();
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_THAT(info->confinement, IsSupersetOf({Pair("capabilities", "true"), Pair("no_new_privs", "true"),
                                               Pair("landlock", "2"), Pair("seccomp", "true")}));
  EXPECT_EQ(show("Type") + " " + show("ActiveState"), "notify active");
  // Beside the two it only lacks a root of its own, a user of its own, and the namespace of users.
  const std::string score = output("systemd-analyze security --no-pager --threshold=9 " + kService + " | tail -n 1");
  std::cout << score << '\n';
}

// A VM on a host with systemd, which this guest is for once.
TEST_F(SystemdTest, AVmOutlivesTheUnitOfWhoeverStartedIt) {
  output("mkdir -p /run/vm/state/vms/x /run/vm/run");
  output(
      "systemd-run --unit=starter sh -c 'microvm-monitor --id x --state-dir /run/vm/state/vms/x --run-dir /run/vm/run"
      " -- /bin/sleep 1000 & sleep 1000'");
  const std::string vmm = "$(cut -d ' ' -f 1 /run/vm/run/vmm)", monitor = "$(cut -d ' ' -f 1 /run/vm/run/monitor)";
  guest().await("grep -q '/microvm-x-[0-9]*.scope' /proc/" + vmm + "/cgroup");
  guest().await("grep -q '/microvm-x-[0-9]*.scope' /proc/" + monitor + "/cgroup");
  output("systemctl stop starter");
  output("kill -0 " + vmm + " && kill -0 " + monitor);
  output("kill -KILL " + vmm);
  guest().await("grep -q vmm_signal /run/vm/state/vms/x/exit.json");
}

TEST_F(SystemdTest, PortIsHeldOverRestarts) {
  guest().apply({.env = metadata::Env{{"A", "1"}}});
  EXPECT_THAT(probe(5556).out, HasSubstr("listening"));
  const std::string pid = show("MainPID");
  output("kill -KILL " + pid);
  EXPECT_EQ(probe(5555).out, "bind: errno 98\n");
  EXPECT_TRUE(guest().connect().ping());
  EXPECT_NE(show("MainPID"), pid);
  output("systemctl stop " + kService);
  EXPECT_EQ(probe(5555).out, "bind: errno 98\n");
  EXPECT_EQ(show("ActiveState"), "inactive");
  EXPECT_TRUE(guest().connect().ping());
  EXPECT_EQ(output("cat /run/microvm-guest/env"), "A=1");
}

TEST_F(SystemdTest, ProgramStartsAfterTheFirstPushAndTakesChanges) {
  const auto push = [](const std::map<std::string, std::string>& secrets, std::optional<metadata::Env> env = {}) {
    guest().apply({.env = std::move(env), .secrets = as_secrets(secrets)});
  };
  const auto await_app = [](const std::string& entry) {
    guest().await("grep -qz '^" + entry + "$' /proc/$(pidof tail)/environ");
  };
  // Else a change could meet the moment in which systemd does not watch.
  const auto await_watch = [] {
    guest().await(
        "systemctl show -p SubState app-update.path app-update.service | tr -d '\\n' |"
        " grep -x SubState=waitingSubState=dead");
  };
  start_afresh();
  output("systemctl start app.path");
  push({{"crt", "1"}, {"key", "1"}});
  EXPECT_EQ(show("ActiveState", "app.service"), "inactive");
  push({{"crt", "2"}, {"key", "2"}}, nasty_env());
  guest().await("pidof tail");
  EXPECT_THAT(guest().app_env(), IsSupersetOf(nasty_env()));
  EXPECT_EQ(guest().app_env()["SEEN"], "22");
  EXPECT_NE(output("stat -c %u /proc/$(pidof tail)"), "0");

  // Its start is not over before the test says so: a change comes while app-update waits for it.
  output(
      "mkdir -p /run/systemd/system/app.service.d; printf '%s\\n' '[Service]'"
      " 'ExecStartPost=sh -c \"until [ -e /run/go ]; do sleep 0.1; done\"' "
      ">/run/systemd/system/app.service.d/slow.conf");
  output("systemctl daemon-reload");
  // The removal of the replaced set would be one more event.
  guest().await("! ls -d /run/microvm-guest/.microvm-set.*");
  output("systemctl start app-update.path");
  push({{"crt", "3"}});
  await_app("SEEN=32");
  push({{"crt", "4"}});
  output("touch /run/go");
  await_app("SEEN=42");
  await_watch();
  push({{"crt", "5"}, {"key", "5"}});  // an exchange
  await_app("SEEN=55");
  await_watch();
  push({{"crt", "6"}});  // in the directory that came last
  await_app("SEEN=65");
  await_watch();
  push({}, metadata::Env{{"LAST", "1"}});
  await_app("LAST=1");
  // Without the path unit, the timer.
  await_watch();
  output("systemctl stop app-update.path");
  push({}, metadata::Env{{"LAST", "2"}});
  output("systemctl start app-update.timer");
  await_app("LAST=2");
  output("systemctl stop app-update.timer app.path app.service");
}

// The last one: it leaves the drop-ins in force.
TEST_F(SystemdTest, GroupReadsSecretsAndNothingElseAndThePortIsAnother) {
  output("groupadd --system --gid 900 secrets; cp -r /usr/share/microvm-*.d /etc/systemd/system/");
  output("systemctl daemon-reload; systemctl stop microvm-guest-metadatad.socket");  // and with it the service
  start_afresh();
  guest().use_port(800);
  guest().apply({.env = metadata::Env{{"A", "1"}}, .secrets = as_secrets({{"crt", "c"}, {"key", "k"}})});
  EXPECT_EQ(output("cd /run/microvm-guest; stat -c '%a %u %g' . env secrets secrets/key"),
            "710 0 900\n600 0 0\n750 0 900\n640 0 900");
  EXPECT_EQ(output(as_user("--groups 900") + "cat /run/microvm-guest/secrets/key"), "k");
  for (const std::string& line :
       {as_user("--groups 900") + "ls /run/microvm-guest", as_user("--groups 900") + "cat /run/microvm-guest/env",
        as_user("--clear-groups") + "cat /run/microvm-guest/secrets/key"}) {
    EXPECT_THAT(guest().vm().run(line).out, HasSubstr("Permission denied")) << line;
  }
}

}  // namespace
}  // namespace microvm::test
