// With firecracker-qemu, without a guest: its log, its metrics, its words at the end.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/posix/unix_address.h"
#include "tests/monitor/stage.h"

namespace microvm::monitor::test {
namespace {

using testing::HasSubstr;

class Firecracker : public MonitorTest {
 protected:
  void run_firecracker() {
    ::setenv("FIRECRACKER_QEMU_BACKEND", "none", 1);
    const std::string api = run_path("api.sock");
    run({required_env("FIRECRACKER_QEMU_BIN"), "--id", id_, "--api-sock", api, "--log-path", run_path("log"),
         "--metrics-path", run_path("metrics")},
        {"--unlink", api});
    ASSERT_TRUE(eventually([&] { return exists(api) && !request("GET", "/", "").empty(); }));
  }
  bool has(const std::string& line) {
    return read_file(run_path("metrics.prom")).find("\n" + line) != std::string::npos;
  }
  std::string request(const std::string& method, const std::string& path, const std::string& body) {
    const auto address = posix::unix_address(run_path("api.sock"));
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return {};
    send_all(fd.get(), method + " " + path + " HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
    return read_until(fd.get(), "}");
  }
};

TEST_F(Firecracker, ItsWordsAreKept) {
  run_firecracker();
  ASSERT_TRUE(eventually([&] { return exists(state("vmm.log")); }));
  EXPECT_THAT(read_file(state("vmm.log")), HasSubstr("Running Firecracker"));
  write_file(run_path("intent"), "kill 9\n");
  ::kill(vmm_pid_, SIGKILL);
  EXPECT_EQ(exit_text("reason"), "killed");
  EXPECT_EQ(ended(), 0);
  EXPECT_FALSE(exists(run_path("api.sock")));
}

TEST_F(Firecracker, ASignalThatItCatchesIsOne) {
  run_firecracker();
  ::kill(vmm_pid_, SIGHUP);
  EXPECT_EQ(exit_text("code"), "156");
  EXPECT_EQ(exit_text("reason"), "vmm_signal");
  EXPECT_THAT(exit_text("detail"), HasSubstr("SIGHUP"));
  EXPECT_EQ(ended(), 0);
  EXPECT_TRUE(has("firecracker_signals_sighup{id=\"" + id_ + "\"} 1\n"));
}

TEST_F(Firecracker, ItsMetricsAreSummed) {
  run_firecracker();
  ASSERT_THAT(request("PUT", "/boot-source", "{\"kernel_image_path\":\"" + std::string("/nowhere") + "\"}"),
              HasSubstr("400"));
  ::kill(vmm_pid_, SIGHUP);
  (void)exit();
  EXPECT_TRUE(has("firecracker_put_api_requests_boot_source_count{id=\"" + id_ + "\"} 1\n"));
}

TEST_F(Firecracker, BadFlagsAreToldByItsLog) {
  ::setenv("FIRECRACKER_QEMU_BACKEND", "none", 1);
  run({required_env("FIRECRACKER_QEMU_BIN"), "--nonsense"});
  EXPECT_EQ(exit_text("reason"), "vmm_error");
  EXPECT_EQ(exit_text("code"), "153");
}

}  // namespace
}  // namespace microvm::monitor::test
