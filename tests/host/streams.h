// Host-side vsock streams as tables: what was sent, what came back, and how the stream stood then.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/vsock_double.h"

namespace microvm::test {

/// A step is its words: {"connect", "ok"}, {"send", bytes, error if any}, {"recv", bytes, "open" or how it ended},
/// {"shutdown(SHUT_WR)"}, {"echoed", size, "same"}, and what a listener on the host saw of a call by the guest.
using Step = std::vector<std::string>;

struct Row {
  std::string label;
  std::vector<Step> steps;
  bool begins_before_previous = false;  ///< all but its last step come before the row above
  int streams_at_once = 0;              ///< no steps: so many streams are answered OK
};

/// The streams of vsock_real.jsonl in the folder that MICROVM_GOLDEN_DIR names: transcripts of a real Firecracker,
/// which are not part of this repository; empty without them.
std::vector<Row> rows_recorded();

/// The guest that the rows talk to: 52 echoes, 53 greets, 54 and 55 end at once, 56 and 61 shut one direction at the
/// first data, 57 calls the host port it is told, 58 never answers, 59 swallows, 60 says bye and ends.
void listen_like_recorded_guest(VsockDouble& vsock);

/// Rows of our own, for the same guest; the first host port is 1073741824.
std::vector<Row> rows_like_recorded();

/// What serves the streams: it does not run between the two calls, so what the host does meanwhile it finds all at
/// once.
struct Vmm {
  std::function<void()> hold;
  std::function<void()> release;
};
/// Plays all rows in order, each on streams of its own, and expects what the host side saw.
void expect_streams(const Vmm& vmm, const std::string& uds_path, const std::vector<Row>& rows,
                    std::chrono::milliseconds request_timeout);
void expect_streams(VsockDouble& vsock, const std::string& uds_path, const std::vector<Row>& rows,
                    std::chrono::milliseconds request_timeout);

}  // namespace microvm::test
