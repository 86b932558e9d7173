// Plays one recording to firecracker-qemu, and tells what came out differently.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/standin/recording.h"
#include "tests/standin/stage.h"
#include "tests/support/line_client.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {

/// One thing that was compared. Its name is unique in its scenario: "17" is the 17th exchange, "17: process exit" a
/// fact that follows it, "--help" a command line.
struct Outcome {
  enum class Kind { Exchange, Fact, CommandLine };

  std::string scenario;
  Kind kind;
  std::string name;
  std::string label;
  std::string expected;
  std::string got;
  [[nodiscard]] bool equal() const { return expected == got; }
};

class Player {
 public:
  /// Of the program `program`.
  Player(std::string program, Recording recording);

  std::vector<Outcome> play();

 private:
  void on(const Start& start);
  void on(const Exchange& exchange);
  void on(const Fact& fact);
  void on(const CommandLine& line);

  [[nodiscard]] ProcessSpec spec(std::vector<std::string> argv) const;
  LineClient& connection_of(const Exchange& exchange);
  void send_numbered(LineClient& client, const Exchange& exchange);

  void stop(const Fact& fact);
  void see_end(const Fact& fact);
  void see_state(const Fact& fact);
  void send_signal(const Fact& fact);
  void see_log(const Fact& fact);
  void compare(const Fact& fact, std::optional<int> code, const std::string& file);
  std::optional<int> end();
  [[nodiscard]] std::string log_text(const std::string& file) const;
  std::string end_of_log(const std::string& file, const std::string& expected);

  std::string run_to_expected(Process& process, const CommandLine& line) const;
  void note(Outcome::Kind kind, const std::string& name, const std::string& label, std::string expected,
            std::string got);

  std::string program_;
  Recording recording_;
  std::map<int, std::size_t> last_use_;  ///< of each connection: the step
  std::size_t at_ = 0;
  int last_exchange_ = 0;
  TempDir folder_;
  std::vector<std::string> argv_;
  std::optional<Stage> stage_;
  std::optional<Process> process_;
  std::chrono::milliseconds patience_{};  ///< with what is due; little once it was in vain
  std::map<int, LineClient> connections_;
  std::vector<Outcome> outcomes_;
};

}  // namespace microvm::test
