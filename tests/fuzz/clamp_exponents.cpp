// Cutting exponents changes no value and nothing else.
#include <cstdint>
#include <string>

#include "common/wire/json_in.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/reference_json.h"

namespace microvm::fuzz {
namespace {

void clamp(const std::string& text) {
  std::string clamped = text;
  wire::clamp_exponents(clamped);
  check(read_reference_json(clamped) == read_reference_json(text),
        "the same values stand there, or none before and after");
  for (std::size_t i = 0; i < text.size(); ++i) {
    check(clamped[i] == text[i] || (text[i] >= '0' && text[i] <= '9' && (clamped[i] == '0' || clamped[i] == '9')),
          "only digits change");
  }
  std::string twice = clamped;
  wire::clamp_exponents(twice);
  check(twice == clamped, "once is enough");
}

}  // namespace
}  // namespace microvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microvm::fuzz::clamp(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
