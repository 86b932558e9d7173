#include "guest/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace microvm::guest {
namespace {

constexpr std::string_view level_name(Level level) noexcept {
  switch (level) {
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "error";
}

}  // namespace

bool Log::admitted() noexcept {
  const auto now = Clock::now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - refilled_);
  if (seconds.count() > 0) {
    tokens_ = static_cast<unsigned>(std::min<std::int64_t>(kBurst, tokens_ + seconds.count()));
    refilled_ += seconds;
  }
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

void Log::operator()(Level level, const FixedText& text) noexcept {
  pollfd ready{fd_, POLLOUT, 0};
  if (!admitted() || ::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
    ++left_out_;
    return;
  }
  FixedText line("microvm-guest-metadatad: ");
  line << level_name(level) << ": ";
  if (left_out_ != 0) line << "(" << std::exchange(left_out_, 0) << " lines left out) ";
  line << text.view();
  std::array<char, FixedText::kCapacity + 1> bytes;
  *std::ranges::copy(line.view(), bytes.begin()).out = '\n';
  [[maybe_unused]] const ssize_t n = ::write(fd_, bytes.data(), line.view().size() + 1);
}

}  // namespace microvm::guest
