// A VM's directories, monitors started in them, and what a driver does.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/wire/json_tree.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::monitor::test {

using namespace microvm::test;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{20'000};

/// The driver's end of a report.
class ReportEnd {
 public:
  explicit ReportEnd(UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  /// Its message; empty when it was closed without one. The pidfds that came along are kept.
  std::string receive();
  void acknowledge();
  void close() { fd_.reset(); }
  /// Closed by the monitor.
  bool ends();

  UniqueFd vmm, monitor;

 private:
  UniqueFd fd_;
};

class MonitorTest : public testing::Test {
 protected:
  MonitorTest();
  ~MonitorTest() override;

  using Words = std::vector<std::string>;
  /// `program` is the fake VMM's script, or begins with a path.
  void start(const Words& program, const Words& flags = {});
  /// The same up to the driver's byte; sets vmm_pid_.
  void run(const Words& program, const Words& flags = {});
  void adopt(const Words& flags = {});
  ProcessSpec spec(const Words& flags, const Words& program);
  /// For what runs under the fake VMM's `await`.
  void let_go();

  /// The monitor's exit code.
  int ended();
  /// exit.json once it is there.
  wire::Json exit();
  std::string exit_text(const char* field);
  /// The answer of monitor.sock.
  std::string ask(const std::string& request);
  UniqueFd connect();
  /// A number of `status`: `console`, `dropped`.
  std::uint64_t count(const char* stream, const char* what);

  [[nodiscard]] std::string state(const std::string& name) const { return state_dir_ + "/" + name; }
  [[nodiscard]] std::string run_path(const std::string& name) const { return run_dir_ + "/" + name; }
  /// The texts of the console's records, whole lines only.
  std::string console_text();
  /// Until `is_so`; false at the deadline.
  static bool eventually(const std::function<bool()>& is_so, milliseconds patience = kPatience);
  void reap_vmm();
  [[nodiscard]] bool vmm_lives() const;
  [[nodiscard]] Words run_names() const { return names_in(run_dir_); }

  std::string bin_ = required_env("MONITOR_BIN");
  TempDir dir_{"/dev/shm"};
  std::string id_;
  std::string state_dir_, run_dir_;
  std::unique_ptr<Process> monitor_;
  std::optional<ReportEnd> report_;
  int vmm_pid_ = 0;
};

/// Everything up to the end of file, or the deadline.
std::string read_all(int fd, milliseconds patience = kPatience);
/// Until it ends in `end`.
std::string read_until(int fd, std::string_view end, milliseconds patience = kPatience);
void send_all(int fd, std::string_view text);
bool wait_readable(int fd, milliseconds patience = kPatience);

}  // namespace microvm::monitor::test
