#include "standin/api/api.h"

#include <array>

#include "standin/api/routes.h"
#include "standin/json/text.h"
#include "standin/json/utf8.h"
#include "standin/vmm/log_sites.h"
#include "standin/vmm/stopwatch.h"

namespace microvm::standin {
namespace {

// Metadata is not logged, templates only for those who look closely.
std::string describe_request(const http::Request& request, const Log& log) {
  const std::string path(request.path());
  std::string text = std::string(http::name(request.method)) + " request on " + json::debug_quoted(path);
  if (!request.body || path == "/mmds") return text;
  if (path == "/cpu-config" && !log.shows(Level::Debug))
    return text + ". To view the CPU template received by the API, configure log-level to DEBUG";
  const bool readable = !json::utf8_fault(*request.body);
  return text + " with body " + json::debug_quoted(readable ? *request.body : "inconvertible to UTF-8");
}

struct Timed {
  std::string_view metric, name;
};
constexpr std::array kTimed = {
    Timed{"full_create_snapshot", "create full snapshot"},
    Timed{"diff_create_snapshot", "create diff snapshot"},
    Timed{"load_snapshot", "load snapshot"},
    Timed{"pause_vm", "pause vm"},
    Timed{"resume_vm", "resume vm"},
};

http::Response fault_response(const Fault& fault) {
  http::Response response{fault.status, "{\"fault_message\":"};
  json::append_quoted(response.body, fault.text);
  response.body += '}';
  return response;
}

}  // namespace

http::Response Api::answer(const http::Request& request) {
  const Stopwatch watch;
  vmm_.log(site::kReceived, "The API server received a " + describe_request(request, vmm_.log) + ".");
  Outcome outcome = dispatch(vmm_, Call(request));
  http::Response response = word(outcome, watch.microseconds());
  if (!outcome.deprecation.empty()) {
    vmm_.log(site::kDeprecated, outcome.deprecation);
    response.deprecated = true;
  }
  vmm_.log(site::kApiDuration, "Total previous API call duration: " + std::to_string(watch.microseconds()) + " us.");
  return response;
}

http::Response Api::word(Outcome& outcome, std::uint64_t microseconds) {
  if (!outcome.reply) {
    const Fault& fault = outcome.reply.error();
    is_over_ = is_over_ || fault.ends_process;
    if (!outcome.understood) {
      vmm_.log(site::kBadRequest, fault.debug);
    } else if (fault.status == 413) {
      vmm_.log(site::kRefused413, "Received Error. Status code: 413 Payload too large. Message: " + fault.text);
    } else {
      vmm_.log(site::kRefused400, "Received Error. Status code: 400 Bad Request. Message: " + fault.text);
    }
    return fault_response(fault);
  }
  const bool empty = outcome.reply->empty();
  vmm_.log(
      empty ? site::kDone204 : site::kDone200,
      std::string("The request was executed successfully. Status code: ") + (empty ? "204 No Content." : "200 OK."));
  for (const Timed& timed : kTimed) {
    if (timed.metric != outcome.timed) continue;
    vmm_.metrics.store("latencies_us." + std::string(timed.metric), microseconds);
    vmm_.log(site::kApiTook,
             "'" + std::string(timed.name) + "' API request took " + std::to_string(microseconds) + " us.");
  }
  return empty ? http::Response{} : http::Response{200, std::move(*outcome.reply)};
}

}  // namespace microvm::standin
