#include "common/wire/reply.h"

#include <utility>

#include "common/base/fixed_text.h"
#include "common/wire/json_in.h"
#include "common/wire/json_out.h"

namespace microvm::wire {
namespace {

enum class Field { Unknown, Id, Ok, Error };
enum class Kind { String, Bool, Other };

// Collects the three fields at the top level; the rest may be any JSON.
struct ReplyEvents : JsonEvents {
  Reply reply;
  std::string key, text;
  int depth = 0;
  bool object = false, has_id = false, has_ok = false, bad_shape = false;

  [[nodiscard]] Field field() const {
    if (depth != 1) return Field::Unknown;
    return key == "id" ? Field::Id : key == "ok" ? Field::Ok : key == "error" ? Field::Error : Field::Unknown;
  }
  void take(Kind kind, bool truth = false) {
    const Field at = field();
    if (at == Field::Unknown) return;
    if (kind != (at == Field::Ok ? Kind::Bool : Kind::String)) {
      bad_shape = true;
    } else if (at == Field::Id) {
      has_id = true;
      reply.id = text;
    } else if (at == Field::Ok) {
      has_ok = true;
      reply.ok = truth;
    } else {
      reply.error = text;
    }
  }
  bool open() {
    if (depth++ == 1 && key_is_known()) bad_shape = true;
    return true;
  }
  bool close() {
    --depth;
    return true;
  }
  [[nodiscard]] bool key_is_known() const { return key == "id" || key == "ok" || key == "error"; }

  bool on_object_begin(Ec&) {
    if (depth == 0) object = true;
    return open();
  }
  bool on_array_begin(Ec&) { return open(); }
  bool on_object_end(std::size_t, Ec&) { return close(); }
  bool on_array_end(std::size_t, Ec&) { return close(); }
  bool on_key_part(Sv part, std::size_t n, Ec&) { return gather(key, part, n); }
  bool on_key(Sv part, std::size_t n, Ec&) { return gather(key, part, n); }
  bool on_string_part(Sv part, std::size_t n, Ec&) { return gather(text, part, n); }
  bool on_string(Sv part, std::size_t n, Ec&) {
    gather(text, part, n);
    take(Kind::String);
    return true;
  }
  bool on_bool(bool truth, Ec&) {
    take(Kind::Bool, truth);
    return true;
  }
  bool on_null(Ec&) { return other(); }
  bool on_int64(std::int64_t, Sv, Ec&) { return other(); }
  bool on_uint64(std::uint64_t, Sv, Ec&) { return other(); }
  bool on_double(double d, Sv, Ec& ec) {
    take(Kind::Other);
    return json_number_fits(d, ec);
  }

  bool other() {
    take(Kind::Other);
    return true;
  }
  // `total` counts this part too: the first part of a string starts it anew.
  static bool gather(std::string& into, Sv part, std::size_t total) {
    if (total == part.size()) into.clear();
    into.append(part.data(), part.size());
    return true;
  }
};

}  // namespace

ReplyWriter::ReplyWriter(Bytes& out, std::string_view id, bool ok) noexcept : out_(out), before_(out.size()) {
  raw("{");
  text("id", id).flag("ok", ok);
}

void ReplyWriter::name(std::string_view name) noexcept {
  if (!std::exchange(first_, false)) raw(",");
  if (name.empty()) return;
  raw("\"");
  raw(name);
  raw("\":");
}

ReplyWriter& ReplyWriter::text(std::string_view name_of, std::string_view value) noexcept {
  name(name_of);
  good_ = good_ && append_json_string(out_, value);
  return *this;
}

ReplyWriter& ReplyWriter::number(std::string_view name_of, std::uint64_t value) noexcept {
  name(name_of);
  FixedText digits;
  digits << value;
  raw(digits.view());
  return *this;
}

ReplyWriter& ReplyWriter::flag(std::string_view name_of, bool value) noexcept {
  name(name_of);
  raw(value ? "true" : "false");
  return *this;
}

ReplyWriter& ReplyWriter::null(std::string_view name_of) noexcept {
  name(name_of);
  raw("null");
  return *this;
}

ReplyWriter& ReplyWriter::begin(std::string_view name_of, std::string_view open) noexcept {
  name(name_of);
  raw(open);
  first_ = true;
  return *this;
}

ReplyWriter& ReplyWriter::close(std::string_view close) noexcept {
  raw(close);
  first_ = false;
  return *this;
}

bool ReplyWriter::end() noexcept {
  raw("}\n");
  if (!good_) drop();
  return good_;
}

bool append_ok_reply(Bytes& out, std::string_view id) noexcept { return ReplyWriter(out, id, true).end(); }

bool append_error_reply(Bytes& out, std::string_view id, std::string_view error) noexcept {
  return ReplyWriter(out, id, false).text("error", error).end();
}

std::expected<Reply, std::string> parse_reply(std::string_view line) {
  std::string text(line);
  clamp_exponents(text);
  boost::json::basic_parser<ReplyEvents> parser(strict_json());
  if (const JsonFault fault = read_json(parser, text))
    return std::unexpected("not valid JSON: " + std::string(fault.what) + " at byte " + std::to_string(fault.position));
  ReplyEvents& events = parser.handler();
  if (!events.object) return std::unexpected("not a JSON object");
  if (events.bad_shape) return std::unexpected("a field has the wrong type");
  if (!events.has_id || !events.has_ok) return std::unexpected(R"("id" or "ok" is missing)");
  return std::move(events.reply);
}

}  // namespace microvm::wire
