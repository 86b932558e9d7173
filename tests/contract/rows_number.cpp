// Numbers: the grammar, and that a double can hold them.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {

std::string with(const std::string& number) { return R"({"id":"x","op":"ping","u":)" + number + "}"; }

}  // namespace

std::vector<Row> number_rows() {
  const std::string zeros(400, '0');
  const std::vector<std::string> good{"0",
                                      "-0",
                                      "1",
                                      "-1",
                                      "0.0",
                                      "-0.5",
                                      "10",
                                      "1.25",
                                      "1e1",
                                      "1E1",
                                      "1e+1",
                                      "1e-1",
                                      "1.5E+3",
                                      "-1e-1",
                                      "18446744073709551616",
                                      "-9223372036854775809",
                                      "1e308",
                                      "1.7976931348623157e308",
                                      "-1.7976931348623157e308",
                                      "5e-324",
                                      "1e-400",
                                      "-1e-400",
                                      "1e-99999999999",
                                      "0e400",
                                      "0e99999999999",
                                      "-0e99999999999",
                                      "0.0e99999999999",
                                      "0." + zeros + "1",
                                      "0." + zeros + "1e400",
                                      "1" + zeros + "e-400",
                                      std::string(308, '9'),
                                      "1e" + zeros + "1"};
  const std::vector<std::string> too_large{"1e309",
                                           "1e400",
                                           "-1e400",
                                           "1e99999999999",
                                           "-1e99999999999",
                                           "1E+400",
                                           "10e308",
                                           "0.1e310",
                                           "1e2147483648",
                                           "1e4294967296",
                                           "1e18446744073709551616",
                                           "1.7976931348623159e308",
                                           "1" + zeros,
                                           std::string(309, '9'),
                                           "1" + zeros + ".5",
                                           "1e" + zeros + "400"};
  const std::vector<std::string> broken{"+1",    "-",     "01",    "-01", "00",  "1.",   ".5",       "-.5",   "1.e1",
                                        "1e",    "1e+",   "1e-",   "--1", "1+1", "0x10", "0b1",      "1_000", "1,000",
                                        "1.2.3", "1e1.5", "1e1e1", "1f",  "1n",  "e1",   "\xD9\xA1", "- 1",   "1 .5"};
  std::vector<Row> rows;
  const auto name = [](const char* kind, const std::string& number) {
    return kind + number.substr(0, 30) + (number.size() > 30 ? "… of " + std::to_string(number.size()) : "");
  };
  for (const std::string& number : good) rows.push_back(ok(name("number ", number), with(number)));
  for (const std::string& number : too_large) rows.push_back(invalid(name("too large ", number), with(number)));
  for (const std::string& number : broken) rows.push_back(invalid(name("no number ", number), with(number)));
  return rows;
}

}  // namespace microvm::contract
