#include "host/spec/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/duration.h"
#include "host/fcapi/rules.h"
#include "host/metadata/utf8.h"
#include "host/spec/limits.h"
#include "microvm/metadata.h"
#include "microvm/spec.h"

// The tables find what reads and writes a type beside the type, or beside their Reader and Writer.
namespace microvm::fcapi {

static void write(Writer& out, std::chrono::milliseconds duration) { out.text(duration_text(duration)); }

static bool read(Reader& in, const wire::Json& value, std::chrono::milliseconds& into) {
  const auto* const text = value.as<std::string>();
  const auto duration = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!duration) return in.fail("a duration of at most 24 hours, such as \"500ms\", \"10s\" or \"2m\"");
  into = *duration;
  return true;
}

}  // namespace microvm::fcapi

namespace microvm {
namespace spec {
namespace {

using fcapi::Field;
using fcapi::field;
using fcapi::Name;
using fcapi::preset;

std::string id_rule(const std::string& id) {
  const auto checked = check_id(id);
  return checked ? "" : "must be 1 to 63 of a-z, 0-9 and '-'";
}

std::string env_entries(const microvm::metadata::Env& env) {
  const auto checked = microvm::metadata::check_env(env);
  return checked ? "" : "must be what the daemon takes: " + checked.error().message;
}

std::string secret_files(const std::map<std::string, std::string>& secrets) {
  if (secrets.size() > kMaxSecrets) return fmt::format("must be at most {}", kMaxSecrets);
  for (const auto& [name, path] : secrets) {
    if (const auto checked = microvm::metadata::check_secret(name, {}); !checked)
      return "must be what the daemon takes: " + checked.error().message;
    if (const std::string rule = fcapi::path(path); !rule.empty())
      return fmt::format("must be paths, but that of \"{}\" {}", name, rule);
  }
  return {};
}

std::string env_files(const std::vector<std::string>& files) {
  if (files.size() > kMaxEnvFiles) return fmt::format("must be at most {} files", kMaxEnvFiles);
  for (const std::string& file : files)
    if (std::string rule = fcapi::path(file); !rule.empty()) return rule;
  return {};
}

std::string timeout(std::chrono::milliseconds timeout) {
  const bool is_good = timeout.count() > 0 && timeout <= kLongestDuration;
  return is_good ? "" : "must be 1 ms to 24 hours";
}

std::string budget(std::chrono::milliseconds budget) {
  const bool is_good = budget.count() >= 0 && budget <= kMaxStopBudget;
  return is_good ? "" : "must be at most " + duration_text(kMaxStopBudget);
}

std::string ladder(const std::vector<StopRung>& rungs) {
  const bool is_good = !rungs.empty() && rungs.size() <= kMaxStopRungs;
  return is_good ? "" : fmt::format("must have 1 to {} rungs", kMaxStopRungs);
}

// One file, or a list of them.
constexpr Field env_file() {
  Field row = field<&MetadataSpec::env_files, env_files>("env_file");
  row.read = [](fcapi::Reader& in, const wire::Json& value, void* body) {
    const auto* const one = value.as<std::string>();
    if (one == nullptr) return fcapi::Access<&MetadataSpec::env_files, env_files>::read_it(in, value, body);
    auto& files = static_cast<MetadataSpec*>(body)->env_files;
    files = {*one};
    return in.check(env_files(files));
  };
  return row;
}

}  // namespace
}  // namespace spec

static fcapi::Names describe(const StopRung::Kind*) noexcept {
  static constexpr auto kNames = std::to_array<fcapi::Name>({{"ctrl-alt-del"}, {"kill"}});
  return kNames;
}

static fcapi::Table describe(const StopRung*) noexcept {
  static constexpr auto kFields = std::to_array<fcapi::Field>(
      {fcapi::field<&StopRung::kind>("rung"), fcapi::field<&StopRung::budget, spec::budget>("budget")});
  return {kFields};
}

static fcapi::Table describe(const MetadataSpec*) noexcept {
  static constexpr auto kFields = std::to_array<fcapi::Field>({
      fcapi::field<&MetadataSpec::env, spec::env_entries>("env"),
      spec::env_file(),
      fcapi::field<&MetadataSpec::secrets, spec::secret_files>("secrets"),
      fcapi::preset<&MetadataSpec::port, fcapi::within<1U, 0xfffffffeU, std::uint32_t>>("port"),
      fcapi::preset<&MetadataSpec::timeout, spec::timeout>("timeout"),
      fcapi::preset<&MetadataSpec::wait>("wait"),
  });
  return {kFields};
}

namespace spec {

static fcapi::Table describe(const Kept*) noexcept {
  static constexpr auto kFields = std::to_array<Field>(
      {field<&Kept::max_bytes, fcapi::within<kMinKeptBytes, kMaxKeptBytes, std::uint64_t>>("max_bytes")});
  return {kFields};
}

static fcapi::Table describe(const Ours*) noexcept {
  static constexpr auto kFields = std::to_array<Field>({
      fcapi::optional_text<&Ours::id, id_rule>("id"),
      preset<&Ours::metadata>("metadata"),
      field<&Ours::stop, ladder>("stop"),
      field<&Ours::console>("console"),
      field<&Ours::log>("log"),
  });
  return {kFields};
}

static void write(fcapi::Writer& out, const CpuSource& source) { fcapi::write(out, source.config); }

static bool read(fcapi::Reader& in, const wire::Json& value, CpuSource& into) {
  const auto* const path = value.as<std::string>();
  if (path == nullptr) return fcapi::read(in, value, into.config);
  into.path = *path;
  return in.check(fcapi::path(*path));
}

fcapi::Table describe(const Extras*) noexcept {
  static constexpr auto kFields = std::to_array<Field>({
      field<&Extras::cpu_config>("cpu-config"),
      field<&Extras::logger>("logger"),
      field<&Extras::metrics>("metrics"),
      field<&Extras::microvm>("microvm"),
  });
  return {kFields};
}

void write_document(fcapi::Writer& out, const Spec& vm) {
  Extras extras{.logger = vm.logger, .metrics = vm.metrics};
  if (vm.cpu_config) extras.cpu_config = CpuSource{.config = *vm.cpu_config};
  extras.microvm = Ours{.id = vm.id,
                        .metadata = vm.metadata,
                        .stop = vm.stop,
                        .console = Kept{vm.console_bytes},
                        .log = Kept{vm.log_bytes}};
  const std::string_view before = fcapi::write_members(out, describe(&vm.config), &vm.config, "{");
  fcapi::write_members(out, describe(&extras), &extras, before);
  out.raw("}");
}

Result<void> check_document(const Spec& vm) {
  Spec whole = vm;
  // Left out it will be in the run directory.
  if (whole.config.vsock && whole.config.vsock->uds_path.empty()) whole.config.vsock->uds_path = "/";
  fcapi::Writer out({~0U, 0, 0});
  write_document(out, whole);
  const auto text = out.finish();
  if (!text) return std::unexpected(text.error());
  if (microvm::metadata::is_utf8(*text)) return {};
  return std::unexpected(Error{ErrorCode::Invalid, 0, "a text in the spec is not UTF-8"});
}

void take_extras(Spec& vm, Extras extras) {
  if (extras.cpu_config) vm.cpu_config = std::move(extras.cpu_config->config);
  vm.logger = std::move(extras.logger);
  vm.metrics = std::move(extras.metrics);
  if (!extras.microvm) return;
  Ours& ours = *extras.microvm;
  vm.id = std::move(ours.id);
  vm.metadata = std::move(ours.metadata);
  if (ours.stop) vm.stop = std::move(*ours.stop);
  if (ours.console) vm.console_bytes = ours.console->max_bytes;
  if (ours.log) vm.log_bytes = ours.log->max_bytes;
}

}  // namespace spec
}  // namespace microvm
