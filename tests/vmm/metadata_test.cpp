// Environment and secrets into a guest of a VMM: by the library, by the command.
#include <span>

#include "tests/support/files.h"
#include "tests/vmm/vmm_test.h"

namespace microvm::test {
namespace {

using testing::HasSubstr;

std::string sha256(const std::string& bytes) {
  return run({.argv = {required_env("BUSYBOX"), "sha256sum"}, .input = bytes}).out.substr(0, 64);
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * i >> 3U);
  return bytes;
}

Finished microvm(const std::vector<std::string>& words, const std::string& input = {}) {
  std::vector<std::string> argv{required_env("MICROVM_BIN"), "metadata"};
  argv.insert(argv.end(), words.begin(), words.end());
  return run({.argv = argv, .input = input});
}

TEST_F(VmmTest, EnvironmentIsWhatTheGuestSees) {
  auto daemon = guest().daemon();
  EXPECT_DONE(daemon.set_env({{"GREETING", "two words $x"}, {"TIER", "prod"}}));
  EXPECT_DONE(daemon.set_env({{"TIER", ""}, {"MORE", "1"}}, metadata::EnvMode::Merge));
  EXPECT_EQ(guest().output("cat /run/microvm-guest/env"), "GREETING=two words $x\nMORE=1");
}

TEST_F(VmmTest, SecretsArriveByteForByte) {
  auto daemon = guest().daemon();
  for (const std::size_t size : {0U, 32U, 700'000U}) {
    const std::string secret = pattern(size);
    const std::string name = "s" + std::to_string(size);
    EXPECT_DONE(daemon.set_secret(name, std::as_bytes(std::span(secret))));
    EXPECT_EQ(guest().output("sha256sum </run/microvm-guest/secrets/" + name).substr(0, 64), sha256(secret)) << size;
    EXPECT_TRUE(guest().run("cat /run/microvm-guest/secrets/" + name).out == secret) << size;
    EXPECT_EQ(guest().output("stat -c %a /run/microvm-guest/secrets/" + name), "600");
  }
}

TEST_F(VmmTest, CommandReachesTheGuest) {
  EXPECT_EQ(microvm({"ping", "--uds", guest().uds()}).status, ExitStatus{.code = 0});
  EXPECT_EQ(microvm({"set-env", "--uds", guest().uds(), "BY=command"}).status, ExitStatus{.code = 0});
  const Finished secret = microvm({"set-secret", "--uds", guest().uds(), "token", "--from-file", "-"}, "t0ken");
  EXPECT_EQ(secret.status, ExitStatus{.code = 0}) << secret.err;
  EXPECT_EQ(guest().output("cat /run/microvm-guest/env /run/microvm-guest/secrets/token"), "BY=command\nt0ken");
  const Finished nobody = microvm({"ping", "--uds", guest().uds(), "--port", "4242", "--timeout", "3s"});
  EXPECT_EQ(nobody.status, ExitStatus{.code = 3});
  EXPECT_THAT(nobody.err, HasSubstr("not_listening"));
}

}  // namespace
}  // namespace microvm::test
