// Exponents are cut without a change of value, and nothing else is touched.
#include "common/wire/json_in.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace microvm::wire {
namespace {

std::string clamped(std::string text) {
  clamp_exponents(text);
  return text;
}

TEST(ClampExponents, CutsLongOnes) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"1e99999999", "1e99999999"},
      {"1e123456789", "1e099999999"},
      {"1E+123456789", "1E+099999999"},
      {"1e-10000000000", "1e-00099999999"},
      {"0e99999999999", "0e00099999999"},
      {"1.5e-12345678901 ", "1.5e-00099999999 "},
      {"[1e123456789,2e123456789]", "[1e099999999,2e099999999]"},
      {R"({"a":1e123456789})", R"({"a":1e099999999})"},
  };
  for (const auto& [text, cut] : rows) {
    EXPECT_EQ(clamped(text), cut);
    EXPECT_EQ(clamped(cut), cut);
  }
}

TEST(ClampExponents, LeavesTheRestAlone) {
  for (const char* text : {"",
                           "e",
                           "E",
                           "1e",
                           "1e+",
                           "1e-",
                           "true",
                           "false",
                           "123456789012",
                           "-0.123456789012",
                           "1e12345678",
                           "1e-000000000000012345678",
                           "1e00000000000000000000",
                           "[true,1e5,false]",
                           R"("1e123456789")",
                           R"(["e123456789","\"e123456789","\\\"e123456789"])",
                           R"({"e123456789":"E123456789"})",
                           R"("\\\\e123456789", "x)",
                           R"("e123456789)",
                           R"("\)",
                           R"("\")",
                           "\"",
                           "\"\\",
                           "e\"e123456789"}) {
    EXPECT_EQ(clamped(text), text);
  }
}

TEST(ClampExponents, SeesWhereStringsEnd) {
  EXPECT_EQ(clamped(R"(["\\",1e123456789])"), R"(["\\",1e099999999])");
  EXPECT_EQ(clamped(R"(["\\\"",1e123456789,"\""])"), R"(["\\\"",1e099999999,"\""])");
  EXPECT_EQ(clamped(R"(["","\"1e123456789",1e123456789])"), R"(["","\"1e123456789",1e099999999])");
}

TEST(ClampExponents, KeepsTheValue) {
  for (const std::string mantissa : {"0", "-0", "0.0", "1", "-1", "0.000000000000000001", "12345678901234567890.5"}) {
    for (const char* exponent : {"e0", "e-5", "E+12", "e000000000000000000010", "e-100000000", "e-99999999999"}) {
      const std::string text = mantissa + exponent;
      EXPECT_EQ(std::strtod(clamped(text).c_str(), nullptr), std::strtod(text.c_str(), nullptr)) << text;
    }
  }
}

}  // namespace
}  // namespace microvm::wire
