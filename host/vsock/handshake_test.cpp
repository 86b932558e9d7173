// Every beginning of an answer to CONNECT is judged.
#include "host/vsock/handshake.h"

#include <gtest/gtest.h>

#include <string>

namespace microvm::vsock {
namespace {

TEST(OkLine, EveryPrefixOfAGoodLineIsPartial) {
  const std::string line = "OK 1073741824\n";
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_EQ(judge_ok_line(line.substr(0, size)), OkLine::Partial) << size;
  }
  EXPECT_EQ(judge_ok_line(line), OkLine::Complete);
}

TEST(OkLine, HasADecimalAndAtMost32Bytes) {
  EXPECT_EQ(judge_ok_line("OK 0\n"), OkLine::Complete);
  EXPECT_EQ(judge_ok_line("OK " + std::string(28, '1') + "\n"), OkLine::Complete);
  EXPECT_EQ(judge_ok_line("OK " + std::string(28, '1')), OkLine::Partial);
  EXPECT_EQ(judge_ok_line("OK " + std::string(29, '1')), OkLine::Bad);
  EXPECT_EQ(judge_ok_line("OK " + std::string(29, '1') + "\n"), OkLine::Bad);
}

TEST(OkLine, AnythingElseIsBad) {
  for (const char* line : {"\n", "O\n", "OK\n", "OK \n", "K", "ok", "OK\t", "OK 1\r\n", "OK 1 ", "OK +1", "OK -1",
                           "OK  1", "OK 1\n\n", "OK 1\nx", "OK a"}) {
    EXPECT_EQ(judge_ok_line(line), OkLine::Bad) << line;
  }
}

}  // namespace
}  // namespace microvm::vsock
