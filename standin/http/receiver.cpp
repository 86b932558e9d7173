#include "standin/http/receiver.h"

#include <algorithm>
#include <utility>

#include "standin/http/response.h"

namespace microvm::standin::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

Receiver::Received Receiver::grew(std::size_t n) {
  received_ = {};
  start_ = 0;
  Step step = Step::GoOn;
  while (step == Step::GoOn) step = this->step(cursor_ + n);
  if (step == Step::Refused) received_.requests.clear();
  return std::exchange(received_, {});
}

Receiver::Step Receiver::step(std::size_t end) {
  switch (state_) {
    case State::RequestLine:
      return request_line(end);
    case State::Headers:
      return header_line(end);
    case State::Body:
      return body(end);
  }
  return Step::NeedsMore;
}

std::string_view Receiver::line(std::size_t end, bool& found) const noexcept {
  const std::string_view rest(buffer_.data() + start_, end - start_);
  const auto length = rest.find(kLineEnd);
  found = length != rest.npos;
  return rest.substr(0, length);
}

Receiver::Step Receiver::refuse(std::string_view why) {
  received_.interim += refusal_bytes(why);
  return Step::Refused;
}

Receiver::Step Receiver::keep_rest(std::size_t end) noexcept {
  std::copy(buffer_.data() + start_, buffer_.data() + end, buffer_.data());
  cursor_ = end - start_;
  return Step::NeedsMore;
}

Receiver::Step Receiver::request_line(std::size_t end) {
  bool whole = false;
  const std::string_view text = line(end, whole);
  if (!whole) return end == kBufferSize && start_ == 0 ? refuse("Invalid request.") : keep_rest(end);
  start_ += text.size() + kLineEnd.size();
  auto request = parse_request_line(text);
  if (!request) return refuse(request.error());
  pending_ = std::move(*request);
  headers_ = {};
  state_ = State::Headers;
  return Step::GoOn;
}

Receiver::Step Receiver::header_line(std::size_t end) {
  bool whole = false;
  const std::string_view text = line(end, whole);
  if (!whole) {
    if (end == kBufferSize && start_ == 0) return refuse(header_too_long({buffer_.data(), kBufferSize}));
    return keep_rest(end);
  }
  if (text.empty()) return head_is_whole();
  if (const Refusal why = take_header(headers_, text); !why.empty()) return refuse(why);
  start_ += text.size() + kLineEnd.size();
  return Step::GoOn;
}

Receiver::Step Receiver::head_is_whole() {
  if (headers_.content_length > payload_limit_)
    return refuse("Request payload with size " + std::to_string(headers_.content_length) +
                  " is larger than the limit of " + std::to_string(payload_limit_) + " allowed by server.");
  start_ += kLineEnd.size();
  if (headers_.content_length == 0) return finish();
  if (headers_.expects_continue) received_.interim += continue_bytes(pending_.is_http_1_0);
  body_missing_ = headers_.content_length;
  state_ = State::Body;
  return Step::GoOn;
}

Receiver::Step Receiver::body(std::size_t end) {
  const std::size_t n = std::min(end - start_, body_missing_);
  body_.append(buffer_.data() + start_, n);
  start_ += n;
  body_missing_ -= n;
  if (body_missing_ == 0) {
    pending_.body = std::exchange(body_, {});
    return finish();
  }
  cursor_ = 0;
  return Step::NeedsMore;
}

Receiver::Step Receiver::finish() {
  received_.requests.push_back(std::exchange(pending_, {}));
  state_ = State::RequestLine;
  return Step::GoOn;
}

}  // namespace microvm::standin::http
