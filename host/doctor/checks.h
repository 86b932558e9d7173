// Every check: a look at one thing.
#pragma once

#include "host/doctor/system.h"

namespace microvm::doctor {

Finding kvm(const System& system);
Finding kvm_capabilities(const System& system);

Finding kernel(const System& system);
Finding virtualization(const System& system);
Finding nested_paging(const System& system);
Finding ksm(const System& system);
Finding smt(const System& system);
Finding swap(const System& system);
Finding vulnerabilities(const System& system);
Finding nx_huge_pages(const System& system);
Finding cgroup(const System& system);
Finding transparent_huge_pages(const System& system);
Finding huge_pages(const System& system);
Finding tun(const System& system);
Finding mounts(const System& system);
Finding privileges(const System& system);
Finding open_files(const System& system);

Finding state_dir(const System& system);
Finding state_space(const System& system);
Finding run_dir(const System& system);
Finding run_space(const System& system);
Finding socket_paths(const System& system);

Finding firecracker(const System& system);
Finding firecracker_owner(const System& system);
Finding firecracker_linking(const System& system);
Finding monitor(const System& system);

}  // namespace microvm::doctor
