#include "cli/ids.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "cli/json.h"
#include "cli/report.h"
#include "common/base/printable.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kMostShown = 10;
constexpr std::size_t kMostAtOnce = 8;

std::string names_of(const std::vector<const VmInfo*>& vms) {
  std::string out;
  for (std::size_t i = 0; i < vms.size() && i < kMostShown; ++i) out += (i == 0 ? "" : ", ") + vms[i]->id;
  return vms.size() > kMostShown ? out + ", ..." : out;
}

// What became of one VM.
struct Done {
  std::string json;
  int exit = 0;
};

class Round {
 public:
  Round(Runtime& runtime, const std::vector<Result<VmInfo>>& vms, const std::vector<std::string>& words,
        const Ids::Act& act, bool json)
      : runtime_(runtime), vms_(vms), words_(words), act_(act), json_(json), done_(vms.size()) {}

  void run() {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(kMostAtOnce, vms_.size()); ++i) helpers.emplace_back([this] { work(); });
    work();
  }
  [[nodiscard]] const std::vector<Done>& done() const noexcept { return done_; }

 private:
  void work() {
    for (std::size_t i = next_++; i < vms_.size(); i = next_++) {
      auto result = vms_[i] ? act_(runtime_, *vms_[i]) : std::unexpected(vms_[i].error());
      tell_of(i, result);
    }
  }

  void tell_of(std::size_t i, const Result<Answer>& result) {
    const std::lock_guard lock(mutex_);
    JsonObject object;
    object.add("id", vms_[i] ? vms_[i]->id : printable(words_[i], 256)).add("ok", result.has_value());
    if (!result) {
      tell(result.error());
      const std::string members = error_members(result.error());
      done_[i] = {.json = fmt::format("{{{},{}}}", object.members().substr(1), members),
                  .exit = exit_code(result.error().code)};
      return;
    }
    done_[i] = {.json = fmt::format("{{{}{}}}", object.members().substr(1), result->json), .exit = result->exit};
    if (!json_ && !result->text.empty()) print_line(result->text);
  }

  Runtime& runtime_;
  const std::vector<Result<VmInfo>>& vms_;
  const std::vector<std::string>& words_;
  const Ids::Act& act_;
  const bool json_;
  std::vector<Done> done_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
};

}  // namespace

Result<VmInfo> match_id(const std::vector<VmInfo>& vms, std::string_view word) {
  std::vector<const VmInfo*> found;
  for (const VmInfo& vm : vms) {
    if (vm.id == word) return vm;
    if (!word.empty() && vm.id.starts_with(word)) found.push_back(&vm);
  }
  if (found.size() == 1) return *found.front();
  const std::string shown = printable(word, 64);
  if (found.empty()) {
    return std::unexpected(
        Error{ErrorCode::Missing, 0, fmt::format("there is no VM {}", shown.empty() ? "\"\"" : shown)});
  }
  return invalid(fmt::format("{} is the beginning of several ids: {}", shown, names_of(found)));
}

Result<VmInfo> find_vm(Runtime& runtime, std::string_view word) {
  const auto vms = runtime.list();
  return vms ? match_id(*vms, word) : std::unexpected(vms.error());
}

Result<VmInfo> find_vm(const Context& context, std::string_view word) {
  const auto runtime = context.runtime();
  return runtime ? find_vm(**runtime, word) : std::unexpected(runtime.error());
}

Ids::Ids(CLI::App& command, Context& context, bool required) : context_(context) {
  command.add_option("ids", words_, "VMs, by their ids or unique beginnings of them")
      ->required(required)
      ->type_name("ID");
  add_output(command, context);
}

Result<std::vector<Result<VmInfo>>> Ids::find(Runtime& runtime) const {
  auto vms = runtime.list();
  if (!vms) return std::unexpected(std::move(vms.error()));
  if (words_.empty()) return std::vector<Result<VmInfo>>(vms->begin(), vms->end());
  std::vector<Result<VmInfo>> out;
  for (const std::string& word : words_) out.push_back(match_id(*vms, word));
  return out;
}

Result<Answer> Ids::for_each(const Act& act) const {
  const auto runtime = context_.runtime();
  if (!runtime) return std::unexpected(runtime.error());
  const auto vms = find(**runtime);
  return vms ? for_each(**runtime, *vms, act) : std::unexpected(vms.error());
}

Result<Answer> Ids::for_each(Runtime& runtime, const std::vector<Result<VmInfo>>& vms, const Act& act) const {
  Round round(runtime, vms, words_, act, context_.json());
  round.run();
  const auto& done = round.done();
  const auto failed = std::ranges::find_if(done, [](const Done& one) { return one.exit != 0; });
  return Answer{.json = json_joined(
                    "[", done, [](const Done& one) { return one.json; }, "]"),
                .whole = true,
                .exit = failed == done.end() ? 0 : failed->exit};
}

CLI::Option* add_id(CLI::App& command, std::string& id) {
  return command.add_option("id", id, "The VM, by its id or a unique beginning of it")->required()->type_name("ID");
}

}  // namespace microvm::cli
