#include "host/monitor/streams.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "host/monitor/limits.h"
#include "host/monitor/names.h"

namespace microvm::monitor {
namespace {

TimeText::Nanoseconds now() noexcept {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

// What has been printed so far goes on where it stopped: a line that was cut off at the front is not one.
std::string_view from_a_line(std::string_view text, bool cut) noexcept {
  return cut ? text.substr(std::min(text.size(), text.find('\n') + 1)) : text;
}

}  // namespace

Console::Console(int state_dir, const Options& options)
    : file_(state_dir, kConsoleLog, options.console_bytes, RotatingFile::Content::Records),
      log_(file_),
      ring_(std::max<std::size_t>(options.ring_bytes, kBacklog)) {}

void Console::look_at(std::string_view line) {
  const auto sign = sign_in(line);
  if (!sign) return;
  std::string& held = sign->kind == Sign::Kind::Panic        ? signs_.panic
                      : sign->kind == Sign::Kind::PoweredOff ? signs_.powered_off
                                                             : signs_.rebooting;
  if (held.empty()) held = sign->text;
}

void Console::feed(std::string_view bytes) {
  ring_.append(bytes);
  tail_.feed(bytes, [this](std::string_view line) { look_at(line); });
  log_.feed(bytes, now());
  file_.flush();
  partial_due_.reset();
  if (log_.has_partial()) partial_due_ = Deadline::after(kPartialLine);
}

void Console::end_partial() {
  log_.end_partial(now());
  file_.flush();
  partial_due_.reset();
}

void Console::end() {
  end_partial();
  tail_.end_line([this](std::string_view line) { look_at(line); });
}

void Console::seed(const Directory& state) {
  const std::string text = state.read_end(kConsoleLog, kSeedBytes);
  std::string_view rest = from_a_line(text, text.size() == kSeedBytes);
  for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
    const CriText record = cri_text(rest.substr(0, end));
    const auto look = [this](std::string_view line) { look_at(line); };
    tail_.feed(record.text, look);
    if (record.whole) tail_.end_line(look);
  }
}

VmmLog::VmmLog(int state_dir, const Options& options)
    : file_(state_dir, kVmmLog, options.log_bytes, RotatingFile::Content::Raw) {}

void VmmLog::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  tail_.feed(bytes, [this](std::string_view) { ++lines_; });
  file_.write(bytes);
}

void VmmLog::seed(const Directory& state) {
  const std::string text = state.read_end(kVmmLog, kSeedBytes);
  tail_.feed(from_a_line(text, text.size() == kSeedBytes), [](std::string_view) {});
}

void MetricsStream::feed(std::string_view bytes) {
  bool changed = false;
  lines_.feed(bytes, [&](std::string_view line) {
    const bool good = sums_.add(line);
    changed = changed || good;
    return good;
  });
  if (changed) save();
}

// What cannot be written now is the next line's. In pieces, as the whole would be the largest thing in memory.
void MetricsStream::save() {
  Draft draft(run_, kMetricsFile);
  sums_.print([&](std::string_view text) { draft.add(text); });
  (void)draft.commit();
}

void MetricsStream::seed() { sums_.restore(run_.read(kMetricsFile, std::numeric_limits<std::int32_t>::max())); }

}  // namespace microvm::monitor
