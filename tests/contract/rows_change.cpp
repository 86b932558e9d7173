// What apply, delete_secret and wipe do to the files, and what they refuse.
#include "tests/contract/change_row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;
using Secrets = std::map<std::string, std::string>;

// aHVudGVyMg== is hunter2, Yg== is b, Mg== is 2.

std::string request(const std::string& op, const std::string& fields) {
  return R"({"op":")" + op + R"(","id":"x")" + (fields.empty() ? "" : ",") + fields + "}";
}
std::string apply(const std::string& fields) { return request("apply", fields); }

State env_is(std::string env) {
  State state = given();
  state.env = std::move(env);
  return state;
}
State secrets_are(Secrets secrets) {
  State state = given();
  state.secrets = std::move(secrets);
  return state;
}

ChangeRow changes(std::string name, std::string request, State after) {
  return {.name = std::move(name), .request = std::move(request), .changes = true, .after = std::move(after)};
}
ChangeRow same(std::string name, std::string request) {
  return {.name = std::move(name), .request = std::move(request)};
}
ChangeRow refused(std::string name, std::string request, std::string mentions, std::string code = "invalid") {
  return {
      .name = std::move(name), .request = std::move(request), .code = std::move(code), .mentions = std::move(mentions)};
}

}  // namespace

std::vector<ChangeRow> apply_rows() {
  return {
      same("nothing", apply("")),
      same("fields of other requests", apply(R"("name":"../x","value_b64":5,"merge":"yes","merge":1,"u":[{}])")),
      // env
      changes("env", apply(R"("env":{"C":"hunter2"})"), env_is("C=hunter2\n")),
      changes("env, mode given", apply(R"("env_mode":"replace","env":{"C":"3"})"), env_is("C=3\n")),
      changes("env of nothing", apply(R"("env":{})"), env_is("")),
      changes("env, empty value", apply(R"("env":{"A":"","B":"2"})"), env_is("B=2\n")),
      changes("env, sorted, of a repeated key the last", apply(R"("env":{"b":"1","Z":"2","b":"3"})"),
              env_is("Z=2\nb=3\n")),
      changes("merge", apply(R"("env":{"C":"3","A":"1","B":""},"env_mode":"merge")"), env_is("A=1\nC=3\n")),
      same("env as it is", apply(R"("env":{"B":"2","A":"hunter2"})")),
      same("merge of what is there", apply(R"("env":{"B":"2","Z":""},"env_mode":"merge")")),
      same("merge of nothing", apply(R"("env":{},"env_mode":"merge")")),
      same("only a mode", apply(R"("env_mode":"replace")")),
      // secrets
      changes("a secret more", apply(R"("secrets":{"c":"aHVudGVyMg=="})"),
              secrets_are({{"a", "hunter2"}, {"b", "b"}, {"c", "hunter2"}})),
      changes("another value", apply(R"("secrets":{"b":"Mg=="})"), secrets_are({{"a", "hunter2"}, {"b", "2"}})),
      changes("of the same size", apply(R"("secrets":{"b":"Yw=="})"), secrets_are({{"a", "hunter2"}, {"b", "c"}})),
      changes("empty value", apply(R"("secrets":{"b":""})"), secrets_are({{"a", "hunter2"}, {"b", ""}})),
      changes("two", apply(R"("secrets":{"c":"Mg==","a":"Yg=="})"), secrets_are({{"a", "b"}, {"b", "b"}, {"c", "2"}})),
      changes("of a repeated name the last", apply(R"("secrets":{"c":"Mg==","c":"Yg=="})"),
              secrets_are({{"a", "hunter2"}, {"b", "b"}, {"c", "b"}})),
      changes("names at the limits", apply(R"("secrets":{"_":"Mg==",")" + std::string(255, '-') + R"(":"Yg=="})"),
              secrets_are({{"a", "hunter2"}, {"b", "b"}, {"_", "2"}, {std::string(255, '-'), "b"}})),
      same("a secret as it is", apply(R"("secrets":{"a":"aHVudGVyMg=="})")),
      same("all of them as they are", apply(R"("secrets":{"b":"Yg==","a":"aHVudGVyMg=="},"secrets_mode":"replace")")),
      same("none", apply(R"("secrets":{})")),
      same("only another mode", apply(R"("secrets_mode":"replace")")),
      changes("others go", apply(R"("secrets":{"a":"aHVudGVyMg=="},"secrets_mode":"replace")"),
              secrets_are({{"a", "hunter2"}})),
      changes("all others go", apply(R"("secrets":{"c":"Mg=="},"secrets_mode":"replace")"), secrets_are({{"c", "2"}})),
      changes("all go", apply(R"("secrets":{},"secrets_mode":"replace")"), secrets_are({})),
      // delete_secrets
      changes("one is deleted", apply(R"("delete_secrets":["a"])"), secrets_are({{"b", "b"}})),
      changes("all are deleted", apply(R"("delete_secrets":["b","a","b"])"), secrets_are({})),
      changes("one of them is there", apply(R"("delete_secrets":["z","b"])"), secrets_are({{"a", "hunter2"}})),
      same("none of them is there", apply(R"("delete_secrets":["z","y"])")),
      same("none to delete", apply(R"("delete_secrets":[])")),
      // together
      changes("env and a secret", apply(R"("env":{"C":"3"},"secrets":{"c":"Mg=="})"),
              {"C=3\n", {{"a", "hunter2"}, {"b", "b"}, {"c", "2"}}, "e"}),
      changes("env, the secrets as they are", apply(R"("env":{"C":"3"},"secrets":{"b":"Yg=="})"), env_is("C=3\n")),
      changes("secrets, env as it is", apply(R"("env":{"B":"2"},"env_mode":"merge","secrets":{"b":"Mg==","c":""})"),
              secrets_are({{"a", "hunter2"}, {"b", "2"}, {"c", ""}})),
      changes("one more, one less", apply(R"("secrets":{"c":"Mg=="},"delete_secrets":["a"])"),
              secrets_are({{"b", "b"}, {"c", "2"}})),
      changes("everything", apply(R"("delete_secrets":["b"],"secrets":{"c":"Mg=="},"env_mode":"merge","env":{"A":""})"),
              {"B=2\n", {{"a", "hunter2"}, {"c", "2"}}, "e"}),
  };
}

std::vector<ChangeRow> epoch_rows() {
  const std::string longest(255, 'e');
  return {
      same("the epoch in force", apply(R"("epoch":"e")")),
      changes("the epoch in force and more", apply(R"("epoch":"e","env":{"C":"3"})"), env_is("C=3\n")),
      changes("another epoch", apply(R"("epoch":"f")"), {"", {}, "f"}),
      changes("another epoch and env", apply(R"("epoch":"f","env":{"C":"hunter2"})"), {"C=hunter2\n", {}, "f"}),
      changes("another epoch and env as it is", apply(R"("epoch":"f","env":{"A":"hunter2","B":"2"})"),
              {"A=hunter2\nB=2\n", {}, "f"}),
      changes("another epoch merges into nothing", apply(R"("epoch":"f","env":{"C":"3","A":""},"env_mode":"merge")"),
              {"C=3\n", {}, "f"}),
      changes("another epoch and secrets", apply(R"("epoch":"f","secrets":{"a":"aHVudGVyMg==","c":"Mg=="})"),
              {"", {{"a", "hunter2"}, {"c", "2"}}, "f"}),
      changes("another epoch and deletions", apply(R"("epoch":"f","delete_secrets":["a","z"])"), {"", {}, "f"}),
      changes("empty epoch", apply(R"("epoch":"")"), {"", {}, ""}),
      changes("epoch of 255 bytes", apply(R"("epoch":")" + longest + "\""), {"", {}, longest}),
      changes("epoch of any bytes", apply(R"("epoch":"\n\u0000\"é")"), {"", {}, "\n\0\"é"s}),
      changes("epoch in capitals is another one", apply(R"("epoch":"E")"), {"", {}, "E"}),
      refused("epoch of 256 bytes", apply(R"("epoch":"e)" + longest + "\""), "255"),
      refused("another epoch with a bad key", apply(R"("epoch":"f","env":{"1":"hunter2"})"), "env key"),
      refused("another epoch on a condition", apply(R"("epoch":"f","if_match":"no")"), "etag", "conflict"),
  };
}

std::vector<ChangeRow> apply_refusal_rows() {
  const std::string first = R"("env":{"C":"3"},"secrets":{"c":"Mg=="},)";  // what may not be done then
  std::vector<ChangeRow> rows{
      refused("id twice", R"({"op":"apply","id":"x","id":"x"})", "id"),
      refused("bad key", apply(R"("secrets":{"c":"Mg=="},"env":{"C":"3","1":"hunter2"})"), "env key"),
      refused("value with a newline", apply(R"("secrets":{"c":"Mg=="},"env":{"KEY":"hunter2\n"})"), "KEY"),
      refused("value with a NUL", apply(R"("secrets":{"c":"Mg=="},"env":{"KEY":"\u0000hunter2"})"), "KEY"),
      refused("bad name", apply(R"("env":{"C":"3"},"secrets":{"c":"Mg==","../c":"aHVudGVyMg=="})"), "secret name"),
      refused("empty name", apply(R"("env":{"C":"3"},"secrets":{"":"aHVudGVyMg=="})"), "secret name"),
      refused("hidden name", apply(R"("secrets":{".microvm-txn.0123456789abcdef":""})"), "secret name"),
      refused("name of 256 bytes", apply(R"("secrets":{")" + std::string(256, 'n') + R"(":""})"), "255"),
      refused("not base64", apply(R"("env":{"C":"3"},"secrets":{"c":"Mg==","d":"hunter2"})"), "\"d\""),
      refused("not padded", apply(R"("secrets":{"c":"aHVudGVyMg"})"), "\"c\""),
      refused("spare bits", apply(R"("secrets":{"c":"aHVudGVyMh=="})"), "\"c\""),
      refused("bad name to delete", apply(first + R"("delete_secrets":["a","../b"])"), "secret name"),
      refused("set and deleted", apply(first + R"("delete_secrets":["a","c"])"), "\"c\""),
      refused("deleted and set", apply(R"("delete_secrets":["c"],"secrets":{"c":"Mg=="})"), "\"c\""),
      refused("if_match", apply(first + R"("if_match":"0-0")"), "etag", "conflict"),
      refused("empty if_match", apply(first + R"("if_match":"")"), "etag", "conflict"),
      refused("if_match where nothing would change", apply(R"("if_match":"0-0")"), "etag", "conflict"),
  };
  for (const char* mode : {"", "Merge", "append", "merge ", "hunter2"}) {
    for (const char* field : {"env_mode", "secrets_mode"}) {
      rows.push_back(refused(field + " "s + mode, apply(first + "\"" + field + R"(":")" + mode + "\""), field));
    }
  }
  const std::map<std::string, std::vector<std::string>> wrong = {
      {"env", {"null", "5", R"("A=hunter2")", R"(["A"])", R"({"A":5})", R"({"A":null})", R"({"A":["hunter2"]})"}},
      {"env_mode", {"null", "true", "{}"}},
      {"secrets", {"null", "5", R"("hunter2")", R"(["a"])", R"({"c":5})", R"({"c":null})", R"({"c":{"d":""}})"}},
      {"secrets_mode", {"null", "1", "[]"}},
      {"delete_secrets", {"null", R"("a")", R"({"a":""})", "[5]", R"(["a",null])", R"([["a"]])"}},
      {"if_match", {"null", "0", "[]"}},
      {"epoch", {"null", "1", "{}"}},
  };
  for (const auto& [field, values] : wrong) {
    for (const std::string& value : values) {
      rows.push_back(
          refused(field + " " + value, apply("\"" + field + "\":" + value), "\"" + field + "\": wrong type"));
    }
    const std::string good = field == "env" || field == "secrets" ? "{}"
                             : field == "delete_secrets"          ? "[]"
                                                                  : "\"merge\"";
    const std::string twice = "\"" + field + "\":" + good + ",\"" + field + "\":" + good;
    rows.push_back(refused(field + " twice", apply(twice), "\"" + field + "\": repeated"));
  }
  return rows;
}

std::vector<ChangeRow> removal_rows() {
  const auto removal = [](const std::string& fields) { return request("delete_secret", fields); };
  return {
      changes("delete_secret", removal(R"("name":"a")"), secrets_are({{"b", "b"}})),
      changes("delete_secret by an escaped name", removal(R"("name":"\u0062")"), secrets_are({{"a", "hunter2"}})),
      changes("delete_secret with fields of others", removal(R"("epoch":5,"env":5,"name":"a","secrets":[5])"),
              secrets_are({{"b", "b"}})),
      same("delete_secret of what is not there", removal(R"("name":"c")")),
      same("delete_secret in capitals", removal(R"("name":"A")")),
      refused("delete_secret without name", removal(""), "\"name\": missing"),
      refused("delete_secret, number", removal(R"("name":5)"), "\"name\": wrong type"),
      refused("delete_secret, null", removal(R"("name":null)"), "\"name\": wrong type"),
      refused("delete_secret, array", removal(R"("name":["a"])"), "\"name\": wrong type"),
      refused("delete_secret, name twice", removal(R"("name":"a","name":"a")"), "\"name\": repeated"),
      refused("delete_secret, bad name", removal(R"("name":"../env")"), "secret name"),
      refused("delete_secret, dot", removal(R"("name":".")"), "secret name"),
      refused("delete_secret, empty name", removal(R"("name":"")"), "secret name"),
      refused("delete_secret, hidden name", removal(R"("name":".epoch")"), "secret name"),
      refused("delete_secret, if_match", removal(R"("name":"a","if_match":"0-0")"), "etag", "conflict"),
      refused("delete_secret of nothing, if_match", removal(R"("name":"z","if_match":"0-0")"), "etag", "conflict"),
      refused("delete_secret, if_match null", removal(R"("name":"a","if_match":null)"), "\"if_match\": wrong type"),
      changes("wipe", request("wipe", ""), {"", {}, "e"}),
      changes("wipe with fields of others", request("wipe", R"("name":5,"epoch":"f","env":{"1":2})"), {"", {}, "e"}),
      refused("wipe, if_match", request("wipe", R"("if_match":"0-0")"), "etag", "conflict"),
      refused("wipe, if_match twice", request("wipe", R"("if_match":"0","if_match":"0")"), "\"if_match\": repeated"),
  };
}

}  // namespace microvm::contract
