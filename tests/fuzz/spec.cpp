// Spec files: what is no spec is refused in a line, and what is one is written and read as the same.
#include "microvm/spec.h"

#include <string>
#include <string_view>

#include "tests/fuzz/check.h"

namespace microvm::fuzz {
namespace {

void look_at(const Error& error) {
  check(error.code == ErrorCode::Invalid || error.code == ErrorCode::Io, "what is no spec is invalid, or not readable");
  check(error.message.size() < 5000, "an error is bounded");
  for (const char c : error.message) check(c >= ' ' && c <= '~', "an error is printable");
}

void use(const ParsedSpec& parsed) {
  check(parsed.warnings.size() < 100, "warnings are bounded");
  const std::string text = write_spec(parsed.spec);
  const auto again = parse_spec(text, {.name = "again", .base_dir = "/elsewhere", .strict = true});
  check(again.has_value(), "what is written is read");
  check(write_spec(again->spec) == text, "what is read is what was written");
  const auto checked = check_spec(parsed.spec), rechecked = check_spec(again->spec);
  check(checked.has_value() == rechecked.has_value(), "and obeys the same rules");
  if (!checked) look_at(checked.error());
}

}  // namespace
}  // namespace microvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace microvm;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_spec(text, {.name = "vm.json", .base_dir = "/a/folder/that/is/not/there"});
  const auto strict = parse_spec(text, {.name = "vm.json", .base_dir = "/a/folder/that/is/not/there", .strict = true});
  fuzz::check(!strict || (parsed && parsed->warnings.empty()), "what is strict is good without a warning");
  if (!parsed) fuzz::look_at(parsed.error());
  if (parsed) fuzz::use(*parsed);
  return 0;
}
