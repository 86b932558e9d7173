#include "tests/contract/model.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

namespace microvm::contract {
namespace {

using fuzz::Json;
using Kind = Json::Kind;

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

// ---- shape ----

std::vector<const Json*> all(const Json& request, std::string_view name) {
  std::vector<const Json*> found;
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    if (request.keys[i] == name) found.push_back(&request.items[i]);
  }
  return found;
}

const Json* field(const Json& request, std::string_view name) {
  const auto found = all(request, name);
  return found.empty() ? nullptr : found.front();
}

std::string text(const Json& request, std::string_view name) {
  const Json* const found = field(request, name);
  return found == nullptr ? "" : found->text;
}

struct FieldRule {
  std::string_view name;
  std::vector<Kind> kinds;
  bool needed = false;
  Kind items = Kind::String;  // of what it holds
};

bool fits(const Json& request, const FieldRule& rule) {
  const auto found = all(request, rule.name);
  if (found.empty()) return !rule.needed;
  const auto is_item = [&](const Json& item) { return item.is(rule.items); };
  return found.size() == 1 && std::ranges::find(rule.kinds, found.front()->kind) != rule.kinds.end() &&
         std::ranges::all_of(found.front()->items, is_item);
}

// ---- values ----

bool only(std::string_view text, std::string_view letters, std::string_view more) {
  return std::ranges::all_of(text,
                             [&](char c) { return letters.find(c) != letters.npos || more.find(c) != more.npos; });
}

bool is_env_key(const std::string& key) {
  const std::string letters = std::string(kLetters) + "_";
  return only(key, letters, kDigits) && !key.empty() && kDigits.find(key.front()) == kDigits.npos;
}

bool is_secret_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && only(name, std::string(kLetters) + "_-", kDigits);
}

// Strictly: whole groups of four, padding at the end alone, no bit that means nothing.
std::optional<std::string> decoded(std::string_view base64) {
  static const std::string kAlphabet = std::string(kLetters) + std::string(kDigits) + "+/";
  if (base64.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
  std::string bits;
  for (const char c : base64.substr(0, base64.size() - padding)) {
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    for (int bit = 5; bit >= 0; --bit) bits += static_cast<char>(value >> bit & 1);
  }
  const std::size_t spare = bits.size() % 8;
  if (std::string_view(bits).substr(bits.size() - spare).find('\1') != std::string_view::npos) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at + 8 <= bits.size(); at += 8) {
    int byte = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) byte = byte * 2 + bits[at + bit];
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

using Texts = std::map<std::string, std::string>;

Texts members(const Json* object) {
  Texts texts;
  for (std::size_t i = 0; object != nullptr && i < object->items.size(); ++i) {
    texts[object->keys[i]] = object->items[i].text;
  }
  return texts;
}

std::optional<Texts> env_of(const Json& request) {
  Texts env = members(field(request, "env"));
  const bool good = std::ranges::all_of(env, [](const auto& entry) {
    return is_env_key(entry.first) && entry.second.find_first_of(std::string_view("\n\0", 2)) == std::string::npos;
  });
  return good ? std::optional(env) : std::nullopt;
}

std::optional<Texts> secrets_of(const Json& request) {
  Texts secrets = members(field(request, "secrets"));
  for (auto& [name, value] : secrets) {
    const auto bytes = decoded(value);
    if (!is_secret_name(name) || !bytes) return std::nullopt;
    value = *bytes;
  }
  return secrets;
}

bool is_mode(const Json& request, std::string_view name) {
  const Json* const mode = field(request, name);
  return mode == nullptr || mode->text == "replace" || mode->text == "merge";
}

}  // namespace

// ---- requests ----

struct Model::Rule {
  std::string_view op;
  std::vector<FieldRule> fields;
  bool (Model::*run)(const Json&, Answer&);
};

const Model::Rule* Model::find_rule(const Json& request) {
  const std::vector<Kind> string{Kind::String}, object{Kind::Object};
  const FieldRule name{"name", string, true}, if_match{"if_match", string};
  static const std::vector<Rule> kRules = {
      {"ping", {}, &Model::ping},
      {"stat", {}, &Model::ping},
      {"info", {}, &Model::ping},
      {"set_env", {{"env", object, true}, {"merge", {Kind::True, Kind::False}}, if_match}, &Model::set_env},
      {"set_secret", {name, {"value_b64", string, true}, if_match}, &Model::set_secret},
      {"delete_secret", {name, if_match}, &Model::delete_secret},
      {"wipe", {if_match}, &Model::wipe},
      {"apply",
       {{"env", object},
        {"env_mode", string},
        {"secrets", object},
        {"secrets_mode", string},
        {"delete_secrets", {Kind::Array}},
        if_match,
        {"epoch", string}},
       &Model::apply}};
  const auto found = std::ranges::find(kRules, text(request, "op"), &Rule::op);
  return found == kRules.end() ? nullptr : &*found;
}

Model::Answer Model::serve(std::string_view line) {
  const std::optional<Json> json = fuzz::read_reference_json(line);
  if (!json || std::isinf(fuzz::largest_number(*json))) return {};
  Answer answer{.id = ""};
  if (const Json* const id = json->last("id", [](const Json& value) { return value.is(Kind::String); })) {
    answer.id = id->text;
  }
  const auto always = {FieldRule{"op", {Kind::String}, true}, FieldRule{"id", {Kind::String}, true}};
  const auto good = [&](const FieldRule& rule) { return fits(*json, rule); };
  if (!json->is(Kind::Object) || !std::ranges::all_of(always, good)) return answer;
  const Rule* const rule = find_rule(*json);
  if (rule == nullptr || !std::ranges::all_of(rule->fields, good)) return answer;
  const auto is_condition = [](const FieldRule& wanted) { return wanted.name == "if_match"; };
  if (std::ranges::any_of(rule->fields, is_condition) && field(*json, "if_match") != nullptr) return answer;
  answer.ok = (this->*rule->run)(*json, answer);
  return answer;
}

bool Model::ping(const Json&, Answer&) { return true; }

bool Model::set_env(const Json& request, Answer&) {
  const auto env = env_of(request);
  if (!env) return false;
  const Json* const merge = field(request, "merge");
  if (merge == nullptr || merge->is(Kind::False)) state_.env.reset();
  lay_over(state_.env, *env);
  return true;
}

bool Model::set_secret(const Json& request, Answer&) {
  const auto value = decoded(text(request, "value_b64"));
  const std::string name = text(request, "name");
  if (!value || !is_secret_name(name)) return false;
  state_.secrets[name] = *value;
  return true;
}

bool Model::delete_secret(const Json& request, Answer& answer) {
  const std::string name = text(request, "name");
  if (!is_secret_name(name)) return false;
  answer.changed = state_.secrets.erase(name) != 0;
  return true;
}

bool Model::wipe(const Json&, Answer& answer) {
  state_.env = "";
  state_.secrets.clear();
  answer.changed = true;
  return true;
}

bool Model::apply(const Json& request, Answer& answer) {
  const auto env = env_of(request);
  const auto secrets = secrets_of(request);
  const std::string epoch = text(request, "epoch");
  if (!env || !secrets || epoch.size() > 255) return false;
  if (!is_mode(request, "env_mode") || !is_mode(request, "secrets_mode")) return false;
  faults::State next = state_;
  if (field(request, "epoch") != nullptr && state_.epoch != epoch) next = {.env = "", .secrets = {}, .epoch = epoch};
  if (field(request, "env") != nullptr) {
    if (text(request, "env_mode") != "merge") next.env.reset();
    lay_over(next.env, *env);
  }
  if (field(request, "secrets") != nullptr && text(request, "secrets_mode") == "replace") next.secrets.clear();
  if (const Json* const deleted = field(request, "delete_secrets")) {
    for (const Json& name : deleted->items) {
      if (!is_secret_name(name.text) || secrets->contains(name.text)) return false;
      next.secrets.erase(name.text);
    }
  }
  for (const auto& [name, value] : *secrets) next.secrets[name] = value;
  answer.changed = next != state_;
  state_ = next;
  return true;
}

void Model::lay_over(std::optional<std::string>& env, const Texts& entries) {
  Texts all;
  std::istringstream lines(env.value_or(""));
  for (std::string line; std::getline(lines, line);)
    all[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
  for (const auto& [key, value] : entries) all[key] = value;
  env = "";
  for (const auto& [key, value] : all) *env += value.empty() ? "" : key + "=" + value + "\n";
}

}  // namespace microvm::contract
