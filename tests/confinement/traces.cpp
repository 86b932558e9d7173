#include "tests/confinement/traces.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "common/base/deadline.h"
#include "tests/support/files.h"
#include "tests/support/line_client.h"

namespace microvm::confinement {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kCalls = "calls.";
constexpr std::string_view kNames = "names.";
constexpr std::string_view kListInForce = " seccomp(";

std::string call_name(const std::string& line, std::size_t begin) {
  const std::size_t end = line.find('(', begin);
  return end == line.npos ? "" : line.substr(begin, end - begin);
}

/// `[  45] recvfrom(0x9, 0x7ff7008820a0, 0x40000, 0x40, 0, 0) = 0x1a`; signals and ends look otherwise.
bool parse(const std::string& line, TracedCall& call) {
  const std::size_t name = line.find("] ") + 2;
  const std::string called = call_name(line, name);
  if (!line.starts_with('[') || called.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != called.npos)
    return false;
  call = {static_cast<std::uint32_t>(std::stoul(line.substr(1))), {}, line};
  std::size_t at = name + called.size() + 1;
  for (std::uint64_t& argument : call.arguments) {
    char* end = nullptr;
    argument = std::strtoull(line.c_str() + at, &end, 0);
    at = static_cast<std::size_t>(end - line.c_str());
    if (line.substr(at, 2) != ", ") break;
    at += 2;
  }
  return !called.empty();
}

bool has_ended(const std::string& file) { return test::read_file(file).ends_with("+++\n"); }

// The lines behind the one that puts the list in force.
std::vector<std::string> confined_lines(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  bool confined = false;
  for (std::string line; std::getline(in, line);) {
    if (confined) lines.push_back(line);
    confined = confined || line.find(kListInForce) != line.npos;
  }
  return lines;
}

}  // namespace

Traces::Traces() { fs::permissions(dir_.path(), fs::perms(01777)); }

std::string Traces::program(const std::string& daemon, const std::string& command) {
  const std::string copy = dir_ / "daemon." + std::to_string(programs_);
  const std::string script = dir_ / "program." + std::to_string(programs_++);
  fs::copy_file(daemon, copy);
  test::write_file(script, "#!/bin/sh\nexec " + command + " " + copy + " \"$@\"\n");
  for (const std::string& file : {copy, script}) fs::permissions(file, fs::perms(0755));
  return script;
}

std::string Traces::traced(const std::string& daemon, const std::string& more) {
  return program(daemon, "strace -D -n -e raw=all " + more + " -o " + (dir_ / kCalls) + "$$ --");
}

std::string Traces::emulated(const std::string& daemon, const std::string& emulator) {
  return program(daemon, emulator + " -strace -D " + (dir_ / kNames) + "$$");
}

std::vector<std::string> Traces::files(std::string_view prefix) const {
  std::vector<std::string> found;
  for (const std::string& name : test::names_in(dir_.path())) {
    if (name.starts_with(prefix)) found.push_back(dir_ / name);
  }
  return found;
}

std::vector<TracedCall> Traces::calls() const {
  std::vector<TracedCall> all;
  const Deadline deadline = Deadline::after(test::kPatience);
  for (const std::string& file : files(kCalls)) {
    while (!has_ended(file) && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!has_ended(file)) throw std::runtime_error(file + ": the traced daemon has not ended");
    TracedCall call;
    for (const std::string& line : confined_lines(file)) {
      if (parse(line, call)) all.push_back(call);
    }
  }
  return all;
}

std::set<std::string> Traces::names() const {
  std::set<std::string> all;
  for (const std::string& file : files(kNames)) {
    for (const std::string& line : confined_lines(file)) {
      const std::size_t blank = line.find(' ');  // behind the pid
      if (blank != line.npos && !line.starts_with("---")) all.insert(call_name(line, blank + 1));
    }
  }
  all.erase("");
  return all;
}

}  // namespace microvm::confinement
