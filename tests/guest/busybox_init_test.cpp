// A guest under busybox init, with the line that packaging/busybox/inittab has for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/guest/init_guest.h"

namespace microvm::test {
namespace {

using ::testing::IsSupersetOf;

class BusyboxInitTest : public ::testing::Test {
 protected:
  static InitGuest& guest() {
    static std::optional<InitGuest> booted;
    if (!booted) booted.emplace("busybox", 800);
    return *booted;
  }
};

TEST_F(BusyboxInitTest, StartsTheDaemonAgain) {
  guest().apply({.env = metadata::Env{{"A", "1"}}});
  const std::string pid = guest().output("pidof microvm-guest-metadatad");
  guest().output("kill -KILL " + pid + "; while [ -d /proc/" + pid + " ]; do usleep 1000; done");
  EXPECT_TRUE(guest().connect().ping());
  EXPECT_NE(guest().output("pidof microvm-guest-metadatad"), pid);
  EXPECT_EQ(guest().output("cat /run/microvm-guest/env"), "A=1");
}

TEST_F(BusyboxInitTest, StartsAProgramAfterTheFirstPush) {
  guest().output("rm -rf /run/microvm-guest; kill $(pidof microvm-guest-metadatad)");
  guest().output("echo ::respawn:/usr/local/bin/start-app >>/etc/inittab; kill -HUP 1");
  guest().apply({.secrets = as_secrets({{"a", "1"}, {"b", "2"}})});
  guest().await("ps | grep '[s]tart-app'");
  EXPECT_NE(guest().vm().run("pidof tail").status, 0);
  guest().apply({.env = nasty_env()});
  guest().await("pidof tail");
  EXPECT_THAT(guest().app_env(), IsSupersetOf(nasty_env()));
}

}  // namespace
}  // namespace microvm::test
