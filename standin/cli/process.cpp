#include "standin/cli/process.h"

#include <cerrno>

#include "standin/cli/given.h"
#include "standin/cli/serve.h"
#include "standin/vmm/actions.h"
#include "standin/vmm/files.h"
#include "standin/vmm/log_sites.h"

namespace microvm::standin {
namespace {

// "RunWithApi", or what it is called without one.
struct Mode {
  std::string_view variant, prefix, stopped_variant, stopped_prefix, json_variant;
};
constexpr Mode kWithApi{"RunWithApi", "RunWithApiError error: ", "MicroVMStoppedWithError",
                        "MicroVM stopped with an error: ", "BuildFromJson"};
constexpr Mode kWithoutApi{"RunWithoutApiError", "RunWithoutApiError error: ", "Shutdown",
                           "MicroVMStopped without an error: ", "BuildMicroVMFromJson"};

class Process {
 public:
  Process(Records& records, const Options& options, const Given& given, Backend& backend)
      : records_(records),
        options_(options),
        given_(given),
        mode_(options.has("no-api") ? kWithoutApi : kWithApi),
        vmm_(*options.value("id"), given.mmds_limit, records.log, records.metrics, backend) {
    vmm_.guest.pci_enabled = options.has("enable-pci");
    vmm_.guest.boot_timer = options.has("boot-timer");
  }

  int run() {
    Api api(vmm_);
    std::optional<Server> server;
    if (!options_.has("no-api")) {
      auto listener = open_api();
      if (!listener) return fail(std::move(listener.error()));
      server.emplace(std::move(*listener), given_.payload_limit,
                     [&api](const http::Request& request) { return api.answer(request); });
    }
    if (auto ready = given_.config ? start_from(*given_.config, server.has_value()) : add_metadata(); !ready)
      return fail(std::move(ready.error()));
    return finish(standin::serve(vmm_, api, server ? &*server : nullptr));
  }

 private:
  Result<UniqueFd> open_api() {
    const std::string path = *options_.value("api-sock");
    number(records_, options_, "start-time-us", "u64", "src/firecracker/src/main.rs:427:18");
    number(records_, options_, "start-time-cpu-us", "u64", "src/firecracker/src/main.rs:432:18");
    number(records_, options_, "parent-cpu-time-us", "u64", "src/firecracker/src/main.rs:437:18");
    auto listener = listen_at(path);
    if (listener) {
      records_.log(site::kListening, "Listening on API socket (" + json::debug_quoted(path) + ").");
      return listener;
    }
    if (errno == EADDRINUSE && listener.error().debug.starts_with("Os"))
      return refuse("FailedToBindSocket(" + json::debug_quoted(path) + ")",
                    "Failed to open the API socket at: " + path + ". Check that it is not already used.");
    return std::unexpected(std::move(listener.error())
                               .in("IOError", "IO error: ")
                               .in("FailedToBindAndRunHttpServer", "Failed to bind and run the HTTP server: "));
  }

  void tell_api_started(bool has_api) {
    if (has_api) records_.log(site::kApiStarted, "API server started.");
  }

  Done add_metadata() {
    if (given_.metadata) {
      auto added = vmm_.mmds.put(parse_metadata(records_, *given_.metadata, "src/vmm/src/rpc_interface.rs:387:44"));
      if (!added)
        return std::unexpected(std::move(added.error())
                                   .in("PopulateMmds", "Populating MMDS from file failed: ")
                                   .in("BuildMicroVmError", "Failed to build MicroVM: "));
      records_.log(site::kMetadataAdded, "Successfully added metadata to mmds from file");
    }
    tell_api_started(true);
    return {};
  }

  Done start_from(const std::string& text, bool has_api) {
    constexpr std::string_view kPrefix = "Failed to build MicroVM from Json: ";
    auto configured = configure_from(text);
    tell_api_started(has_api);
    if (!configured)
      return std::unexpected(std::move(configured.error())
                                 .in("ParseFromJson", "Configuration for VMM from one single json failed: ")
                                 .in(mode_.json_variant, kPrefix));
    if (auto started = standin::start(vmm_); !started)
      return std::unexpected(std::move(started.error())
                                 .in("StartMicroVM", "Could not Start MicroVM from one single json: ")
                                 .in(mode_.json_variant, kPrefix));
    records_.log(site::kStartedFromJson, "Successfully started microvm that was configured from one single json");
    return {};
  }

  Done configure_from(const std::string& text) {
    VmConfig config;
    json::Reader in(text);
    if (!json::read(in, config) || !in.end())
      return std::unexpected(json_fault(in.failure()).in("InvalidJson", "Invalid JSON: "));
    std::optional<json::Value> metadata;
    if (given_.metadata) metadata = parse_metadata(records_, *given_.metadata, "src/vmm/src/resources.rs:216:44");
    return configure(vmm_, config, metadata);
  }

  int fail(Fault why) { return end(records_, std::move(why).in(mode_.variant, mode_.prefix), kExitFailed); }

  int finish(Ended ended) {
    switch (ended.why) {
      case Ending::Signal:
        return ended.exit_code;
      case Ending::RestoreFailed:
        return fail(Fault{"Failed to build MicroVM: Loading snapshot failed..", "BuildMicroVmError(Restore)"});
      case Ending::GuestStopped:
        break;
    }
    records_.log(site::kStopping, "Vmm is stopping.");
    records_.log(site::kKillingVcpus, "Killing vCPU threads");
    records_.metrics.write();
    if (ended.exit_code == 0) return end_well(records_);
    return fail(Fault{std::string(mode_.stopped_prefix) + "GenericError",
                      std::string(mode_.stopped_variant) + "(GenericError)"});
  }

  Records& records_;
  const Options& options_;
  const Given& given_;
  const Mode& mode_;
  Vmm vmm_;
};

}  // namespace

int run_process(Records& records, const Options& options, const Given& given, Backend& backend) {
  return Process(records, options, given, backend).run();
}

}  // namespace microvm::standin
