// What the command takes from its environment, as the plan of `create --dry-run` shows it.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Variables = std::map<std::string, std::string>;

class VariablesTest : public testing::Test {
 protected:
  VariablesTest() {
    make_dir(dir_ / "bin");
    for (const char* name : {"firecracker", "other"}) write_file(dir_ / "bin/" + name, "#!/bin/sh\n", 0700);
    write_file(dir_ / "bin/plain", "");
  }

  // Every variable is empty that is not given, which is as good as unset.
  Finished plan(Variables variables, std::vector<std::string> more = {}, std::optional<uid_t> uid = {}) {
    Variables env = {{"MICROVM_STATE_DIR", ""},
                     {"MICROVM_RUN_DIR", ""},
                     {"MICROVM_FIRECRACKER_BIN", ""},
                     {"MICROVM_MONITOR_BIN", ""},
                     {"XDG_STATE_HOME", ""},
                     {"XDG_RUNTIME_DIR", ""},
                     {"HOME", ""},
                     {"MICROVM_FIRECRACKER_KERNEL", "/k"},
                     {"PATH", "/usr/bin:/bin"}};
    for (auto& [name, value] : variables) env.insert_or_assign(name, value);
    std::vector<std::string> argv = {required_env("MICROVM_DOUBLE_BIN"), "create", "--dry-run"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run({.argv = argv, .env = env, .uid = uid});
  }
  void refused(const Variables& variables, const char* name) {
    const Finished done = plan(variables);
    EXPECT_EQ(done.status.code, 2) << name;
    EXPECT_THAT(done.err, AllOf(StartsWith("microvm: invalid: "), HasSubstr(name)));
  }

  TempDir dir_;
};

TEST_F(VariablesTest, FlagsThenVariablesThenDefaults) {
  EXPECT_THAT(plan({{"MICROVM_FIRECRACKER_STATE_DIR", "/a"}, {"MICROVM_FIRECRACKER_SOCKET_DIR", "/b"}}).out,
              AllOf(HasSubstr("state /a\n"), HasSubstr("run /b\n")));
  const Variables ours = {
      {"MICROVM_STATE_DIR", "/c"}, {"MICROVM_FIRECRACKER_STATE_DIR", "/a"}, {"MICROVM_RUN_DIR", "/d"}};
  EXPECT_THAT(plan(ours).out, AllOf(HasSubstr("state /c\n"), HasSubstr("run /d\n")));
  EXPECT_THAT(plan(ours, {"--state-dir", "/e", "--run-dir", "/f/../g"}).out,
              AllOf(HasSubstr("state /e\n"), HasSubstr("run /g\n")));
}

TEST_F(VariablesTest, WithAndWithoutRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  EXPECT_THAT(plan({{"XDG_RUNTIME_DIR", "/x"}}).out,
              AllOf(HasSubstr("state /var/lib/microvm\n"), HasSubstr("run /run/microvm\n")));
  const uid_t nobody = 65534;
  EXPECT_THAT(plan({{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}}, {}, nobody).out,
              AllOf(HasSubstr("state /s/microvm\n"), HasSubstr("run /r/microvm\n")));
  EXPECT_THAT(plan({{"HOME", "/h"}, {"XDG_RUNTIME_DIR", "/r"}}, {}, nobody).out,
              HasSubstr("state /h/.local/state/microvm\n"));
  EXPECT_THAT(plan({{"HOME", "/h"}}, {}, nobody).err, HasSubstr("XDG_RUNTIME_DIR is not set: --run-dir"));
}

TEST_F(VariablesTest, WhereProgramsAre) {
  EXPECT_THAT(plan({}).out, HasSubstr("vmm \n"));
  EXPECT_THAT(plan({{"PATH", ":bin:" + (dir_ / "bin")}}).out, HasSubstr("vmm " + (dir_ / "bin/firecracker") + "\n"));
  EXPECT_THAT(plan({{"MICROVM_FIRECRACKER_BIN", dir_ / "bin/other"}, {"MICROVM_MONITOR_BIN", dir_ / "bin/other"}}).out,
              AllOf(HasSubstr("vmm " + (dir_ / "bin/other")), HasSubstr("monitor " + (dir_ / "bin/other"))));
  refused({{"MICROVM_FIRECRACKER_BIN", dir_ / "bin/plain"}}, "MICROVM_FIRECRACKER_BIN is no program: ");
  refused({{"MICROVM_FIRECRACKER_BIN", dir_ / "bin"}}, "MICROVM_FIRECRACKER_BIN");
  refused({{"MICROVM_MONITOR_BIN", "relative"}}, "MICROVM_MONITOR_BIN is no absolute path");
}

TEST_F(VariablesTest, ABadValueIsNeverADefault) {
  for (const char* name :
       {"MICROVM_STATE_DIR", "MICROVM_RUN_DIR", "MICROVM_FIRECRACKER_STATE_DIR", "MICROVM_FIRECRACKER_SOCKET_DIR",
        "MICROVM_FIRECRACKER_KERNEL", "MICROVM_FIRECRACKER_ROOTFS"}) {
    refused({{name, "relative"}}, name);
  }
  for (const char* name :
       {"MICROVM_FIRECRACKER_API_TIMEOUT_MS", "MICROVM_FIRECRACKER_SOCKET_READY_TIMEOUT_MS",
        "MICROVM_FIRECRACKER_VCPU_COUNT", "MICROVM_FIRECRACKER_MEM_MIB", "MICROVM_FIRECRACKER_ROOTFS_RO"}) {
    for (const char* value : {"x", "-1", "5 ", "99999999999999999999"}) refused({{name, value}}, name);
  }
}

TEST_F(VariablesTest, AVmWithoutASpecFile) {
  EXPECT_THAT(plan({{"MICROVM_FIRECRACKER_ROOTFS", "/img"},
                    {"MICROVM_FIRECRACKER_ROOTFS_RO", "true"},
                    {"MICROVM_FIRECRACKER_VCPU_COUNT", "2"},
                    {"MICROVM_FIRECRACKER_MEM_MIB", "256"}})
                  .out,
              AllOf(HasSubstr("kernel /k\n"), HasSubstr("drive /img true\n"), HasSubstr("machine 2 256")));
  EXPECT_THAT(plan({}).out, AllOf(HasSubstr("machine 1 128"), Not(HasSubstr("drive"))));
}

TEST_F(VariablesTest, TheVmmGetsWhatIsMeantForIt) {
  const Finished done =
      plan({{"TMPDIR", dir_.path()}, {"FIRECRACKER_X", "1"}, {"MICROVM_X", "2"}, {"LD_PRELOAD_X", "3"}});
  EXPECT_THAT(done.out,
              AllOf(HasSubstr("environment PATH=/usr/bin:/bin\n"), HasSubstr("environment FIRECRACKER_X=1"),
                    HasSubstr("environment TMPDIR="), Not(HasSubstr("MICROVM_X")), Not(HasSubstr("LD_PRELOAD_X"))));
  EXPECT_THAT(
      plan({{"MICROVM_FIRECRACKER_API_TIMEOUT_MS", "2000"}, {"MICROVM_FIRECRACKER_SOCKET_READY_TIMEOUT_MS", "3000"}})
          .out,
      HasSubstr("timeout 3000\n"));
}

}  // namespace
}  // namespace microvm::test
