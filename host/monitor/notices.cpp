#include "host/monitor/notices.h"

#include <chrono>

#include "common/state/events.h"
#include "host/monitor/names.h"

namespace microvm::monitor {
namespace {

constexpr std::string_view kPanic = "panic ";
constexpr std::string_view kPoweredOff = "powered-off\n";
constexpr std::size_t kMostNotices = 4096;

}  // namespace

Notices::Notices(const Options& options, Directory& run)
    : id_(options.id), events_(options.state_dir + "/../../events.jsonl"), run_(run) {}

Signs Notices::restore() {
  text_ = run_.read(kNoticeFile, kMostNotices);
  Signs signs;
  if (const std::size_t at = text_.find(kPanic); at != text_.npos) {
    const std::size_t begin = at + kPanic.size();
    signs.panic = text_.substr(begin, text_.find('\n', at) - begin);
  }
  if (text_.find(kPoweredOff) != text_.npos) signs.powered_off = "reboot: Power down";
  panic_ = !signs.panic.empty();
  powered_off_ = !signs.powered_off.empty();
  return signs;
}

bool Notices::tell(const Signs& signs) {
  const std::size_t before = text_.size();
  if (!panic_ && !signs.panic.empty()) {
    panic_ = true;
    add(std::string(kPanic) + signs.panic + '\n');
    event("panic", signs.panic);
  }
  if (!powered_off_ && !signs.powered_off.empty()) {
    powered_off_ = true;
    add(std::string(kPoweredOff));
    event("powered_off", signs.powered_off);
  }
  return text_.size() > before;
}

void Notices::add(std::string line) {
  text_ += line;
  (void)run_.replace(kNoticeFile, text_);
}

void Notices::event(const char* what, std::string_view detail) const {
  const auto when = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  (void)state::append_event(events_.c_str(), {.when = when, .id = id_, .what = what, .detail = std::string(detail)});
}

}  // namespace microvm::monitor
