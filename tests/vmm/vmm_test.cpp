// The fixture of the tests against a VMM.
#include "tests/vmm/vmm_test.h"

#include <poll.h>

#include <iostream>

#include "tests/standin/own_network.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using namespace fcapi;
using Clock = Deadline::Clock;

struct Shared {
  std::optional<TempDir> dir;
  std::optional<Guest> guest;
  BootReport report;
};
Shared& shared() {
  static Shared all;
  return all;
}

void make_files(const std::string& dir) {
  write_file(dir + "/read_only.img", "for reading" + std::string(64 * 1024 - 11, '\0'));
  write_file(dir + "/data.img", std::string(64 * 1024, '\0'));
  write_file(dir + "/other.img", "another disk" + std::string(128 * 1024 - 12, '\0'));
}

void configure(Guest& guest, bool network) {
  must(guest->put_metrics({.metrics_path = "metrics"}));
  must(guest->put_machine_config({.vcpu_count = 1, .mem_size_mib = 128}));
  must(guest->put_boot_source(boot_source()));
  must(guest->put_drive({.drive_id = "fixed", .path_on_host = "read_only.img", .is_read_only = true}));
  must(guest->put_drive({.drive_id = "data", .path_on_host = "data.img"}));
  must(guest->put_vsock({.guest_cid = 3, .uds_path = guest.vsock_name()}));
  must(guest->put_entropy({}));
  must(guest->put_balloon({.amount_mib = 0, .deflate_on_oom = true, .stats_polling_interval_s = 1}));
  if (!network) return;
  must(guest->put_network_interface({.iface_id = "eth0", .host_dev_name = "tap0", .guest_mac = "06:00:ac:10:00:02"}));
  must(guest->put_mmds_config({.network_interfaces = {"eth0"}, .version = MmdsVersion::V2}));
  must(guest->put_mmds({R"({"name":"guest"})"}));
}

bool has_word(int fd, std::chrono::milliseconds time) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(time.count())) > 0;
}

void start(Guest& guest, BootReport& report) {
  const auto before = Clock::now();
  must(guest->put_action({ActionType::InstanceStart}));
  const auto started = Clock::now();
  report.instance_start = started - before;

  LineClient held = guest.connect("5555");
  report.was_held = !has_word(held.fd(), 50ms);
  guest.daemon();
  report.first_answer = Clock::now() - started;
  report.held_answer = held.read_line(Deadline::after(kPatience));
}

void boot(Shared& all, bool network) {
  all.guest.reset();
  all.dir.emplace();
  make_files(all.dir->path());
  const auto before = Clock::now();
  all.guest.emplace(all.dir->path(), "guest");
  all.report.api_ready = Clock::now() - before;
  configure(*all.guest, network);
  start(*all.guest, all.report);
}

}  // namespace

void VmmTest::TearDown() {
  if (!HasFailure()) return;
  if (shared().guest) std::cout << "the shared guest's VMM wrote:\n" << shared().guest->vmm().output() << '\n';
  drop_guest();
}

Guest& VmmTest::guest() {
  Shared& all = shared();
  if (!all.guest || all.guest->vmm().process().wait(0ms)) boot(all, has_network());
  return *all.guest;
}

void VmmTest::drop_guest() { shared().guest.reset(); }

const BootReport& VmmTest::boot_report() {
  guest();
  return shared().report;
}

bool VmmTest::has_network() {
  static const bool has = own_network({"tap0", "tap1", "tap2"});
  return has;
}

const std::string& VmmTest::dir() { return guest().dir(); }

}  // namespace microvm::test
