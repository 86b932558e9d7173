// Env files as people write them.
#include "microvm/dotenv.h"

#include <gmock/gmock.h>

namespace microvm::metadata {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Dotenv, ReadsLines) {
  const auto env = parse_dotenv(
      "# a comment\n"
      "\n"
      "A=1\n"
      "  export B = two words \t\r\n"
      "C='  kept  '\n"
      "D=\"# \\n 'x' \" \n"
      "E=\n"
      "F=''\n"
      "G=a=b #c\n"
      "A=again\n"
      "export=1\n"
      "exported=2\n"
      "H=it's");
  ASSERT_TRUE(env) << env.error().message;
  EXPECT_EQ(*env, (Env{{"A", "again"},
                       {"B", "two words"},
                       {"C", "  kept  "},
                       {"D", "# \\n 'x' "},
                       {"E", ""},
                       {"F", ""},
                       {"G", "a=b #c"},
                       {"H", "it's"},
                       {"export", "1"},
                       {"exported", "2"}}));
}

TEST(Dotenv, NothingIsNoEntry) {
  EXPECT_EQ(parse_dotenv("").value(), Env{});
  EXPECT_EQ(parse_dotenv("\n \n#x\n\t# y").value(), Env{});
}

TEST(Dotenv, ErrorsNameTheLineAndNothingInIt) {
  const auto secret = [](std::string_view line) { return "\nOK=1\n" + std::string(line) + "\n"; };
  for (const std::string& text :
       {secret("hunter2hunter2"), secret("hunter2+hunter2=="), secret("=hunter2"), secret("A='hunter2"),
        secret("A=\"hunter2\" # c"), secret("A='"), secret("A=hunter2\xff"), secret(std::string("A=hunter2\0", 10)),
        secret("export A B=hunter2"), secret("export"), secret("hunter2 hunter2=1")}) {
    const auto env = parse_dotenv(text);
    ASSERT_FALSE(env) << text;
    EXPECT_EQ(env.error().code, ErrorCode::Invalid);
    EXPECT_THAT(env.error().message, HasSubstr("line 3"));
    EXPECT_THAT(env.error().message, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace microvm::metadata
