// Strings: escapes, surrogates, control characters, UTF-8; as an unknown value, a key, an env value and an id.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;

struct Text {
  const char* name;
  std::string json;     ///< between the quotes
  std::string decoded;  ///< of good ones
};

const std::vector<Text>& good_texts() {
  static const std::vector<Text> kTexts{
      {"plain", "hunter2", "hunter2"},
      {"short escapes", R"(hunter2\"\\\/\b\f\r\t)", "hunter2\"\\/\b\f\r\t"},
      {"escaped letters", R"(\u0068unter\u0032)", "hunter2"},
      {"upper-case hex", R"(hunter2\u00E9\u00CB)", "hunter2é\u00cb"},
      {"lower-case hex", R"(hunter2\u00e9\u00cb)", "hunter2é\u00cb"},
      {"escaped control character", R"(hunter2\u0001\u001f)", "hunter2\x01\x1f"},
      {"DEL", "hunter2\x7f", "hunter2\x7f"},
      {"two bytes", "hunter2é", "hunter2é"},
      {"three bytes", "hunter2€", "hunter2€"},
      {"four bytes", "hunter2😀", "hunter2😀"},
      {"surrogate pair", R"(hunter2\ud83d\ude00)", "hunter2😀"},
      {"surrogate pair in capitals", R"(hunter2\uD83D\uDE00)", "hunter2😀"},
      {"lowest surrogate pair", R"(hunter2\ud800\udc00)", "hunter2\U00010000"},
      {"highest surrogate pair", R"(hunter2\udbff\udfff)", "hunter2\U0010FFFF"},
      {"last before the surrogates", "hunter2\\ud7ff\xED\x9F\xBF", "hunter2\xED\x9F\xBF\xED\x9F\xBF"},
      {"first behind the surrogates", "hunter2\\ue000\xEE\x80\x80", "hunter2\xEE\x80\x80\xEE\x80\x80"},
      {"noncharacters", "hunter2\xEF\xBF\xBE\xEF\xBF\xBF\\uffff", "hunter2\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBF"},
      {"last code point", "hunter2\xF4\x8F\xBF\xBF", "hunter2\xF4\x8F\xBF\xBF"},
      {"byte order mark", "\xEF\xBB\xBFhunter2", "\xEF\xBB\xBFhunter2"},
      {"line separators", "hunter2\xE2\x80\xA8\xE2\x80\xA9\xC2\x85", "hunter2\xE2\x80\xA8\xE2\x80\xA9\xC2\x85"},
      {"backslash u behind an escaped backslash", R"(hunter2\\u0041)", R"(hunter2\u0041)"},
  };
  return kTexts;
}

const std::vector<Text>& bad_texts() {
  static const std::vector<Text> kTexts{
      {"raw control character", "hunter2\x01", {}},
      {"raw unit separator", "hunter2\x1f", {}},
      {"raw tab", "hunter2\t", {}},
      {"raw carriage return", "hunter2\r", {}},
      {"raw NUL", "hunter2\0"s, {}},
      {"unknown escape", R"(hunter2\x41)", {}},
      {"escaped single quote", R"(hunter2\')", {}},
      {"escaped a", R"(hunter2\a)", {}},
      {"escaped v", R"(hunter2\v)", {}},
      {"octal escape", R"(hunter2\101)", {}},
      {"capital U", R"(hunter2\U0041)", {}},
      {"short \\u", R"(hunter2\u41)", {}},
      {"\\u with braces", R"(hunter2\u{41})", {}},
      {"\\u with a non-hex digit", R"(hunter2\u00g1)", {}},
      {"\\u with a sign", R"(hunter2\u+041)", {}},
      {"\\u at the end", R"(hunter2\u)", {}},
      {"lone high surrogate", R"(hunter2\ud83d)", {}},
      {"lone low surrogate", R"(hunter2\ude00)", {}},
      {"high surrogate and a letter", R"(hunter2\ud83dx)", {}},
      {"high surrogate and another escape", R"(hunter2\ud83d\n)", {}},
      {"high surrogate and no surrogate", R"(hunter2\ud83d\u0041)", {}},
      {"two high surrogates", R"(hunter2\ud83d\ud83d)", {}},
      {"surrogates in the wrong order", R"(hunter2\ude00\ud83d)", {}},
      {"byte FF", "hunter2\xFF", {}},
      {"byte C0", "hunter2\xC0\x80", {}},
      {"overlong slash", "hunter2\xC0\xAF", {}},
      {"overlong of three bytes", "hunter2\xE0\x80\x80", {}},
      {"overlong of four bytes", "hunter2\xF0\x80\x80\x80", {}},
      {"raw surrogate", "hunter2\xED\xA0\x80", {}},
      {"raw surrogate pair", "hunter2\xED\xA0\xBD\xED\xB8\x80", {}},
      {"beyond the last code point", "hunter2\xF4\x90\x80\x80", {}},
      {"five bytes", "hunter2\xF8\x88\x80\x80\x80", {}},
      {"lone continuation byte", "hunter2\x80", {}},
      {"cut after one of two", "hunter2\xC3", {}},
      {"cut after two of three", "hunter2\xE2\x82", {}},
      {"cut after three of four", "hunter2\xF0\x9F\x98", {}},
      {"cut and then a letter", "hunter2\xE2\x82x", {}},
      {"Latin-1", "hunter2\xE9t\xE9", {}},
  };
  return kTexts;
}

// Bytes that are no UTF-8 where no string is.
std::vector<Row> outside_of_strings() {
  return {
      invalid("byte FF between fields", "{\"id\":\"x\",\xFF\"op\":\"ping\"}"),
      invalid("byte 80 as a value", "{\"id\":\"x\",\"op\":\"ping\",\"u\":\x80}"),
      invalid("byte FE behind", "{\"id\":\"x\",\"op\":\"ping\"}\xFE"),
      invalid("byte C3 at the start", "\xC3{\"id\":\"x\",\"op\":\"ping\"}", R"("")"),
      invalid("escape outside of a string", R"({"id":"x",\u0022op":"ping"})"),
  };
}

}  // namespace

std::vector<Row> text_rows() {
  std::vector<Row> rows = outside_of_strings();
  const auto add = [&rows](Row row, const std::string& name) {
    row.name = name;
    rows.push_back(std::move(row));
  };
  const std::string ping = R"({"op":"ping","id":"x",)";
  const std::string set_env = R"({"op":"set_env","id":"x","env":{"K":")";
  for (const Text& text : good_texts()) {
    const std::string name = text.name;
    add(ok("", ping + R"("u":")" + text.json + "\"}"), name + " in an unknown field");
    add(ok("", ping + "\"" + text.json + "\":1}"), name + " as an unknown key");
    Row env = ok("", set_env + text.json + "\"}}");
    env.env = "K=" + text.decoded + "\n";
    add(env, name + " as an env value");
  }
  for (const Text& text : bad_texts()) {
    const std::string name = text.name;
    add(invalid("", ping + R"("u":")" + text.json + "\"}"), name + " in an unknown field");
    add(invalid("", ping + "\"" + text.json + "\":1}"), name + " as an unknown key");
    add(invalid("", set_env + text.json + "\"}}"), name + " as an env value");
    add(invalid("", R"({"op":"ping","id":")" + text.json + "\"}", R"("")"), name + " as an id");
  }
  return rows;
}

}  // namespace microvm::contract
