// What the host sends is what the guest finds, byte for byte, owned by root and closed to everybody else.
#include <gmock/gmock.h>

#include <span>
#include <string_view>

#include "tests/guest/guest_test.h"

namespace microvm::test {
namespace {

std::string sha256(const std::string& bytes) { return run({.argv = {"sha256sum"}, .input = bytes}).out.substr(0, 64); }

// `size` bytes in which every value occurs and no period of a power of two.
std::string every_byte(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i + i / 256 * 7) & 0xff);
  return bytes;
}

TEST_F(GuestTest, EnvAndSecretsArriveExactly) {
  start_daemon();
  metadata::Client client = connect();
  const auto env = client.set_env({{"PATH_LIKE", "/bin:/sbin"}, {"EMPTY", ""}, {"_1", "a=b \"c\" \\ \t\xc3\xa9"}});
  ASSERT_TRUE(env) << env.error().message;
  const std::map<std::string, std::string> secrets = {
      {"empty", ""}, {"key-32", every_byte(64).substr(16, 32)}, {"large", every_byte(700 * 1024)}};
  for (const auto& [name, value] : secrets) {
    const auto sent = client.set_secret(name, std::as_bytes(std::span(value)));
    ASSERT_TRUE(sent) << name << ": " << sent.error().message;
  }

  EXPECT_EQ(output("cat /var/run/microvm-guest/env"), "PATH_LIKE=/bin:/sbin\n_1=a=b \"c\" \\ \t\xc3\xa9");
  for (const auto& [name, value] : secrets) {
    EXPECT_EQ(output("sha256sum </var/run/microvm-guest/secrets/" + name), sha256(value) + "  -") << name;
  }
  EXPECT_EQ(output("cd /run/microvm-guest; stat -c '%a %u:%g %s %F %n' . env secrets secrets/* | sed 's/ [0-9]* "
                   "directory/ directory/'"),
            "700 0:0 directory .\n"
            "600 0:0 38 regular file env\n"
            "700 0:0 directory secrets\n"
            "600 0:0 0 regular empty file secrets/empty\n"
            "600 0:0 32 regular file secrets/key-32\n"
            "600 0:0 716800 regular file secrets/large");
  EXPECT_EQ(output("find /run/microvm-guest -type f | wc -l"), "4") << output("find /run/microvm-guest");
}

TEST_F(GuestTest, MergeLaysOverWhatIsThere) {
  start_daemon();
  metadata::Client client = connect();
  ASSERT_TRUE(client.set_env({{"A", "1"}, {"B", "2"}}));
  ASSERT_TRUE(client.set_env({{"B", ""}, {"C", "3"}}, metadata::EnvMode::Merge));
  EXPECT_EQ(output("cat /run/microvm-guest/env"), "A=1\nC=3");
}

TEST_F(GuestTest, IdleDaemonIsSmall) {
  const std::string pid = start_daemon();
  ASSERT_TRUE(connect().ping());
  const int rss = std::stoi(output("sed -n 's/^VmRSS:[^0-9]*//p' /proc/" + pid + "/status"));
  std::printf("resident memory of the daemon after a first client has gone: %d KiB\n", rss);
  EXPECT_LE(rss, 512);
}

}  // namespace
}  // namespace microvm::test
