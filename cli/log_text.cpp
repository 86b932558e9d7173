#include "cli/log_text.h"

#include <array>

#include "cli/times.h"

namespace microvm::cli {
namespace {

constexpr std::size_t kAtOnce = 64 * 1024;
constexpr std::size_t kMaxRecord = 64 * 1024;  // far above what the monitor writes

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

std::optional<CriRecord> parse_cri(std::string_view line) {
  CriRecord record;
  record.time = take_word(line);
  const std::string_view stream = take_word(line);
  const std::string_view tag = take_word(line);
  if (!record.time.ends_with('Z') || stream != "stdout" || (tag != "F" && tag != "P")) return std::nullopt;
  record.partial = tag == "P";
  record.text = line;
  return record;
}

void LogText::take(std::string_view line, std::string& text) {
  const auto record = options_.vmm ? std::nullopt : parse_cri(line);
  if (!record) {
    text.append(line) += '\n';
    return;
  }
  if (options_.since) {
    const auto when = parse_when(record->time, {});
    if (when && *when < *options_.since) return;
  }
  if (options_.timestamps && !in_line_) text.append(record->time) += ' ';
  text += record->text;
  if (!record->partial) text += '\n';
  in_line_ = record->partial;
}

Result<bool> LogText::read(std::string& text) {
  std::array<char, kAtOnce> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const auto n = file_.read(buffer);
  if (!n) return std::unexpected(n.error());
  if (*n == 0) return false;
  std::string_view bytes(buffer.data(), *n);
  for (std::size_t end = bytes.find('\n'); end != bytes.npos; end = bytes.find('\n')) {
    if (rest_.empty()) {
      take(bytes.substr(0, end), text);
    } else {
      take(rest_.append(bytes.substr(0, end)), text);
      rest_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  rest_ += bytes;
  if (rest_.size() > kMaxRecord) {
    take(rest_, text);
    rest_.clear();
  }
  return true;
}

}  // namespace microvm::cli
