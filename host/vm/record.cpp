// Records as tables, like the bodies of Firecracker's API.
#include "host/vm/record.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "common/base/timestamp.h"
#include "host/fcapi/fields.h"
#include "host/vm/files.h"
#include "microvm/spec.h"

namespace microvm::vm {
namespace {

using fcapi::field;
using fcapi::Table;

constexpr std::size_t kMaxFile = 4U << 20U;

// As it stands in the file: every value is text or a number.
struct RecordText {
  std::uint32_t version = 0;
  std::string id, boot_id, created, run_dir, firecracker, api_socket, vsock_socket, log_file, metrics_file;
  std::uint64_t console_bytes = 0, log_bytes = 0;
  std::uint32_t metadata_port = 0, vcpu_count = 0;
  std::uint64_t mem_size_mib = 0;
};
struct StatusText {
  std::string state, operation;
  std::uint32_t operation_pid = 0;
  std::string version;
  std::optional<std::string> started, ready;
  std::string failed_step, failure;
};
struct ExitText {
  std::uint32_t version = 0;
  std::optional<std::uint32_t> code, signal;
  std::string reason, certainty, detail;
  std::vector<std::string> console_tail, vmm_tail;
  std::string finished;
};

Table describe(const RecordText*) {
  using R = RecordText;
  static constexpr auto kFields = std::to_array<fcapi::Field>(
      {field<&R::version>("version"), field<&R::id>("id"), field<&R::boot_id>("boot_id"), field<&R::created>("created"),
       field<&R::run_dir>("run_dir"), field<&R::firecracker>("firecracker"), field<&R::api_socket>("api_socket"),
       field<&R::vsock_socket>("vsock_socket"), field<&R::log_file>("log_file"),
       field<&R::metrics_file>("metrics_file"), field<&R::console_bytes>("console_bytes"),
       field<&R::log_bytes>("log_bytes"), field<&R::metadata_port>("metadata_port"),
       field<&R::vcpu_count>("vcpu_count"), field<&R::mem_size_mib>("mem_size_mib")});
  return {kFields};
}
Table describe(const StatusText*) {
  using S = StatusText;
  static constexpr auto kFields = std::to_array<fcapi::Field>(
      {field<&S::state>("state"), field<&S::operation>("operation"), field<&S::operation_pid>("operation_pid"),
       field<&S::version>("version"), field<&S::started>("started"), field<&S::ready>("ready"),
       field<&S::failed_step>("failed_step"), field<&S::failure>("failure")});
  return {kFields};
}
Table describe(const ExitText*) {
  using E = ExitText;
  static constexpr auto kFields = std::to_array<fcapi::Field>(
      {field<&E::version>("version"), field<&E::code>("code"), field<&E::signal>("signal"), field<&E::reason>("reason"),
       field<&E::certainty>("certainty"), field<&E::detail>("detail"), field<&E::console_tail>("console_tail"),
       field<&E::vmm_tail>("vmm_tail"), field<&E::finished>("finished")});
  return {kFields};
}

template <class Text>
Result<std::string> to_json(const Text& text) {
  fcapi::Writer out({});
  fcapi::write(out, text);
  return out.finish();
}

std::unexpected<Error> damaged(const std::string& path, const std::string& why) {
  return std::unexpected(Error{ErrorCode::Io, EBADMSG, fmt::format("{}: damaged: {}", path, why)});
}

template <class Text>
Result<Text> from_file(const std::string& path) {
  const auto text = read_file(path, kMaxFile);
  if (!text) return std::unexpected(text.error());
  const auto tree = wire::read_json_tree(*text);
  if (!tree) return damaged(path, tree.error().text);
  Text read;
  fcapi::Reader in;
  if (!fcapi::read(in, *tree, read)) return damaged(path, in.fault());
  return read;
}

template <class Text>
Result<void> to_file(const std::string& path, const Text& text, Durable durable) {
  const auto json = to_json(text);
  return json ? write_file(path, *json + '\n', durable) : std::unexpected(json.error());
}

std::optional<std::string> text_of(const std::optional<Timestamp>& when) {
  return when ? std::optional(timestamp_text(*when)) : std::nullopt;
}
std::optional<Timestamp> time_of(const std::optional<std::string>& text) {
  return text ? parse_timestamp(*text) : std::nullopt;
}
std::optional<std::uint32_t> number_of(const std::optional<int>& value) {
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}
std::optional<int> int_of(const std::optional<std::uint32_t>& value) {
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

}  // namespace

// Both files before the first sync: on a journal one commit serves all three.
Result<void> write_record(const Layout& layout, const Record& record, const Spec& spec) {
  const auto json = to_json(RecordText{.version = record.version,
                                       .id = record.id,
                                       .boot_id = record.boot_id,
                                       .created = timestamp_text(record.created),
                                       .run_dir = record.run_dir,
                                       .firecracker = record.firecracker,
                                       .api_socket = record.api_socket,
                                       .vsock_socket = record.vsock_socket,
                                       .log_file = record.log_file,
                                       .metrics_file = record.metrics_file,
                                       .console_bytes = record.console_bytes,
                                       .log_bytes = record.log_bytes,
                                       .metadata_port = record.metadata_port,
                                       .vcpu_count = record.vcpu_count,
                                       .mem_size_mib = record.mem_size_mib});
  if (!json) return std::unexpected(json.error());
  const auto spec_file = create_file(layout.spec(), write_spec(spec));
  if (!spec_file) return std::unexpected(spec_file.error());
  const auto record_file = create_file(layout.record(), *json + '\n');
  if (!record_file) return std::unexpected(record_file.error());
  Result<void> done = sync_file(*spec_file, layout.spec());
  if (done) done = sync_file(*record_file, layout.record());
  return done ? sync_directory(layout.state) : done;
}

Result<Record> read_record(const Layout& layout) {
  auto text = from_file<RecordText>(layout.record());
  if (!text) return std::unexpected(std::move(text.error()));
  if (text->version != 1)
    return damaged(layout.record(), fmt::format("version {}, where 1 is known here", text->version));
  const auto created = parse_timestamp(text->created);
  if (!created) return damaged(layout.record(), "created is no time");
  return Record{.version = text->version,
                .id = std::move(text->id),
                .boot_id = std::move(text->boot_id),
                .created = *created,
                .run_dir = std::move(text->run_dir),
                .firecracker = std::move(text->firecracker),
                .api_socket = std::move(text->api_socket),
                .vsock_socket = std::move(text->vsock_socket),
                .log_file = std::move(text->log_file),
                .metrics_file = std::move(text->metrics_file),
                .console_bytes = text->console_bytes,
                .log_bytes = text->log_bytes,
                .metadata_port = text->metadata_port,
                .vcpu_count = text->vcpu_count,
                .mem_size_mib = text->mem_size_mib};
}

Result<Spec> read_spec(const Layout& layout) {
  const auto text = read_file(layout.spec(), kMaxFile);
  if (!text) return std::unexpected(text.error());
  auto parsed = parse_spec(*text, {.name = layout.spec(), .base_dir = "/", .strict = false});
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return std::move(parsed->spec);
}

Result<void> write_status(const Layout& layout, const Status& status) {
  return to_file(layout.status(),
                 StatusText{.state = std::string(state_name(status.state)),
                            .operation = status.operation,
                            .operation_pid = status.operation_pid,
                            .version = status.version,
                            .started = text_of(status.started),
                            .ready = text_of(status.ready),
                            .failed_step = status.failed_step,
                            .failure = status.failure},
                 Durable::No);
}

Result<Status> read_status(const Layout& layout) {
  auto text = from_file<StatusText>(layout.status());
  if (!text && text.error().sys_errno == ENOENT) return Status{};
  if (!text) return std::unexpected(std::move(text.error()));
  const auto state = state_from(text->state);
  if (!state) return damaged(layout.status(), "state is none that is known here");
  return Status{.state = *state,
                .operation = std::move(text->operation),
                .operation_pid = text->operation_pid,
                .version = std::move(text->version),
                .started = time_of(text->started),
                .ready = time_of(text->ready),
                .failed_step = std::move(text->failed_step),
                .failure = std::move(text->failure)};
}

Result<void> write_exit(const Layout& layout, const Exit& exit) {
  return to_file(layout.exit(),
                 ExitText{.version = 1,
                          .code = number_of(exit.code),
                          .signal = number_of(exit.signal),
                          .reason = std::string(reason_name(exit.reason)),
                          .certainty = std::string(certainty_name(exit.certainty)),
                          .detail = exit.detail,
                          .console_tail = exit.console_tail,
                          .vmm_tail = exit.vmm_tail,
                          .finished = timestamp_text(exit.finished)},
                 Durable::Yes);
}

Result<std::optional<Exit>> read_exit(const Layout& layout) {
  auto text = from_file<ExitText>(layout.exit());
  if (!text && text.error().sys_errno == ENOENT) return std::nullopt;
  if (!text) return std::unexpected(std::move(text.error()));
  return Exit{.code = int_of(text->code),
              .signal = int_of(text->signal),
              .reason = reason_from(text->reason).value_or(ExitReason::Unknown),
              .certainty = certainty_from(text->certainty).value_or(Certainty::None),
              .detail = std::move(text->detail),
              .console_tail = std::move(text->console_tail),
              .vmm_tail = std::move(text->vmm_tail),
              .finished = parse_timestamp(text->finished).value_or(Timestamp())};
}

}  // namespace microvm::vm
