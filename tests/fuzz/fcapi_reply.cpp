// Replies of Firecracker's API: the same in one piece and in many, and whatever is in one is read or refused.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/fcapi/bodies.h"
#include "host/fcapi/faults.h"
#include "host/fcapi/reply.h"
#include "tests/fuzz/check.h"

namespace microvm::fuzz {
namespace {

using fcapi::Reply;

// Nothing where there is no whole reply: whether that is said at once or there is a wait for more, may depend on
// pieces.
std::optional<Reply> feed(std::string_view bytes, std::size_t piece) {
  fcapi::ReplyReader reader;
  while (!bytes.empty()) {
    const auto whole = reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    // A reader in pieces does not see what is behind the reply: that is found at the next request.
    if (!whole || (*whole && !bytes.empty())) return std::nullopt;
    if (*whole) return reader.take();
  }
  return std::nullopt;
}

bool same(const Reply& a, const Reply& b) {
  return a.status == b.status && a.is_deprecated == b.is_deprecated && a.keeps_alive == b.keeps_alive &&
         a.body == b.body;
}

template <class Body>
void read(const std::string& text) {
  const auto body = fcapi::read_body<Body>(text);
  if (!body) return check(body.error().code == ErrorCode::BadReply, "what is no body is a bad reply");
  const auto written = fcapi::write_body(*body, {99, 0, 0});
  // What was read may break a rule of requests; what obeys them all is read again.
  if (written) check(fcapi::read_body<Body>(*written).has_value(), "what is written is read");
}

void use(const Reply& reply) {
  const Error error = fcapi::fault_of(reply);
  check(error.message.size() < 5000, "an error is bounded");
  for (const char c : error.message) check(c >= ' ' && c <= '~', "an error is printable");
  check(!error.fault.empty(), "each refusal has a code");
  read<fcapi::InstanceInfo>(reply.body);
  read<fcapi::FirecrackerVersion>(reply.body);
  read<fcapi::VmConfig>(reply.body);
  read<fcapi::BalloonStatistics>(reply.body);
}

}  // namespace
}  // namespace microvm::fuzz

// The first byte says how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace microvm::fuzz;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto one = feed(bytes, bytes.size()), many = feed(bytes, 1U + data[0]);
  check(one.has_value() == many.has_value(), "pieces make no difference");
  if (!one) return 0;
  check(same(*one, *many), "pieces make no difference to the reply");
  use(*one);
  return 0;
}
