// Good requests with one byte changed, in every place and to every value: each line gets its reply, what is refused
// touches nothing, and what is done is what the model makes of it.
#include <algorithm>
#include <span>

#include "tests/contract/model.h"
#include "tests/contract/row.h"
#include "tests/contract/transaction_test.h"

namespace microvm::contract {
namespace {

using fuzz::Json;
using Lines = std::vector<std::string>;
using Part = std::span<const std::string>;

constexpr std::size_t kRefusedAtOnce = 256;
constexpr std::size_t kDoneAtOnce = 8;  // the files are looked at behind each so many changes

// aHVudGVyMg== is hunter2, Yg== is b.
const Lines kGolden = {
    R"({"op":"ping","id":"x"})",
    R"( { "id" : "x" , "op" : "ping" } )",
    "{\"op\":\"ping\",\"id\":\"x\"}\r",
    R"({"\u006fp":"\u0070ing","id":"\u00e9\n\"\\\/"})",
    R"({"op":"ping","id":"","u":[0,-1,2.5,1e300,-1E-9]})",
    R"({"op":"ping","id":"x","u":[true,false,null]})",
    R"({"op":"ping","id":"x","u":{"a":[{}],"b":""},"u":[]})",
    R"({"op":"ping","id":"é€😀","":1})",
    R"({"op":"ping","id":"\ud83d\ude00","env":{"1":2}})",
    R"({"op":"set_env","id":"x","env":{}})",
    R"({"op":"set_env","id":"x","env":{"A":"hunter2"}})",
    R"({"op":"set_env","id":"x","env":{"A":"1","B":"","C":"3"}})",
    R"({"op":"set_env","id":"x","env":{"A":"1","A":"2"}})",
    R"({"op":"set_env","id":"x","env":{"_1":"=\t\\\u0001é"}})",
    R"({"env":{"K":"v"},"op":"set_env","id":"x"})",
    R"({"op":"set_env","id":"x","env":{"A":"1"},"merge":true})",
    R"({"op":"set_env","id":"x","env":{"A":""},"merge":true})",
    R"({"op":"set_env","id":"x","merge":false,"env":{"B":"1"}})",
    R"({"op":"set_env","id":"x","env":{"A":"1"},"if_match":"no"})",
    R"({"op":"set_env","id":"x","env":{"A":"1"},"epoch":"f"})",
    R"({"op":"set_secret","id":"x","name":"a","value_b64":""})",
    R"({"op":"set_secret","id":"x","name":"k","value_b64":"Yg=="})",
    R"({"op":"set_secret","id":"x","name":"a-_","value_b64":"AAEC"})",
    R"({"op":"set_secret","id":"x","name":"Z9","value_b64":"\u0041+\/="})",
    R"({"op":"set_secret","id":"x","name":"a","value_b64":"aHVudGVyMg=="})",
    R"({"value_b64":"//8=","name":"\u0061","id":"x","op":"set_secret"})",
    R"({"op":"set_secret","id":"x","name":"a","value_b64":"","if_match":""})",
    R"({"op":"delete_secret","id":"x","name":"a"})",
    R"({"op":"delete_secret","id":"x","name":"b","if_match":"no"})",
    R"({"op":"delete_secret","id":"x","name":"b","u":{"name":5}})",
    R"({"op":"wipe","id":"x"})",
    R"({"op":"wipe","id":"x","if_match":"no"})",
    R"({"op":"stat","id":"x"})",
    R"({"op":"stat","id":"x","env":5})",
    R"({"op":"info","id":"x"})",
    R"({"op":"apply","id":"x"})",
    R"({"op":"apply","id":"x","env":{"A":"hunter2"}})",
    R"({"op":"apply","id":"x","env":{"A":"","C":"3"},"env_mode":"merge"})",
    R"({"op":"apply","id":"x","env_mode":"replace","env":{"C":"3"}})",
    R"({"op":"apply","id":"x","secrets":{"a":"aHVudGVyMg=="}})",
    R"({"op":"apply","id":"x","secrets":{"a":"Yg==","c":""}})",
    R"({"op":"apply","id":"x","secrets":{"c":"Yg==","c":"AA=="}})",
    R"({"op":"apply","id":"x","secrets":{"c":""},"secrets_mode":"replace"})",
    R"({"op":"apply","id":"x","secrets_mode":"merge","secrets":{"c":""}})",
    R"({"op":"apply","id":"x","secrets":{},"secrets_mode":"replace"})",
    R"({"op":"apply","id":"x","delete_secrets":["a"]})",
    R"({"op":"apply","id":"x","delete_secrets":["a","z","a"]})",
    R"({"op":"apply","id":"x","delete_secrets":["a"],"secrets":{"c":"Yg=="}})",
    R"({"op":"apply","id":"x","epoch":"e"})",
    R"({"op":"apply","id":"x","epoch":"f","env":{"C":"3"}})",
    R"({"op":"apply","id":"x","epoch":"","secrets":{"a":"Yg=="}})",
    R"({"op":"apply","id":"x","epoch":"\u0000","env":{"A":"1"},"env_mode":"merge"})",
    R"({"op":"apply","id":"x","env":{"A":"1"},"if_match":"no"})",
    R"({"op":"apply","id":"x","env":{"A":"1"},"secrets":{"c":""},"u":1})",
};

class Mutations : public TransactionTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    start();
    client_ = daemon().client();
    reset();
  }

  // By way of another epoch: whatever was there is gone.
  void reset() {
    static const Lines kReset = {R"({"op":"apply","id":"x","epoch":"between"})",
                                 R"({"op":"apply","id":"x","epoch":"e","env":{"A":"hunter2","B":"2"},)"
                                 R"("secrets":{"a":"aHVudGVyMg==","b":"Yg=="}})"};
    serve(kReset);
  }

  // All in one go; each gets the model's answer.
  void serve(Part lines) {
    std::string stream;
    for (const std::string& line : lines) stream += line + "\n";
    ASSERT_TRUE(client_.send(stream));
    for (const std::string& line : lines) {
      const std::optional<std::string> reply = client_.read_line();
      ASSERT_TRUE(reply) << "no reply to " << testing::PrintToString(line);
      const Model::Answer expected = model_.serve(line);
      if (!is_reply(*reply, expected)) {
        FAIL() << testing::PrintToString(line) << "\nis to be " << (expected.ok ? "done" : "refused") << ", got\n"
               << *reply;
      }
    }
  }

  static bool is_reply(const std::string& reply, const Model::Answer& expected) {
    if (reply.find(kMarker) != reply.npos || reply.find(kMarkerBase64.substr(0, 8)) != reply.npos) return false;
    const std::optional<Json> json = fuzz::read_reference_json(reply);
    if (!json || json->keys.size() < 2 || json->keys[0] != "id" || json->keys[1] != "ok") return false;
    if (!json->items[1].is(expected.ok ? Json::Kind::True : Json::Kind::False)) return false;
    if (expected.id && json->items[0].text != *expected.id) return false;
    const auto any = [](const Json&) { return true; };
    if (!expected.ok) return json->last("error", any) != nullptr;
    const Json* const changed = json->last("changed", any);
    return (changed != nullptr) == expected.changed.has_value() &&
           (changed == nullptr || changed->is(*expected.changed ? Json::Kind::True : Json::Kind::False));
  }

  static Part take(Part& lines, std::size_t most) {
    const Part taken = lines.first(std::min(most, lines.size()));
    lines = lines.subspan(taken.size());
    return taken;
  }

  void refuse(Part lines) {
    const auto before = test::tree(paths_.state_dir);
    while (!lines.empty() && !HasFailure()) serve(take(lines, kRefusedAtOnce));
    EXPECT_TRUE(test::tree(paths_.state_dir) == before) << "what was refused touched files";
  }

  void do_and_look(Part lines) {
    reset();
    while (!lines.empty() && !HasFailure()) {
      const Part part = take(lines, kDoneAtOnce);
      serve(part);
      EXPECT_EQ(state(), model_.state()) << "behind " << testing::PrintToString(Lines(part.begin(), part.end()));
    }
  }

  bool is_good(const std::string& line) const { return Model(model_).serve(line).ok; }

  LineClient client_;
  Model model_;
};

// Lines of a request with the byte at `at` changed, to each other value in turn. The newline behind it is one of its
// bytes; a newline within it makes two lines of it.
Lines mutants(const std::string& request, std::size_t at) {
  Lines lines;
  for (int byte = 0; byte < 256; ++byte) {
    std::string changed = request + "\n";
    if (changed[at] == static_cast<char>(byte)) continue;
    changed[at] = static_cast<char>(byte);
    if (changed.ends_with('\n')) changed.pop_back();
    const std::size_t end = changed.find('\n');
    lines.push_back(changed.substr(0, end));
    if (end != changed.npos) lines.push_back(changed.substr(end + 1));
  }
  return lines;
}

TEST_P(Mutations, AreDoneOrRefusedAsAWhole) {
  serve({&GetParam(), 1});
  Lines refused;
  for (std::size_t at = 0; at <= GetParam().size() && !HasFailure(); ++at) {
    Lines lines = mutants(GetParam(), at);
    const auto bad = std::ranges::stable_partition(lines, [this](const std::string& line) { return is_good(line); });
    refused.insert(refused.end(), bad.begin(), bad.end());
    lines.erase(bad.begin(), bad.end());
    if (!lines.empty()) do_and_look(lines);
  }
  if (!HasFailure()) refuse(refused);
  EXPECT_THAT(faults::leftovers(paths_, true), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Every, Mutations, testing::ValuesIn(kGolden),
                         [](const auto& request) { return "Request" + std::to_string(request.index); });

}  // namespace
}  // namespace microvm::contract
