#include "cli/run_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/phases.h"
#include "cli/report.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMostPending = 64 * 1024;
constexpr std::size_t kWriteSize = 4096;  // PIPE_BUF: what a pipe that polls as writable takes without waiting
constexpr std::chrono::seconds kExitTimeout{10};

template <class T>
bool is_done(const std::unique_ptr<Task<T>>& task) {
  if (!task) return false;
  pollfd done{.fd = task->fd(), .events = POLLIN, .revents = 0};
  return ::poll(&done, 1, 0) == 1;
}

template <class T>
int fd_of(const std::unique_ptr<Task<T>>& task) {
  return task ? task->fd() : -1;  // poll skips it
}

// Its thread is joined and it is gone.
template <class T>
Result<T> take(std::unique_ptr<Task<T>>& task) {
  auto result = task->take();
  task.reset();
  return result;
}

std::unexpected<Error> interrupted() {
  return std::unexpected(Error{ErrorCode::Io, EINTR, "interrupted before the guest was started"});
}

}  // namespace

Result<void> Interrupt::before_step() const {
  if (asked_ && thread_.load() == std::this_thread::get_id()) return interrupted();
  return {};
}

RunSession::RunSession(Runtime& runtime, Spec spec, RunOptions options, Interrupt& interrupt, const Progress& progress,
                       const Signals& signals)
    : runtime_(runtime),
      spec_(std::move(spec)),
      options_(options),
      interrupt_(interrupt),
      progress_(progress),
      signals_(signals),
      detached_(options.detach) {}

Result<RunSession::Outcome> RunSession::run() {
  create_ = std::make_unique<Task<CreateResult>>(
      [this] { return interrupt_.mind([this] { return runtime_.create(spec_); }); });
  while (!finished()) {
    wait_for_more();
    if (auto done = step(); !done) return std::unexpected(std::move(done.error()));
  }
  return finish();
}

// All that has happened, one after the other.
Result<void> RunSession::step() {
  while (const auto signal = signals_.next()) signalled(*signal);
  if (is_done(create_)) {
    if (auto done = created(take(create_)); !done) return done;
  }
  if (is_done(start_)) {
    if (auto done = started(take(start_)); !done) return done;
  }
  if (is_done(stop_)) {
    if (const auto outcome = take(stop_); !outcome) tell(outcome.error());
  }
  show_console();
  return {};
}

Result<void> RunSession::created(Result<CreateResult> result) {
  if (!result) return std::unexpected(std::move(result.error()));
  outcome_.id = result->id;
  outcome_.phases = result->phases;
  outcome_.warnings = std::move(result->warnings);
  const auto vm = runtime_.inspect(outcome_.id);
  auto watch = vm ? FolderWatch::open(vm->state_dir) : std::unexpected(vm.error());
  if (!watch || interrupt_.asked()) {
    auto removed = runtime_.remove(outcome_.id, true);
    if (!removed) tell(removed.error());
    return watch ? Result<void>(interrupted()) : std::unexpected(std::move(watch.error()));
  }
  watch_.emplace(std::move(*watch));
  console_.emplace(vm->state_dir, LogOptions{});
  end_.emplace(runtime_, *vm);
  start_ = std::make_unique<Task<Phases>>(
      [this] { return interrupt_.mind([this] { return runtime_.start(outcome_.id); }); });
  return {};
}

Result<void> RunSession::started(Result<Phases> result) {
  progress_.clear();
  if (result) {
    outcome_.phases = sum(outcome_.phases, *result);
    if (!options_.quiet) tell(fmt::format("{}: ready in {}", outcome_.id, text_of(outcome_.phases)));
    return {};
  }
  const auto vm = runtime_.inspect(outcome_.id);
  if (vm && vm->state == VmState::Created) {
    // Nothing of a guest ever ran: there is nothing to look at later.
    if (auto removed = runtime_.remove(outcome_.id, true); !removed) tell(removed.error());
    return std::unexpected(std::move(result.error()));
  }
  if (interrupt_.asked()) return {};
  if (detached_ && vm && vm->state == VmState::Exited) return std::unexpected(std::move(result.error()));
  if (!detached_) tell(result.error());
  outcome_.error = std::move(result.error());
  return {};
}

void RunSession::signalled(int signal) {
  if (signal == SIGHUP) return detach("the terminal is gone");
  if (!interrupt_.asked() || (signal == SIGTERM && !stop_)) return ask_to_stop();
  if (signal == SIGINT) stop_now();
}

void RunSession::ask_to_stop() {
  interrupt_.ask();
  if (!options_.quiet) tell("stopping; once more to kill");
  if (create_) return;  // it ends before its next step
  stop_ = std::make_unique<Task<StopOutcome>>([this] {
    // While the start holds the VM it cannot be stopped: it ends before its next step.
    for (;;) {
      auto outcome = runtime_.stop(outcome_.id);
      if (outcome || outcome.error().code != ErrorCode::Busy) return outcome;
    }
  });
}

void RunSession::stop_now() {
  if (create_) return;
  if (auto killed = runtime_.kill(outcome_.id); !killed) tell(killed.error());
}

void RunSession::detach(std::string_view why) {
  if (!detached_) tell(fmt::format("detached, {}; the VM goes on", why));
  detached_ = true;
  text_.clear();
}

void RunSession::show_console() {
  if (!console_ || detached_ || ended_) return;
  watch_->clear();
  const bool over = end_->has_come();
  bool more = true;
  while (more && text_.size() < kMostPending) {
    const auto read = console_->read(text_);
    if (!read) return detach(read.error().message);
    more = *read;
  }
  if (console_->lost()) tell("console: some was overwritten before it could be shown");
  ended_ = over && !more;
}

void RunSession::write_some() {
  if (text_.empty() || detached_) return;
  const ssize_t n = ::write(STDOUT_FILENO, text_.data(), std::min(text_.size(), kWriteSize));
  if (n >= 0) {
    text_.erase(0, static_cast<std::size_t>(n));
  } else if (errno != EAGAIN && errno != EINTR) {
    detach("standard output takes no more");
  }
}

void RunSession::wait_for_more() {
  const bool shows = console_ && !detached_;
  const bool has_room = shows && !ended_ && text_.size() < kMostPending;
  std::array<pollfd, 6> fds{{{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
                             {.fd = fd_of(create_), .events = POLLIN, .revents = 0},
                             {.fd = fd_of(start_), .events = POLLIN, .revents = 0},
                             {.fd = fd_of(stop_), .events = POLLIN, .revents = 0},
                             {.fd = has_room ? watch_->fd() : -1, .events = POLLIN, .revents = 0},
                             {.fd = shows ? STDOUT_FILENO : -1, .events = 0, .revents = 0}}};
  pollfd& out = fds.back();
  if (!text_.empty()) out.events = POLLOUT;
  const Deadline look_again = shows ? Deadline::after(VmEnd::kInterval) : Deadline::after(std::chrono::hours(1));
  ::poll(fds.data(), fds.size(), look_again.poll_ms());
  if ((out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
    detach("standard output is closed");
  } else if ((out.revents & POLLOUT) != 0) {
    write_some();
  }
}

bool RunSession::finished() const noexcept { return !busy() && (detached_ || (ended_ && text_.empty())); }

Result<RunSession::Outcome> RunSession::finish() {
  if (detached_ && !interrupt_.asked()) return std::move(outcome_);
  auto exit = runtime_.wait(outcome_.id, kExitTimeout);
  if (!exit) return std::unexpected(std::move(exit.error()));
  outcome_.exit = std::move(*exit);
  if (options_.remove) {
    if (auto removed = runtime_.remove(outcome_.id); !removed) return std::unexpected(std::move(removed.error()));
  }
  return std::move(outcome_);
}

}  // namespace microvm::cli
