// From text to a spec.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/printable.h"
#include "host/spec/document.h"
#include "host/spec/limits.h"
#include "host/spec/paths.h"
#include "host/spec/source.h"
#include "microvm/spec.h"

namespace microvm {
namespace spec {
namespace {

using fcapi::Reader;

bool has(const fcapi::Table& table, std::string_view name) {
  return std::ranges::find(table.fields, name, &fcapi::Field::name) != table.fields.end();
}

// Of the outermost object: Firecracker ignores members there that it does not know.
Result<std::vector<std::string>> check_names(const Source& source, const wire::Json& root, bool is_strict) {
  std::vector<std::string> warnings;
  std::set<std::string_view> seen;
  std::size_t more = 0;
  for (const auto& [name, value] : *root.as<wire::Json::Object>()) {
    const std::string quoted = fmt::format("\"{}\"", printable(name, 64));
    if (!seen.insert(name).second) return std::unexpected(source.fault(value.index, quoted + " is there twice"));
    if (has(describe(static_cast<const fcapi::VmConfig*>(nullptr)), name)) continue;
    if (has(describe(static_cast<const Extras*>(nullptr)), name)) continue;
    if (is_strict) return std::unexpected(source.fault(value.index, quoted + " is unknown"));
    if (warnings.size() < kMaxWarnings) {
      warnings.push_back(source.at(value.index, "unknown member " + quoted + ", which Firecracker ignores"));
    } else {
      ++more;
    }
  }
  if (more != 0) warnings.push_back(fmt::format("{} more unknown members", more));
  return warnings;
}

Result<fcapi::CpuConfig> read_cpu_file(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return std::unexpected(text.error());
  const Source source{path, *text};
  const auto tree = source.tree();
  if (!tree) return std::unexpected(tree.error());
  Reader in(true);
  fcapi::CpuConfig config;
  if (!fcapi::read(in, *tree, config)) return std::unexpected(source.fault(in));
  return config;
}

}  // namespace
}  // namespace spec

Result<ParsedSpec> parse_spec(std::string_view text, const SpecOptions& options) {
  const spec::Source source{options.name, text};
  const auto tree = source.tree();
  if (!tree) return std::unexpected(tree.error());
  auto warnings = spec::check_names(source, *tree, options.strict);
  if (!warnings) return std::unexpected(warnings.error());

  fcapi::Reader in(true);
  ParsedSpec parsed{{}, std::move(*warnings)};
  spec::Extras extras;
  const bool is_read = read_members(in, describe(&parsed.spec.config), *tree, &parsed.spec.config) &&
                       read_members(in, describe(&extras), *tree, &extras);
  if (!is_read) return std::unexpected(source.fault(in));

  if (extras.cpu_config && !extras.cpu_config->path.empty()) {
    auto config = spec::read_cpu_file(spec::absolute(options.base_dir, extras.cpu_config->path));
    if (!config) return std::unexpected(config.error());
    extras.cpu_config->config = std::move(*config);
  }
  spec::take_extras(parsed.spec, std::move(extras));
  spec::each_path(parsed.spec,
                  [&](std::string& path, std::string_view) { path = spec::absolute(options.base_dir, path); });
  // Absolute paths may be longer than they may be.
  if (const auto checked = spec::check_document(parsed.spec); !checked) {
    const std::string name = printable(options.name, 256);
    return std::unexpected(Error{ErrorCode::Invalid, 0, fmt::format("{}: {}", name, checked.error().message)});
  }
  return parsed;
}

std::string write_spec(const Spec& spec) {
  fcapi::Writer out({~0U, 0, 0});
  microvm::spec::write_document(out, spec);
  return out.take();
}

}  // namespace microvm
