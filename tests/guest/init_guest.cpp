// Drives a guest that its own init has set up.
#include "tests/guest/init_guest.h"

#include <stdexcept>
#include <string_view>
#include <thread>

namespace microvm::test {
namespace {

constexpr std::chrono::minutes kBoot{2};  // systemd, emulated, on a busy machine
constexpr std::chrono::milliseconds kBetweenTries{100};
constexpr metadata::Options kThroughTheBoot{.connect_timeout = kBoot, .request_timeout = kPatience};

}  // namespace

std::string InitGuest::output(const std::string& line) {
  GuestVm::Answer answer = vm_.run(line, kBoot);
  if (answer.status != 0) {
    throw std::runtime_error(line + ": exit status " + std::to_string(answer.status) + ": " + answer.out);
  }
  if (answer.out.ends_with('\n')) answer.out.pop_back();
  return answer.out;
}

void InitGuest::await(const std::string& line) {
  const Deadline deadline = Deadline::after(kBoot);
  for (;;) {
    const GuestVm::Answer answer = vm_.run(line, kBoot);
    if (answer.status == 0) return;
    if (deadline.passed()) throw std::runtime_error("never succeeded: " + line + ": " + answer.out);
    std::this_thread::sleep_for(kBetweenTries);
  }
}

metadata::Client InitGuest::connect() {
  auto client = metadata::Client::connect({vm_.uds(), port_}, kThroughTheBoot);
  if (!client) throw std::runtime_error(client.error().message + "\nconsole:\n" + vm_.console());
  return std::move(*client);
}

void InitGuest::apply(const metadata::Change& change) {
  if (const auto applied = connect().apply(change); !applied) throw std::runtime_error(applied.error().message);
}

metadata::Env InitGuest::app_env() { return parse_env(output("cat /proc/$(pidof tail)/environ")); }

metadata::Secrets as_secrets(const std::map<std::string, std::string>& texts) {
  metadata::Secrets secrets;
  for (const auto& [name, text] : texts) {
    const auto bytes = std::as_bytes(std::span(text));
    secrets.emplace(name, Secret(bytes.begin(), bytes.end()));
  }
  return secrets;
}

const metadata::Env& nasty_env() {
  static const metadata::Env env = {{"QUOTES", R"("it's" 'quoted' ")"},
                                    {"DOLLARS", "$HOME ${PATH} $(id) `id` $$"},
                                    {"BACKSLASHES", R"(\n \\ \" \)"},
                                    {"BLANKS", "  two  and a tab\t "},
                                    {"PATTERNS", "* ? [a-z] ~ {a,b}"},
                                    {"WORDS", "# ; & | < > ! if then"},
                                    {"EQUALS", "=a=b="},
                                    {"CONTROLS", "\x01\x1b[31m\r\v\x7f"},
                                    {"UTF8", "\u00e9\u0081\u0088\u2028"},
                                    {"line", "1"}};
  return env;
}

metadata::Env parse_env(std::string_view entries) {
  metadata::Env env;
  while (!entries.empty()) {
    const std::string_view entry = entries.substr(0, entries.find('\0'));
    entries.remove_prefix(std::min(entry.size() + 1, entries.size()));
    const std::size_t equals = std::min(entry.find('='), entry.size());
    env.emplace(entry.substr(0, equals), entry.substr(std::min(equals + 1, entry.size())));
  }
  return env;
}

}  // namespace microvm::test
