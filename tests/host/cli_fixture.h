// The `microvm` command as a process, and a scripted guest.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/host/client_fixture.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

namespace microvm::test {

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

inline Finished microvm(Words words, std::string input = {}, Variables env = {}) {
  words.insert(words.begin(), required_env("MICROVM_BIN"));
  return run({.argv = std::move(words), .env = std::move(env), .input = std::move(input)});
}

MATCHER(IsOneLine, "is one line of printable ASCII") {
  return arg.size() > 1 && arg.back() == '\n' &&
         std::all_of(arg.begin(), arg.end() - 1, [](char c) { return c >= ' ' && c <= '~'; });
}

inline void expect_failure(const Finished& finished, int code, const std::string& name) {
  EXPECT_EQ(finished.status.code, code);
  EXPECT_THAT(finished.err, testing::AllOf(IsOneLine(), testing::StartsWith("microvm: " + name + ": ")));
}

class CliTest : public WithGuest {
 protected:
  // `microvm metadata <words>` with the double's socket.
  Finished metadata(Words words, std::string input = {}, Variables env = {}) {
    words.insert(words.begin(), "metadata");
    words.insert(words.begin() + 2, {"--uds", uds_});
    return microvm(std::move(words), std::move(input), std::move(env));
  }
  std::string file(const std::string& name, std::string_view content) {
    write_file(dir_.path() + "/" + name, content);
    return dir_.path() + "/" + name;
  }
  // A guest that keeps the last request it answered.
  void keep_requests() {
    vsock_.listen(kPort, answering([this](const std::string& request) {
                    request_ = request;
                    return ok_to(request);
                  }));
  }

  std::string request_;
};

}  // namespace microvm::test
