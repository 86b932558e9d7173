// The rules for keys, values and names, byte by byte.
#include "common/wire/rules.h"

#include <gtest/gtest.h>

#include <string>

#include "common/wire/limits.h"

namespace microvm::wire {
namespace {

const std::string kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const std::string kDigits = "0123456789";

// `rule` holds for `around` with one byte put in, exactly for the bytes in `good`.
void expect_bytes(const char* (*rule)(std::string_view), const std::string& before, const std::string& after,
                  const std::string& good) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    ASSERT_EQ(rule(before + c + after) == nullptr, good.find(c) != good.npos) << before << "|" << byte << "|" << after;
  }
}

TEST(Rules, EnvKey) {
  EXPECT_NE(env_key_rule(""), nullptr);
  expect_bytes(env_key_rule, "", "", kLetters + "_");
  expect_bytes(env_key_rule, "", "A", kLetters + "_");
  expect_bytes(env_key_rule, "a", "", kLetters + kDigits + "_");
  expect_bytes(env_key_rule, "_", "9", kLetters + kDigits + "_");
  EXPECT_EQ(env_key_rule(std::string(100'000, 'K')), nullptr);
}

TEST(Rules, EnvValue) {
  std::string all_but_two;
  for (int byte = 1; byte < 256; ++byte) all_but_two += byte == '\n' ? "" : std::string(1, static_cast<char>(byte));
  EXPECT_EQ(env_value_rule(""), nullptr);
  expect_bytes(env_value_rule, "", "", all_but_two);
  expect_bytes(env_value_rule, "a value ", " goes on", all_but_two);
  EXPECT_STRNE(env_value_rule("\n"), env_value_rule(std::string_view("\0", 1)));
}

TEST(Rules, SecretName) {
  EXPECT_NE(secret_name_rule(""), nullptr);
  expect_bytes(secret_name_rule, "", "", kLetters + kDigits + "_-");
  expect_bytes(secret_name_rule, "-", "0", kLetters + kDigits + "_-");
  EXPECT_EQ(secret_name_rule(std::string(kMaxSecretName, 'n')), nullptr);
  EXPECT_STREQ(secret_name_rule(std::string(kMaxSecretName + 1, 'n')), "a secret name has at most 255 bytes");
}

}  // namespace
}  // namespace microvm::wire
