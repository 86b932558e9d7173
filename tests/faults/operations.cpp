// What the daemon is asked while something goes wrong.
#include "tests/faults/operations.h"

#include <algorithm>
#include <filesystem>

#include "tests/faults/state.h"

namespace microvm::faults {
namespace {

std::string text(std::string_view plain) { return "\"" + std::string(plain) + "\""; }
std::string member(std::string_view name, std::string_view value) { return text(name) + ":" + text(value); }
std::string env(std::string_view key, std::string_view value) { return member(key, value); }
std::string secret(std::string_view name, std::string_view value) { return member(name, base64(value)); }

std::string request(std::string_view op, const std::string& fields) {
  return "{" + member("op", op) + "," + member("id", "x") + (fields.empty() ? "" : ",") + fields + "}\n";
}
std::string apply_request(const std::string& env_members, const std::string& secret_members,
                          const std::string& more = "") {
  return request("apply", R"("env":{)" + env_members + R"(},"secrets":{)" + secret_members + "}" + more);
}

// By way of another epoch: what stood before is gone, and no replaced set waits for its time.
std::vector<std::string> old_state() {
  return {
      apply_request("", "", R"(,"epoch":"between")"),
      apply_request(env("KEPT", kOldMarker) + "," + env("SHARED", kOldMarker),
                    secret("kept", kOldMarker) + "," + secret("shared", kOldMarker) + "," + secret("gone", kOldMarker),
                    R"(,"epoch":"first")")};
}

std::vector<std::string> old_state_and(const std::string& request) {
  auto requests = old_state();
  requests.push_back(request);
  return requests;
}

void remove_secrets_directory(const test::DaemonPaths& paths) { std::filesystem::remove_all(paths.secrets_dir); }

std::vector<Operation> make_changes() {
  const std::string new_env = R"("env":{)" + env("SHARED", kNewMarker) + "}";
  const std::string new_secrets = secret("shared", kNewMarker) + "," + secret("added", kNewMarker);
  const std::string many = apply_request(env("SHARED", kNewMarker) + "," + env("ADDED", kNewMarker), new_secrets,
                                         R"(,"env_mode":"merge","delete_secrets":["gone"])");
  const std::string between = apply_request(env("KEPT", kOldMarker), secret("shared", "between"));
  const std::string next_epoch =
      apply_request(env("ADDED", kNewMarker), secret("added", kNewMarker), R"(,"epoch":"second")");
  return {
      {"set_env", old_state(), request("set_env", new_env)},
      {"set_env_merge", old_state(), request("set_env", new_env + R"(,"merge":true)")},
      {"set_secret_new", old_state(), set_secret_request("added", kNewMarker)},
      {"set_secret_replacing", old_state(), set_secret_request("shared", kNewMarker)},
      {"set_secret_without_directory", old_state(), set_secret_request("added", kNewMarker), false, false,
       remove_secrets_directory},
      {"delete_secret", old_state(), request("delete_secret", member("name", "gone"))},
      {"apply_one_env", old_state(), request("apply", new_env)},
      {"apply_one_secret", old_state(), request("apply", R"("secrets":{)" + secret("shared", kNewMarker) + "}")},
      {"apply_one_deletion", old_state(), request("apply", R"("delete_secrets":["gone"])")},
      {"apply_secrets", old_state(), request("apply", R"("secrets":{)" + new_secrets + "}"), false, true},
      {"apply_many", old_state(), many, false, true},
      {"apply_behind_apply", old_state_and(between), many, true, true},
      {"apply_next_epoch", old_state(), next_epoch},
      {"apply_replacing_all", old_state(),
       request("apply", R"("secrets_mode":"replace","secrets":{)" + secret("shared", kNewMarker) + "}"), false, true},
      {"wipe", old_state(), request("wipe", "")},
      {"wipe_behind_apply", old_state_and(many), request("wipe", ""), true},
  };
}

}  // namespace

void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

const std::vector<Operation>& changes() {
  static const std::vector<Operation> all = make_changes();
  return all;
}

const std::vector<Operation>& questions() {
  static const std::vector<Operation> all = {
      {"ping", old_state(), request("ping", "")},
      {"stat", old_state(), request("stat", "")},
      {"info", old_state(), request("info", "")},
      // What cannot be read is written anew.
      {.name = "apply_of_what_is_there",
       .before = old_state(),
       .request = old_state().back(),
       .leaves_retired_set = true},
      {"broken_line", old_state(), R"({"op":"set_env","id":"x",)" + env("A", kOldMarker) + "\n"},
  };
  return all;
}

const Operation& operation(const std::string& name) { return *std::ranges::find(changes(), name, &Operation::name); }

std::string set_secret_request(std::string_view name, std::string_view value) {
  return request("set_secret", member("name", name) + "," + member("value_b64", base64(value)));
}

}  // namespace microvm::faults
