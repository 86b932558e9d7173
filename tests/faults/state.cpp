// What a daemon's files say.
#include "tests/faults/state.h"

#include <algorithm>
#include <array>
#include <new>

#include "common/wire/base64.h"
#include "tests/support/files.h"

namespace microvm::faults {
namespace {

std::optional<std::string> read_if_there(const std::string& path) {
  return test::exists(path) ? std::optional(test::read_file(path)) : std::nullopt;
}

bool is_one_of(const std::optional<std::string>& is, const std::optional<std::string>& one,
               const std::optional<std::string>& other) {
  return is == one || is == other;
}

std::optional<std::string> secret_of(const State& state, const std::string& name) {
  const auto found = state.secrets.find(name);
  return found == state.secrets.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

void PrintTo(const State& state, std::ostream* out) {
  *out << "env " << state.env.value_or("(none)") << ", epoch " << state.epoch.value_or("(none)") << ", secrets";
  for (const auto& [name, value] : state.secrets) *out << " " << name << "=" << value;
}

State read_state(const test::DaemonPaths& paths) {
  State state{.env = read_if_there(paths.env_file), .secrets = {}, .epoch = read_if_there(paths.state_dir + "/.epoch")};
  if (!test::exists(paths.secrets_dir)) return state;
  for (const std::string& name : test::names_in(paths.secrets_dir)) {
    if (!name.starts_with('.')) state.secrets[name] = test::read_file(paths.secrets_dir + "/" + name);
  }
  return state;
}

bool is_whole(const State& state, const State& one, const State& other) {
  std::map<std::string, std::string> all = state.secrets;
  for (const State& whole : {one, other}) all.insert(whole.secrets.begin(), whole.secrets.end());
  return is_one_of(state.env, one.env, other.env) && is_one_of(state.epoch, one.epoch, other.epoch) &&
         std::ranges::all_of(all, [&](const auto& secret) {
           const std::string& name = secret.first;
           return is_one_of(secret_of(state, name), secret_of(one, name), secret_of(other, name));
         });
}

std::vector<std::string> leftovers(const test::DaemonPaths& paths, bool retired) {
  std::vector<std::string> found = test::names_in(paths.state_dir);
  std::erase_if(found, [](const std::string& name) { return name == "env" || name == "secrets" || name == ".epoch"; });
  const auto set =
      std::ranges::find_if(found, [](const std::string& name) { return name.starts_with(".microvm-set."); });
  if (retired && set != found.end()) found.erase(set);
  if (!test::exists(paths.secrets_dir)) return found;
  for (const std::string& name : test::names_in(paths.secrets_dir)) {
    if (name.starts_with('.')) found.push_back(name);
  }
  return found;
}

bool tells_a_value(std::string_view text) {
  return std::ranges::any_of(std::array{kOldMarker, kNewMarker}, [&](std::string_view marker) {
    // A value begins with its marker, so its base64 begins with that of whole groups of the marker.
    const std::string encoded = base64(marker.substr(0, marker.size() / 3 * 3));
    return text.find(marker) != text.npos || text.find(encoded) != text.npos;
  });
}

std::string base64(std::string_view bytes) {
  Bytes encoded;
  if (!wire::append_base64(encoded, bytes)) throw std::bad_alloc();
  return std::string(encoded.view());
}

}  // namespace microvm::faults
