// From a line to its reply.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/bytes.h"
#include "common/wire/request_in.h"
#include "guest/confinement.h"
#include "guest/log.h"
#include "guest/store.h"

namespace microvm::guest {

/// What `info` tells about the process, beyond the store.
struct Status {
  unsigned max_connections = 0;  ///< what really holds
  Confinement confinement;       ///< likewise
  std::uint64_t connections = 0;
  std::uint64_t refused_peers = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t skipped_lines = 0;
};

class Requests {
 public:
  using Time = Store::Time;

  Requests(Store& store, Log& log) noexcept : store_(store), log_(log) {}

  /// Serves one line (without its newline), which it uses up, and appends the reply; false when there is no memory
  /// for the reply.
  [[nodiscard]] bool serve(std::span<char> line, Time now, Bytes& replies) noexcept;

  /// Answers a line of which only `kept` is there with `error`, and the id if it can be read.
  [[nodiscard]] bool refuse(std::span<char> kept, std::string_view error, Bytes& replies) noexcept;

  /// The replies so far are on their way: what may come after them.
  void replied() noexcept { store_.scrubber().run(); }

  [[nodiscard]] std::optional<Time> deadline() const noexcept { return store_.deadline(); }
  void tick(Time now) noexcept { store_.tick(now); }

  [[nodiscard]] Status& status() noexcept { return status_; }
  [[nodiscard]] Store& store() noexcept { return store_; }

 private:
  bool run(const wire::ParsedLine& parsed, Time now, Bytes& replies) noexcept;

  Store& store_;
  Log& log_;
  Status status_;
};

}  // namespace microvm::guest
