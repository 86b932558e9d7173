// Fields: missing, repeated, of a wrong type, unknown, and those of other requests.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;

const char* const kNotStrings[] = {"5", "null", "true", "[]", "{}", R"(["hunter2"])"};

std::vector<Row> op() {
  std::vector<Row> rows{
      invalid("no op", R"({"id":"x"})"),
      invalid("empty op", R"({"op":"","id":"x"})"),
      invalid("unknown op", R"({"op":"hello","id":"x"})"),
      invalid("op in capitals", R"({"op":"PING","id":"x"})"),
      invalid("op with a blank", R"({"op":"ping ","id":"x"})"),
      invalid("op with a NUL", R"({"op":"ping\u0000","id":"x"})"),
      invalid("beginning of an op", R"({"op":"set_","id":"x"})"),
      invalid("op with a dash", R"({"op":"set-env","id":"x","env":{}})"),
      invalid("op key in capitals", R"({"Op":"ping","id":"x"})"),
      invalid("op of 100000 bytes", R"({"op":")" + std::string(100'000, 'o') + R"(","id":"x"})"),
      ok("escaped op", R"({"op":"\u0070ing","id":"x"})"),
      invalid("op twice", R"({"op":"ping","op":"ping","id":"x"})"),
      invalid("op twice through an escape", R"({"op":"ping","o\u0070":"ping","id":"x"})"),
      invalid("op twice, first unknown", R"({"op":"pong","op":"ping","id":"x"})"),
      invalid("op twice, second a number", R"({"op":"ping","op":5,"id":"x"})"),
  };
  for (const char* value : kNotStrings) {
    rows.push_back(invalid("op "s + value, R"({"id":"x","op":)"s + value + "}"));
  }
  return rows;
}

// What ping does not use it does not look at, as long as it is JSON.
std::vector<Row> fields_of_others() {
  return {
      ok("unknown field", R"({"op":"ping","id":"x","v":2})"),
      ok("unknown field twice", R"({"op":"ping","id":"x","v":2,"v":"2"})"),
      ok("empty key", R"({"op":"ping","id":"x","":1})"),
      ok("key with a NUL", R"({"op":"ping","id":"x","id\u0000":5})"),
      ok("key of 100000 bytes", R"({"op":"ping","id":"x",")" + std::string(100'000, 'k') + R"(":5})"),
      ok("10000 unknown fields",
         [] {
           std::string line = R"({"op":"ping")";
           for (int i = 0; i < 10'000; ++i) line += R"(,"u":0)";
           return line + R"(,"id":"x"})";
         }()),
      ok("unknown object with our names",
         R"({"op":"ping","id":"x","u":{"op":"set_env","op":5,"id":"y","id":"z","env":{"A":"hunter2"}}})"),
      ok("ping with env", R"({"op":"ping","id":"x","env":{"A":"hunter2"}})"),
      ok("ping with env first", R"({"env":{"A":"hunter2"},"op":"ping","id":"x"})"),
      ok("ping with env of a wrong type", R"({"env":5,"op":"ping","id":"x"})"),
      ok("ping with a bad key in env", R"({"env":{"1":"hunter2"},"op":"ping","id":"x"})"),
      ok("ping with a number in env", R"({"env":{"A":1},"op":"ping","id":"x"})"),
      ok("ping with deep env", R"({"env":{"A":{"B":[{"C":1}]}},"op":"ping","id":"x"})"),
      ok("ping with env twice", R"({"op":"ping","env":{},"id":"x","env":{}})"),
      ok("ping with name twice", R"({"op":"ping","name":"a","id":"x","name":5})"),
      ok("ping with a bad name", R"({"op":"ping","id":"x","name":"../x"})"),
      ok("ping with value_b64 twice", R"({"value_b64":"hunter2","value_b64":"hunter2","op":"ping","id":"x"})"),
      ok("ping with merge of wrong types", R"({"op":"ping","id":"x","merge":"yes","merge":1})"),
  };
}

std::vector<Row> env_fields() {
  const auto with = [](const std::string& rest) { return R"({"op":"set_env","id":"x")" + rest + "}"; };
  std::vector<Row> rows{
      invalid("set_env without env", with("")),
      invalid("set_env with Env", with(R"(,"Env":{"A":"hunter2"})")),
      invalid("env null", with(R"(,"env":null)")),
      invalid("env string", with(R"(,"env":"A=hunter2")")),
      invalid("env number", with(R"(,"env":5)")),
      invalid("env true", with(R"(,"env":true)")),
      invalid("env array", with(R"(,"env":["A","hunter2"])")),
      invalid("env array of pairs", with(R"(,"env":[["A","hunter2"]])")),
      invalid("env twice", with(R"(,"env":{"A":"hunter2"},"env":{"B":"hunter2"})")),
      invalid("env twice, second wrong", with(R"(,"env":{"A":"hunter2"},"env":5)")),
      invalid("env twice, first wrong", with(R"(,"env":5,"env":{"A":"hunter2"})")),
      invalid("env twice through an escape", with(R"(,"env":{"A":"hunter2"},"\u0065nv":{})")),
      invalid("env twice before op", R"({"env":{},"env":{},"op":"set_env","id":"x"})"),
      invalid("good env and then garbage", with(R"(,"env":{"A":"hunter2"})") + "x"),
      invalid("good env and no end", R"({"op":"set_env","id":"x","env":{"A":"hunter2"})"),
      invalid("bad key and no end", R"({"op":"set_env","id":"x","env":{"1":"hunter2"})"),
      invalid("merge twice", with(R"(,"env":{},"merge":true,"merge":true)")),
      invalid("merge twice before op", R"({"merge":false,"merge":false,"op":"set_env","env":{},"id":"x"})"),
  };
  for (const char* value : {"5", "null", "true", R"(["hunter2"])", R"({"A":"hunter2"})"}) {
    rows.push_back(invalid("env value "s + value, with(R"(,"env":{"A":)"s + value + "}")));
    rows.push_back(
        invalid("env value "s + value + " behind a good one", with(R"(,"env":{"A":"1","B":)"s + value + "}")));
  }
  for (const char* value : {"1", "0", "null", R"("true")", "[]", "[true]", "{}"}) {
    rows.push_back(invalid("merge "s + value, with(R"(,"env":{"A":"hunter2"},"merge":)"s + value)));
  }
  return rows;
}

std::vector<Row> secret_fields() {
  const auto with = [](const std::string& rest) { return R"({"op":"set_secret","id":"x")" + rest + "}"; };
  const std::string value = R"(,"value_b64":"aHVudGVyMg==")";
  std::vector<Row> rows{
      invalid("set_secret without anything", with("")),
      invalid("set_secret without name", with(value)),
      invalid("set_secret without value_b64", with(R"(,"name":"s")")),
      invalid("set_secret with value", with(R"(,"name":"s","value":"hunter2")")),
      invalid("name twice", with(R"(,"name":"s","name":"s")" + value)),
      invalid("name twice, second wrong", with(R"(,"name":"s","name":5)" + value)),
      invalid("name twice before op", R"({"name":"s","name":"s","op":"set_secret","id":"x")" + value + "}"),
      invalid("value_b64 twice", with(R"(,"name":"s")" + value + value)),
      invalid("value_b64 twice through an escape", with(R"(,"name":"s","value\u005fb64":"")" + value)),
      invalid("good secret and then garbage", with(R"(,"name":"s")" + value) + "}"),
      invalid("good secret and no end", R"({"op":"set_secret","id":"x","name":"s")" + value),
  };
  for (const char* wrong : kNotStrings) {
    rows.push_back(invalid("name "s + wrong, with(R"(,"name":)"s + wrong + value)));
    rows.push_back(invalid("value_b64 "s + wrong, with(R"(,"name":"s","value_b64":)"s + wrong)));
  }
  Row others = ok("set_secret with fields of set_env",
                  with(R"(,"env":5,"merge":"yes","env":{},"merge":1,"name":"others")" + value));
  others.secret = {"others", "hunter2"};
  rows.push_back(others);
  Row last = ok("fields before op", R"({"value_b64":"aHVudGVyMg==","name":"first","id":"x","op":"set_secret"})");
  last.secret = {"first", "hunter2"};
  rows.push_back(last);
  return rows;
}

}  // namespace

std::vector<Row> shape_rows() {
  std::vector<Row> rows;
  for (auto part : {op, fields_of_others, env_fields, secret_fields}) {
    for (Row& row : part()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace microvm::contract
