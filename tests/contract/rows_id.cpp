// The id of an answer: the last one read at the top level, spelled in the shortest way JSON has.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {

Row echoed(const char* name, const std::string& sent, const std::string& answered) {
  return ok(name, R"({"op":"ping","id":)" + sent + "}", answered);
}

std::vector<Row> spelling() {
  const std::string long_id = "\"" + std::string(100'000, 'i') + "\"";
  return {
      echoed("empty id", R"("")", R"("")"),
      echoed("plain id", R"("a b-c_1")", R"("a b-c_1")"),
      echoed("quote", R"("a\"b")", R"("a\"b")"),
      echoed("backslash", R"("a\\b")", R"("a\\b")"),
      echoed("only quotes and backslashes", R"("\"\\\"\\")", R"("\"\\\"\\")"),
      echoed("slash", R"("\/")", R"("/")"),
      echoed("short escapes", R"("\b\f\n\r\t")", R"("\b\f\n\r\t")"),
      echoed("short escapes sent long", R"("\u0008\u000c\u000a\u000d\u0009\u0022\u005c")", R"("\b\f\n\r\t\"\\")"),
      echoed("NUL", R"("\u0000")", R"("\u0000")"),
      echoed("NUL between letters", R"("a\u0000b")", R"("a\u0000b")"),
      echoed("control characters", R"("\u0001\u000b\u001F")", R"("\u0001\u000b\u001f")"),
      echoed("DEL", R"("\u007f")", "\"\x7f\""),
      echoed("escaped letter", R"("\u0041")", R"("A")"),
      echoed("two bytes", R"("é")", R"("é")"),
      echoed("two bytes escaped", R"("\u00e9")", R"("é")"),
      echoed("three bytes escaped", R"("\u20AC")", R"("€")"),
      echoed("four bytes", R"("😀")", R"("😀")"),
      echoed("surrogate pair", R"("\ud83d\ude00")", R"("😀")"),
      echoed("line separators", R"("\u2028\u2029")", "\"\xE2\x80\xA8\xE2\x80\xA9\""),
      echoed("noncharacter", R"("\uffff")", "\"\xEF\xBF\xBF\""),
      echoed("looks like JSON", R"("\",\"ok\":false}")", R"("\",\"ok\":false}")"),
      echoed("100000 characters", long_id, long_id),
      invalid("escaped id of an unknown op", R"({"op":"pong","id":"\u0000\"é\n"})", R"("\u0000\"é\n")"),
      invalid("id of 100000 characters of an unknown op", R"({"op":"pong","id":)" + long_id + "}", long_id),
  };
}

std::vector<Row> which_one() {
  const std::string padding = R"("u":")" + std::string(5000, 'u') + "\"";
  return {
      ok("id first", R"({"id":"x","op":"ping"})"),
      ok("id last", R"({"op":"ping","u":1,"id":"x"})"),
      ok("id behind 5000 bytes", R"({"op":"ping",)" + padding + R"(,"id":"x"})"),
      ok("escaped key", R"({"\u006fp":"ping","\u0069d":"x"})"),
      ok("inner ids do not count", R"({"u":{"id":"in"},"op":"ping","id":"x","v":[{"id":"in"}]})"),
      invalid("id behind an unknown op", R"({"op":"pong","id":"x"})"),
      invalid("id behind an op of a wrong type", R"({"op":5,"id":"x"})"),
      invalid("id behind a wrong field", R"({"op":"set_env","env":5,"id":"x"})"),
      invalid("id behind a repeated op", R"({"op":"ping","op":"ping","id":"x"})"),
      invalid("no id", R"({"op":"ping"})", R"("")"),
      invalid("no id and no op", R"({"u":1})", R"("")"),
      invalid("only an inner id", R"({"u":{"id":"in"},"op":"pong"})", R"("")"),
      invalid("id in an array", R"([{"op":"ping","id":"x"}])", R"("")"),
      invalid("number as id", R"({"op":"ping","id":5})", R"("")"),
      invalid("null as id", R"({"op":"ping","id":null})", R"("")"),
      invalid("true as id", R"({"op":"ping","id":true})", R"("")"),
      invalid("array as id", R"({"op":"ping","id":["x"]})", R"("")"),
      invalid("object as id", R"({"op":"ping","id":{"id":"x"}})", R"("")"),
      invalid("key in capitals", R"({"op":"ping","ID":"x"})", R"("")"),
      invalid("repeated id: the last", R"({"id":"a","op":"ping","id":"b"})", R"("b")"),
      invalid("the same id twice", R"({"id":"x","op":"ping","id":"x"})"),
      invalid("repeated through an escape", R"({"id":"a","op":"ping","i\u0064":"b"})", R"("b")"),
      invalid("three ids", R"({"id":"a","id":"b","id":"c","op":"ping"})", R"("c")"),
      invalid("string and then a number", R"({"id":"x","op":"ping","id":5})"),
      invalid("number and then a string", R"({"id":5,"op":"ping","id":"x"})"),
      invalid("good and then a broken one", R"({"id":"x","op":"ping","id":"\ud800"})"),
      invalid("second object's id", R"({"id":"x","op":"ping"}{"id":"y","op":"ping"})"),
      invalid("cut in the id", R"({"op":"ping","id":"x)", R"("")"),
      invalid("cut in an escape of the id", R"({"op":"ping","id":"x\)", R"("")"),
      invalid("cut behind the id", R"({"op":"ping","id":"x")"),
      invalid("cut behind the id's key", R"({"op":"ping","id":)", R"("")"),
      invalid("syntax error before the id", R"({"op":ping,"id":"x"})", R"("")"),
      invalid("bad UTF-8 before the id", "{\"u\":\"\xFF\",\"id\":\"x\"}", R"("")"),
      invalid("bad UTF-8 behind the id", "{\"id\":\"x\",\"u\":\"\xFF\"}"),
      invalid("second id in the broken part", R"({"id":"x","op":"ping",,"id":"y"})"),
  };
}

}  // namespace

std::vector<Row> id_rows() {
  std::vector<Row> rows = spelling();
  for (Row& row : which_one()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace microvm::contract
