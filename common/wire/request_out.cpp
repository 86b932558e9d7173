#include "common/wire/request_out.h"

#include "common/wire/base64.h"
#include "common/wire/json_out.h"

namespace microvm::wire {

bool RequestWriter::begin(std::string_view op, std::string_view id) noexcept {
  line_.clear();
  return line_.append("{\"op\":") && append_json_string(line_, op) && line_.append(",\"id\":") &&
         append_json_string(line_, id);
}

bool RequestWriter::ping(std::string_view id) noexcept { return begin("ping", id) && line_.append("}\n"); }

bool RequestWriter::set_secret(std::string_view id, std::string_view name, std::string_view value) noexcept {
  return begin("set_secret", id) && line_.append(",\"name\":") && append_json_string(line_, name) &&
         line_.append(",\"value_b64\":\"") && append_base64(line_, value) && line_.append("\"}\n");
}

bool RequestWriter::begin_set_env(std::string_view id, bool merge) noexcept {
  first_entry_ = true;
  return begin("set_env", id) && line_.append(merge ? ",\"merge\":true,\"env\":{" : ",\"env\":{");
}

bool RequestWriter::env_entry(std::string_view key, std::string_view value) noexcept {
  if (!first_entry_ && !line_.append(",")) return false;
  first_entry_ = false;
  return append_json_string(line_, key) && line_.append(":") && append_json_string(line_, value);
}

bool RequestWriter::end_set_env() noexcept { return line_.append("}}\n"); }

}  // namespace microvm::wire
