#include "host/vm/journal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "common/base/timestamp.h"
#include "common/posix/retry.h"
#include "common/state/events.h"
#include "common/wire/json_tree.h"
#include "host/vm/files.h"

namespace microvm::vm {
namespace {

constexpr std::size_t kMaxLine = 4096;

std::string path_of(const Roots& roots) { return roots.state + "/events.jsonl"; }

std::optional<Event> event_of(std::string_view line) {
  const auto json = wire::read_json_tree(line);
  if (!json) return std::nullopt;
  const auto text = [&json](std::string_view name) {
    const wire::Json* const member = json->find(name);
    const auto* const value = member == nullptr ? nullptr : member->as<std::string>();
    return value == nullptr ? std::string() : *value;
  };
  const auto when = parse_timestamp(text("when"));
  if (!when) return std::nullopt;
  return Event{*when, text("id"), text("what"), text("detail")};
}

// Reads one file's lines from where it stopped.
class Lines {
 public:
  explicit Lines(UniqueFd fd) noexcept : fd_(std::move(fd)) {}

  [[nodiscard]] bool is_open() const noexcept { return fd_.valid(); }
  [[nodiscard]] bool is_at(const std::string& path) const {
    struct stat held{}, named{};
    return ::fstat(fd_.get(), &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
  }
  /// False when `take` wants no more.
  bool read(const std::function<bool(std::string_view)>& take) {
    std::array<char, kMaxLine> part;
    for (;;) {
      const ssize_t n = posix::retry([&] { return ::read(fd_.get(), part.data(), part.size()); });
      if (n <= 0) return true;
      rest_.append(part.data(), static_cast<std::size_t>(n));
      std::size_t from = 0;
      for (std::size_t end = 0; (end = rest_.find('\n', from)) != rest_.npos; from = end + 1)
        if (!take(std::string_view(rest_).substr(from, end - from))) return false;
      rest_.erase(0, from);
      if (rest_.size() > kMaxLine) rest_.clear();
    }
  }

 private:
  UniqueFd fd_;
  std::string rest_;
};

Lines open_lines(const std::string& path) {
  return Lines(UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)));
}

void wait_for_change(int watch, Deadline deadline) {
  pollfd changed{.fd = watch, .events = POLLIN, .revents = 0};
  ::poll(&changed, 1, deadline.poll_ms());
  std::array<char, 4096> seen;
  while (::read(watch, seen.data(), seen.size()) > 0) continue;
}

}  // namespace

void tell(const Roots& roots, std::string_view id, std::string_view what, std::string_view detail) {
  (void)state::append_event(path_of(roots).c_str(),
                            {now_ms(), std::string(id), std::string(what), std::string(detail)});
}

Result<void> follow(const Roots& roots, Timestamp since, Deadline deadline,
                    const std::function<bool(const Event&)>& event) {
  if (auto made = make_directories(roots.state); !made) return made;
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.valid() || ::inotify_add_watch(watch.get(), roots.state.c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0)
    return io_error(roots.state, "watch");
  const auto take = [&](std::string_view line) {
    const auto read = event_of(line);
    return !read || read->when < since || event(*read);
  };
  const std::string path = path_of(roots);
  if (Lines older = open_lines(path + ".1"); older.is_open() && !older.read(take)) return {};
  for (Lines lines = open_lines(path);;) {
    if (lines.is_open() && !lines.read(take)) return {};
    if (!lines.is_open() || !lines.is_at(path)) {
      // Renamed away: what came to it since is read before the new one.
      if (lines.is_open() && !lines.read(take)) return {};
      lines = open_lines(path);
      if (lines.is_open()) continue;
    }
    if (deadline.passed()) return {};
    wait_for_change(watch.get(), deadline);
  }
}

}  // namespace microvm::vm
