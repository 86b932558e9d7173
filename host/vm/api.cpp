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

}  // namespace microvm::vm
