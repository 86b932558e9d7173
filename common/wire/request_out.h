// Requests as the host writes them: one line, newline included.
#pragma once

#include <string_view>

#include "common/base/bytes.h"
#include "common/wire/json_out.h"

namespace microvm::wire {

/// Writes one request into `line`, which it empties first. The line may hold values: `Bytes` wipes it.
class RequestWriter : public JsonWriter {
 public:
  RequestWriter(Bytes& line, std::string_view op, std::string_view id) noexcept : JsonWriter((line.clear(), line)) {
    text("op", op).text("id", id);
  }
};

}  // namespace microvm::wire
