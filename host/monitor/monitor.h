// The loop: drains what the VMM writes, answers who asks, and tells how it ended.
#pragma once

#include <poll.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "host/monitor/directories.h"
#include "host/monitor/exit_file.h"
#include "host/monitor/halt_watch.h"
#include "host/monitor/notices.h"
#include "host/monitor/options.h"
#include "host/monitor/queries.h"
#include "host/monitor/report.h"
#include "host/monitor/source.h"
#include "host/monitor/streams.h"
#include "host/monitor/vmm.h"

namespace microvm::monitor {

class Monitor final : Queries::Status {
 public:
  Monitor(const Options& options, Directory& state, Directory& run);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// The spec's own files: before there is a VMM, as they are read from where they end.
  void open_files();
  /// Everything that may fail.
  std::expected<void, Failed> open();
  /// What an earlier monitor knew.
  void restore();
  /// The driver closes its own first.
  void keep_until_answered(UniqueFd watch) { watch_ = std::move(watch); }
  void set_cgroup(std::string path) { cgroup_ = std::move(path); }

  enum class End : std::uint8_t {
    Recorded,    ///< the VMM has ended, and exit.json says how
    Unrecorded,  ///< it has ended, and exit.json could not be written
    Dismissed,   ///< SIGTERM: the VMM goes on
    Abandoned,   ///< the driver died before it had recorded the VM: the VMM was ended
  };
  /// Until the end of one of the two.
  End watch(Vmm& vmm, Report& report);
  /// exit.json and the event of a VMM that has ended.
  End conclude(Vmm& vmm);

 private:
  struct Ready;
  std::string status() const override;
  std::string notices() const override { return notices_.text(); }
  void poll_each();
  void poll_all(int vmm, int report, Ready& ready);
  void drain(int most);
  void drain_rest();
  void look(Vmm& vmm);
  void leave_unit(const Vmm& vmm);
  [[nodiscard]] std::optional<Deadline> next_due() const;
  // Each answers how many bytes there were.
  std::size_t read_console();
  std::size_t read_log();
  std::size_t read_metrics();
  void linger();

  const Options& options_;
  Directory& state_;
  Directory& run_;
  std::string cgroup_;
  Console console_;
  VmmLog log_;
  MetricsStream metrics_;
  Notices notices_;
  ExitFile exit_file_;
  std::optional<Queries> queries_;
  HaltWatch halt_;
  bool halting_ = false;
  std::optional<Deadline> file_due_;
  std::optional<Deadline> rest_;  ///< until then the pipes are left alone

  UniqueFd signals_;
  UniqueFd scope_, watch_;
  Source console_source_, log_source_, log_file_source_, metrics_source_, metrics_file_source_;
  std::vector<char> buffer_;
  std::vector<pollfd> polled_;
  Deadline::Clock::time_point begun_ = Deadline::Clock::now();
};

}  // namespace microvm::monitor
