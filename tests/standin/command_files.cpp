#include "tests/standin/command_files.h"

#include <string_view>

#include "tests/standin/fixtures.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

// What stands for longer texts in the table.
constexpr std::string_view kWords[][2] = {
    {"@BOOT", R"("boot-source": {"kernel_image_path": "vmlinux", "boot_args": "reboot=k"})"},
    {"@DRIVES", R"("drives": [{"drive_id": "rootfs", "path_on_host": "rootfs.ext4", "is_root_device": true, )"
                R"("is_read_only": false}])"},
    {"@MMDS", R"("mmds-config": {"version": "V2", "network_interfaces": ["eth0"]})"},
};
constexpr std::string_view kGood = "{@BOOT, @DRIVES}";

// The shapes matter: messages tell columns.
struct CommandFiles {
  std::string_view label;
  std::string_view config;
  std::string_view metadata;
};

constexpr CommandFiles kCommandFiles[] = {
    {"config: empty file", "", ""},
    {"config: broken JSON", "{", ""},
    {"config: empty object", "{}", ""},
    {"config: no drives", "{@BOOT}", ""},
    {"config: no boot-source", R"({"drives": []})", ""},
    {"config: unknown key", R"({@BOOT, @DRIVES, "nope": 1})", ""},
    {"config: serial", R"({@BOOT, @DRIVES, "serial": {"serial_out_path": "s.txt"}})", ""},
    {"config: serial-config", R"({@BOOT, @DRIVES, "serial-config": {"serial_out_path": "s.txt"}})", ""},
    {"config: snake_case key",
     R"({"boot_source": {"kernel_image_path": "vmlinux", "boot_args": "reboot=k"}, "drives": []})", ""},
    {"config: bad vCPU count", R"({@BOOT, @DRIVES, "machine-config": {"vcpu_count": 0, "mem_size_mib": 128}})", ""},
    {"config: machine-config without memory", R"({@BOOT, @DRIVES, "machine-config": {"vcpu_count": 1}})", ""},
    {"config: kernel missing", R"({"boot-source": {"kernel_image_path": "nofile"}, @DRIVES})", ""},
    {"config: kernel no ELF", R"({"boot-source": {"kernel_image_path": "notelf"}, @DRIVES})", ""},
    {"config: drive missing",
     R"({@BOOT, "drives": [{"drive_id": "rootfs", "path_on_host": "nofile", "is_root_device": true}]})", ""},
    {"config: bad logger", R"({@BOOT, @DRIVES, "logger": {"log_path": "nodir/x"}})", ""},
    {"config: vsock path taken", R"({@BOOT, @DRIVES, "vsock": {"guest_cid": 3, "uds_path": "used.sock"}})", ""},
    {"config: mmds without NIC", "{@BOOT, @DRIVES, @MMDS}", ""},
    {"config: cpu-config path missing", R"({@BOOT, @DRIVES, "cpu-config": "nofile"})", ""},
    {"config: everything",
     R"({@BOOT, @DRIVES, "machine-config": {"vcpu_count": 2, "mem_size_mib": 256, "smt": true, "track_dirty_pages": true},
 "balloon": {"amount_mib": 0, "deflate_on_oom": true, "stats_polling_interval_s": 1},
 "network-interfaces": [{"iface_id": "eth0", "host_dev_name": "fcg0", "guest_mac": "06:00:ac:10:00:02"}],
 "vsock": {"guest_cid": 3, "uds_path": "v.sock"}, "logger": {"log_path": "log.txt"},
 "metrics": {"metrics_path": "metrics.txt"},
 "entropy": {"rate_limiter": {"bandwidth": {"size": 1000, "one_time_burst": 500, "refill_time": 100},
                              "ops": {"size": 10, "refill_time": 100}}},
 "pmem": [{"id": "pm0", "path_on_host": "pmem.img"}],
 "memory-hotplug": {"total_size_mib": 256}, @MMDS})",
     R"({"k": "v"})"},
    {"config: bad metadata JSON", kGood, "{"},
    {"config: metadata over the limit", kGood, R"({"k": "longer than ten"})"},
    {"config: metadata is an array", kGood, "[1]"},
    {"--metadata without config file", "", R"({"k": "v"})"},
    {"--metadata broken JSON, no config file", "", "{"},
};

std::string spelled_out(std::string_view text) {
  std::string out(text);
  for (const auto& [word, meaning] : kWords)
    if (const std::size_t at = out.find(word); at != std::string::npos) out.replace(at, word.size(), meaning);
  return out;
}

}  // namespace

void make_command_files(const std::string& dir, const std::string& label) {
  write_file(dir + "/used.sock", "");
  make_stale_socket(dir + "/stale.sock");
  write_file(dir + "/c.json", spelled_out(kGood));
  for (const CommandFiles& files : kCommandFiles) {
    if (files.label != label) continue;
    write_file(dir + "/c.json", spelled_out(files.config));
    write_file(dir + "/md.json", files.metadata);
  }
}

}  // namespace microvm::test
