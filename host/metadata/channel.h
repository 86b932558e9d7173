// Lines over one stream: one out, one back, and never out of step.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "microvm/error.h"

namespace microvm::metadata {

class Channel {
 public:
  Channel() noexcept = default;  ///< closed
  /// `stream` is non-blocking.
  explicit Channel(UniqueFd stream) noexcept : stream_(std::move(stream)) {}

  /// Sends `line`, newline included, and reads one line of at most `limit` bytes; it is answered without its newline
  /// and holds until the next call. Both directions are served at once, so a peer that answers or closes early cannot
  /// block the sending. Any error closes the stream for good; its message says what happened, not to whom.
  Result<std::string_view> exchange(std::string_view line, std::size_t limit, Deadline deadline);

  [[nodiscard]] bool usable() const noexcept { return stream_.valid(); }
  void close() noexcept { stream_.reset(); }

 private:
  Result<std::string_view> try_exchange(std::string_view line, std::size_t limit, Deadline deadline);
  Result<void> begin();
  Result<void> send_some(std::string_view& unsent);
  Result<std::optional<std::size_t>> receive_some(std::size_t limit);

  UniqueFd stream_;
  Bytes received_;
  std::size_t answered_ = 0;  ///< what the last exchange answered of `received_`, its newline included
};

}  // namespace microvm::metadata
