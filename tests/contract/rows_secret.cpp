// set_secret: names, base64, and exactly the decoded bytes in the file.
#include "tests/contract/row.h"

namespace microvm::contract {
namespace {
using namespace std::string_literals;

std::string set_secret(const std::string& name, const std::string& value) {
  return R"({"op":"set_secret","id":"x","name":")" + name + R"(","value_b64":")" + value + "\"}";
}

Row writes(const std::string& name, const std::string& secret, const std::string& value, std::string content) {
  Row row = ok(name, set_secret(secret, value));
  row.secret = {secret, std::move(content)};
  return row;
}

std::vector<Row> names() {
  std::vector<Row> rows;
  const std::string value(kMarkerBase64);
  for (const std::string& good : {"a"s, "Z"s, "0"s, "_"s, "-"s, "--"s, "-rf"s, "__"s, "tls_key-2"s, "env"s,
                                  "microvm-tmp"s, std::string(254, 'n'), std::string(255, 'n')}) {
    rows.push_back(writes("name " + good.substr(0, 20) + " of " + std::to_string(good.size()), good, value, "hunter2"));
  }
  Row escaped = ok("escaped name", set_secret("\\u0061bc", value));
  escaped.secret = {"abc", "hunter2"};
  rows.push_back(escaped);
  for (const std::string& bad : {""s,
                                 "."s,
                                 ".."s,
                                 ".a"s,
                                 "a."s,
                                 "a.pem"s,
                                 "/"s,
                                 "a/b"s,
                                 "/etc/passwd"s,
                                 "../env"s,
                                 "..\\/env"s,
                                 "a b"s,
                                 " a"s,
                                 "a "s,
                                 "a\\n"s,
                                 "a\\u0000"s,
                                 "a\\u0000b"s,
                                 "\\u0000"s,
                                 "a\\tb"s,
                                 "a\\\\b"s,
                                 "a:b"s,
                                 "a=b"s,
                                 "a+b"s,
                                 "a*"s,
                                 "~"s,
                                 "a\\\"b"s,
                                 "ä"s,
                                 "\uff41"s,
                                 "a\u200b"s,
                                 ".microvm-tmp.0123456789abcdef"s,
                                 ".epoch"s,
                                 "@"s,
                                 "["s,
                                 "`"s,
                                 "{"s,
                                 std::string(256, 'n'),
                                 std::string(4096, 'n'),
                                 std::string(100'000, 'n')}) {
    rows.push_back(refused("bad name " + bad.substr(0, 20) + " of " + std::to_string(bad.size()),
                           set_secret(bad, value), "secret name"));
  }
  return rows;
}

std::vector<Row> values() {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  const std::string encoded =
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJT"
      "VFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaan"
      "qKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7"
      "/P3+/w==";
  std::string big_encoded;
  std::string big;
  for (int i = 0; i < 100'000; ++i) {
    big_encoded += "AP+A";
    big += "\0\xff\x80"s;
  }
  return {
      writes("empty value", "v", "", ""),
      writes("one byte", "v", "QQ==", "A"),
      writes("two bytes", "v", "QUI=", "AB"),
      writes("three bytes", "v", "QUJD", "ABC"),
      writes("four bytes", "v", "QUJDRA==", "ABCD"),
      writes("zero byte", "v", "AA==", "\0"s),
      writes("zero bytes", "v", "AAAAAAA=", "\0\0\0\0\0"s),
      writes("newlines", "v", "CgoK", "\n\n\n"),
      writes("all ones", "v", "////", "\xff\xff\xff"),
      writes("both signs of the alphabet", "v", "++//", "\xfb\xef\xff"),
      writes("escaped base64", "v", R"(\u0051U\u004a\u0044)", "ABC"),
      writes("escaped slashes", "v", R"(\/\/\/\/)", "\xff\xff\xff"),
      writes("escaped padding", "v", R"(QQ\u003d\u003d)", "A"),
      writes("every byte", "v", encoded, all_bytes),
      writes("300000 bytes", "v", big_encoded, big),
      writes("shorter again", "v", std::string(kMarkerBase64), "hunter2"),
  };
}

std::vector<Row> bad_values() {
  std::vector<Row> rows;
  for (const char* bad : {
           "Q",           "QQ",
           "QQ=",         "QUI",
           "QUJDR",       "QUJDRA",
           "QUJDRA=",  // no or short padding
           "QQ===",       "QUI==",
           "QUJD=",       "QUJD==",
           "QUJD====",  // too much of it
           "=",           "==",
           "===",         "====",
           "=QQ=",        "Q=Q=",
           "Q===",        "QQ=A",  // at a wrong place
           "QQ==QQ==",    "QUI=QUJD",
           "QQ==QUJD",  // in the middle
           "QR==",        "Qf==",
           "QUJDRB==",    "QUJ=",
           "QUL=",        "AAB=",  // spare bits
           "QUJ-",        "QUJ_",
           "-_-_",        "QUJ*",
           "QUJ.",        "QU D",
           "Q\\u00e9JD",  // other alphabets
           " QUJD",       "QUJD ",
           "QU JD",       "QUJD\\n",
           "QU\\nJD",     "QUJD\\r\\n",
           "\\tQUJD",     " ",
           "QUJD\\u0000", "\\u0000\\u0000\\u0000\\u0000",
           "hunter2!",    "data:;base64,QUJD",
           "é",           "@UJD",
           "[UJD",        "`UJD",
           "{UJD",        ":UJD",
           ",UJD",
       }) {
    rows.push_back(refused("value_b64 "s + bad, set_secret("v", bad), "base64"));
  }
  rows.push_back(refused("100000 good and one bad", set_secret("v", std::string(100'000, 'A') + "A*AA"), "base64"));
  return rows;
}

}  // namespace

std::vector<Row> secret_rows() {
  std::vector<Row> rows = names();
  for (auto part : {values, bad_values}) {
    for (Row& row : part()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace microvm::contract
