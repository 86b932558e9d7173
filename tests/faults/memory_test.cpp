// What the daemon's memory holds once a request is answered: no value, in no form.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/faults/state.h"
#include "tests/support/files.h"

namespace microvm::faults {
namespace {

using test::LineClient;
using testing::HasSubstr;
using testing::IsEmpty;

// Of a length that is whole groups of base64: a value of these, however it is cut, shows one in each of its forms.
constexpr std::string_view kUnit = "MemoryMustForgetThisUnit";
static_assert(kUnit.size() % 3 == 0);

std::string value_of(std::size_t size) {
  std::string value;
  while (value.size() < size) value += kUnit;
  value.resize(size);
  return value;
}

// Every character as \u00XX.
std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    out += "\\u00";
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// In how many writable mappings of a process each form of the unit stands.
std::vector<std::string> mappings_that_tell(pid_t pid) {
  const std::vector<std::string> forms = {std::string(kUnit), base64(kUnit), escaped(base64(kUnit))};
  const std::string proc = "/proc/" + std::to_string(pid);
  const UniqueFd memory(::open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  std::istringstream maps(test::read_file(proc + "/maps"));
  std::vector<std::string> found;
  std::size_t seen = 0;
  for (std::string line; std::getline(maps, line);) {
    std::size_t begin = 0;
    std::size_t end = 0;
    if (std::sscanf(line.c_str(), "%zx-%zx", &begin, &end) != 2 || line.find(" rw") == line.npos) continue;
    std::string bytes(end - begin, '\0');
    const ssize_t n = ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (n <= 0) continue;  // a guard page
    bytes.resize(static_cast<std::size_t>(n));
    seen += bytes.size();
    for (const std::string& form : forms) {
      if (bytes.find(form) != bytes.npos) found.push_back(form + " in " + line);
    }
  }
  EXPECT_GT(seen, 256U * 1024) << "the memory cannot be read";
  return found;
}

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to read the memory of a process that is not dumpable";
  }
  // Behind another connection's ping everything before it is done, what comes after a reply too.
  std::vector<std::string> told() {
    EXPECT_THAT(other_.ask("{\"op\":\"ping\",\"id\":\"\"}\n"), HasSubstr("true"));
    return mappings_that_tell(daemon_.process().pid());
  }
  void expect_forgotten(const std::string& request, const std::string& reply) {
    SCOPED_TRACE(request.substr(0, 60));
    EXPECT_THAT(client_.ask(request + "\n"), HasSubstr(reply));
    EXPECT_THAT(told(), IsEmpty());
  }
  static std::string set_secret(const std::string& value_b64, const std::string& more = "") {
    return R"({"op":"set_secret","id":"x","name":"s","value_b64":")" + value_b64 + "\"" + more + "}";
  }
  static std::string set_env(const std::string& more = "") {
    return R"({"op":"set_env","id":"x","env":{"A":")" + value_of(3000) + R"(","B":")" + value_of(100) + "\"}" + more +
           "}";
  }
  static std::string apply(const std::string& more = "") {
    return R"({"op":"apply","id":"x","env":{"A":")" + value_of(500) + R"("},"secrets":{"s":")" + base64(value_of(100)) +
           R"(","t":")" + base64(value_of(90'000)) + R"(","u":")" + escaped(base64(value_of(400))) + "\"}" + more + "}";
  }

  test::TempDir dir_;
  test::Daemon daemon_{dir_};
  LineClient client_ = daemon_.client();
  LineClient other_ = daemon_.client();
};

constexpr const char* kOk = R"("ok":true)";
constexpr const char* kRefused = R"("ok":false)";

TEST_F(Memory, HoldsALineUntilItEnds) {
  for (const std::string& text : {value_of(1000), base64(value_of(1000)), escaped(base64(value_of(1000)))}) {
    LineClient client = daemon_.client();
    ASSERT_TRUE(client.send("{\"" + text));
    ASSERT_TRUE(client.await_taken());
    EXPECT_THAT(told(), testing::Not(IsEmpty())) << "this test finds nothing";
    client.close();
    EXPECT_THAT(told(), IsEmpty());
  }
}

TEST_F(Memory, ForgetsSecrets) {
  for (const std::size_t size : {32U, 5'000U, 60'000U, 700'000U})
    expect_forgotten(set_secret(base64(value_of(size))), kOk);
  expect_forgotten(set_secret(escaped(base64(value_of(5'000)))), kOk);
}

TEST_F(Memory, ForgetsEnv) {
  expect_forgotten(set_env(), kOk);
  expect_forgotten(set_env(R"(,"merge":true)"), kOk);
  expect_forgotten(R"({"op":"set_env","id":"x","env":{"C":"1"},"merge":true})", kOk);
  expect_forgotten(R"({"op":"stat","id":"x"})", kOk);
}

TEST_F(Memory, ForgetsTransactions) {
  expect_forgotten(apply(), kOk);
  expect_forgotten(apply(), R"("changed":false)");
  expect_forgotten(apply(R"(,"epoch":"next")"), kOk);
  expect_forgotten(R"({"op":"apply","id":"x","secrets_mode":"replace","secrets":{"s":"MTIz"}})", kOk);
  expect_forgotten(R"({"op":"wipe","id":"x"})", kOk);
}

TEST_F(Memory, ForgetsWhatItRefuses) {
  const std::string value = base64(value_of(5'000));
  expect_forgotten(set_secret(value, R"(,"if_match":"another")"), kRefused);
  expect_forgotten(set_secret(value + "="), kRefused);
  expect_forgotten(set_secret(value, " broken"), kRefused);
  expect_forgotten(set_secret(value, R"(,"name":"twice")"), kRefused);
  expect_forgotten(R"({"op":"set_secret","id":"x","value_b64":")" + value + R"(","name":"not a name"})", kRefused);
  expect_forgotten(R"({"op":"unknown","id":"x","value_b64":")" + value + "\"}", kRefused);
  expect_forgotten(set_env(R"(,"merge":1)"), kRefused);
  expect_forgotten(R"({"op":"set_env","id":"x","env":{"A":")" + value_of(2000) + R"(\n"}})", kRefused);
  expect_forgotten(apply(R"(,"if_match":"another")"), kRefused);
  expect_forgotten(apply(R"(,"env_mode":"another")"), kRefused);
  expect_forgotten(set_secret(base64(value_of(1'500'000))), "line too long");
}

TEST_F(Memory, ForgetsWhatCannotBeWritten) {
  std::filesystem::remove_all(daemon_.paths().state_dir);
  expect_forgotten(set_secret(base64(value_of(5'000))), kRefused);
  expect_forgotten(set_env(), kRefused);
  expect_forgotten(apply(), kRefused);
}

TEST_F(Memory, ForgetsWhoDoesNotListen) {
  LineClient deaf = daemon_.client();
  EXPECT_THAT(deaf.ask("{\"op\":\"ping\",\"id\":\"\"}\n"), HasSubstr("true"));
  ASSERT_TRUE(deaf.send(set_secret(base64(value_of(50'000))) + "\n" + set_env() + "\n" + apply() + "\n"));
  deaf.close();
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace microvm::faults
