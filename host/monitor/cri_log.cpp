#include "host/monitor/cri_log.h"

#include "common/base/find_byte.h"

namespace microvm::monitor {

void CriLog::feed(std::string_view bytes, TimeText::Nanoseconds now) {
  const TimeText time(now, 9);
  while (!bytes.empty()) {
    const std::size_t end = find_byte(bytes, '\n');
    if (end == bytes.npos) return take(bytes, time);
    if (size_ == 0 && end <= kRecordBytes) {
      put(bytes.substr(0, end), true, time);
    } else {
      take(bytes.substr(0, end), time);
      put(line(), true, time);
      size_ = 0;
    }
    bytes.remove_prefix(end + 1);
  }
}

void CriLog::end_partial(TimeText::Nanoseconds now) {
  if (size_ == 0) return;
  put(line(), false, TimeText(now, 9));
  size_ = 0;
}

// A line that has no room is a record as far as it goes.
void CriLog::take(std::string_view text, const TimeText& time) {
  while (!text.empty()) {
    if (size_ == line_.size()) {
      put(line(), false, time);
      size_ = 0;
    }
    const std::size_t n = text.copy(line_.data() + size_, line_.size() - size_);
    size_ += n;
    text.remove_prefix(n);
  }
}

void CriLog::put(std::string_view text, bool whole, const TimeText& time) {
  // A serial console ends its lines with "\r\n".
  while (whole && text.ends_with('\r')) text.remove_suffix(1);
  const std::string_view parts[] = {time.view(), whole ? " stdout F " : " stdout P ", text, "\n"};
  file_.append(parts);
  ++records_;
}

CriText cri_text(std::string_view record) noexcept {
  const std::size_t stream = record.find(' ');
  const std::size_t tag = record.find(' ', stream + 1);
  if (stream == record.npos || tag == record.npos || record.size() < tag + 3) return {{}, true};
  return {record.substr(tag + 3), record[tag + 1] != 'P'};
}

}  // namespace microvm::monitor
