#include "host/monitor/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/wire/json_in.h"
#include "host/monitor/limits.h"

namespace microvm::monitor {
namespace {

// Groups that there are of each device, as `<group>_<device>`.
constexpr std::array<std::string_view, 4> kDeviceGroups = {"block", "net", "pmem", "vhost_user"};

// What is not a delta but how things stand (SharedStoreMetric in Firecracker's source). An empty name is all of them.
struct Gauge {
  std::string_view group, name;
};
constexpr std::array kGauges = {
    Gauge{"", "utc_timestamp_ms"},
    Gauge{"api_server", ""},
    Gauge{"latencies_us", ""},
    Gauge{"seccomp", "num_faults"},
    Gauge{"vmm", "panic_count"},
    Gauge{"signals", "sigbus"},
    Gauge{"signals", "sigsegv"},
    Gauge{"signals", "sigxfsz"},
    Gauge{"signals", "sigxcpu"},
    Gauge{"signals", "sighup"},
    Gauge{"signals", "sigill"},
    Gauge{"vhost_user", "init_time_us"},
    Gauge{"vhost_user", "activate_time_us"},
    Gauge{"vhost_user", "config_change_time_us"},
};

bool is_gauge(std::string_view group, std::string_view name) noexcept {
  // Of a latency's minimum, maximum and sum only the sum is a delta.
  if (name.ends_with("_agg_min_us") || name.ends_with("_agg_max_us")) return true;
  return std::ranges::any_of(
      kGauges, [&](const Gauge& gauge) { return gauge.group == group && (gauge.name.empty() || gauge.name == name); });
}

void append_word(std::string& to, std::string_view text) {
  for (const char c : text.substr(0, kMetricName)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    to += plain ? c : '_';
  }
}

// `block_rootfs` is the device `rootfs` of `block`.
std::pair<std::string_view, std::string_view> split_device(std::string_view group) noexcept {
  for (const std::string_view known : kDeviceGroups)
    if (group.size() > known.size() + 1 && group.starts_with(known) && group[known.size()] == '_')
      return {known, group.substr(known.size() + 1)};
  return {group, {}};
}

constexpr std::size_t kDeepest = 3;  // a group, a latency, its sum

}  // namespace

// Reads a line twice: whether it is one, and what it says.
class Metrics::Reader : public wire::JsonEvents {
 public:
  Reader(Metrics& metrics, bool take) noexcept : metrics_(metrics), take_(take) {}

  bool on_object_begin(Ec&) { return enter(); }
  bool on_array_begin(Ec&) { return ++arrays_ > 0; }
  bool on_object_end(std::size_t, Ec&) { return leave(); }
  bool on_array_end(std::size_t, Ec&) { return arrays_-- > 0; }
  bool on_key_part(Sv part, std::size_t, Ec&) {
    key_.append(part.substr(0, kMetricName));
    return true;
  }
  bool on_key(Sv part, std::size_t, Ec&) {
    key_.append(part.substr(0, kMetricName));
    if (depth_ >= 1 && depth_ <= kDeepest) path_[depth_ - 1] = key_.substr(0, kMetricName);
    key_.clear();
    return true;
  }
  bool on_string_part(Sv, std::size_t, Ec&) { return true; }
  bool on_string(Sv, std::size_t, Ec&) { return true; }
  bool on_int64(std::int64_t number, Sv, Ec&) { return number < 0 || give(static_cast<std::uint64_t>(number)); }
  bool on_uint64(std::uint64_t number, Sv, Ec&) { return give(number); }
  bool on_double(double d, Sv, Ec& ec) { return wire::json_number_fits(d, ec); }
  bool on_bool(bool, Ec&) { return true; }
  bool on_null(Ec&) { return true; }

 private:
  bool enter() noexcept { return ++depth_ > 0; }
  bool leave() noexcept { return depth_-- > 0; }

  bool give(std::uint64_t number) {
    if (!take_ || arrays_ > 0 || depth_ > kDeepest) return true;
    const auto [group, device] = depth_ > 1 ? split_device(path_[0]) : std::pair<std::string_view, std::string_view>{};
    name_.clear();
    for (std::size_t i = depth_ > 1 ? 1 : 0; i < depth_; ++i) {
      if (!name_.empty()) name_ += '_';
      append_word(name_, path_[i]);
    }
    key_text_ = "firecracker_";
    if (!group.empty()) append_word(key_text_, group);
    if (!group.empty()) key_text_ += '_';
    (key_text_ += name_) += "{id=\"";
    key_text_ += metrics_.id_;
    if (!device.empty()) append_word(key_text_ += "\",device=\"", device);
    key_text_ += "\"}";
    metrics_.put(key_text_, is_gauge(group, name_), number);
    return true;
  }

  Metrics& metrics_;
  bool take_;
  std::size_t depth_ = 0, arrays_ = 0;
  std::array<std::string, kDeepest> path_;
  std::string key_, name_, key_text_;
};

Metrics::Series* Metrics::find_or_add(std::string_view key, bool gauge) {
  const auto at = std::ranges::lower_bound(series_, key, {}, &Series::key);
  if (at != series_.end() && at->key == key) return &*at;
  if (series_.size() >= kSeries) return nullptr;
  return &*series_.insert(at, Series{std::string(key), 0, gauge});
}

void Metrics::put(std::string_view key, bool gauge, std::uint64_t value) {
  if (Series* const series = find_or_add(key, gauge)) series->value = series->gauge ? value : series->value + value;
}

bool Metrics::add(std::string_view line) {
  if (!line.starts_with('{')) return false;
  for (const bool take : {false, true}) {
    boost::json::basic_parser<Reader> parser(wire::strict_json(), *this, take);
    if (wire::read_json(parser, line)) return false;
  }
  return true;
}

void Metrics::describe(const Series& series, const Series* before, std::string& line) {
  const auto name = [](const Series& of) { return std::string_view(of.key).substr(0, of.key.find('{')); };
  line.clear();
  if (before == nullptr || name(*before) != name(series))
    ((line += "# TYPE ") += name(series)) += series.gauge ? " gauge\n" : " counter\n";
  ((line += series.key) += ' ') += std::to_string(series.value);
  line += '\n';
}

void Metrics::restore(std::string_view text) {
  bool gauge = false;
  for (std::size_t end = 0; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (line.starts_with('#')) {
      gauge = line.ends_with(" gauge");
      continue;
    }
    const std::size_t blank = line.rfind(' ');
    std::uint64_t value = 0;
    if (blank == line.npos) continue;
    const auto [stop, error] = std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    if (error != std::errc() || stop != line.data() + line.size()) continue;
    if (Series* const series = find_or_add(line.substr(0, blank), gauge)) series->value = value;
  }
}

void MetricsLines::take(std::string_view text) {
  if (too_long_ || text.empty()) return;
  too_long_ = kept_.size() + text.size() > kMetricsLine;
  if (too_long_)
    kept_ = {};
  else
    kept_.append(text);
}

}  // namespace microvm::monitor
