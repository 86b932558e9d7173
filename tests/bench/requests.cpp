// What is asked of the daemons.
#include "tests/bench/requests.h"

namespace microvm::bench {

std::string base64_of(std::size_t bytes) {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes / 3 * 4; ++i) text += alphabet[i * 37 % alphabet.size()];
  constexpr const char* kEnds[] = {"", "QQ==", "QUE="};
  return text + kEnds[bytes % 3];
}

std::string set_secret(const std::string& name, std::size_t bytes) {
  return R"({"op":"set_secret","id":"x","name":")" + name + R"(","value_b64":")" + base64_of(bytes) + "\"}\n";
}

std::string set_env(int keys) {
  std::string line = R"({"op":"set_env","id":"x","env":{)";
  for (int i = 0; i < keys; ++i) {
    const std::string number = std::to_string(i * 7 % keys);
    line += (i == 0 ? "\"SETTING_" : ",\"SETTING_") + number + R"(":"the value of setting )" + number + "\"";
  }
  return line + "}}\n";
}

std::string apply_secrets(int count, std::size_t bytes, char variant) {
  std::string line = R"({"op":"apply","id":"x","secrets":{)";
  for (int i = 0; i < count; ++i) {
    std::string value = base64_of(bytes);
    value.front() = variant;
    line += (i == 0 ? "\"secret-" : ",\"secret-") + std::to_string(i) + R"(":")" + value + "\"";
  }
  return line + "}}\n";
}

std::string repeated(const std::string& line, int times) {
  std::string lines;
  for (int i = 0; i < times; ++i) lines += line;
  return lines;
}

}  // namespace microvm::bench
