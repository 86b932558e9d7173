#include "guest/requests.h"

#include <algorithm>
#include <array>

#include "common/wire/reply.h"
#include "guest/reports.h"

namespace microvm::guest {
namespace {

using wire::Op;
using wire::Request;

// Each op either changes the store, or reports and writes the reply's own fields.
using ChangeFn = Store::Outcome (*)(Store&, const Request&, Store::Time) noexcept;
using ReportFn = Failure (*)(Requests&, wire::ReplyWriter&) noexcept;

struct Handler {
  Op op;
  ChangeFn change;
  ReportFn report;
};

constexpr std::array kHandlers = {
    Handler{Op::SetEnv,
            [](Store& store, const Request& request, Store::Time) noexcept { return store.set_env(request); }, nullptr},
    Handler{Op::SetSecret,
            [](Store& store, const Request& request, Store::Time) noexcept { return store.set_secret(request); },
            nullptr},
    Handler{Op::DeleteSecret,
            [](Store& store, const Request& request, Store::Time) noexcept { return store.delete_secret(request); },
            nullptr},
    Handler{Op::Apply,
            [](Store& store, const Request& request, Store::Time now) noexcept { return store.apply(request, now); },
            nullptr},
    Handler{Op::Wipe, [](Store& store, const Request&, Store::Time now) noexcept { return store.wipe(now); }, nullptr},
    Handler{Op::Stat, nullptr, report_stat},
    Handler{Op::Info, nullptr, report_info},
};

Failure check_match(const Store& store, const Request& request) noexcept {
  if (!request.if_match || *request.if_match == store.etag().view()) return {};
  return {FailureCode::Conflict, FixedText("if_match is not the present etag; nothing was changed")};
}

bool reply_failure(Bytes& replies, const wire::ParsedLine& parsed, const Failure& failure) noexcept {
  wire::ReplyWriter reply(replies, parsed.id, false);
  reply.text("error", failure.text.view());
  if (parsed.extended) reply.text("code", wire::failure_name(failure.code));
  return reply.end();
}

bool reply_change(Bytes& replies, const wire::ParsedLine& parsed, const Store& store, bool changed) noexcept {
  wire::ReplyWriter reply(replies, parsed.id, true);
  if (parsed.extended) reply.text("etag", store.etag().view());
  const bool section_two = parsed.request.op == Op::SetEnv || parsed.request.op == Op::SetSecret;
  if (parsed.extended && !section_two) reply.flag("changed", changed).flag("durable", store.durable());
  return reply.end();
}

// Parsing and comparing leave values in frames that are gone by now; this lies over them.
[[gnu::noinline]] void wipe_stack_below() noexcept {
  std::array<char, 16 * 1024> frame;
  wipe(frame.data(), frame.size());
}

}  // namespace

bool Requests::serve(std::span<char> line, Time now, Bytes& replies) noexcept {
  const wire::ParsedLine parsed = wire::parse_request(line);
  ++status_.requests;
  if (!parsed.failure && parsed.request.op == Op::Ping) return wire::append_ok_reply(replies, parsed.id);
  const bool answered = run(parsed, now, replies);
  wipe_stack_below();
  return answered;
}

bool Requests::run(const wire::ParsedLine& parsed, Time now, Bytes& replies) noexcept {
  Failure failure = parsed.failure;
  if (!failure) failure = check_match(store_, parsed.request);
  if (!failure) {
    const Handler& handler = *std::ranges::find(kHandlers, parsed.request.op, &Handler::op);
    if (handler.report != nullptr) {
      wire::ReplyWriter reply(replies, parsed.id, true);
      failure = handler.report(*this, reply);
      if (!failure) return reply.end();
      reply.drop();
    } else {
      Store::Outcome outcome{store_.settle()};
      if (!outcome.failure) outcome = handler.change(store_, parsed.request, now);
      if (!outcome.failure) return reply_change(replies, parsed, store_, outcome.changed);
      failure = outcome.failure;
    }
    log_(Level::Warning, failure.text);
  }
  ++status_.errors;
  return reply_failure(replies, parsed, failure);
}

bool Requests::refuse(std::span<char> kept, std::string_view error, Bytes& replies) noexcept {
  const wire::ParsedLine parsed = wire::parse_request(kept);
  wipe_stack_below();
  ++status_.requests;
  ++status_.errors;
  ++status_.skipped_lines;
  return wire::append_error_reply(replies, parsed.id, error);
}

}  // namespace microvm::guest
