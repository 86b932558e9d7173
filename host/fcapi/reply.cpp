// Boost.Beast's parser behind a narrow door: the only file that includes it.
#include "host/fcapi/reply.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace microvm::fcapi {
namespace http = boost::beast::http;
namespace {

// How the VMM turns down an 11th connection: the one status line without the space that HTTP asks for.
constexpr std::string_view kBareStatus = "HTTP/1.1 503\r\n";
constexpr std::size_t kStatusEnd = kBareStatus.size() - 2;

std::unexpected<Error> refuse(ErrorCode code, std::string why) {
  return std::unexpected(Error{code, 0, std::move(why)});
}

}  // namespace

struct ReplyReader::Impl {
  Impl() {
    parser.header_limit(kMaxReplyHead);
    parser.body_limit(kMaxReplyBody);
    parser.eager(true);
  }
  http::response_parser<http::string_body> parser;
  std::string unread;  // the parser takes the head in one piece
  bool is_begun = false;
};

ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {}
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;
ReplyReader::~ReplyReader() = default;

Result<bool> ReplyReader::feed(std::string_view bytes) {
  auto& [parser, unread, is_begun] = *impl_;
  unread += bytes;
  if (!is_begun) {
    if (unread.size() < kBareStatus.size() && kBareStatus.starts_with(unread)) return false;
    if (unread.starts_with(kBareStatus)) unread.insert(kStatusEnd, 1, ' ');
    is_begun = true;
  }
  while (!unread.empty() && !parser.is_done()) {
    boost::beast::error_code ec;
    unread.erase(0, parser.put(boost::asio::buffer(unread), ec));
    if (parser.is_header_done() && (parser.chunked() || parser.need_eof()))
      return refuse(ErrorCode::BadReply, "the reply does not say how long it is");
    if (ec == http::error::need_more) {
      if (unread.size() > kMaxReplyHead) return refuse(ErrorCode::ReplyTooLong, "the reply's head is too long");
      return false;
    }
    if (ec == http::error::body_limit || ec == http::error::header_limit)
      return refuse(ErrorCode::ReplyTooLong, "the reply is too long");
    if (ec) return refuse(ErrorCode::BadReply, "the reply is not HTTP: " + ec.message());
  }
  if (!parser.is_done()) return false;
  if (!unread.empty()) return refuse(ErrorCode::BadReply, "there is more behind the reply");
  return true;
}

Reply ReplyReader::take() {
  auto& message = impl_->parser.get();
  const auto deprecated = message.find("Deprecation");
  return {.status = message.result_int(),
          .is_deprecated = deprecated != message.end() && deprecated->value() == "true",
          .keeps_alive = message.keep_alive(),
          .body = std::move(message.body())};
}

}  // namespace microvm::fcapi
