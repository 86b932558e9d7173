// What the daemon must make of a line, said a second time and without any of its code: for tests that make up lines.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/faults/state.h"
#include "tests/fuzz/reference_json.h"

namespace microvm::contract {

class Model {
 public:
  struct Answer {
    bool ok = false;
    std::optional<std::string> id{};  ///< none where the line is no JSON: it depends on where it breaks off
    std::optional<bool> changed{};    ///< for a request whose reply says so
  };
  /// An `if_match` is never the present etag here.
  Answer serve(std::string_view line);

  [[nodiscard]] const faults::State& state() const noexcept { return state_; }

 private:
  using Json = fuzz::Json;
  using Texts = std::map<std::string, std::string>;
  struct Rule;
  static const Rule* find_rule(const Json& request);

  bool ping(const Json& request, Answer& answer);
  bool set_env(const Json& request, Answer& answer);
  bool set_secret(const Json& request, Answer& answer);
  bool delete_secret(const Json& request, Answer& answer);
  bool wipe(const Json& request, Answer& answer);
  bool apply(const Json& request, Answer& answer);
  static void lay_over(std::optional<std::string>& env, const Texts& entries);

  faults::State state_;
};

}  // namespace microvm::contract
