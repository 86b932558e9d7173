#include "standin/cli/given.h"

#include <charconv>

#include "standin/vmm/files.h"

namespace microvm::standin {

std::uint64_t number(Records& records, const Options& options, std::string_view flag, std::string_view type,
                     std::string_view where) {
  const std::string text = options.value(flag).value_or("0");
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!digits.empty() && error == std::errc() && end == digits.data() + digits.size()) return value;
  const char* kind = digits.empty()                            ? "Empty"
                     : error == std::errc::result_out_of_range ? "PosOverflow"
                                                               : "InvalidDigit";
  panic(records, where,
        "'" + std::string(flag) + "' parameter expected to be of '" + std::string(type) +
            "' type.: ParseIntError { kind: " + kind + " }");
}

std::optional<std::string> read_given(Records& records, const Options& options, std::string_view flag,
                                      std::string_view what, std::string_view where) {
  const auto path = options.value(flag);
  if (!path) return std::nullopt;
  auto text = read_file(*path, kMostConfigBytes);
  if (!text)
    panic(records, where, "Unable to open or read from the " + std::string(what) + " file: " + text.error().debug);
  return std::move(*text);
}

json::Value parse_metadata(Records& records, const std::string& text, std::string_view where) {
  json::Value value;
  json::Reader in(text);
  if (!json::read(in, value) || !in.end())
    panic(records, where, "MMDS error: metadata provided not valid json: " + in.failure().debug());
  return value;
}

}  // namespace microvm::standin
