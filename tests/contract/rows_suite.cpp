// The families of cases that readers of JSON are commonly tried with, each as the value of a field that nobody knows:
// what RFC 8259 takes, what it refuses, and what it leaves to the reader, with our decision.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;
using Texts = std::vector<std::string>;

struct Family {
  const char* name;
  Texts taken;
  Texts refused;
};

// A newline would end the line, so a carriage return stands where blanks are meant.
Family arrays() {
  return {"array",
          {"[]", "[ ]", "[[]]", "[[]   ]", "[\"\"]", "[1]", "[1\r]", " [1]", "[2] ", "[1,2]", "[1,null,\"1\",{}]",
           "[null, 1, \"1\", {}]", "[null,null,null,null,2]", "[[],[[]],[[[]]]]", "[\"a\",\"a\"]", "[false]", "[true]",
           "[ 4]", "[\t1\t,\r2 ]"},
          {"[1 true]",
           "[1:2]",
           "[\"\"],",
           "[\"\"]]",
           "[1,]",
           "[1,,]",
           "[1,,2]",
           "[,1]",
           "[,]",
           "[,\"\"]",
           "[\"x\"",
           "[\"\"",
           "[1",
           "[x",
           "[x]",
           "[3[4]]",
           "[   , \"\"]",
           "[\"\",]",
           "[\"a\",\r4\r,1,",
           "[1,\r1\r,1",
           "[*]",
           "[\"\": 1]",
           "[\"a\", 4, 1,",
           "[{}",
           "[{}}",
           "[1]]",
           "[][]",
           "]",
           "1]",
           "[}",
           "[\"asd]",
           "[undefined]",
           "[1}",
           "[1;2]",
           "(1)",
           "[1 ,",
           "[\"a\" \"b\"]",
           "[\"\va\"\\f]",
           "[a\xC3\xA5]"}};
}

Family objects() {
  return {"object",
          {"{}", "{ }", "{\"\":0}", "{\"a\":[]}", "{\"a\":\"b\"}", "{\"a\":\"b\",\"a\":\"b\"}",
           "{\"a\":\"b\",\"a\":\"c\"}", "{\"a\":\"b\", \"c\":\"d\"}", "{\"foo\\u0000bar\": 42}",
           "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }", "{\"x\":[{\"id\": \"y\"}], \"id\": \"z\"}",
           "{\"a\":\"\\u041f\\u043e\\u043b\"}", "{\r\"a\": \"b\"\r}", "{\"a\" :\t1 }", "{\"\\u0061\":1,\"a\":2}"},
          {"[\"x\", truth]",
           "{[: \"x\"}",
           "{\"x\", null}",
           "{\"x\"::\"b\"}",
           "{\xF0\x9F\x87\xA8\xF0\x9F\x87\xAD}",
           "{\"a\":\"a\" 123}",
           "{key: 'value'}",
           "{\"\xB9\":\"0\",}",
           "{\"a\" b}",
           "{:\"b\"}",
           "{\"a\" \"b\"}",
           "{\"a\":",
           "{\"a\"",
           "{1:1}",
           "{9999E9999:1}",
           "{null:null,null:null}",
           "{\"id\":0,,,,,}",
           "{'a':0}",
           "{\"id\":0,}",
           "{\"a\":\"b\"}/**/",
           "{\"a\":\"b\"}/**//",
           "{\"a\":\"b\"}//",
           "{\"a\":\"b\"}/",
           "{\"a\":\"b\",,\"c\":\"d\"}",
           "{a: \"b\"}",
           "{\"a\":\"a",
           "{ \"foo\" : \"bar\", \"a\" }",
           "{\"a\":\"b\"}#",
           "{\"a\":\"b\"}#{}",
           "{",
           "{,",
           "{[",
           "{\"a",
           "{'a'",
           "{]",
           "{}}",
           "{\"a\":/*c*/\"b\"}",
           "{\"a\":true} \"x\"",
           "{*}",
           "{\"a\":1;\"b\":2}",
           "{\"a\"=1}",
           "{\"a\":1,\"b\"}",
           "{\"a\":1 \"b\":2}",
           "{-1:0}",
           "{true:1}",
           "{\"a\":\"b\"",
           "{\"a\":}"}};
}

Family numbers() {
  return {"number",
          {"[123e65]", "[0e+1]", "[0e1]", "[20e1]", "[-0.000000000000000000000000000000000000000001]", "[-123]", "[-0]",
           "[-1]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123]",
           "[123.456789]", "[0.5]", "[0.0e-1]",
           // Too small is zero, and an integer of any length that a double can hold is one.
           "[123.456e-789]", "[123e-10000000]", "[-123123123123123123123123123123]", "[100000000000000000000]",
           "[-237462374673276894279832749832423479823246327846]", "[1.000000000000000005]",
           "[0.1e-" + std::string(40, '9') + "]"},
          {"[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]", "[.2e-3]", "[0.1.2]",
           "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0E]", "[0e+]", "[0e]", "[1.0e+]", "[1.0e-]", "[1.0e]", "[1 000.0]",
           "[1eE2]", "[2.e+3]", "[2.e-3]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]", "[\xEF\xBC\x91]", "[1+2]", "[0x1]",
           "[0x42]", "[Infinity]", "[0e+-1]", "[-123.123foo]", "[-Infinity]", "[-foo]", "[- 1]", "[-012]", "[-.123]",
           "[-1x]", "[1ea]", "[1e\xE5]", "[1.]", "[.123]", "[1.2a-3]", "[1.8011670033376514H-308]", "[012]", "[1e1.0]",
           "[--0]", "[-]", "[0_1]", "[1'000]", "[1d0]", "[1L]", "[0b1]", "[0o7]", "[00]", "[-00]", "[0.]", "[1/2]",
           // Too large for a double is none.
           "[0.4e00669999999999999999999999999999999999999]", "[-1e+9999]", "[1.5e+9999]", "[-123123e100000]",
           "[123123e100000]", "[123e" + std::string(40, '9') + "]"}};
}

Family strings() {
  return {
      "string",
      {R"(["\u0060\u012a\u12AB"])",
       R"(["\uD801\udc37"])",
       R"(["\ud83d\ude39\ud83d\udc8d"])",
       R"(["\"\\\/\b\f\n\r\t"])",
       R"(["\\u0000"])",
       R"(["\""])",
       R"(["a/*b*/c/*d//e"])",
       R"(["\\a"])",
       R"(["\\n"])",
       R"(["\u0012"])",
       R"(["\uFFFF"])",
       R"(["asd"])",
       R"([ "asd"])",
       R"(["\uDBFF\uDFFF"])",
       R"(["new\u00A0line"])",
       "[\"\xF4\x8F\xBF\xBF\"]",
       "[\"\xEF\xBF\xBF\"]",
       R"(["\u0000"])",
       R"(["\u002c"])",
       "[\"\xCF\x80\"]",
       "[\"\xF0\x9B\xBF\xBF\"]",
       R"(["asd "])",
       R"(" ")",
       R"(["\uD834\uDd1e"])",
       R"(["\u0821"])",
       R"(["\u0123"])",
       "[\"\xE2\x80\xA8\"]",
       "[\"\xE2\x80\xA9\"]",
       R"(["\u0061\u30af\u30EA\u30b9"])",
       "[\"new\\u000Aline\"]",
       "[\"\x7F\"]",
       R"(["\uA66D"])",
       R"(["\u005C"])",
       "[\"\xE2\x8D\x82\xE3\x88\xB4\xE2\x8D\x82\"]",
       R"(["\u0022"])",
       R"(["\uDBFF\uDFFE"])",
       R"(["\uD83F\uDFFE"])",
       R"(["\u200B"])",
       R"(["\u2064"])",
       R"(["\uFDD0"])",
       R"(["\uFFFE"])",
       "[\"\xE2\x82\xAC\xF0\x9D\x84\x9E\"]",
       "[\"a\x7F"
       "a\"]",
       R"("")"},
      {R"(["\uD800\"])", R"(["\uD800\u"])", R"(["\uD800\u1"])", R"(["\uD800\u1x"])", R"([é])", "[\"\\\0\"]"s,
       R"(["\x00"])", R"(["\\\"])", "[\"\\\t\"]", "[\"\\\xF0\x9F\x8C\x80\"]", R"(["\"])", R"(["\u00A"])",
       R"(["\uD834\uDd"])", R"(["\uD800\uD800\x"])", R"(["\a"])", R"(["\uqqqq"])", "[\"\\\xE5\"]", R"([\u0020"asd"])",
       R"([\n])", R"(")", R"(['single quote'])", "abc", R"(["\)", "[\"a\0a\"]"s, "[\"\t\"]", R"("\UA66D")", "[\"\r\"]",
       "[\"\x1F\"]", "[\"\\u\xE5\"]", R"(["\u00"])", "[\"a\x08\"]", R"("x"x)", R"("a","b)", R"(["x\ "])",
       // Half a surrogate pair and bytes that are no UTF-8 are never mended.
       R"(["\uDADA"])", R"(["\uD888\u1234"])", R"(["\uD800\n"])", R"(["\uDd1ea"])", R"(["\uD800\uD800\n"])",
       R"(["\ud800"])", R"(["\ud800abc"])", "[\"\xFF\"]", R"(["\uDd1e\uD834"])", "[\"\xE9\"]", R"(["\uDFAA"])",
       "[\"\x81\"]", "[\"\xF4\xBF\xBF\xBF\"]", "[\"\xC0\xAF\"]", "[\"\xFC\x83\xBF\xBF\xBF\xBF\"]",
       "[\"\xFC\x80\x80\x80\x80\x80\"]", "[\"\xE0\xFF\"]", "[\"\xED\xA0\x80\"]", "[\"\xE6\x97\xA5\xD1\x88\xFA\"]",
       R"({"\uDFAA":0})", "[\"\xC2\"]", "[\"\xF8\x88\x80\x80\x80\"]", "[\"\xC1\xBF\"]", "[\"\xF5\x80\x80\x80\"]"}};
}

std::string deep(std::size_t levels, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

Family structure() {
  return {"structure",
          {"false", "42", "-0.1", "null", "\"asd\"", "true", "\t[] ", "\r[true]", "  {}  ", deep(126, "[", "]"),
           R"([1,{"a":[2,{"b":[3]}]}])"},
          {"<.>",
           "[<null>]",
           "[1]x",
           "a\xC3\xA5",
           "[True]",
           "[1],",
           "{\"a\":[1}",
           "2@",
           "*",
           "{\"a\":/*x*/1}",
           "'a'",
           "[\"a\"",
           "[tru]",
           "[fals]",
           "[nul]",
           "[nulll]",
           "[TRUE]",
           "truefalse",
           "[true false]",
           "1 2",
           "[\x0C]",
           "[\v]",
           "[\xE2\x81\xA0]",
           "\xE2\x81\xA0",
           "[\xC2\xA0]",
           "\xEF\xBB\xBF{}",
           "\xEF\xBB\xBF",
           "\xEF\xBB{}",
           "\xE5",
           "[1]\0"s,
           "\0"s,
           "[\0]"s,
           "",
           " ",
           "[",
           ",",
           ":",
           "[[",
           "{\"\":[{\"\":[",
           "[{\"\":[{\"\":[",
           "[\"a\":1]",
           "<null>",
           "[\\u000A\"\"]",
           "[1,",
           "{\"a\":1}{\"b\":2}",
           "[] []",
           "nan",
           "-",
           "\\",
           "#",
           "//",
           "/**/",
           "[]/*",
           "\xFE\xFF\0[\0\"\xE9\0\"\0]"s,
           "\xFF\xFE[\0\"\0\xE9\0\"\0]\0"s,
           deep(127, "[", "]"),
           deep(500, "[", "]"),
           deep(5000, "{\"\":", "}"),
           deep(50'000, "[{\"\":", "")}};
}

std::string shown(const std::string& text) {
  constexpr std::size_t kMost = 60;
  return text.size() <= kMost ? text : text.substr(0, kMost) + "… of " + std::to_string(text.size());
}

}  // namespace

std::vector<Row> suite_rows() {
  const auto with = [](const std::string& value) { return R"({"op":"ping","id":"x","u":)" + value + "}"; };
  std::vector<Row> rows;
  for (const Family& family : {arrays(), objects(), numbers(), strings(), structure()}) {
    for (const std::string& text : family.taken) rows.push_back(ok(family.name + " "s + shown(text), with(text)));
    for (const std::string& text : family.refused) {
      rows.push_back(invalid("no "s + family.name + " " + shown(text), with(text)));
    }
  }
  return rows;
}

}  // namespace microvm::contract
