// The client of Firecracker's API against a double that is strict about requests and wrong in its replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"
#include "host/fcapi/routes.h"
#include "microvm/fcapi.h"
#include "tests/host/api_double.h"
#include "tests/support/line_client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using fcapi::Client;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kRunning = R"({"id":"x","state":"Running","vmm_version":"1.16.1","app_name":"Firecracker"})";

class FcapiClient : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(double_ ? double_->fault() : "", ""); }
  ApiDouble& vmm() {
    if (!double_) double_.emplace(path_);
    return *double_;
  }
  Client connect(fcapi::Options options = {}) {
    vmm();
    auto client = Client::connect(path_, {}, options);
    if (!client) throw std::runtime_error(client.error().message);
    return std::move(*client);
  }
  // The error of a boot source that is answered so.
  Error error_of(std::string reply) {
    auto client = connect();
    vmm().answer(std::move(reply));
    const auto done = client.put_boot_source({.kernel_image_path = "vmlinux"});
    return done ? Error{} : done.error();
  }

  TempDir dir_;
  const std::string path_ = dir_ / "api.sock";
  std::optional<ApiDouble> double_;
};

// Every operation once, with bodies that obey the rules.
void call_everything(Client& c) {
  (void)c.get_instance_info();
  (void)c.get_version();
  (void)c.get_vm_config();
  (void)c.put_action({});
  (void)c.patch_vm({});
  (void)c.put_boot_source({.kernel_image_path = "vmlinux"});
  (void)c.get_machine_config();
  (void)c.put_machine_config({});
  (void)c.patch_machine_config({.smt = false});
  (void)c.put_cpu_config({});
  (void)c.put_drive({.drive_id = "i", .path_on_host = "disk"});
  (void)c.patch_drive({.drive_id = "i"});
  (void)c.delete_drive("i");
  (void)c.put_network_interface({.iface_id = "i", .host_dev_name = "tap0"});
  (void)c.patch_network_interface({.iface_id = "i"});
  (void)c.delete_network_interface("i");
  (void)c.put_pmem({.id = "i", .path_on_host = "disk"});
  (void)c.patch_pmem({.id = "i"});
  (void)c.delete_pmem("i");
  (void)c.put_vsock({.uds_path = "v.sock"});
  (void)c.put_entropy({});
  (void)c.put_serial({});
  (void)c.get_balloon();
  (void)c.put_balloon({});
  (void)c.patch_balloon({});
  (void)c.get_balloon_statistics();
  (void)c.patch_balloon_statistics({});
  (void)c.start_balloon_hinting();
  (void)c.stop_balloon_hinting();
  (void)c.get_balloon_hinting_status();
  (void)c.get_memory_hotplug();
  (void)c.put_memory_hotplug({.total_size_mib = 128});
  (void)c.patch_memory_hotplug({});
  (void)c.put_logger({});
  (void)c.put_metrics({.metrics_path = "metrics"});
  (void)c.put_mmds_config({.network_interfaces = {"i"}});
  (void)c.get_mmds();
  (void)c.put_mmds({"{}"});
  (void)c.patch_mmds({"{}"});
  (void)c.create_snapshot({.snapshot_path = "state", .mem_file_path = "memory"});
  (void)c.load_snapshot({.snapshot_path = "state", .mem_file_path = "memory"});
}

TEST_F(FcapiClient, SpeaksEveryRouteOnOneConnection) {
  auto client = connect({.mem_size_mib = 128});
  call_everything(client);
  std::set<std::string> expected, sent;
  for (const auto& route : fcapi::kRoutes) expected.insert(std::string(route.text));
  for (const std::string& request : vmm().requests()) {
    std::string line = request.substr(0, request.find(' ', request.find(' ') + 1));
    if (line.ends_with("/i")) line.replace(line.size() - 1, 1, "{id}");
    sent.insert(line);
  }
  expected.erase("GET /version");  // the double keeps no record of it
  EXPECT_EQ(sent, expected);
  EXPECT_EQ(fcapi::kRoutes.size(), 41U);
  EXPECT_EQ(vmm().connections(), 1U);
}

TEST_F(FcapiClient, RefusesBeforeItSends) {
  double_.emplace(path_, "1.15.1");
  auto client = connect();
  const auto unknown = client.load_snapshot(
      {.snapshot_path = "s", .mem_file_path = "m", .vsock_override = fcapi::VsockOverride{"v.sock"}});
  EXPECT_EQ(unknown.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(unknown.error().message, "PUT /snapshot/load: vsock_override needs Firecracker 1.16, this is 1.15.1");
  EXPECT_EQ(client.delete_drive("root").error().message, "DELETE /drives/{id}: needs Firecracker 1.16, this is 1.15.1");
  EXPECT_EQ(client.put_drive({.drive_id = "a-b", .path_on_host = "x"}).error().code, ErrorCode::Invalid);
  EXPECT_EQ(client.put_mmds({std::string(60'000, ' ') + "{}"}).error().code, ErrorCode::Invalid);
  EXPECT_THAT(vmm().requests(), IsEmpty());
}

TEST_F(FcapiClient, CarriesRefusals) {
  const Error error = error_of(api_reply(400, R"({"fault_message":"Boot source error: The kernel file\u001b"})"));
  EXPECT_EQ(error.code, ErrorCode::Fault);
  EXPECT_EQ(error.fault, "boot_source");
  EXPECT_EQ(error.message, "PUT /boot-source: Boot source error: The kernel file?");
}

TEST_F(FcapiClient, CarriesRefusalsThatAreNoJsonAndLeavesTheConnection) {
  const Error error = error_of(api_reply(400, "{ \"error\": \"Invalid.\nAll dropped.\" }"));
  EXPECT_EQ(error.fault, "http");
  EXPECT_EQ(error.message, "PUT /boot-source: status 400: { \"error\": \"Invalid.?All dropped.\" }");
}

TEST_F(FcapiClient, ConnectsAnewAfterARefusalOfTheHttpLayer) {
  auto client = connect();
  vmm().answer(api_reply(400, "{ \"error\": \"Invalid.\n\" }"));
  EXPECT_FALSE(client.put_entropy({}));
  EXPECT_TRUE(client.put_entropy({}));
  EXPECT_EQ(vmm().connections(), 2U);
}

TEST_F(FcapiClient, KnowsTheReplyToAnEleventhConnection) {
  const Error error = error_of(
      "HTTP/1.1 503\r\nServer: Firecracker API\r\nConnection: close\r\nContent-Type: application/json\r\n"
      "Content-Length: 40\r\n\r\n{ \"error\": \"Too many open connections\" }");
  EXPECT_EQ(error.code, ErrorCode::Fault);
  EXPECT_EQ(error.fault, "too_many_connections");
}

TEST_F(FcapiClient, ReadsAReplyThatComesByteByByte) {
  auto client = connect();
  vmm().answer([](int stream) {
    for (const char byte : api_reply(200, kRunning)) {
      if (!send_all(stream, {&byte, 1})) return false;
      std::this_thread::sleep_for(50us);
    }
    return true;
  });
  const auto info = client.get_instance_info();
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->state, fcapi::VmState::Running);
}

TEST_F(FcapiClient, TakesNothingForAReplyThatIsNone) {
  const struct {
    std::string reply;
    ErrorCode code;
  } kRows[] = {
      {"garbage\r\n\r\n", ErrorCode::BadReply},
      {"HTTP/1.1 204 \r\n\r\nHTTP/1.1 204 \r\n\r\n", ErrorCode::BadReply},
      {"HTTP/1.1 200 \r\n\r\n{}", ErrorCode::BadReply},
      {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrorCode::BadReply},
      {"HTTP/1.1 200 \r\nContent-Length: 99999999\r\n\r\n", ErrorCode::ReplyTooLong},
      {"HTTP/1.1 200 \r\nX: " + std::string(20'000, 'x'), ErrorCode::ReplyTooLong},
  };
  for (const auto& [reply, code] : kRows) {
    auto client = connect();
    vmm().answer(reply);
    vmm().answer(api_reply(200, kRunning));
    const auto done = client.put_entropy({});
    ASSERT_FALSE(done) << reply.substr(0, 60);
    EXPECT_EQ(done.error().code, code) << done.error().message;
    EXPECT_EQ(done.error().vm_state, "Running") << done.error().message;
  }
}

TEST_F(FcapiClient, SaysWhatTheStateIsWhenNoReplyComesInTime) {
  auto client = connect({.timeout = 100ms, .state_timeout = 5s});
  vmm().answer_silence();
  vmm().answer(api_reply(200, kRunning));
  const auto start = Clock::now();
  const auto done = client.put_entropy({});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ReplyTimeout);
  EXPECT_EQ(done.error().vm_state, "Running");
  EXPECT_THAT(done.error().message, HasSubstr("the microVM's state is \"Running\""));
  EXPECT_LT(Clock::now() - start, 4s);
  EXPECT_THAT(vmm().requests(), ElementsAre("PUT /entropy {}", "GET /"));
}

TEST_F(FcapiClient, SaysThatTheStateIsUnknown) {
  auto client = connect({.timeout = 50ms, .state_timeout = 50ms});
  vmm().answer_silence();
  vmm().answer_silence();
  const auto done = client.put_entropy({});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().vm_state, "");
  EXPECT_THAT(done.error().message, HasSubstr("state of the microVM is unknown"));
}

TEST_F(FcapiClient, NeverSendsTwiceWhatMayHaveBeenDone) {
  auto client = connect();
  vmm().answer([](int) { return false; });
  vmm().answer(api_reply(200, kRunning));
  const auto done = client.put_entropy({});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::ConnectionLost);
  EXPECT_THAT(vmm().requests(), ElementsAre("PUT /entropy {}", "GET /"));
}

TEST_F(FcapiClient, KeepsToItsDeadlineOverAllOperations) {
  auto client = connect({.deadline = Clock::now() + 300ms});
  vmm().answer_silence();
  const auto start = Clock::now();
  EXPECT_FALSE(client.get_machine_config());
  EXPECT_LT(Clock::now() - start, 5s);
}

TEST_F(FcapiClient, MayHaveAllTheTimeThereIs) {
  constexpr auto kForever = std::chrono::milliseconds::max();
  auto client = connect({.connect_timeout = kForever, .timeout = kForever, .state_timeout = kForever});
  EXPECT_TRUE(client.patch_vm({fcapi::TargetState::Paused}));
}

TEST_F(FcapiClient, WarnsOnceOfWhatHurts) {
  auto client = connect();
  ASSERT_TRUE(client.patch_vm({fcapi::TargetState::Resumed}));
  ASSERT_TRUE(client.patch_vm({fcapi::TargetState::Resumed}));
  vmm().answer(api_reply(204, "", "Deprecation: true\r\n"));
  ASSERT_TRUE(client.put_vsock({.uds_path = "v.sock"}));
  std::vector<std::string> codes;
  for (const auto& warning : client.take_warnings()) codes.push_back(warning.code);
  EXPECT_THAT(codes, ElementsAre("vsock_dead_after_resume", "deprecated"));
  EXPECT_THAT(client.take_warnings(), IsEmpty());
}

TEST_F(FcapiClient, WaitsForASocketThatComesLater) {
  std::thread later([this] {
    std::this_thread::sleep_for(50ms);
    vmm();
  });
  const auto client = Client::connect(path_);
  later.join();
  EXPECT_TRUE(client) << client.error().message;
}

TEST_F(FcapiClient, WaitsNoLongerThanItIsTold) {
  const auto missing = Client::connect(path_, {}, {.connect_timeout = 30ms});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::SocketMissing);
  EXPECT_THAT(missing.error().message, HasSubstr(path_));
  {
    const UniqueFd stale = listen_unix(path_);
  }
  EXPECT_EQ(Client::connect(path_, {}, {.connect_timeout = 30ms}).error().code, ErrorCode::Refused);
}

TEST_F(FcapiClient, ReachesAPathThatIsTooLongForASocket) {
  std::string folder = dir_.path();
  while (folder.size() < 150) {
    folder += "/some-folder";
    ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  }
  double_.emplace(path_);
  ASSERT_EQ(::rename(path_.c_str(), (folder + "/api.sock").c_str()), 0);
  const auto client = Client::connect(folder + "/api.sock", {}, {.connect_timeout = 2s});
  EXPECT_TRUE(client) << client.error().message;
}

TEST_F(FcapiClient, StopsWaitingWhenTheProcessDies) {
  Process process({.argv = {"sh", "-c", "sleep 0.05; echo bad things >&2; exit 1"}});
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid(), 0)));
  ASSERT_TRUE(pidfd.valid());
  const auto start = Clock::now();
  const auto client = Client::connect(path_, {pidfd.get(), [&] { return process.err(); }}, {.connect_timeout = 15s});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::VmmDied);
  EXPECT_THAT(client.error().message, HasSubstr("its output ends in: bad things"));
  EXPECT_LT(Clock::now() - start, 10s);
}

TEST_F(FcapiClient, ConnectsAnewWhenTheIdleConnectionIsGone) {
  auto client = connect();
  double_.reset();
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  double_.emplace(path_);
  EXPECT_TRUE(client.put_entropy({}));
}

}  // namespace
}  // namespace microvm::test
