#include "standin/cli/records.h"

#include <cstdio>
#include <cstdlib>

#include "standin/vmm/log_sites.h"

namespace microvm::standin {

void panic(Records& records, std::string_view where, std::string_view what) {
  records.log(site::kPanic, "Firecracker panicked at " + std::string(where) + ":\n" + std::string(what));
  records.metrics.store("vmm.panic_count", 1);
  records.metrics.write();
  std::abort();
}

int end(Records& records, const Fault& why, int exit_code) {
  records.log(site::kMainError, why.text);
  std::fprintf(stderr, "Error: %s\n", why.debug.c_str());
  records.log(site::kExitError, "Firecracker exiting with error. exit_code=" + std::to_string(exit_code));
  return exit_code;
}

int end_well(Records& records) {
  records.log(site::kExitSuccess, "Firecracker exiting successfully. exit_code=0");
  return 0;
}

}  // namespace microvm::standin
