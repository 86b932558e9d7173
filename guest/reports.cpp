#include "guest/reports.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "common/wire/rules.h"
#include "guest/limits.h"
#include "guest/requests.h"

namespace microvm::guest {
namespace {

using wire::Entries;
using wire::ReplyWriter;

Failure report_env_keys(Store& store, ReplyWriter& reply) noexcept {
  Bytes text;
  bool exists = false;
  if (Failure failure = store.env().read(text, exists)) return failure;
  reply.begin("env", "[");
  for (std::string_view rest = text.view(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string_view key = line.substr(0, line.find('='));
    if (key.size() != line.size() && wire::env_key_rule(key) == nullptr) reply.text("", key);
  }
  reply.close("]");
  return {};
}

// The names of the secrets, sorted; they stand in `names`, which does not move once `list` knows them.
Failure list_secrets(const SecretsDirectory& directory, Bytes& names, Entries& list) noexcept {
  DirectoryWalk walk(directory.fd());
  constexpr std::string_view kEnd("\0", 1);
  for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
    if (wire::secret_name_rule(name) != nullptr) continue;
    if (!names.append(name) || !names.append(kEnd)) return out_of_memory();
  }
  list.set_base(names.data());
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = names.view().find('\0', begin);
    if (!list.add({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)})) return out_of_memory();
    begin = end + 1;
  }
  list.settle();
  return walk.check(directory.path());
}

Failure report_secrets(Store& store, ReplyWriter& reply) noexcept {
  const SecretsDirectory& directory = store.secrets().directory();
  Bytes names;
  Entries list;
  if (Failure failure = list_secrets(directory, names, list)) return failure;
  reply.begin("secrets", "[");
  for (const Entries::Entry entry : list.all()) {
    const std::string_view name = list.key(entry);
    struct stat status;
    if (::fstatat(directory.fd(), name.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    const auto mtime_ms = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000;
    reply.begin("", "{")
        .text("name", name)
        .number("size", static_cast<std::uint64_t>(status.st_size))
        .number("mtime_ms", static_cast<std::uint64_t>(mtime_ms))
        .close("}");
  }
  reply.close("]");
  return {};
}

struct Number {
  std::string_view name;
  std::uint64_t value;
};

void report_numbers(ReplyWriter& reply, std::string_view name, std::initializer_list<Number> numbers) noexcept {
  reply.begin(name, "{");
  for (const Number& number : numbers) reply.number(number.name, number.value);
  reply.close("}");
}

constexpr std::uint64_t milliseconds(std::chrono::milliseconds time) noexcept {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

Failure report_stat(Requests& requests, ReplyWriter& reply) noexcept {
  Store& store = requests.store();
  if (Failure failure = store.secrets().refresh()) return failure;
  reply.text("etag", store.etag().view());
  if (const auto epoch = store.epoch()) {
    reply.text("epoch", *epoch);
  } else {
    reply.null("epoch");
  }
  if (Failure failure = report_env_keys(store, reply)) return failure;
  return report_secrets(store, reply);
}

Failure report_info(Requests& requests, ReplyWriter& reply) noexcept {
  const Store& store = requests.store();
  const Status& status = requests.status();
  reply.text("version", MICROVM_VERSION).number("protocol", 2);
  report_numbers(reply, "limits",
                 {{"line_bytes", wire::kMaxRequestLine},
                  {"buffered_bytes", kMaxBuffered},
                  {"connections", status.max_connections},
                  {"secrets", kMaxSecrets},
                  {"env_file_bytes", kMaxEnvFile},
                  {"line_timeout_ms", milliseconds(kLineTimeout)},
                  {"queued_reply_bytes", kMaxQueuedReplies},
                  {"reply_timeout_ms", milliseconds(kReplyTimeout)},
                  {"json_depth", wire::kMaxJsonDepth},
                  {"secret_name_bytes", wire::kMaxSecretName},
                  {"stop_timeout_ms", milliseconds(kStopTimeout)}});
  reply.begin("filesystem", "{").text("type", store.filesystem().type).flag("durable", store.durable()).close("}");
  reply.begin("confinement", "{")
      .flag("capabilities", status.confinement.capabilities)
      .flag("no_new_privs", status.confinement.no_new_privs)
      .number("landlock", status.confinement.landlock)
      .flag("seccomp", status.confinement.seccomp)
      .close("}");
  report_numbers(reply, "counters",
                 {{"connections", status.connections},
                  {"refused_peers", status.refused_peers},
                  {"turned_away", status.turned_away},
                  {"requests", status.requests},
                  {"errors", status.errors},
                  {"skipped_lines", status.skipped_lines},
                  {"unscrubbed_files", requests.store().scrubber().failures()}});
  return {};
}

}  // namespace microvm::guest
