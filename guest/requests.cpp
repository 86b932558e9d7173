#include "guest/requests.h"

#include <algorithm>
#include <array>

#include "common/wire/reply.h"
#include "common/wire/request_in.h"

namespace microvm::guest {
namespace {

struct Handler {
  wire::Op op;
  FixedText (*run)(Store&, const wire::Request&) noexcept;
};

constexpr std::array kHandlers = {
    Handler{wire::Op::Ping, [](Store&, const wire::Request&) noexcept { return FixedText(); }},
    Handler{wire::Op::SetEnv,
            [](Store& store, const wire::Request& request) noexcept {
              return request.merge ? store.merge_env(request.env) : store.replace_env(request.env);
            }},
    Handler{wire::Op::SetSecret,
            [](Store& store, const wire::Request& request) noexcept {
              return store.set_secret(request.name, request.value);
            }},
};

FixedText run(Store& store, const wire::Request& request) noexcept {
  const auto* handler = std::ranges::find(kHandlers, request.op, &Handler::op);
  return handler->run(store, request);
}

// Parsing leaves unescaped text in frames that are gone by now; this lies over them.
[[gnu::noinline]] void wipe_stack_below() noexcept {
  std::array<char, 16 * 1024> frame;
  wipe(frame.data(), frame.size());
}

}  // namespace

bool Requests::serve(std::span<char> line, Bytes& replies) noexcept {
  const wire::ParsedLine parsed = wire::parse_request(line);
  if (parsed.good && parsed.request.op == wire::Op::Ping) return wire::append_ok_reply(replies, parsed.id);

  const FixedText fault = parsed.good ? run(store_, parsed.request) : parsed.error;
  wipe_stack_below();
  if (fault.empty()) return wire::append_ok_reply(replies, parsed.id);
  if (parsed.good) log_(Level::Warning, fault);
  return wire::append_error_reply(replies, parsed.id, fault.view());
}

bool Requests::refuse(std::span<char> kept, std::string_view error, Bytes& replies) noexcept {
  const std::string_view id = wire::parse_request(kept).id;
  wipe_stack_below();
  return wire::append_error_reply(replies, id, error);
}

}  // namespace microvm::guest
