// Which request does what: one table.
#pragma once

#include "standin/api/call.h"
#include "standin/vmm/vmm.h"

namespace microvm::standin {

Outcome dispatch(Vmm& vmm, const Call& call);

}  // namespace microvm::standin
