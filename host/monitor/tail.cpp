#include "host/monitor/tail.h"

namespace microvm::monitor {

void Tail::take(std::string_view text) noexcept {
  Line& line = lines_[next_];
  for (const char c : text.substr(0, kTailLineBytes - line.size)) {
    if (c != '\r') line.text[line.size++] = c >= ' ' && c <= '~' ? c : '?';
  }
}

std::string_view Tail::current() const noexcept {
  const std::string_view text(lines_[next_].text.data(), lines_[next_].size);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::vector<std::string> Tail::lines() const {
  std::vector<std::string> all;
  for (std::size_t i = held_; i > 0; --i) {
    const Line& line = lines_[(next_ + lines_.size() - i) % lines_.size()];
    all.emplace_back(line.text.data(), line.size);
  }
  if (!current().empty()) all.emplace_back(current());
  if (all.size() > kTailLines) all.erase(all.begin());
  return all;
}

}  // namespace microvm::monitor
