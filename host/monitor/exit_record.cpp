#include "host/monitor/exit_record.h"

#include "common/base/bytes.h"
#include "common/base/rfc3339.h"
#include "common/wire/json_out.h"

namespace microvm::monitor {
namespace {

void put_number(wire::JsonWriter& json, std::string_view name, const std::optional<int>& value) {
  if (value)
    json.number(name, static_cast<std::uint64_t>(*value));
  else
    json.null(name);
}

void put_lines(wire::JsonWriter& json, std::string_view name, const std::vector<std::string>& lines) {
  json.begin(name, "[");
  for (const std::string& line : lines) json.text("", line);
  json.close("]");
}

}  // namespace

std::string exit_json(const Exit& exit) {
  Bytes text;
  wire::JsonWriter json(text);
  json.number("version", 1);
  put_number(json, "code", exit.code);
  put_number(json, "signal", exit.signal);
  json.text("reason", reason_name(exit.reason)).text("certainty", certainty_name(exit.certainty));
  json.text("detail", exit.detail);
  put_lines(json, "console_tail", exit.console_tail);
  put_lines(json, "vmm_tail", exit.vmm_tail);
  json.text("finished", TimeText(exit.finished, 3).view());
  return json.end() ? std::string(text.view()) : std::string();
}

}  // namespace microvm::monitor
