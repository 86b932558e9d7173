// Random specs, written and read: the same text again, and all of them obey the rules.
#include <gtest/gtest.h>

#include <random>

#include "microvm/spec.h"

namespace microvm {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  std::uint64_t number(std::uint64_t low, std::uint64_t high) {
    return std::uniform_int_distribution<std::uint64_t>(low, high)(engine_);
  }
  bool coin() { return number(0, 1) == 1; }
  template <class T>
  std::optional<T> maybe(const T& value) {
    return coin() ? std::optional<T>(value) : std::nullopt;
  }
  std::string text() {
    static constexpr std::string_view kPieces[] = {"a", "Z", "0", " ", "\"", "\\", "\xc3\xa9", "\t", "\x01", "{", ","};
    std::string text;
    for (auto n = number(1, 8); n > 0; --n) text += kPieces[number(0, std::size(kPieces) - 1)];
    return text;
  }
  std::string path() { return "/p" + std::to_string(number(0, 99)) + "/x" + text() + "x"; }
  template <class Enum>
  Enum one_of(unsigned count) {
    return static_cast<Enum>(number(0, count - 1));
  }
  fcapi::RateLimiter limiter() {
    const fcapi::TokenBucket bucket{number(0, ~0ULL), maybe(number(0, 9)), number(0, ~0ULL)};
    return {maybe(bucket), maybe(bucket)};
  }

 private:
  std::mt19937 engine_;
};

fcapi::VmConfig random_config(Random& r) {
  fcapi::VmConfig config;
  config.boot_source = {r.path(), r.maybe(r.path()), r.maybe(r.text())};
  config.machine_config =
      r.maybe(fcapi::MachineConfig{static_cast<std::uint8_t>(2 * r.number(1, 16)), 2 * r.number(1, 999),
                                   r.maybe(r.coin()), r.maybe(r.coin()), r.maybe(r.one_of<fcapi::HugePages>(3))});
  for (auto n = r.number(0, 3); n > 0; --n) {
    const std::string id = "d" + std::to_string(n);
    if (r.coin()) {
      config.drives.push_back({.drive_id = id, .cache_type = r.maybe(r.one_of<fcapi::CacheType>(2)), .socket = "/s"});
    } else {
      config.drives.push_back({id,
                               n == 1,
                               r.maybe(r.text()),
                               {},
                               r.path(),
                               r.maybe(r.coin()),
                               r.maybe(r.limiter()),
                               r.maybe(r.one_of<fcapi::IoEngine>(2)),
                               {}});
    }
  }
  if (r.coin())
    config.network_interfaces.push_back({"eth0", "tap0", r.maybe<std::string>("06:00:00:00:00:01"),
                                         r.maybe<std::uint16_t>(1400), r.maybe(r.limiter()), r.maybe(r.limiter())});
  if (r.coin()) config.pmem.push_back({"pm", r.path(), {}, r.maybe(r.coin()), r.maybe(r.limiter())});
  config.balloon =
      r.maybe(fcapi::Balloon{2, r.coin(), r.maybe<std::uint16_t>(5), r.maybe(r.coin()), r.maybe(r.coin())});
  config.vsock = fcapi::Vsock{static_cast<std::uint32_t>(r.number(3, 999)), r.coin() ? "/v.sock" : "", {}};
  config.entropy = r.maybe(fcapi::Entropy{r.maybe(r.limiter())});
  if (!config.network_interfaces.empty())
    config.mmds_config =
        r.maybe(fcapi::MmdsConfig{{"eth0"}, r.maybe(r.one_of<fcapi::MmdsVersion>(2)), {}, r.maybe(true)});
  config.memory_hotplug = r.maybe(fcapi::MemoryHotplug{1024, r.maybe<std::uint64_t>(128), r.maybe<std::uint64_t>(4)});
  return config;
}

Spec random_spec(Random& r) {
  Spec spec;
  spec.id = r.coin() ? "vm-" + std::to_string(r.number(0, 999)) : "";
  spec.config = random_config(r);
  if (r.coin())
    spec.cpu_config = {{"1", "!2"},
                       {{"0x1", "0x0", 1, {{r.one_of<fcapi::CpuidRegister>(4), "0b01x"}}}},
                       {{"0x2", "0b1"}},
                       {},
                       {{1, "0b0"}}};
  spec.logger = r.maybe(fcapi::Logger{r.maybe(r.path()), r.maybe(r.one_of<fcapi::LogLevel>(6)), r.maybe(r.coin()),
                                      r.maybe(r.coin()), r.maybe(r.text())});
  spec.metrics = r.maybe(fcapi::Metrics{r.path(), r.maybe(r.coin()), {{r.text(), r.text()}}});
  for (auto n = r.number(0, 3); n > 0; --n) {
    spec.metadata.env["K" + std::to_string(n)] = r.text();
    spec.metadata.env_files.push_back(r.path());
    spec.metadata.secrets["s" + std::to_string(n)] = r.path();
  }
  spec.metadata.port = static_cast<std::uint32_t>(r.number(1, 0xfffffffe));
  spec.metadata.timeout = std::chrono::milliseconds(r.number(1, 86'400'000));
  spec.metadata.wait = r.coin();
  spec.stop.clear();
  for (auto n = r.number(1, 8); n > 0; --n)
    spec.stop.push_back({r.one_of<StopRung::Kind>(2), std::chrono::milliseconds(r.number(0, 600'000))});
  spec.console_bytes = r.number(65536, 1U << 30U);
  spec.log_bytes = r.number(65536, 1U << 30U);
  return spec;
}

TEST(RandomSpecs, AreReadAsTheyWereWritten) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const Spec spec = random_spec(random);
    const auto checked = check_spec(spec);
    ASSERT_TRUE(checked) << seed << ": " << checked.error().message;
    const std::string text = write_spec(spec);
    const auto again = parse_spec(text, {.base_dir = "/elsewhere", .strict = true});
    ASSERT_TRUE(again) << seed << ": " << again.error().message << "\n" << text;
    ASSERT_EQ(write_spec(again->spec), text) << seed;
  }
}

}  // namespace
}  // namespace microvm
