// A traced daemon in a folder of its own, and the one client it has.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/faults/operations.h"
#include "tests/faults/state.h"
#include "tests/faults/tracer.h"
#include "tests/support/temp_dir.h"

namespace microvm::faults {

class Subject {
 public:
  Subject() = default;
  /// Its folder begins as a copy of another one's, whose daemon is gone.
  explicit Subject(const Subject& left);

  [[nodiscard]] const test::DaemonPaths& paths() const noexcept { return paths_; }
  [[nodiscard]] State state() const { return read_state(paths_); }
  [[nodiscard]] Tracer& tracer() noexcept { return *tracer_; }
  /// What the traced daemon logged.
  [[nodiscard]] std::string log() { return tracer_->process().err(); }
  [[nodiscard]] std::size_t descriptors();

  /// Starts the daemon, up to its first wait or its end; answers the calls that took.
  std::vector<Call> start(const std::optional<Fault>& fault = {});
  /// Connects the client; answers the daemon's calls.
  std::vector<Call> connect(const std::optional<Fault>& fault = {});
  /// Starts, connects, makes the operation's old state and prepares it.
  void begin(const Operation& operation);
  void prepare(const Operation& operation);

  struct Answer {
    std::string reply;  ///< "" when there is none: the connection or the daemon is gone
    std::vector<Call> calls;
    [[nodiscard]] bool ok() const { return reply.find(R"("ok":true)") != reply.npos; }
  };
  /// The fault strikes within the first turn of the daemon's loop.
  Answer ask(const std::string& request, const std::optional<Fault>& fault = {});
  /// Without faults; throws std::runtime_error when it is refused.
  void ask_well(const std::string& request);

 private:
  test::TempDir dir_;
  test::DaemonPaths paths_{dir_};
  std::unique_ptr<Tracer> tracer_;
  test::LineClient client_;
};

/// CI's short form leaves out what adds little; `./dev faults` sets FAULTS_LONG.
bool long_form();

}  // namespace microvm::faults
