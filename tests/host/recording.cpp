// Reads recorded streams: one JSON object a line, of which only the vsock ones count.
#include <boost/json/basic_parser_impl.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "common/wire/json_in.h"
#include "tests/host/streams.h"

namespace microvm::test {
namespace {

// Keeps the top-level strings and numbers that a row is made of, and the arrays of "steps".
struct RowEvents : wire::JsonEvents {
  Row row;
  bool is_vsock = false;
  std::string key, text;
  int depth = 0;

  bool on_object_begin(Ec&) { return ++depth > 0; }
  bool on_object_end(std::size_t, Ec&) { return depth-- > 0; }
  bool on_array_begin(Ec&) {
    if (++depth == 3 && key == "steps") row.steps.emplace_back();
    return true;
  }
  bool on_array_end(std::size_t, Ec&) { return depth-- > 0; }
  bool on_key_part(Sv part, std::size_t, Ec&) { return gather(part); }
  bool on_key(Sv part, std::size_t, Ec&) {
    gather(part);
    key = std::exchange(text, {});
    return true;
  }
  bool on_string_part(Sv part, std::size_t, Ec&) { return gather(part); }
  bool on_string(Sv part, std::size_t, Ec&) {
    gather(part);
    return take(std::exchange(text, {}));
  }
  bool on_int64(std::int64_t number, Sv, Ec&) { return take(std::to_string(number)); }
  bool on_uint64(std::uint64_t number, Sv, Ec&) { return take(std::to_string(number)); }
  bool on_double(double, Sv, Ec&) { return true; }
  bool on_null(Ec&) { return true; }
  bool on_bool(bool truth, Ec&) {
    if (depth == 1 && key == "vsock") is_vsock = truth;
    return true;
  }

  bool gather(Sv part) {
    text.append(part.data(), part.size());
    return true;
  }
  bool take(std::string value) {
    if (depth == 3 && key == "steps") {
      row.steps.back().push_back(std::move(value));
    } else if (depth == 1 && key == "label") {
      row.label = std::move(value);
    } else if (depth == 1 && key == "note") {
      row.begins_before_previous = value == "after the other connection was added";
    } else if (depth == 1 && key == "answered_OK") {
      row.streams_at_once = std::stoi(value);
    }
    return true;
  }
};

}  // namespace

std::vector<Row> rows_recorded() {
  const char* const dir = std::getenv("MICROVM_GOLDEN_DIR");
  if (dir == nullptr) return {};
  const std::filesystem::path file = std::filesystem::path(dir) / "vsock_real.jsonl";
  std::vector<Row> rows;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    boost::json::basic_parser<RowEvents> parser(wire::strict_json());
    if (wire::read_json(parser, line)) throw std::runtime_error(file.string() + ": not JSON: " + line);
    if (parser.handler().is_vsock) rows.push_back(std::move(parser.handler().row));
  }
  return rows;
}

}  // namespace microvm::test
