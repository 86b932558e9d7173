#include "host/vm/create.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "common/base/printable.h"
#include "common/base/timestamp.h"
#include "host/vm/api.h"
#include "host/vm/files.h"
#include "host/vm/journal.h"
#include "host/vm/metadata_push.h"
#include "host/vm/patience.h"
#include "host/vm/unfinished.h"
#include "microvm/spec.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kGuestCid = 3;  // each VM has a vsock device of its own: they may all be called that

std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{ErrorCode::Invalid, 0, std::move(message)});
}

Result<std::string> new_id() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number))
    return io_error("getrandom", "read");
  return fmt::format("vm-{:012x}", number & 0xFFFF'FFFF'FFFF);
}

Result<void> check_program(const char* what, const std::string& path) {
  if (!path.starts_with('/')) return invalid(fmt::format("{} {}: an absolute path is needed", what, path));
  if (::access(path.c_str(), X_OK) != 0) return io_error(path, fmt::format("{}: execute", what));
  return {};
}

// What metadata is handed over through, and where that is when the spec does not say.
void complete(Spec& spec, const Layout& layout) {
  auto& vsock = spec.config.vsock;
  if (!vsock && spec.metadata.is_wanted()) vsock = fcapi::Vsock{.guest_cid = kGuestCid, .uds_path = {}};
  if (vsock && vsock->uds_path.empty()) vsock->uds_path = layout.vsock_socket();
}

// Firecracker would refuse to bind it; and it is not ours to remove.
Result<void> check_vsock(const Spec& spec) {
  if (!spec.config.vsock || !exists(spec.config.vsock->uds_path)) return {};
  return std::unexpected(
      Error{ErrorCode::Exists, EEXIST,
            fmt::format("vsock.uds_path {}: there is such a file already: of another VM, or left of one",
                        spec.config.vsock->uds_path)});
}

Record record_of(const Host& host, const Spec& spec, const Layout& layout, std::string boot_id) {
  const auto& machine = spec.config.machine_config;
  return {.id = spec.id,
          .boot_id = std::move(boot_id),
          .created = now_ms(),
          .run_dir = layout.run,
          .firecracker = host.options.firecracker,
          .api_socket = layout.api_socket(),
          .vsock_socket = spec.config.vsock ? spec.config.vsock->uds_path : "",
          .log_file = spec.logger ? spec.logger->log_path.value_or("") : "",
          .metrics_file = spec.metrics ? spec.metrics->metrics_path : "",
          .console_bytes = spec.console_bytes,
          .log_bytes = spec.log_bytes,
          .metadata_port = spec.metadata.port,
          .vcpu_count = machine ? machine->vcpu_count : std::uint32_t{1},
          .mem_size_mib = machine ? machine->mem_size_mib : 128};
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

Creation::Creation(const Host& host, Spec spec, Layout layout)
    : host_(host), spec_(std::move(spec)), layout_(std::move(layout)), calls_(configuration_of(spec_)) {}

Result<std::unique_ptr<Creation>> Creation::prepare(const Host& host, const Spec& given) {
  Spec spec = given;
  if (spec.id.empty()) {
    auto id = new_id();
    if (!id) return std::unexpected(std::move(id.error()));
    spec.id = std::move(*id);
  }
  auto layout = lay_out(host.roots, spec.id);
  if (!layout) return std::unexpected(std::move(layout.error()));
  complete(spec, *layout);
  Result<void> good = check_spec(spec);
  if (good) good = check_program("firecracker", host.options.firecracker);
  if (good) good = check_program("microvm-monitor", host.options.monitor);
  if (good) good = check_vsock(spec);
  if (good && spec.metadata.is_wanted()) {
    if (const auto gathered = gather(spec.metadata); !gathered) good = std::unexpected(gathered.error());
  }
  if (!good) return std::unexpected(std::move(good.error()));
  const auto boot_id = posix::read_boot_id();
  if (!boot_id) return io_error("boot_id", "read", boot_id.error());
  std::unique_ptr<Creation> creation(new Creation(host, std::move(spec), std::move(*layout)));
  creation->record_ = record_of(host, creation->spec_, creation->layout_, *boot_id);
  return creation;
}

std::vector<Step> Creation::steps() {
  std::vector<Step> all;
  all.push_back({.name = "record",
                 .actions = {fmt::format("make {}, locked, with record.json and spec.json in it", layout_.state)},
                 .run = [this] { return publish(); },
                 .undo = [this] { return lock_ ? retire(host_.roots, layout_.state) : Result<void>(); }});
  all.push_back({.name = "run directory",
                 .actions = {fmt::format("make {}", layout_.run)},
                 .run = [this] { return make_run_directory(); },
                 .undo = [this] { return has_run_directory_ ? remove_tree(layout_.run) : Result<void>(); }});
  all.push_back({.name = "process",
                 .actions = {"start " + joined(monitor_arguments(host_.options, layout_, record_)),
                             "it starts " + joined(vmm_arguments(record_, spec_))},
                 .run = [this] { return start_process(); },
                 .undo = [this] { return end_process(); }});
  Step api{.name = "api",
           .actions = {fmt::format("connect to {}, GET /version", layout_.api_socket())},
           .run = {},
           .undo = {}};
  api.run = [this] { return with_last_words(connect()); };
  all.push_back(std::move(api));
  Step configuration{
      .name = "configuration", .actions = {}, .run = [this] { return with_last_words(configure()); }, .undo = {}};
  for (const Call& call : calls_) {
    const auto body = call.body();
    configuration.actions.push_back(fmt::format("{} {}", call.line, body ? *body : body.error().message));
  }
  all.push_back(std::move(configuration));
  all.push_back({.name = "hand over",
                 .actions = {"let the monitor and the VMM outlive this process; status.json: created"},
                 .run = [this] { return hand_over(); },
                 .undo = {}});
  return all;
}

// Whole and locked before it has its name.
Result<void> Creation::publish() {
  const auto unfinished = make_unfinished(host_.roots);
  if (!unfinished) return std::unexpected(unfinished.error());
  Result<void> done;
  auto lock = VmLock::try_take(*unfinished);
  if (!lock) done = std::unexpected(std::move(lock.error()));
  if (done) done = write_record({.state = *unfinished, .run = {}}, record_, spec_);
  if (done && ::renameat2(AT_FDCWD, unfinished->c_str(), AT_FDCWD, layout_.state.c_str(), RENAME_NOREPLACE) != 0) {
    done = io_error(layout_.state, "rename");
    if (done.error().sys_errno == EEXIST)
      done = std::unexpected(Error{ErrorCode::Exists, EEXIST, "there is one of that id already"});
  }
  if (!done) {
    (void)remove_tree(*unfinished);
    return done;
  }
  lock_ = std::move(**lock);
  return sync_directory(host_.roots.vms());
}

// The lock of this id is ours: what lies there already is of a VM whose state directory somebody removed by hand.
Result<void> Creation::clear_run_directory() {
  if (live_vmm(layout_) || live_monitor(layout_))
    return std::unexpected(
        Error{ErrorCode::Exists, EEXIST,
              fmt::format("{}: a VM without a state directory lives there; `microvm gc` ends it", layout_.run)});
  return remove_tree(layout_.run);
}

Result<void> Creation::make_run_directory() {
  const auto make = [this] { return ::mkdir(layout_.run.c_str(), 0700) == 0 ? 0 : errno; };
  int error = make();
  if (error == ENOENT || error == EEXIST) {
    auto ready = error == ENOENT ? make_directories(host_.roots.run) : clear_run_directory();
    if (!ready) return ready;
    error = make();
  }
  if (error != 0) return io_error(layout_.run, "mkdir", error);
  has_run_directory_ = true;
  return {};
}

Result<void> Creation::start_process() {
  const auto begin = Clock::now();
  auto report = start_monitor(host_.options, layout_, record_, vmm_arguments(record_, spec_),
                              Deadline::after(host_.options.api_timeout));
  if (!report) return std::unexpected(std::move(report.error()));
  report_.emplace(std::move(*report));
  phases_.process = since(begin);
  return {};
}

Result<void> Creation::end_process() {
  api_.reset();
  if (report_) {
    report_->give_up();
    if (!wait_for_end(report_->monitor_pidfd.get(), Deadline::after(kEndPatience)))
      send_signal(report_->monitor_pidfd.get(), SIGKILL);
    if (!wait_for_end(report_->vmm.pidfd.get(), Deadline::after(0ns))) end(report_->vmm, kEndPatience);
  } else {
    // It may have come as far as that without a report.
    if (const auto monitor = live_monitor(layout_)) end(*monitor, kEndPatience);
    if (const auto vmm = live_vmm(layout_)) end(*vmm, kEndPatience);
  }
  clear_after_vmm(layout_, record_);
  return {};
}

Result<void> Creation::connect() {
  const auto begin = Clock::now();
  auto api = open_api(host_.options, layout_, record_, report_->vmm.pidfd.get(), report_->watch.get());
  if (!api) return std::unexpected(std::move(api.error()));
  api_ = std::move(*api);
  report_->watch.reset();
  phases_.api = since(begin);
  return {};
}

Result<void> Creation::configure() {
  const auto begin = Clock::now();
  for (const Call& call : calls_)
    if (auto done = call.send(*api_); !done) return done;
  phases_.configuration = since(begin);
  return {};
}

// In this order: killed between the two, the VM is still "creating", and the next command gives it back.
Result<void> Creation::hand_over() {
  if (auto confirmed = report_->confirm(); !confirmed) return confirmed;
  const fcapi::Version version = api_->version();
  return write_status(layout_, {.state = VmState::Created,
                                .version = fmt::format("{}.{}.{}", version.major, version.minor, version.patch)});
}

// One that died or refused has said why already.
Result<void> Creation::with_last_words(Result<void> done) const {
  if (done) return done;
  Error& error = done.error();
  const bool is_silent = error.code == ErrorCode::ReplyTimeout || error.code == ErrorCode::SocketMissing ||
                         error.code == ErrorCode::Refused || error.code == ErrorCode::ConnectionLost;
  const std::string words = is_silent ? printable(tail_of(layout_.vmm_log(), kLastWords), kLastWords) : "";
  if (!words.empty()) error.message += "; the VMM's log ends in: " + words;
  return done;
}

Result<CreateResult> Creation::run() {
  auto all = steps();
  const auto before = [this](std::string_view step) {
    return host_.options.before_step ? host_.options.before_step(spec_.id, step) : Result<void>();
  };
  if (auto applied = apply_steps(all, before); !applied) {
    auto& [error, left] = applied.error();
    error.message = fmt::format("VM {}: create: {}: {}", spec_.id, error.step, error.message);
    if (!left.empty()) {
      error.message += "; could not be given back: " + left;
      (void)write_status(layout_, {.state = VmState::Failed, .failed_step = error.step, .failure = error.message});
    }
    return std::unexpected(std::move(error));
  }
  tell(host_.roots, spec_.id, "created");
  CreateResult result{.id = spec_.id, .phases = phases_, .warnings = {}};
  for (const fcapi::Warning& warning : api_->take_warnings()) result.warnings.push_back(warning.text);
  return result;
}

}  // namespace microvm::vm
