#include "cli/times.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "cli/duration.h"
#include "common/base/timestamp.h"

namespace microvm::cli {
namespace {

using std::chrono::milliseconds;

struct RoughUnit {
  const char* name;
  std::chrono::seconds size;
};

constexpr RoughUnit kRoughUnits[] = {{"day", std::chrono::days(1)},
                                     {"hour", std::chrono::hours(1)},
                                     {"minute", std::chrono::minutes(1)},
                                     {"second", std::chrono::seconds(1)}};

// Takes from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits.
  [[nodiscard]] std::optional<int> number(std::size_t digits) {
    int value = 0;
    if (text_.size() < digits || text_.substr(0, digits).find_first_not_of("0123456789") != text_.npos) return {};
    std::from_chars(text_.data(), text_.data() + digits, value);
    text_.remove_prefix(digits);
    return value;
  }
  // `.` and digits, of which the first three count; nothing where it is no fraction.
  [[nodiscard]] std::optional<milliseconds> fraction() {
    if (!take('.')) return milliseconds(0);
    const std::size_t digits = std::min(text_.find_first_not_of("0123456789"), text_.size());
    if (digits == 0) return {};
    std::string first(text_.substr(0, std::min<std::size_t>(digits, 3)));
    first.resize(3, '0');
    text_.remove_prefix(digits);
    return milliseconds(std::stoi(first));
  }
  [[nodiscard]] bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<Timestamp> date_of(Reader& in) {
  const auto year = in.number(4);
  if (!year || !in.take('-')) return {};
  const auto month = in.number(2);
  if (!month || !in.take('-')) return {};
  const auto day = in.number(2);
  if (!day) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date);
}

// `hh:mm`, below a day.
std::optional<std::chrono::minutes> hours_minutes(Reader& in) {
  const auto hours = in.number(2);
  if (!hours || !in.take(':')) return {};
  const auto minutes = in.number(2);
  if (!minutes || *hours > 23 || *minutes > 59) return {};
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
}

std::optional<milliseconds> time_of(Reader& in) {
  const auto minutes = hours_minutes(in);
  if (!minutes || !in.take(':')) return {};
  const auto seconds = in.number(2);
  if (!seconds || *seconds > 60) return {};
  const auto fraction = in.fraction();
  if (!fraction) return {};
  return *minutes + std::chrono::seconds(*seconds) + *fraction;
}

std::optional<std::chrono::minutes> offset_of(Reader& in) {
  if (in.take('Z')) return std::chrono::minutes(0);
  const bool east = in.take('+');
  if (!east && !in.take('-')) return {};
  const auto offset = hours_minutes(in);
  if (!offset) return {};
  return east ? *offset : -*offset;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Reader in(text);
  const auto date = date_of(in);
  if (!date || in.done()) return date;
  if (!in.take('T') && !in.take(' ')) return {};
  const auto time = time_of(in);
  if (!time) return {};
  if (in.done()) return *date + *time;
  const auto offset = offset_of(in);
  if (!offset || !in.done()) return {};
  return *date + *time - *offset;
}

std::optional<Timestamp> parse_unix(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // Until the year 9999.
  if (error != std::errc() || seconds < 0 || seconds > 253'402'300'799) return {};
  Reader in(text.substr(static_cast<std::size_t>(end - text.data())));
  const auto fraction = in.fraction();
  if (!fraction || !in.done()) return {};
  return Timestamp(std::chrono::seconds(seconds)) + *fraction;
}

}  // namespace

std::string rfc3339(Timestamp when) { return timestamp_text(when); }

std::string rough(milliseconds duration) {
  for (const RoughUnit& unit : kRoughUnits) {
    const auto count = duration / unit.size;
    if (count >= 1) return fmt::format("{} {}{}", count, unit.name, count == 1 ? "" : "s");
  }
  return "less than a second";
}

std::string ago(Timestamp when, Timestamp now) { return rough(now - when) + " ago"; }

Timestamp now() { return now_ms(); }

std::optional<Timestamp> parse_when(std::string_view text, Timestamp now) {
  if (const auto duration = parse_duration(text)) return now - *duration;
  if (const auto time = parse_rfc3339(text)) return time;
  return parse_unix(text);
}

}  // namespace microvm::cli
