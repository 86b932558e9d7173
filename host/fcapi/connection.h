// One connection to a VMM's API: a request out, its reply in.
#pragma once

#include <string_view>

#include "common/base/deadline.h"
#include "common/base/unique_fd.h"
#include "host/fcapi/reply.h"

namespace microvm::fcapi {

class Connection {
 public:
  Connection() noexcept = default;
  explicit Connection(UniqueFd stream) noexcept : stream_(std::move(stream)) {}

  /// False when it was closed, here or there, or holds bytes that nobody asked for: then nothing may be sent on it.
  [[nodiscard]] bool is_fresh() const noexcept;
  void close() noexcept { stream_.reset(); }

  /// ConnectionLost, ReplyTimeout, BadReply, ReplyTooLong: the outcome is unknown, and the connection is closed. So it
  /// is, after the reply, when the VMM's HTTP layer is not to be relied on any more.
  Result<Reply> exchange(std::string_view request, Deadline deadline);

 private:
  Result<Reply> try_exchange(std::string_view& unsent, Deadline deadline);
  Result<bool> receive(ReplyReader& reader);

  UniqueFd stream_;
};

}  // namespace microvm::fcapi
