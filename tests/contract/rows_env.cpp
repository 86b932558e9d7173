// set_env: what keys and values may be, and what the file looks like; replacing, and merging into what is there.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;

std::string set_env(const std::string& object, const std::string& rest = "") {
  return R"({"op":"set_env","id":"x","env":)" + object + rest + "}";
}

Row writes(const char* name, const std::string& object, std::string file) {
  Row row = ok(name, set_env(object));
  row.env = std::move(file);
  return row;
}

std::vector<Row> replacing() {
  const std::string long_key(10'000, 'K');
  const std::string long_value(100'000, 'v');
  return {
      writes("one entry", R"({"KEY":"hunter2"})", "KEY=hunter2\n"),
      writes("replaced as a whole", R"({"OTHER":"hunter2"})", "OTHER=hunter2\n"),
      writes("no entries", "{}", ""),
      writes("no entries with a blank", "{ }", ""),
      writes("sorted by byte", R"({"b":"1","A":"2","_":"3","a":"4","Z":"5","A1":"6","AA":"7","A_":"8"})",
             "A=2\nA1=6\nAA=7\nA_=8\nZ=5\n_=3\na=4\nb=1\n"),
      writes("empty value", R"({"A":""})", ""),
      writes("empty value between others", R"({"A":"1","B":"","C":"3"})", "A=1\nC=3\n"),
      writes("blank as value", R"({"A":" "})", "A= \n"),
      writes("blanks around", R"({"A":"  hunter2  "})", "A=  hunter2  \n"),
      writes("equals signs", R"({"A":"=","B":"B=C=D","C":"=="})", "A==\nB=B=C=D\nC===\n"),
      writes("hash and quotes", R"({"A":"# no comment","B":"\"q\"","C":"'q'"})", "A=# no comment\nB=\"q\"\nC='q'\n"),
      writes("shell text", R"({"A":"$(reboot) `id` $HOME ; & |"})", "A=$(reboot) `id` $HOME ; & |\n"),
      writes("backslashes", R"({"A":"C:\\new\\table"})", "A=C:\\new\\table\n"),
      writes("carriage return and tab", R"({"A":"a\rb\tc\r"})", "A=a\rb\tc\r\n"),
      writes("control characters", R"({"A":"\u0001\u001b[31m\u007f"})", "A=\x01\x1b[31m\x7f\n"),
      writes("not ASCII", R"({"A":"é€😀"})", "A=é€😀\n"),
      writes("looks like JSON", R"({"A":"{\"A\":\"1\"}"})", "A={\"A\":\"1\"}\n"),
      writes("digits and underscores", R"({"_":"1","_0":"2","a0_Z9":"3","__":"4"})", "_=1\n_0=2\n__=4\na0_Z9=3\n"),
      writes("names of our own fields", R"({"op":"ping","id":"y","env":"e","merge":"true","name":"n"})",
             "env=e\nid=y\nmerge=true\nname=n\nop=ping\n"),
      writes("escaped key", R"({"\u004bEY":"1"})", "KEY=1\n"),
      writes("repeated key: the last", R"({"A":"1","B":"2","A":"3"})", "A=3\nB=2\n"),
      writes("repeated key through an escape", R"({"A":"1","\u0041":"2"})", "A=2\n"),
      writes("repeated key, last empty", R"({"A":"1","A":""})", ""),
      writes("repeated key, first empty", R"({"A":"","A":"1"})", "A=1\n"),
      writes("repeated key, first with a newline", R"({"A":"a\nb","A":"1"})", "A=1\n"),
      writes("key of 10000 bytes", "{\"" + long_key + R"(":"1"})", long_key + "=1\n"),
      writes("value of 100000 bytes", R"({"A":")" + long_value + "\"}", "A=" + long_value + "\n"),
      writes("merge false", R"({"B":"2"},"merge":false)", "B=2\n"),
  };
}

std::vector<Row> many_entries() {
  std::string object;
  std::string file;
  for (int i = 9999; i >= 1000; --i) object += (object.empty() ? "\"K" : ",\"K") + std::to_string(i) + "\":\"v\"";
  for (int i = 1000; i <= 9999; ++i) file += "K" + std::to_string(i) + "=v\n";
  return {writes("9000 entries", "{" + object + "}", file), writes("none again", "{}", "")};
}

std::vector<Row> bad_entries() {
  const std::pair<const char*, const char*> keys[] = {
      {"empty key", ""},      {"digit first", "1A"},  {"digit only", "0"},     {"dash", "A-B"},
      {"dot", "A.B"},         {"blank", "A B"},       {"leading blank", " A"}, {"trailing blank", "A "},
      {"equals sign", "A=B"}, {"slash", "A/B"},       {"newline", "A\\nB"},    {"trailing newline", "A\\n"},
      {"NUL", "A\\u0000"},    {"quote", "A\\\""},     {"not ASCII", "\u00c4"}, {"full-width A", "\uff21"},
      {"dollar", "$A"},       {"bracket", "A["},      {"at sign", "A@"},       {"backquote", "A`"},
      {"brace", "A{"},        {"export", "export A"}, {"colon", "A:"},         {"carriage return", "A\\r"},
  };
  std::vector<Row> rows;
  for (const auto& [name, key] : keys) {
    const std::string entry = "\""s + key + R"(":"hunter2")";
    rows.push_back(refused("key: "s + name, set_env("{" + entry + "}"), "env key"));
    rows.push_back(refused("key behind good ones: "s + name, set_env(R"({"A":"1","B":"2",)" + entry + "}"), "env key"));
  }
  rows.push_back(
      refused("bad key of 100000 bytes", set_env("{\"" + std::string(100'000, '-') + R"(":"1"})"), "env key"));
  rows.push_back(refused("bad key with an empty value", set_env(R"({"A":"1","1":""})"), "env key"));
  for (const char* value : {"hunter2\\n", "\\nhunter2", "hun\\nter2", "\\n", "hunter2\\u000a", "hunter2\\r\\n"}) {
    rows.push_back(refused("value with a newline "s + value, set_env(R"({"KEY":")"s + value + "\"}"), "KEY"));
  }
  for (const char* value : {"hunter2\\u0000", "\\u0000", "hun\\u0000ter2"}) {
    rows.push_back(refused("value with a NUL "s + value, set_env(R"({"A":"1","KEY":")"s + value + "\"}"), "KEY"));
  }
  rows.push_back(refused("repeated key, last with a newline", set_env(R"({"KEY":"1","KEY":"a\nb"})"), "KEY"));
  return rows;
}

Row merges(const char* name, std::string given, const std::string& object, std::string file) {
  Row row = ok(name, set_env(object, R"(,"merge":true)"));
  row.given_env = std::move(given);
  row.env = std::move(file);
  return row;
}

Row merge_refused(const char* name, std::string given, const std::string& object, std::string mentions) {
  Row row = refused(name, set_env(object, R"(,"merge":true)"), std::move(mentions));
  row.given_env = std::move(given);
  return row;
}

}  // namespace

std::vector<Row> env_rows() {
  std::vector<Row> rows = replacing();
  for (auto part : {many_entries, bad_entries}) {
    for (Row& row : part()) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> merge_rows() {
  const std::string ab = "A=hunter2\nB=2\n";
  Row before_op = ok("merge before op", R"({"merge":true,"env":{"C":"3"},"id":"x","op":"set_env"})");
  before_op.given_env = ab;
  before_op.env = "A=hunter2\nB=2\nC=3\n";
  Row replaced = ok("replacing does not mind foreign lines", set_env(R"({"A":"1"})"));
  replaced.given_env = "# hunter2\nexport B=2\n";
  replaced.env = "A=1\n";
  return {
      before_op,
      replaced,
      merges("merge into nothing", "", R"({"A":"hunter2"})", "A=hunter2\n"),
      merges("merge adds", ab, R"({"C":"3"})", "A=hunter2\nB=2\nC=3\n"),
      merges("merge adds between", ab, R"({"AA":"1"})", "A=hunter2\nAA=1\nB=2\n"),
      merges("merge replaces", ab, R"({"B":"hunter2"})", "A=hunter2\nB=hunter2\n"),
      merges("merge deletes", ab, R"({"A":""})", "B=2\n"),
      merges("merge deletes what is not there", ab, R"({"Z":""})", ab),
      merges("merge deletes all", ab, R"({"A":"","B":""})", ""),
      merges("merge of nothing", ab, "{}", ab),
      merges("merge: repeated key, the last", ab, R"({"B":"8","B":"9"})", "A=hunter2\nB=9\n"),
      merges("merge: repeated key, deleted and set", ab, R"({"A":"","A":"1"})", "A=1\nB=2\n"),
      merges("merge keeps values as they are", "A= a=b \r\t\x01'\"\xC3\xA9\n", R"({"B":"1"})",
             "A= a=b \r\t\x01'\"\xC3\xA9\nB=1\n"),
      merges("merge sorts", "b=1\nA=hunter2\n", R"({"a":"3"})", "A=hunter2\na=3\nb=1\n"),
      merges("merge: of two lines of one key the last", "A=1\nA=hunter2\n", R"({"B":"1"})", "A=hunter2\nB=1\n"),
      merges("merge keeps keys apart that begin alike", "A=1\nAB=2\n", R"({"A":"3"})", "A=3\nAB=2\n"),
      merge_refused("merge over a comment", "A=1\n# hunter2\n", R"({"B":"1"})", "line 2"),
      merge_refused("merge over a word", "hunter2\n", R"({"B":"1"})", "line 1"),
      merge_refused("merge over an empty line", "A=1\n\nB=hunter2\n", R"({"B":"1"})", "line 2"),
      merge_refused("merge over an export", "A=1\nB=2\nexport C=hunter2\n", R"({"B":"1"})", "line 3"),
      merge_refused("merge over a bad key", "1A=hunter2\n", R"({"B":"1"})", "line 1"),
      merge_refused("merge over an empty key", "=hunter2\n", R"({"B":"1"})", "line 1"),
      merge_refused("merge over a blank before the equals sign", "A =hunter2\n", R"({"B":"1"})", "line 1"),
      merge_refused("merge with a bad key", ab, R"({"C":"3","C-":"hunter2"})", "env key"),
      merge_refused("merge with a newline", ab, R"({"C":"hunter2\n"})", "C"),
      merge_refused("merge with a NUL", ab, R"({"C":"hunter2\u0000"})", "C"),
  };
}

}  // namespace microvm::contract
