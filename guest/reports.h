// What `stat` and `info` answer.
#pragma once

#include "common/wire/reply.h"
#include "guest/failures.h"

namespace microvm::guest {

class Requests;

Failure report_stat(Requests& requests, wire::ReplyWriter& reply) noexcept;
Failure report_info(Requests& requests, wire::ReplyWriter& reply) noexcept;

}  // namespace microvm::guest
