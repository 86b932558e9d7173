// Whatever a guest does, no error message of the client holds a value that was to be kept.
#include "host/metadata/reveals.h"
#include "microvm/change_json.h"
#include "tests/host/client_fixture.h"
#include "tests/support/freed_blocks.h"

namespace microvm::metadata {
namespace {

using namespace std::chrono_literals;
using namespace microvm::test;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "correct horse battery staple";
constexpr std::string_view kBase64 = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==";

struct Behaviour {
  const char* name;
  VsockDouble::Script guest;
};

VsockDouble::Script quoting(std::string what) {
  return answering([what = std::move(what)](const std::string& request) {
    return refusal_of(request, fmt::format("bad value {}!", what));
  });
}

// Guests that do all that makes a request fail, and as much as they can with the value in it.
std::vector<Behaviour> behaviours() {
  return {
      {"silence", [](LineClient& host) { read_request(host), read_request(host); }},
      {"the end", [](LineClient& host) { read_request(host); }},
      {"an echo", answering([](const std::string& request) { return request + "\n"; })},
      {"an echo that is no JSON", answering([](const std::string& request) { return request.substr(1) + "\n"; })},
      {"a bare value", answering([](const std::string&) { return std::string(kSecret) + "\n"; })},
      {"the value as id",
       answering([](const std::string&) { return fmt::format("{{\"id\":\"{}\",\"ok\":false}}\n", kSecret); })},
      {"the value for ever",
       [](LineClient& host) {
         while (host.send(kSecret)) continue;
       }},
      {"a refusal quoting the value", quoting(std::string(kSecret))},
      {"a refusal quoting a part of it", quoting(std::string(kSecret.substr(3, 9)))},
      {"a refusal quoting base64", quoting(std::string(kBase64))},
      {"a refusal quoting a part of base64", quoting(std::string(kBase64.substr(0, 12)))},
      {"a refusal quoting it in the middle of much", quoting(std::string(400, '.') + std::string(kSecret))},
      {"a greeting",
       [](LineClient& host) {
         host.send(kSecret);
         host.send("\n");
         read_request(host);
       }},
  };
}

class SecrecyTest : public WithGuest {
 protected:
  template <class T>
  static void expect_secret(const Result<T>& result) {
    ASSERT_FALSE(result);
    EXPECT_FALSE(reveals(result.error().message, kSecret)) << result.error().message;
    EXPECT_FALSE(reveals(result.error().message, kBase64)) << result.error().message;
  }
};

TEST_F(SecrecyTest, OfSecretsAndEnvValues) {
  for (const Behaviour& behaviour : behaviours()) {
    SCOPED_TRACE(behaviour.name);
    Client client = client_of(behaviour.guest, {.request_timeout = 100ms, .resend_if_lost = true});
    expect_secret(client.set_secret("db", bytes_of(kSecret)));
    client = connect({.request_timeout = 100ms});
    const auto env = client.set_env({{"DB", std::string(kSecret)}});
    ASSERT_FALSE(env);
    EXPECT_THAT(env.error().message, Not(HasSubstr(std::string(kSecret))));
    client = connect({.request_timeout = 100ms});
    Change change{.env = Env{{"DB", std::string(kSecret)}}};
    change.secrets = {{"a", {}}, {"db", secret_of(kSecret)}};
    expect_secret(client.apply(change));
  }
}

TEST_F(SecrecyTest, OfCodes) {
  static constexpr const char* kWord = "correct_horse_battery";
  Client client = client_of(answering([](const std::string& request) {
    return fmt::format("{{\"id\":\"{}\",\"ok\":false,\"error\":\"no\",\"code\":\"{}\"}}\n", id_of(request), kWord);
  }));
  EXPECT_EQ(client.wipe().error().guest_code, kWord);
  Change change;
  change.secrets["db"] = secret_of(kWord);
  EXPECT_EQ(client.apply(change).error().guest_code, "");
  EXPECT_EQ(client.apply({.env = Env{{"DB", kWord}}}).error().guest_code, "");
}

TEST_F(SecrecyTest, OfValuesThatAreNotSent) {
  Client client = client_of(daemon());
  const std::string secret(kSecret);
  expect_secret(client.set_env({{"A", secret + "\n"}}));
  expect_secret(client.set_env({{"A", secret + "\xff"}}));
  expect_secret(client.set_env({{"A", secret}, {"B-", secret}}));
  expect_secret(client.set_env({{"A", secret + std::string(1'100'000, 'x')}}));
  expect_secret(client.set_secret("a", bytes_of(secret + std::string(1'100'000, 'x'))));
  expect_secret(client.set_secret("a b", bytes_of(secret)));
}

// A transaction's secrets are wiped wherever they stood: as values, as base64 and as a line.
TEST_F(SecrecyTest, OfMemoryThatIsGivenBack) {
  const std::string document = fmt::format(R"({{"secrets":{{"a":"","db":"{}"}}}})", kBase64);
  for (const std::string_view marker : {kSecret, kBase64}) {
    const FreedBlocks freed(marker);
    auto change = parse_change_json(document);
    ASSERT_THAT(change, Succeeds());
    Change moved = std::move(*change);
    moved.secrets["copy"] = moved.secrets["db"];
    moved.secrets["copy"].resize(100'000);
    EXPECT_THAT(check_change(moved), Succeeds());
    moved = {};
    EXPECT_GT(freed.seen(), 0U);
    EXPECT_EQ(freed.with_marker(), 0U);
  }
}

TEST_F(SecrecyTest, AReasonWithoutTheValueIsShown) {
  Client client = client_of(quoting("correct"));
  EXPECT_THAT(client.set_secret("db", bytes_of(kSecret)).error().message, HasSubstr("bad value correct!"));
  // A part of an env value may be any path: only the whole is taken for a quotation.
  EXPECT_THAT(client.set_env({{"P", "bad value correct and more"}}).error().message, HasSubstr("bad value correct!"));
}

}  // namespace
}  // namespace microvm::metadata
