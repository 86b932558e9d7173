// What is JSON at all: strict RFC 8259, one object on a line, nothing around it but white space.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;

const std::string kPing = R"({"op":"ping","id":"x"})";

// `levels` nested arrays or objects, the request itself counted.
std::string nested(int levels, const char* open, const char* close, const std::string& tail = R"(,"op":"ping"})") {
  std::string line = R"({"id":"x","u":)";
  for (int level = 1; level < levels; ++level) line += open;
  line += "0";
  for (int level = 1; level < levels; ++level) line += close;
  return line + tail;
}

std::vector<Row> around_the_object() {
  return {
      ok("ping", kPing),
      ok("blanks before", "  \t" + kPing),
      ok("blanks behind", kPing + " \t "),
      ok("carriage return behind", kPing + "\r"),
      ok("two carriage returns behind", kPing + "\r\r"),
      ok("carriage return before", "\r" + kPing),
      ok("blanks everywhere", " {\t\"op\" : \"ping\" ,\r \"id\"\t:\t\"x\" } "),
      invalid("empty line", "", R"("")"),
      invalid("blanks only", " \t ", R"("")"),
      invalid("byte order mark", "\xEF\xBB\xBF" + kPing, R"("")"),
      invalid("byte order mark of UTF-16", "\xFF\xFE" + kPing, R"("")"),
      invalid("two objects", kPing + kPing),
      invalid("two objects with a blank", kPing + " " + kPing),
      invalid("comma behind", kPing + ","),
      invalid("brace behind", kPing + "}"),
      invalid("word behind", kPing + " ping"),
      invalid("NUL behind", kPing + "\0"s),
      invalid("NUL before", "\0"s + kPing, R"("")"),
      invalid("vertical tab behind", kPing + "\v"),
      invalid("form feed behind", kPing + "\f"),
      invalid("no-break space behind", kPing + "\xC2\xA0"),
      invalid("comment behind", kPing + "// x"),
      invalid("comment before", "/* x */" + kPing, R"("")"),
      invalid("word before", "ping " + kPing, R"("")"),
      invalid("CONNECT line", "CONNECT 5555", R"("")"),
      invalid("HTTP request", "GET / HTTP/1.1", R"("")"),
  };
}

std::vector<Row> other_values() {
  return {
      invalid("array", R"(["ping","x"])", R"("")"),
      invalid("array of the object", "[" + kPing + "]", R"("")"),
      invalid("empty array", "[]", R"("")"),
      invalid("string", R"("ping")", R"("")"),
      invalid("number", "1", R"("")"),
      invalid("true", "true", R"("")"),
      invalid("null", "null", R"("")"),
      invalid("bare word", "ping", R"("")"),
      invalid("empty object", "{}", R"("")"),
  };
}

std::vector<Row> broken_objects() {
  return {
      invalid("not closed", R"({"op":"ping","id":"x")"),
      invalid("not closed behind a comma", R"({"op":"ping","id":"x",)"),
      invalid("only opened", "{", R"("")"),
      invalid("only closed", "}", R"("")"),
      invalid("trailing comma", R"({"op":"ping","id":"x",})"),
      invalid("leading comma", R"({,"op":"ping","id":"x"})", R"("")"),
      invalid("two commas", R"({"id":"x",,"op":"ping"})"),
      invalid("no comma", R"({"id":"x" "op":"ping"})"),
      invalid("no colon", R"({"id":"x","op" "ping"})"),
      invalid("two colons", R"({"id":"x","op"::"ping"})"),
      invalid("equals sign", R"({"id":"x","op"="ping"})"),
      invalid("no value", R"({"id":"x","op":})"),
      invalid("no key", R"({"id":"x",:"ping"})"),
      invalid("key without value", R"({"id":"x","op"})"),
      invalid("single quotes", R"({'op':'ping','id':'x'})", R"("")"),
      invalid("key without quotes", R"({"id":"x",op:"ping"})"),
      invalid("number as key", R"({"id":"x",1:"ping"})"),
      invalid("null as key", R"({"id":"x",null:"ping"})"),
      invalid("comment inside", R"({"id":"x",/* y */"op":"ping"})"),
      invalid("line comment inside", R"({"id":"x","op":"ping" // y })"),
      invalid("hash comment inside", R"({"id":"x","op":"ping" # y })"),
      invalid("array closed by brace", R"({"id":"x","op":"ping","u":[1})"),
      invalid("object closed by bracket", R"({"id":"x","op":"ping"])"),
      invalid("trailing comma in an array", R"({"id":"x","op":"ping","u":[1,]})"),
      invalid("comma only in an array", R"({"id":"x","op":"ping","u":[,]})"),
      invalid("no comma in an array", R"({"id":"x","op":"ping","u":[1 2]})"),
      invalid("trailing comma in an inner object", R"({"id":"x","op":"ping","u":{"a":1,}})"),
      invalid("NUL inside", "{\"id\":\"x\",\0\"op\":\"ping\"}"s),
      invalid("no-break space inside", "{\"id\":\"x\",\xC2\xA0\"op\":\"ping\"}"),
      invalid("byte order mark inside", "{\"id\":\"x\",\xEF\xBB\xBF\"op\":\"ping\"}"),
  };
}

std::vector<Row> literals() {
  const auto with = [](const std::string& value) { return R"({"id":"x","op":"ping","u":)" + value + "}"; };
  std::vector<Row> rows;
  for (const char* good : {"true", "false", "null", "[]", "{}", "[[],{}]", R"([true,false,null,0,"",{"a":[]}])"}) {
    rows.push_back(ok("unknown field "s + good, with(good)));
  }
  for (const char* bad : {"True", "FALSE", "Null", "nul", "tru", "truee", "undefined", "None", "yes", "NaN", "Infinity",
                          "-Infinity", "-NaN", "(1)", "`x`", "\\u0031"}) {
    rows.push_back(invalid("unknown field "s + bad, with(bad)));
  }
  return rows;
}

std::vector<Row> depth() {
  return {
      ok("127 levels of arrays", nested(127, "[", "]")),
      ok("127 levels of objects", nested(127, R"({"a":)", "}")),
      invalid("128 levels of arrays", nested(128, "[", "]")),
      invalid("128 levels of objects", nested(128, R"({"a":)", "}")),
      invalid("128 levels that nobody closes", nested(128, "[", "", "")),
      invalid("100000 levels", nested(100'000, "[", "]")),
      invalid("100000 levels before the object", std::string(100'000, '[') + kPing, R"("")"),
      ok("many levels beside each other",
         R"({"id":"x","u":)" + nested(60, "[", "]", "}") + R"(,"v":)" + nested(60, "[", "]", "}") + R"(,"op":"ping"})"),
  };
}

}  // namespace

std::vector<Row> syntax_rows() {
  std::vector<Row> rows;
  for (auto part : {around_the_object, other_values, broken_objects, literals, depth}) {
    for (Row& row : part()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace microvm::contract
