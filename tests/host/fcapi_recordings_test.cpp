// What Firecracker took and said, in recordings of it, through our tables: every body that it accepted obeys our rules
// and is written as it was read, every answer is read, and every refusal has a code.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/json_tree.h"
#include "host/fcapi/bodies.h"
#include "host/fcapi/faults.h"
#include "tests/support/process.h"

namespace microvm::test {
namespace {

using fcapi::Version;
using wire::Json;

constexpr Version kRecorded{1, 16, 1};

struct Pair {
  std::string route;  // "PUT /drives"
  std::string body;
  std::string response;
};

std::string text_of(const Json& json, std::string_view name) {
  const Json* const found = json.find(name);
  const auto* const text = found == nullptr ? nullptr : found->as<std::string>();
  return text == nullptr ? "" : *text;
}

// Known by method and first part of the path, or two where the first has several bodies.
std::string route_of(std::string_view request) {
  static const std::set<std::string_view> kDeep = {"balloon", "hotplug", "mmds", "snapshot", "vm"};
  const std::string_view line = request.substr(0, request.find(" HTTP/"));
  const std::size_t path = line.find(' ') + 2;
  if (path == 1 || path > line.size() || line.substr(path).starts_with('/')) return "";
  const std::size_t slash = line.find('/', path);
  const bool is_deep = kDeep.contains(line.substr(path, slash - path));
  return std::string(is_deep ? line : line.substr(0, slash));
}

std::vector<Pair> pairs_in(const std::string& folder) {
  std::vector<Pair> pairs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const auto json = wire::read_json_tree(line);
      const std::string request = json ? text_of(*json, "request") : "",
                        response = json ? text_of(*json, "response") : "";
      const std::size_t head = request.find("\r\n\r\n");
      // One request and one answer; bytes beyond ASCII are written in another way.
      const bool is_plain = head != request.npos && response.rfind("HTTP/1.1 ") == 0 &&
                            std::ranges::none_of(request, [](char c) { return c < 0; });
      if (is_plain) pairs.push_back({route_of(request), request.substr(head + 4), response});
    }
  }
  return pairs;
}

std::vector<Pair> recordings() {
  auto pairs = pairs_in(required_env("STANDIN_RECORDINGS"));
  if (const char* const more = std::getenv("MICROVM_GOLDEN_DIR")) {
    auto others = pairs_in(more);
    pairs.insert(pairs.end(), others.begin(), others.end());
  }
  return pairs;
}

bool same(const Json& a, const Json& b);
// A member that is null, or an empty list, says as much as none.
bool has(const Json& object, const Json::Member& member) {
  const auto* const list = member.value.as<Json::Array>();
  if (member.value.is_null() || (list != nullptr && list->empty())) return true;
  const Json* const other = object.find(member.name);
  return other != nullptr && same(member.value, *other);
}
bool same(const Json& a, const Json& b) {
  const auto *object = a.as<Json::Object>(), *other = b.as<Json::Object>();
  if (object != nullptr && other != nullptr) {
    return std::ranges::all_of(*object, [&](const auto& member) { return has(b, member); }) &&
           std::ranges::all_of(*other, [&](const auto& member) { return has(a, member); });
  }
  const auto *list = a.as<Json::Array>(), *others = b.as<Json::Array>();
  if (list != nullptr && others != nullptr) return std::ranges::equal(*list, *others, same);
  if (a.value.index() != b.value.index() || object != nullptr || list != nullptr) return false;
  const auto equal = [&](auto* x, auto* y) { return x == nullptr || *x == *y; };
  return equal(a.as<bool>(), b.as<bool>()) && equal(a.as<std::uint64_t>(), b.as<std::uint64_t>()) &&
         equal(a.as<double>(), b.as<double>()) && equal(a.as<std::string>(), b.as<std::string>());
}

// What reading and writing again makes of a text, or why it cannot.
template <class Body>
std::string again(const std::string& text) {
  const auto body = fcapi::read_body<Body>(text);
  if (!body) return body.error().message;
  const auto written = fcapi::write_body(*body, kRecorded);
  return written ? *written : written.error().message;
}

using Again = std::function<std::string(const std::string&)>;

const std::map<std::string, Again, std::less<>> kRequests = {
    {"PUT /actions", again<fcapi::Action>},
    {"PATCH /vm", again<fcapi::VmPatch>},
    {"PUT /boot-source", again<fcapi::BootSource>},
    {"PUT /machine-config", again<fcapi::MachineConfig>},
    {"PATCH /machine-config", again<fcapi::MachineConfigPatch>},
    {"PUT /cpu-config", again<fcapi::CpuConfig>},
    {"PUT /drives", again<fcapi::Drive>},
    {"PATCH /drives", again<fcapi::DrivePatch>},
    {"PUT /network-interfaces", again<fcapi::NetworkInterface>},
    {"PATCH /network-interfaces", again<fcapi::NetworkInterfacePatch>},
    {"PUT /pmem", again<fcapi::Pmem>},
    {"PATCH /pmem", again<fcapi::PmemPatch>},
    {"PUT /vsock", again<fcapi::Vsock>},
    {"PUT /entropy", again<fcapi::Entropy>},
    {"PUT /serial", again<fcapi::Serial>},
    {"PUT /balloon", again<fcapi::Balloon>},
    {"PATCH /balloon", again<fcapi::BalloonPatch>},
    {"PATCH /balloon/statistics", again<fcapi::BalloonStatisticsPatch>},
    {"PATCH /balloon/hinting/start", again<fcapi::HintingStart>},
    {"PUT /hotplug/memory", again<fcapi::MemoryHotplug>},
    {"PATCH /hotplug/memory", again<fcapi::MemoryHotplugPatch>},
    {"PUT /logger", again<fcapi::Logger>},
    {"PUT /metrics", again<fcapi::Metrics>},
    {"PUT /mmds/config", again<fcapi::MmdsConfig>},
    {"PUT /snapshot/create", again<fcapi::SnapshotCreate>},
    {"PUT /snapshot/load", again<fcapi::SnapshotLoad>},
};
const std::map<std::string, Again, std::less<>> kReplies = {
    {"GET /", again<fcapi::InstanceInfo>},
    {"GET /version", again<fcapi::FirecrackerVersion>},
    {"GET /machine-config", again<fcapi::MachineConfig>},
    {"GET /balloon", again<fcapi::Balloon>},
    {"GET /balloon/statistics", again<fcapi::BalloonStatistics>},
    {"GET /balloon/hinting/status", again<fcapi::HintingStatus>},
    {"GET /hotplug/memory", again<fcapi::MemoryHotplugStatus>},
};

// Taken by Firecracker and refused by us.
bool is_refused_here(std::string_view message) {
  constexpr std::string_view kRules[] = {
      "_id must be 1 to 255 letters",       // other alphabets, or longer
      "guest_cid must be 3 to",             // no guest can have it
      "must be a path of",                  // empty
      "must be a socket's path of",         //
      "must be a network device's name",    //
      "mem_size_mib must be 1 to 16777216"  // on the way to where it aborts
  };
  return std::ranges::any_of(kRules, [&](std::string_view rule) { return message.find(rule) != message.npos; });
}

// Taken by Firecracker, but nothing that we write: members that it skips, an enumerator written as an object, other
// spellings of log levels.
bool is_odd(std::string_view body) {
  constexpr std::string_view kParts[] = {R"("unknown)", R"("x":1)",     R"({"Sync":null})", R"("debug")",
                                         R"("Warn")",   R"("warning")", R"("WARN")"};
  return std::ranges::any_of(kParts, [&](std::string_view part) { return body.find(part) != body.npos; });
}

void expect_same(const Again& read_and_written, const Pair& pair, const std::string& text, unsigned& seen) {
  const auto before = wire::read_json_tree(text);
  // Lists are taken for objects; we do not write them.
  if (!before || before->as<Json::Object>() == nullptr || is_odd(text)) return;
  const std::string result = read_and_written(text);
  const auto after = wire::read_json_tree(result);
  ++seen;
  EXPECT_TRUE(after ? same(*before, *after) : is_refused_here(result))
      << pair.route << ": " << text << " is " << result;
}

TEST(FcapiRecordings, AreReadAndWrittenAgain) {
  unsigned requests = 0, replies = 0, refusals = 0;
  for (const Pair& pair : recordings()) {
    fcapi::ReplyReader reader;
    if (!reader.feed(pair.response).value_or(false)) continue;
    const fcapi::Reply reply = reader.take();
    if (reply.status >= 400) {
      const Error error = fcapi::fault_of(reply);
      ++refusals;
      EXPECT_NE(error.fault, "other") << error.message;
      continue;
    }
    const auto request = kRequests.find(pair.route);
    if (reply.status == 204 && request != kRequests.end()) expect_same(request->second, pair, pair.body, requests);
    const auto answer = kReplies.find(pair.route);
    if (reply.status == 200 && answer != kReplies.end()) expect_same(answer->second, pair, reply.body, replies);
    if (pair.route == "GET /vm/config") {
      const auto config = fcapi::read_body<fcapi::VmConfig>(reply.body);
      EXPECT_TRUE(config) << reply.body << config.error().message;
    }
  }
  std::printf("%u bodies, %u answers, %u refusals\n", requests, replies, refusals);
  EXPECT_GT(requests, 10U);
  EXPECT_GT(replies, 10U);
  EXPECT_GT(refusals, 20U);
}

}  // namespace
}  // namespace microvm::test
