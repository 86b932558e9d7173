// JSON as a tree: every kind of value, repeated names, and a bound on how many.
#include "common/wire/json_tree.h"

#include <gtest/gtest.h>

#include "common/wire/limits.h"

namespace microvm::wire {
namespace {

Json tree_of(std::string_view text) {
  auto tree = read_json_tree(text);
  EXPECT_TRUE(tree) << text << ": " << tree.error().text;
  return tree ? std::move(*tree) : Json();
}

TEST(JsonTree, EveryKindOfValue) {
  EXPECT_TRUE(tree_of("null").is_null());
  EXPECT_EQ(*tree_of("true").as<bool>(), true);
  EXPECT_EQ(*tree_of(" false ").as<bool>(), false);
  EXPECT_EQ(*tree_of("0").as<std::uint64_t>(), 0U);
  EXPECT_EQ(*tree_of("18446744073709551615").as<std::uint64_t>(), 18446744073709551615U);
  EXPECT_EQ(*tree_of("-1").as<double>(), -1);
  EXPECT_EQ(*tree_of("1.5").as<double>(), 1.5);
  EXPECT_EQ(*tree_of("1e2").as<double>(), 100);
  EXPECT_EQ(*tree_of(R"("a\u00e9\n")").as<std::string>(), "a\xc3\xa9\n");
  EXPECT_TRUE(tree_of("[]").as<Json::Array>()->empty());
  EXPECT_TRUE(tree_of("{}").as<Json::Object>()->empty());
  EXPECT_EQ(tree_of("5").as<std::string>(), nullptr);
}

TEST(JsonTree, IsAsDeepAsTheText) {
  const Json tree = tree_of(R"({"a":[1,[],{"b":{"c":"x"}},"y"],"d":null,"":{}})");
  EXPECT_EQ(tree.as<Json::Object>()->size(), 3U);
  const auto& array = *tree.find("a")->as<Json::Array>();
  ASSERT_EQ(array.size(), 4U);
  EXPECT_EQ(*array[2].find("b")->find("c")->as<std::string>(), "x");
  EXPECT_EQ(*array[3].as<std::string>(), "y");
  EXPECT_TRUE(tree.find("d")->is_null());
  EXPECT_TRUE(tree.find("")->as<Json::Object>()->empty());
}

TEST(JsonTree, OfRepeatedNamesTheLastIsFound) {
  const Json tree = tree_of(R"({"a":1,"b":2,"\u0061":3})");
  EXPECT_EQ(*tree.find("a")->as<std::uint64_t>(), 3U);
  EXPECT_EQ(tree.as<Json::Object>()->size(), 3U);
  EXPECT_EQ(tree.find("c"), nullptr);
  EXPECT_EQ(tree_of("[1]").find("a"), nullptr);
}

TEST(JsonTree, LongTextsAreWhole) {
  const std::string key(10'000, 'k'), text(100'000, 't');
  EXPECT_EQ(*tree_of("{\"" + key + "\":\"" + text + "\"}").find(key)->as<std::string>(), text);
}

TEST(JsonTree, HoldsNoMoreValuesThanAReplyMay) {
  std::string text = "[";
  for (std::size_t i = 2; i < kMaxReplyValues; ++i) text += "0,";
  EXPECT_EQ(tree_of(text + "0]").as<Json::Array>()->size(), kMaxReplyValues - 1);
  const auto refused = read_json_tree(text + "0,0]");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text.substr(0, 23), "more than 262144 values");
}

TEST(JsonTree, SaysWhereItIsNone) {
  const auto refused = read_json_tree(R"({"a":)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "syntax error at byte 5");
  EXPECT_EQ(refused.error().position, 5U);
}

TEST(JsonTree, ValuesAreFoundAgainInTheirText) {
  const std::string text = R"( {"a":[1,[],{"\"b\"" : {"c": "x:\\"}},"y"] ,"d":null,"":{}, "e":-1.5e3}  )";
  const Json tree = tree_of(text);
  const auto at = [&](const Json& value) { return text.substr(json_offset(text, value.index)); };
  EXPECT_EQ(json_offset(text, tree.index), 1U);
  const auto& array = *tree.find("a")->as<Json::Array>();
  EXPECT_TRUE(at(*tree.find("a")).starts_with(R"("a":[1)"));
  EXPECT_TRUE(at(array[0]).starts_with("1,[],"));
  EXPECT_TRUE(at(array[1]).starts_with("[],"));
  EXPECT_TRUE(at(array[2]).starts_with(R"({"\"b)"));
  EXPECT_TRUE(at(*array[2].find("\"b\"")).starts_with(R"("\"b\"" :)"));
  EXPECT_TRUE(at(*array[2].find("\"b\"")->find("c")).starts_with(R"("c": "x)"));
  EXPECT_TRUE(at(array[3]).starts_with(R"("y"])"));
  EXPECT_TRUE(at(*tree.find("d")).starts_with(R"("d":null)"));
  EXPECT_TRUE(at(*tree.find("")).starts_with(R"("":{})"));
  EXPECT_EQ(at(*tree.find("e")), "\"e\":-1.5e3}  ");
  EXPECT_EQ(json_offset(text, tree.find("e")->index + 1), text.size());
  EXPECT_EQ(json_offset("7", 0), 0U);
}

}  // namespace
}  // namespace microvm::wire
