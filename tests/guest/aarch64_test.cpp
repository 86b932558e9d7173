// The aarch64 daemon under user-mode emulation: it answers, and writes what it is told.
#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/support/files.h"
#include "tests/support/line_client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

TEST(Aarch64, DaemonAnswers) {
  const char* daemon = std::getenv("METADATAD_AARCH64_BIN");
  ASSERT_NE(daemon, nullptr) << "METADATAD_AARCH64_BIN is not set: the path of the aarch64 daemon";
  const TempDir dir;
  Process emulated({.argv = {"qemu-aarch64-static", daemon, "--listen", "unix:" + (dir / "socket"), "--env-file",
                             dir / "state/env", "--secrets-dir", dir / "state/secrets"}});
  LineClient client;
  ASSERT_NO_THROW(client = LineClient::connect(dir / "socket", Deadline::after(kPatience))) << emulated.err();
  EXPECT_EQ(client.ask("{\"op\":\"ping\",\"id\":\"1\"}\n"), R"({"id":"1","ok":true})");
  EXPECT_EQ(client.ask("{\"op\":\"set_env\",\"id\":\"2\",\"env\":{\"B\":\"2\",\"A\":\"1\"}}\n"),
            R"({"id":"2","ok":true})");
  EXPECT_EQ(client.ask("{\"op\":\"set_secret\",\"id\":\"3\",\"name\":\"s\",\"value_b64\":\"AP8K\"}\n"),
            R"({"id":"3","ok":true})");
  EXPECT_EQ(read_file(dir / "state/env"), "A=1\nB=2\n");
  EXPECT_EQ(read_file(dir / "state/secrets/s"), std::string("\0\xff\n", 3));
  emulated.signal(SIGTERM);
  EXPECT_EQ(emulated.wait(kPatience), ExitStatus{.code = 0}) << emulated.err();
}

}  // namespace
}  // namespace microvm::test
