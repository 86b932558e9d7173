#include "host/vm/api.h"

#include <chrono>

#include "host/vm/files.h"
#include "host/vm/patience.h"

namespace microvm::vm {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string last_words(const Layout& layout) {
  const auto exit = await_exit(layout, Deadline::after(kShortExitPatience));
  if (!exit || exit->vmm_tail.empty()) return tail_of(layout.vmm_log(), kLastWords);
  std::string words;
  for (const std::string& line : exit->vmm_tail) words += line + '\n';
  return words;
}

Result<fcapi::Client> open_api(const RuntimeOptions& options, const Layout& layout, const Record& record, int vmm_pidfd,
                               int watch) {
  return fcapi::Client::connect(
      record.api_socket, {.pidfd = vmm_pidfd, .last_output = [layout] { return last_words(layout); }, .watch = watch},
      {.connect_timeout = options.api_timeout, .timeout = options.api_timeout, .mem_size_mib = record.mem_size_mib});
}

// 1.16.0 and 1.16.1 lose every vsock connection after a bare resume. A snapshot that is refused, as the VM runs, resets
// the transport all the same; nothing is written even if somebody pauses it in between, as its directory does not
// exist.
Result<void> revive_vsock(fcapi::Client& api, const Layout& layout, const Record& record) {
  const fcapi::Version version = api.version();
  const bool is_lost = version >= fcapi::Version{1, 16, 0} && version < fcapi::Version{1, 17, 0};
  if (record.vsock_socket.empty() || !is_lost) return {};
  const std::string nowhere = layout.run + "/none/none";
  const auto refused = api.create_snapshot({.snapshot_path = nowhere, .mem_file_path = nowhere});
  if (refused || refused.error().code == ErrorCode::Fault) return {};
  return std::unexpected(refused.error());
}

}  // namespace microvm::vm
