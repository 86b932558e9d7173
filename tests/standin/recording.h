// A recording of what Firecracker did, read from a file: one JSON object a line, in the order in which it happened.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace microvm::test {

/// A fresh process, in a folder that holds what every process finds.
struct Start {
  std::vector<std::string> argv;
};

/// Bytes sent on a connection, and what came back.
struct Exchange {
  int n = 0;
  std::string label;
  int connection = 0;
  std::string request;
  std::string response;             ///< empty: none came
  std::vector<std::size_t> pieces;  ///< sizes; empty: sent at once
  bool half_closes = false;         ///< nothing more is sent
  bool is_refused_unheard = false;  ///< the answer was there before the request could be sent
  std::string peer;                 ///< what became of the stream: "open", "EOF", "ConnectionResetError"; or unknown
};

/// What was seen beside the connections. `event` tells which of the others it has.
struct Fact {
  std::string event;
  std::optional<int> code;  ///< negative: the signal that ended the process; nothing: it was alive
  std::string signal;       ///< the name of the one it was sent
  std::string file;         ///< "stdout" or a name in the folder
  std::string text;         ///< what the file, or standard output, held or ended in
  std::string errors;       ///< what standard error ended in
};

/// A process that is run for its output.
struct CommandLine {
  std::string label;
  std::vector<std::string> argv;
  std::optional<int> code;  ///< nothing: it ran until it was killed
  std::string out;
  std::string err;
  std::vector<Exchange> meanwhile;
};

using Step = std::variant<Start, Exchange, Fact, CommandLine>;

struct Recording {
  std::string scenario;
  std::vector<Step> steps;
};

/// Throws std::runtime_error naming the file when it is no recording.
Recording read_recording(const std::string& path);

}  // namespace microvm::test
