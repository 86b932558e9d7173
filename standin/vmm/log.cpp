#include "standin/vmm/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "common/posix/retry.h"
#include "standin/vmm/files.h"

namespace microvm::standin {
namespace {

struct LevelName {
  std::string_view configured, shown;
};
// In the order of Level.
constexpr std::array kLevels = {
    LevelName{"off", "OFF"},   LevelName{"error", "ERROR"}, LevelName{"warn", "WARN"},
    LevelName{"info", "INFO"}, LevelName{"debug", "DEBUG"}, LevelName{"trace", "TRACE"},
};

Level level_of(std::string_view name) noexcept {
  std::size_t i = 0;
  while (i + 1 < kLevels.size() && kLevels[i].configured != name) ++i;
  return static_cast<Level>(i);
}

// src/firecracker/src/api_server/mod.rs -> firecracker::api_server
std::string module_of(std::string_view file) {
  std::string module;
  constexpr std::string_view kSource = "src";
  while (!file.empty()) {
    const auto slash = file.find('/');
    std::string_view part = file.substr(0, slash);
    file.remove_prefix(slash == file.npos ? file.size() : slash + 1);
    if (file.empty()) part.remove_suffix(3);
    if (part == kSource || part == "mod" || part == "main" || part == "lib") continue;
    if (!module.empty()) module += "::";
    module += part;
  }
  return module;
}

// 2026-11-24T11:23:21.123456789, local time.
std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  ::localtime_r(&now.tv_sec, &local);
  std::array<char, 40> text;
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &local);
  const std::string fraction = std::to_string(1'000'000'000 + now.tv_nsec);
  return std::string(text.data(), n) + "." + fraction.substr(1);
}

}  // namespace

Done Log::update(const LoggerConfig& config) {
  if (config.log_path) {
    auto file = open_output(config.log_path->text);
    if (!file) return refuse_in(file, "LoggerUpdateError", "Failed to open target file: ");
    file_ = std::move(*file);
  }
  level_ = config.level ? level_of(config.level->text) : Level::Info;
  shows_level_ = config.show_level.value_or(shows_level_);
  shows_origin_ = config.show_log_origin.value_or(shows_origin_);
  if (config.module) module_ = *config.module;
  return {};
}

void Log::operator()(const LogSite& site, std::string_view text) {
  if (!shows(site.level) || !module_of(site.file).starts_with(module_)) return;
  std::string line = timestamp() + " [" + id_ + ":" + std::string(site.thread);
  if (shows_level_) line.append(":").append(kLevels[static_cast<std::size_t>(site.level)].shown);
  if (shows_origin_) line.append(":").append(site.file).append(":").append(std::to_string(site.line));
  line.append("] ").append(text).append("\n");
  const int fd = file_.valid() ? file_.get() : STDOUT_FILENO;
  const auto n = posix::retry([&] { return ::write(fd, line.data(), line.size()); });
  if (n != static_cast<ssize_t>(line.size())) ++missed_;
}

}  // namespace microvm::standin
