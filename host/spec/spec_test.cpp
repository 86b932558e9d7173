// Spec files as text: what is read, what is refused and where, and what is written.
#include "microvm/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/spec/limits.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace microvm {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// Every part of Firecracker's file, and all of ours.
constexpr std::string_view kWhole = R"({
  "boot-source": {"kernel_image_path": "vmlinux", "initrd_path": "./initrd", "boot_args": "console=ttyS0 reboot=k"},
  "machine-config": {"vcpu_count": 2, "mem_size_mib": 512, "smt": true, "track_dirty_pages": false,
                     "huge_pages": "2M", "cpu_template": null},
  "cpu-config": {"kvm_capabilities": ["!56"], "cpuid_modifiers": [{"leaf": "0x1", "subleaf": "0x0", "flags": 0,
    "modifiers": [{"register": "eax", "bitmap": "0bxxxx000000000011xx00011011110010"}]}],
    "msr_modifiers": [{"addr": "0x10a", "bitmap": "0b0000_1111"}]},
  "drives": [
    {"drive_id": "rootfs", "path_on_host": "root.ext4", "is_root_device": true, "is_read_only": false,
     "partuuid": null, "cache_type": "Unsafe", "io_engine": "Sync",
     "rate_limiter": {"bandwidth": {"size": 1000, "one_time_burst": 5, "refill_time": 100}, "ops": null}},
    {"drive_id": "vhost", "is_root_device": false, "socket": "/run/vhost.sock"}
  ],
  "network-interfaces": [{"iface_id": "eth0", "host_dev_name": "tap0", "guest_mac": "06:00:AC:10:00:02"}],
  "vsock": {"guest_cid": 3, "uds_path": "v.sock"},
  "balloon": {"amount_mib": 16, "deflate_on_oom": true, "stats_polling_interval_s": 1},
  "entropy": {},
  "pmem": [{"id": "pm0", "path_on_host": "/img/pm", "root_device": false, "read_only": true}],
  "memory-hotplug": {"total_size_mib": 1024},
  "mmds-config": {"version": "V2", "network_interfaces": ["eth0"], "ipv4_address": "169.254.170.2"},
  "logger": {"log_path": "log.fifo", "level": "warn", "show_level": true},
  "metrics": {"metrics_path": "metrics.fifo"},
  "microvm": {
    "id": "web-1",
    "metadata": {"env": {"A": "1", "B": ""}, "env_file": ["app.env", "/etc/app.env"], "secrets": {"db": "db.pw"},
                 "port": 6000, "timeout": "30s", "wait": true},
    "stop": [{"rung": "ctrl-alt-del", "budget": "2s"}, {"rung": "kill", "budget": "500ms"}],
    "console": {"max_bytes": 65536},
    "log": {"max_bytes": 131072}
  }
})";

ParsedSpec parsed(std::string_view text, const SpecOptions& options = {.name = "vm.json", .base_dir = "/vms"}) {
  auto spec = parse_spec(text, options);
  EXPECT_TRUE(spec) << spec.error().message;
  return spec ? std::move(*spec) : ParsedSpec();
}

std::string fault(std::string_view text, bool strict = false) {
  const auto spec = parse_spec(text, {.name = "vm.json", .base_dir = "/vms", .strict = strict});
  EXPECT_FALSE(spec) << text;
  if (spec) return {};
  EXPECT_EQ(spec.error().code, ErrorCode::Invalid);
  return spec.error().message;
}

TEST(SpecFile, HasAllOfFirecrackersParts) {
  const auto [spec, warnings] = parsed(kWhole);
  EXPECT_TRUE(warnings.empty());
  const auto& config = spec.config;
  EXPECT_EQ(config.boot_source->kernel_image_path, "/vms/vmlinux");
  EXPECT_EQ(config.boot_source->initrd_path, "/vms/initrd");
  EXPECT_EQ(config.boot_source->boot_args, "console=ttyS0 reboot=k");
  EXPECT_EQ(config.machine_config->vcpu_count, 2);
  EXPECT_EQ(config.machine_config->huge_pages, fcapi::HugePages::TwoMib);
  EXPECT_FALSE(config.machine_config->cpu_template);
  ASSERT_EQ(config.drives.size(), 2U);
  EXPECT_EQ(config.drives[0].path_on_host, "/vms/root.ext4");
  EXPECT_EQ(config.drives[0].rate_limiter->bandwidth->refill_time_ms, 100U);
  EXPECT_FALSE(config.drives[0].rate_limiter->ops);
  EXPECT_EQ(config.drives[1].socket, "/run/vhost.sock");
  EXPECT_EQ(config.network_interfaces.at(0).guest_mac, "06:00:AC:10:00:02");
  EXPECT_EQ(config.vsock->uds_path, "/vms/v.sock");
  EXPECT_EQ(config.balloon->amount_mib, 16U);
  EXPECT_TRUE(config.entropy);
  EXPECT_EQ(config.pmem.at(0).path_on_host, "/img/pm");
  EXPECT_EQ(config.memory_hotplug->total_size_mib, 1024U);
  EXPECT_EQ(config.mmds_config->version, fcapi::MmdsVersion::V2);
  EXPECT_EQ(spec.cpu_config->cpuid_modifiers.at(0).modifiers.at(0).register_name, fcapi::CpuidRegister::Eax);
  EXPECT_EQ(spec.logger->log_path, "/vms/log.fifo");
  EXPECT_EQ(spec.logger->level, fcapi::LogLevel::Warning);
  EXPECT_EQ(spec.metrics->metrics_path, "/vms/metrics.fifo");
}

TEST(SpecFile, HasWhatIsOurs) {
  const Spec spec = parsed(kWhole).spec;
  EXPECT_EQ(spec.id, "web-1");
  EXPECT_THAT(spec.metadata.env, ElementsAre(Pair("A", "1"), Pair("B", "")));
  EXPECT_THAT(spec.metadata.env_files, ElementsAre("/vms/app.env", "/etc/app.env"));
  EXPECT_THAT(spec.metadata.secrets, ElementsAre(Pair("db", "/vms/db.pw")));
  EXPECT_EQ(spec.metadata.port, 6000U);
  EXPECT_EQ(spec.metadata.timeout, 30s);
  EXPECT_TRUE(spec.metadata.wait);
  ASSERT_EQ(spec.stop.size(), 2U);
  EXPECT_EQ(spec.stop[0].kind, StopRung::Kind::CtrlAltDel);
  EXPECT_EQ(spec.stop[1].budget, 500ms);
  EXPECT_EQ(spec.console_bytes, 65536U);
  EXPECT_EQ(spec.log_bytes, 131072U);
  EXPECT_TRUE(check_spec(spec)) << check_spec(spec).error().message;
}

TEST(SpecFile, LeavesDefaultsWhereNothingIsSaid) {
  const Spec spec = parsed(R"({"boot-source": {"kernel_image_path": "k"}, "drives": []})").spec, none;
  EXPECT_EQ(spec.id, "");
  EXPECT_FALSE(spec.metadata.is_wanted());
  EXPECT_EQ(spec.metadata.port, none.metadata.port);
  EXPECT_EQ(spec.stop.size(), none.stop.size());
  EXPECT_EQ(spec.console_bytes, none.console_bytes);
  EXPECT_FALSE(spec.logger);
  const Spec one = parsed(R"({"microvm": {"metadata": {"env_file": "a"}}, "vsock": {"guest_cid": 9}})").spec;
  EXPECT_THAT(one.metadata.env_files, ElementsAre("/vms/a"));
  EXPECT_EQ(one.config.vsock->uds_path, "");
}

TEST(SpecFile, FaultsSayWhereAndWhat) {
  const struct {
    std::string text;
    std::string_view message;
  } kRows[] = {
      {"{", "vm.json:1: syntax error at byte 1"},
      {"{\n\"drives\": [],\n}", "vm.json:3: syntax error"},
      {"[]", "vm.json:1: it is not an object"},
      {"{\n \"drives\": [],\n \"drives\": []}", "vm.json:3: \"drives\" is there twice"},
      {"{\n \"vsock\": {\"guest_cid\": 3,\n  \"guest_cid\": 4}}", "vm.json:3: vsock.guest_cid is there twice"},
      {"{\"x\": 1, \"x\": 2}", "vm.json:1: \"x\" is there twice"},
      {"{\"boot-source\":\n {\"boot_args\": \"\"}}", "vm.json:1: boot-source.kernel_image_path is not there"},
      {"{\"drives\": [\n {\"drive_id\": \"a\", \"is_root_device\": true, \"path_on_host\": \"x\"},\n"
       " {\"drive_id\": \"b\",\n  \"is_root_device\": 1}]}",
       "vm.json:4: drives[1].is_root_device is not true or false"},
      {"{\"drives\": [{\"drive_id\": \"a\",\n \"#note\": 1}]}", "vm.json:2: drives[0].#note is unknown"},
      {"{\"entropy\": {\"_comment\": 1}}", "vm.json:1: entropy._comment is unknown"},
      {"{\"machine-config\": {\"vcpu_count\": 33, \"mem_size_mib\": 1}}",
       "vm.json:1: machine-config.vcpu_count must be 1 to 32, not 33"},
      {"{\"drives\": [{\"drive_id\": \"a-b\", \"is_root_device\": true}]}",
       "vm.json:1: drives[0].drive_id must be 1 to"},
      {"{\"vsock\": {\"guest_cid\": 2}}", "vm.json:1: vsock.guest_cid must be 3 to 4294967294, not 2"},
      {"{\"vsock\": {\"guest_cid\": 3, \"uds_path\": \"\"}}", "vm.json:1: vsock.uds_path must be a socket's path"},
      {"{\"drives\": [\n{\"drive_id\": \"a\", \"is_root_device\": false}]}",
       "vm.json:2: drives[0] must have one of path_on_host"},
      {"{\"machine-config\": {\"vcpu_count\": 3, \"mem_size_mib\": 1, \"smt\": true}}",
       "vm.json:1: machine-config vcpu_count must be 1 or even"},
      {"{\"logger\": {\"log_path\": \"" + std::string(4092, 'a') + "\"}}",
       "vm.json: logger.log_path must be a path of 1 to 4095"},
      {"{\"vsock\": {\"guest_cid\": 3, \"uds_path\": \"" + std::string(103, 'a') + "\"}}",
       "vm.json: vsock.uds_path must be a socket's path"},
      {"{\"logger\": {\"level\": \"loud\"}}", "vm.json:1: logger.level is not a level"},
      {"{\"cpu-config\": 5}", "vm.json:1: cpu-config is not an object"},
      {"{\"entropy\": {\"\": 1}}", "vm.json:1: entropy. is unknown"},
      {"{\"microvm\": {\n\"ids\": \"a\"}}", "vm.json:2: microvm.ids is unknown"},
      {"{\"microvm\": {\"id\": \"A\"}}", "vm.json:1: microvm.id must be 1 to 63 of a-z, 0-9 and '-'"},
      {"{\"microvm\": {\"id\": \"\"}}", "vm.json:1: microvm.id must be"},
      {"{\"microvm\": {\"metadata\": {\"env\": {\n\"A\": 1}}}}", "vm.json:2: microvm.metadata.env.A is not a text"},
      {"{\"microvm\": {\"metadata\": {\"env\": {\"A\": \"\",\n\"A\": \"\"}}}}",
       "vm.json:2: microvm.metadata.env.A is there twice"},
      {"{\"microvm\": {\"metadata\": {\"env\": {\"1A\": \"\"}}}}",
       "microvm.metadata.env must be what the daemon takes: env key \"1A\": an env key is"},
      {"{\"microvm\": {\"metadata\": {\"env\": {\"A\": \"a\\nb\"}}}}",
       "value of env key \"A\": an env value has no newline"},
      {"{\"microvm\": {\"metadata\": {\"secrets\": {\"a.b\": \"x\"}}}}", "\"a.b\": a secret name is"},
      {"{\"microvm\": {\"metadata\": {\"secrets\": {\"a\": \"\"}}}}",
       "must be paths, but that of \"a\" must be a path"},
      {"{\"microvm\": {\"metadata\": {\"timeout\": \"0s\"}}}", "microvm.metadata.timeout must be 1 ms to 24 hours"},
      {"{\"microvm\": {\"metadata\": {\"timeout\": 60}}}", "microvm.metadata.timeout is not a duration"},
      {"{\"microvm\": {\"metadata\": {\"env_file\": [\"a\", 1]}}}", "microvm.metadata.env_file[1] is not a text"},
      {"{\"microvm\": {\"metadata\": {\"port\": 0}}}", "microvm.metadata.port must be 1 to 4294967294, not 0"},
      {"{\"microvm\": {\"stop\": []}}", "microvm.stop must have 1 to 8 rungs"},
      {"{\"microvm\": {\"stop\": [{\"rung\": \"kill\"}]}}", "microvm.stop[0].budget is not there"},
      {"{\"microvm\": {\"stop\": [{\"rung\": \"term\", \"budget\": \"1s\"}]}}",
       "microvm.stop[0].rung is not a value that is known here: term"},
      {"{\"microvm\": {\"stop\": [{\"rung\": \"kill\", \"budget\": \"11m\"}]}}", "must be at most 10m"},
      {"{\"microvm\": {\"console\": {\"max_bytes\": 65535}}}", "must be 65536 to 1073741824, not 65535"},
      {"{\"microvm\": {\"log\": {}}}", "microvm.log.max_bytes is not there"},
  };
  for (const auto& [text, message] : kRows) EXPECT_THAT(fault(text), HasSubstr(message)) << text;
  EXPECT_THAT(fault(std::string(spec::kMaxFileBytes, ' ') + "{}"), HasSubstr("vm.json: more than 1048576 bytes"));
}

TEST(SpecFile, UnknownPartsAreToldOrRefused) {
  constexpr std::string_view kText = "{\n\"drives\": [],\n\"serial\": {\"any\": [1, 1]},\n\"a\\u0007b\": 0}";
  EXPECT_THAT(parsed(kText).warnings, ElementsAre("vm.json:3: unknown member \"serial\", which Firecracker ignores",
                                                  "vm.json:4: unknown member \"a?b\", which Firecracker ignores"));
  EXPECT_EQ(fault(kText, true), "vm.json:3: \"serial\" is unknown");

  std::string many = "{\"x\": 0";
  for (int i = 0; i < 20; ++i) many += ",\"u" + std::to_string(i) + "\": 0";
  const auto warnings = parsed(many + "}").warnings;
  ASSERT_EQ(warnings.size(), spec::kMaxWarnings + 1);
  EXPECT_EQ(warnings.back(), "5 more unknown members");
}

TEST(SpecFile, LevelsAreReadAsFirecrackerDoes) {
  for (const char* level : {"Warning", "WARN", "warning", "wArN"}) {
    const std::string text = std::string(R"({"logger": {"level": ")") + level + "\"}}";
    EXPECT_EQ(parsed(text).spec.logger->level, fcapi::LogLevel::Warning) << level;
  }
  EXPECT_EQ(parsed(R"({"logger": {"level": "off"}})").spec.logger->level, fcapi::LogLevel::Off);
}

TEST(SpecFile, CpuConfigMayStandInAFile) {
  const test::TempDir dir;
  const auto parse = [&](const std::string& cpu) {
    return parse_spec("{\"cpu-config\": \"" + cpu + "\"}", {.name = "vm.json", .base_dir = dir.path()});
  };
  test::write_file(dir / "cpu.json", R"({"kvm_capabilities": ["171"]})");
  test::write_file(dir / "bad.json", "{\n\"msr_modifiers\": [{\"addr\": \"0x10\"}]}");
  const auto spec = parse("cpu.json");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_THAT(spec->spec.cpu_config->kvm_capabilities, ElementsAre("171"));
  EXPECT_EQ(parse("bad.json").error().message, dir / "bad.json" + ":2: msr_modifiers[0].bitmap is not there");
  EXPECT_EQ(parse("none.json").error().code, ErrorCode::Io);
  EXPECT_EQ(parse("none.json").error().message, dir / "none.json" + ": No such file or directory");
  EXPECT_THAT(parse("/dev/zero").error().message, HasSubstr("is no regular file"));
  EXPECT_THAT(parse("").error().message, HasSubstr("cpu-config must be a path"));
  test::write_file(dir / "large.json", std::string(spec::kMaxFileBytes + 1, ' '));
  EXPECT_THAT(parse("large.json").error().message, HasSubstr("more than 1048576 bytes"));
}

TEST(SpecFile, ThatThePageShowsIsGood) {
  const char* const path = std::getenv("SPEC_PAGE");
  ASSERT_NE(path, nullptr);
  const std::string page = test::read_file(path);
  const std::size_t begin = page.find("```json\n") + 8, end = page.find("```", begin);
  ASSERT_LT(begin, end);
  const auto [spec, warnings] = parsed(page.substr(begin, end - begin));
  EXPECT_TRUE(warnings.empty());
  EXPECT_TRUE(check_spec(spec)) << check_spec(spec).error().message;
  // It shows what is so without it.
  const Spec none;
  EXPECT_EQ(spec.metadata.port, none.metadata.port);
  EXPECT_EQ(spec.metadata.timeout, none.metadata.timeout);
  EXPECT_EQ(spec.console_bytes, none.console_bytes);
  EXPECT_EQ(spec.log_bytes, none.log_bytes);
  ASSERT_EQ(spec.stop.size(), none.stop.size());
  for (std::size_t i = 0; i < spec.stop.size(); ++i) EXPECT_EQ(spec.stop[i].budget, none.stop[i].budget);
}

TEST(SpecFile, IsWrittenAsItIsRead) {
  const Spec spec = parsed(kWhole).spec;
  const std::string text = write_spec(spec);
  EXPECT_EQ(write_spec(parsed(text, {.name = "again", .base_dir = "/elsewhere"}).spec), text);
  // In full, so that nothing is left out both ways.
  EXPECT_EQ(
      text,
      R"({"boot-source":{"kernel_image_path":"/vms/vmlinux","initrd_path":"/vms/initrd",)"
      R"("boot_args":"console=ttyS0 reboot=k"},"machine-config":{"vcpu_count":2,"mem_size_mib":512,"smt":true,)"
      R"("track_dirty_pages":false,"huge_pages":"2M"},"drives":[{"drive_id":"rootfs","is_root_device":true,)"
      R"("cache_type":"Unsafe","path_on_host":"/vms/root.ext4","is_read_only":false,"rate_limiter":{"bandwidth":)"
      R"({"size":1000,"one_time_burst":5,"refill_time":100}},"io_engine":"Sync"},{"drive_id":"vhost",)"
      R"("is_root_device":false,"socket":"/run/vhost.sock"}],"network-interfaces":[{"iface_id":"eth0",)"
      R"("host_dev_name":"tap0","guest_mac":"06:00:AC:10:00:02"}],"pmem":[{"id":"pm0","path_on_host":"/img/pm",)"
      R"("root_device":false,"read_only":true}],"balloon":{"amount_mib":16,"deflate_on_oom":true,)"
      R"("stats_polling_interval_s":1},"vsock":{"guest_cid":3,"uds_path":"/vms/v.sock"},"entropy":{},)"
      R"("mmds-config":{"network_interfaces":["eth0"],"version":"V2","ipv4_address":"169.254.170.2"},)"
      R"("memory-hotplug":{"total_size_mib":1024},"cpu-config":{"kvm_capabilities":["!56"],"cpuid_modifiers":)"
      R"([{"leaf":"0x1","subleaf":"0x0","flags":0,"modifiers":[{"register":"eax",)"
      R"("bitmap":"0bxxxx000000000011xx00011011110010"}]}],"msr_modifiers":[{"addr":"0x10a",)"
      R"("bitmap":"0b0000_1111"}]},"logger":{"log_path":"/vms/log.fifo","level":"Warning","show_level":true},)"
      R"("metrics":{"metrics_path":"/vms/metrics.fifo"},"microvm":{"id":"web-1","metadata":{"env":{"A":"1","B":""},)"
      R"("env_file":["/vms/app.env","/etc/app.env"],"secrets":{"db":"/vms/db.pw"},"port":6000,"timeout":"30s",)"
      R"("wait":true},"stop":[{"rung":"ctrl-alt-del","budget":"2s"},{"rung":"kill","budget":"500ms"}],)"
      R"("console":{"max_bytes":65536},"log":{"max_bytes":131072}}})");
  EXPECT_EQ(write_spec({}), R"({"microvm":{"metadata":{"port":5555,"timeout":"1m","wait":false},)"
                            R"("stop":[{"rung":"ctrl-alt-del","budget":"10s"},{"rung":"kill","budget":"5s"}],)"
                            R"("console":{"max_bytes":16777216},"log":{"max_bytes":1048576}}})");
}

}  // namespace
}  // namespace microvm
