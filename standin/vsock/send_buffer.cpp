#include "standin/vsock/send_buffer.h"

#include <sys/socket.h>

namespace microvm::standin::vsock {

bool SendBuffer::push(const Buffers& data) {
  if (bytes_.size() - sent_ + data.size() > kCapacity) return false;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
  sent_ = 0;
  const std::size_t before = bytes_.size();
  bytes_.resize(before + data.size());
  data.copy_to(bytes_.data() + before);
  return true;
}

ssize_t SendBuffer::flush(int stream) {
  const ssize_t n = ::send(stream, bytes_.data() + sent_, bytes_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n > 0) sent_ += static_cast<std::size_t>(n);
  if (sent_ == bytes_.size()) {
    bytes_ = {};
    sent_ = 0;
  }
  return n;
}

}  // namespace microvm::standin::vsock
