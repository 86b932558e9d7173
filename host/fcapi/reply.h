// One reply of the API: bytes in, a value out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "microvm/error.h"

namespace microvm::fcapi {

inline constexpr std::size_t kMaxReplyHead = 8 * 1024;
inline constexpr std::size_t kMaxReplyBody = 4 * 1024 * 1024;

struct Reply {
  unsigned status = 0;
  bool is_deprecated = false;  ///< the VMM calls something in the request deprecated
  bool keeps_alive = true;
  std::string body;
};

class ReplyReader {
 public:
  ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;
  ~ReplyReader();

  /// True once the reply is whole. BadReply for what is no reply, and for bytes behind one; ReplyTooLong.
  Result<bool> feed(std::string_view bytes);
  /// Only after feed() said true.
  Reply take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microvm::fcapi
