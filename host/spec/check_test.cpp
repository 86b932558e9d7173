// Rules of whole specs, each broken alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "microvm/spec.h"

namespace microvm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Spec good() {
  Spec spec;
  spec.config.boot_source = {.kernel_image_path = "/vmlinux"};
  spec.config.machine_config = {.vcpu_count = 2, .mem_size_mib = 256};
  spec.config.drives = {{.drive_id = "root", .is_root_device = true, .path_on_host = "/root.ext4"},
                        {.drive_id = "data", .path_on_host = "/data.ext4"}};
  spec.config.network_interfaces = {{.iface_id = "eth0", .host_dev_name = "tap0"}};
  spec.config.vsock = {.guest_cid = 3, .uds_path = ""};
  return spec;
}

TEST(CheckSpec, AGoodOnePasses) {
  Spec spec = good();
  EXPECT_TRUE(check_spec(spec)) << check_spec(spec).error().message;
  spec.config.vsock->uds_path = "/" + std::string(95, 'v');
  spec.metadata.env["A"] = "1";
  spec.config.balloon = {.amount_mib = 256};
  spec.config.mmds_config = {.network_interfaces = {"eth0"}};
  EXPECT_TRUE(check_spec(spec)) << check_spec(spec).error().message;
}

TEST(CheckSpec, EachRuleIsFelt) {
  const std::pair<std::function<void(Spec&)>, std::string_view> rows[] = {
      {[](Spec& s) { s.config.boot_source.reset(); }, "boot-source is missing"},
      {[](Spec& s) { s.config.boot_source->kernel_image_path = "vmlinux"; }, "kernel_image_path must be absolute"},
      {[](Spec& s) { s.config.boot_source->kernel_image_path = ""; }, "boot-source.kernel_image_path must be a path"},
      {[](Spec& s) { s.config.boot_source->boot_args = std::string(2048, 'a'); }, "boot_args must be at most 2047"},
      {[](Spec& s) { s.config.drives[1].is_root_device = true; }, "more than one root device"},
      {[](Spec& s) { s.config.pmem = {{.id = "p", .path_on_host = "/p", .root_device = true}}; }, "more than one root"},
      {[](Spec& s) { s.config.drives[1].drive_id = "root"; }, "drives: two of them are \"root\""},
      {[](Spec& s) { s.config.drives[1].drive_id = "a-b"; }, "drives[1].drive_id must be 1 to 255 letters"},
      {[](Spec& s) { s.config.drives[1].socket = "/s"; }, "drives[1] must have one of path_on_host"},
      {[](Spec& s) { s.config.pmem = {{"p", "/p"}, {"p", "/q"}}; }, "pmem: two of them are \"p\""},
      {[](Spec& s) { s.config.network_interfaces.push_back({"eth0", "tap1"}); }, "two of them are \"eth0\""},
      {[](Spec& s) { s.config.balloon = {.amount_mib = 257}; }, "balloon.amount_mib must be at most the guest's"},
      {[](Spec& s) { s.config.machine_config = {.vcpu_count = 3, .smt = true}; }, "vcpu_count must be 1 or even"},
      {[](Spec& s) { s.config.machine_config = {.mem_size_mib = 3, .huge_pages = fcapi::HugePages::TwoMib}; },
       "mem_size_mib must be even"},
      {[](Spec& s) { s.config.mmds_config = {.network_interfaces = {"eth1"}}; }, "there is no \"eth1\""},
      {[](Spec& s) { s.config.vsock->uds_path = "/" + std::string(96, 'v'); }, "vsock.uds_path must be at most 96"},
      {[](Spec& s) { s.config.vsock->guest_cid = 2; }, "guest_cid must be 3 to"},
      {[](Spec& s) { s.metadata.env["1"] = ""; }, "env key \"1\": an env key"},
      {[](Spec& s) { s.metadata.env["A"] = "\xff"; }, "an env value is UTF-8"},
      {[](Spec& s) { s.metadata.env["A"] = std::string(1 << 20, 'a'); }, "the daemon's limit is 1048576"},
      {[](Spec& s) { s.config.boot_source->boot_args = "\xff"; }, "a text in the spec is not UTF-8"},
      {[](Spec& s) { s.metadata.secrets["a b"] = "/x"; }, "\"a b\": a secret name"},
      {[](Spec& s) { s.metadata.secrets["a"] = "x"; }, "microvm.metadata.secrets must be absolute"},
      {[](Spec& s) { s.metadata.env_files = std::vector<std::string>(17, "/x"); }, "must be at most 16 files"},
      {[](Spec& s) { s.metadata.timeout = 0s; }, "microvm.metadata.timeout must be 1 ms"},
      {[](Spec& s) { s.metadata.port = 0; }, "microvm.metadata.port must be"},
      {[](Spec& s) { s.stop.clear(); }, "microvm.stop must have 1 to 8 rungs"},
      {[](Spec& s) { s.stop[0].budget = -1ms; }, "microvm.stop[0].budget must be at most 10m"},
      {[](Spec& s) { s.stop[1].budget = 10min + 1ms; }, "microvm.stop[1].budget must be at most 10m"},
      {[](Spec& s) { s.console_bytes = 65535; }, "microvm.console.max_bytes must be 65536"},
      {[](Spec& s) { s.log_bytes = (1U << 30U) + 1; }, "microvm.log.max_bytes must be 65536"},
      {[](Spec& s) { s.id = "Web"; }, "microvm.id must be"},
  };
  for (const auto& [breaks, message] : rows) {
    Spec spec = good();
    breaks(spec);
    const auto checked = check_spec(spec);
    ASSERT_FALSE(checked) << message;
    EXPECT_EQ(checked.error().code, ErrorCode::Invalid);
    EXPECT_THAT(checked.error().message, HasSubstr(message));
  }
}

TEST(CheckId, HasOneAlphabet) {
  for (const std::string& id : {std::string("a"), std::string("0-9"), std::string("-"), std::string(63, 'z')})
    EXPECT_TRUE(check_id(id)) << id;
  for (const std::string& id :
       {std::string(), std::string(64, 'z'), std::string("A"), std::string("a_b"), std::string("a/b"),
        std::string(".."), std::string("a\0", 2), std::string("\xc3\xa9")}) {
    const auto checked = check_id(id);
    ASSERT_FALSE(checked) << id;
    EXPECT_EQ(checked.error().code, ErrorCode::Invalid);
    EXPECT_THAT(checked.error().message, HasSubstr("1 to 63 of a-z, 0-9 and '-'"));
  }
}

}  // namespace
}  // namespace microvm
