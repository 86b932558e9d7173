#include "host/monitor/monitor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "common/base/bytes.h"
#include "common/posix/retry.h"
#include "common/wire/json_out.h"
#include "host/monitor/classify.h"
#include "host/monitor/exit_record.h"
#include "host/monitor/limits.h"
#include "host/monitor/names.h"
#include "host/monitor/scope.h"

namespace microvm::monitor {
namespace {

constexpr int kReadsAtOnce = 8;  // then others have their turn
constexpr std::size_t kIntentBytes = 64;

std::expected<UniqueFd, Failed> signal_descriptor() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGCHLD);
  UniqueFd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return std::unexpected(Failed{"signals", errno, "signalfd"});
  return fd;
}

// Whether SIGTERM is among those that came.
bool take_signals(int fd) noexcept {
  bool terminated = false;
  signalfd_siginfo info{};
  while (posix::retry([&] { return ::read(fd, &info, sizeof info); }) == sizeof info)
    terminated = terminated || info.ssi_signo == SIGTERM;
  return terminated;
}

void put_counts(wire::JsonWriter& json, std::string_view name, std::uint64_t bytes, std::uint64_t records,
                std::uint64_t dropped) {
  json.begin(name, "{").number("bytes", bytes).number("records", records).number("dropped", dropped).close("}");
}

}  // namespace

struct Monitor::Ready {
  bool signals = false, vmm = false, report = false;
};

Monitor::Monitor(const Options& options, Directory& state, Directory& run)
    : options_(options),
      state_(state),
      run_(run),
      console_(state.fd(), options),
      log_(state.fd(), options),
      metrics_(run, options.id),
      notices_(options, run),
      exit_file_(state),
      buffer_(kReadBytes) {}

void Monitor::open_files() {
  // What the VMM says on its standard error comes by the FIFO all the same.
  if (!options_.log_file.empty()) log_file_source_ = Source::file(options_.log_file);
  if (!options_.metrics_file.empty()) metrics_file_source_ = Source::file(options_.metrics_file);
  if (log_file_source_.is_file() || metrics_file_source_.is_file()) file_due_ = Deadline::after(kFilePoll);
}

std::expected<void, Failed> Monitor::open() {
  auto signals = signal_descriptor();
  if (!signals) return std::unexpected(signals.error());
  signals_ = std::move(*signals);
  struct Fifo {
    Source& source;
    const char* name;
  };
  for (const Fifo& fifo :
       {Fifo{console_source_, kConsoleFifo}, Fifo{log_source_, kLogFifo}, Fifo{metrics_source_, kMetricsFifo}}) {
    auto source = Source::fifo(run_, fifo.name);
    // A VMM that goes on is watched also without one of them.
    if (!source && options_.action == Options::Action::Adopt && source.error().sys_errno == ENOENT) continue;
    if (!source) return std::unexpected(source.error());
    fifo.source = std::move(*source);
  }
  // The longest line at once: what finds no room is lost with all that it counted.
  (void)::fcntl(metrics_source_.poll_fd(), F_SETPIPE_SZ, kMetricsLine);
  if (metrics_file_source_.is_file()) metrics_source_ = std::move(metrics_file_source_);
  auto queries = Queries::listen(options_.run_dir + '/' + kSocket, console_.ring(), options_.ring_bytes);
  if (!queries) return std::unexpected(queries.error());
  queries_.emplace(std::move(*queries));
  return {};
}

void Monitor::restore() {
  console_.restore(notices_.restore());
  console_.seed(state_);
  log_.seed(state_);
  metrics_.seed();
}

std::string Monitor::status() const {
  const auto up = std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - begun_).count();
  Bytes text;
  wire::JsonWriter json(text);
  put_counts(json, "console", console_.ring().end(), console_.records(), console_.file().dropped());
  put_counts(json, "log", log_.bytes(), log_.lines(), log_.file().dropped());
  json.begin("metrics", "{").number("lines", metrics_.lines().lines()).number("bad", metrics_.lines().bad()).close("}");
  json.number("uptime_ms", static_cast<std::uint64_t>(up));
  if (cgroup_.empty())
    json.null("cgroup");
  else
    json.text("cgroup", cgroup_);
  return json.end() ? std::string(text.view()) : std::string();
}

std::size_t Monitor::read_console() {
  const std::string_view bytes = console_source_.read(buffer_);
  if (!bytes.empty()) console_.feed(bytes);
  return bytes.size();
}

std::size_t Monitor::read_log() {
  std::size_t all = 0;
  for (Source* const source : {&log_source_, &log_file_source_}) {
    const std::string_view bytes = source->read(buffer_);
    if (!bytes.empty()) log_.feed(bytes);
    all += bytes.size();
  }
  return all;
}

std::size_t Monitor::read_metrics() {
  const std::string_view bytes = metrics_source_.read(buffer_);
  if (!bytes.empty()) metrics_.feed(bytes);
  return bytes.size();
}

void Monitor::drain(int most) {
  std::size_t all = 0, some = 0;
  for (int i = 0; i < most && (some = read_console()) > 0; ++i, all += some) queries_->pump();
  for (int i = 0; i < most && (some = read_log()) > 0; ++i) all += some;
  for (int i = 0; i < most && (some = read_metrics()) > 0; ++i) all += some;
  // Little came: it may gather for a while in pipes that hold far more, instead of taking a processor line by line.
  if (all < kFewBytes) rest_ = Deadline::after(kRest);
}

// The VMM has ended; a process that it has left may go on writing.
void Monitor::drain_rest() {
  const Deadline deadline = Deadline::after(kDrain);
  bool more = true;
  while (more && !deadline.passed()) {
    more = read_console() > 0;
    more = read_log() > 0 || more;
    more = read_metrics() > 0 || more;
    queries_->pump();
  }
  console_.end();
}

std::optional<Deadline> Monitor::next_due() const {
  std::optional<Deadline> first;
  for (const auto& due : {console_.partial_due(), halt_.due(), queries_->pause(), file_due_, rest_})
    if (due) first = first ? first->earlier(*due) : *due;
  return first;
}

// Without memory for all of them, or with a limit of descriptors below their number: one by one, and not at once again.
void Monitor::poll_each() {
  (void)::poll(nullptr, 0, static_cast<int>(kListenPause.count()));
  for (pollfd& one : polled_)
    if (::poll(&one, 1, 0) < 0) one.revents = 0;
}

void Monitor::poll_all(int vmm, int report, Ready& ready) {
  constexpr std::size_t kOwn = 6;
  polled_.clear();
  if (rest_ && rest_->passed()) rest_.reset();
  for (const int fd : {signals_.get(), vmm, report}) polled_.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  for (const Source* const source : {&console_source_, &log_source_, &metrics_source_})
    polled_.push_back({.fd = rest_ ? -1 : source->poll_fd(), .events = POLLIN, .revents = 0});
  queries_->want(polled_);
  const auto due = next_due();
  const int n = posix::retry([&] { return ::poll(polled_.data(), polled_.size(), due ? due->poll_ms() : -1); });
  if (n < 0) poll_each();
  ready = {.signals = polled_[0].revents != 0, .vmm = polled_[1].revents != 0, .report = polled_[2].revents != 0};
  const bool files_due = file_due_ && file_due_->passed();
  if (files_due) file_due_ = Deadline::after(kFilePoll);
  if (files_due || (polled_[3].revents | polled_[4].revents | polled_[5].revents) != 0) drain(kReadsAtOnce);
  queries_->handle(std::span(polled_).subspan(kOwn), *this);
}

// What the clock and the console ask for.
void Monitor::look(Vmm& vmm) {
  if (const auto due = console_.partial_due(); due && due->passed()) console_.end_partial();
  if (notices_.tell(console_.signs())) queries_->notify(notices_.text());
  if (!halting_ && !console_.signs().powered_off.empty()) {
    halting_ = true;
    halt_.start();
  }
  if (const auto due = halt_.due(); due && due->passed() && halt_.stands_still(vmm.vcpu_time())) vmm.kill();
}

void Monitor::leave_unit(const Vmm& vmm) {
  const std::array pids{::getpid(), vmm.identity().pid};
  scope_ = ask_for_scope(options_.id, pids);
}

Monitor::End Monitor::watch(Vmm& vmm, Report& report) {
  rest_ = Deadline::after(kRest);
  exit_file_.reserve();
  if (report.fd() < 0) leave_unit(vmm);
  bool abandoned = false;
  const bool may_be_abandoned = report.fd() >= 0 && options_.action == Options::Action::Start;
  for (;;) {
    Ready ready;
    poll_all(vmm.pidfd(), report.fd(), ready);
    if (ready.signals) {
      if (take_signals(signals_.get()) && !abandoned) {
        console_.end_partial();
        exit_file_.give_back();
        return End::Dismissed;
      }
      vmm.reap();
    }
    const auto answer = ready.report ? report.answer() : Report::Answer::None;
    if (answer != Report::Answer::None) watch_.reset();
    if (answer == Report::Answer::Recorded) leave_unit(vmm);
    if (answer == Report::Answer::Gone && may_be_abandoned) {
      abandoned = true;
      vmm.kill();
    }
    look(vmm);
    if (ready.vmm) {
      if (!abandoned) return conclude(vmm);
      (void)vmm.status();
      exit_file_.give_back();
      return End::Abandoned;
    }
  }
}

Monitor::End Monitor::conclude(Vmm& vmm) {
  const Vmm::Status status = vmm.status();
  drain_rest();
  const Signs& signs = console_.signs();
  Exit exit{.code = status.code, .signal = status.signal};
  exit.console_tail = console_.tail();
  exit.vmm_tail = log_.tail();
  exit.finished = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Conclusion why = classify({.code = status.code,
                             .signal = status.signal,
                             .panic = signs.panic,
                             .powered_off = signs.powered_off,
                             .rebooting = signs.rebooting,
                             .log = exit.vmm_tail,
                             .intent = parse_intent(run_.read(kIntentFile, kIntentBytes))});
  exit.reason = why.reason;
  exit.certainty = why.certainty;
  exit.detail = std::move(why.detail);
  const std::string text = exit_json(exit);
  int failed = exit_file_.write(text);
  if (failed != 0) {  // what it has written itself is the first to go
    console_.file().drop_older();
    log_.file().drop_older();
    failed = exit_file_.write(text);
  }
  (void)notices_.tell(signs);
  notices_.event("exited", std::string(reason_name(exit.reason)) + ": " + exit.detail);
  linger();
  return failed == 0 ? End::Recorded : End::Unrecorded;
}

// Whoever follows the console shall have its end.
void Monitor::linger() {
  const Deadline deadline = Deadline::after(kLinger);
  queries_->finish();
  while (!queries_->idle() && !deadline.passed()) {
    polled_.clear();
    queries_->want(polled_);
    if (posix::retry([&] { return ::poll(polled_.data(), polled_.size(), deadline.poll_ms()); }) < 0) return;
    queries_->handle(polled_, *this);
  }
}

}  // namespace microvm::monitor
