// Every place that logs.
#pragma once

#include "standin/vmm/log.h"

namespace microvm::standin::site {

inline constexpr LogSite kMainError{Level::Error, "main", "src/firecracker/src/main.rs", 110};
inline constexpr LogSite kExitError{Level::Error, "main", "src/firecracker/src/main.rs", 113};
inline constexpr LogSite kExitSuccess{Level::Info, "main", "src/firecracker/src/main.rs", 116};
inline constexpr LogSite kPanic{Level::Error, "main", "src/firecracker/src/main.rs", 139};
inline constexpr LogSite kRunning{Level::Info, "main", "src/firecracker/src/main.rs", 333};
inline constexpr LogSite kStartedFromJson{Level::Info, "main", "src/firecracker/src/main.rs", 608};
inline constexpr LogSite kListening{Level::Info, "main", "src/firecracker/src/api_server_adapter.rs", 189};
inline constexpr LogSite kApiStarted{Level::Info, "fc_api", "src/firecracker/src/api_server/mod.rs", 85};
inline constexpr LogSite kApiDuration{Level::Debug, "fc_api", "src/firecracker/src/api_server/mod.rs", 116};
inline constexpr LogSite kDeprecated{Level::Warn, "fc_api", "src/firecracker/src/api_server/mod.rs", 135};
inline constexpr LogSite kBadRequest{Level::Error, "fc_api", "src/firecracker/src/api_server/mod.rs", 141};
inline constexpr LogSite kApiTook{Level::Info, "fc_api", "src/firecracker/src/api_server/mod.rs", 183};
inline constexpr LogSite kReceived{Level::Info, "fc_api", "src/firecracker/src/api_server/parsed_request.rs", 76};
inline constexpr LogSite kDone200{Level::Info, "fc_api", "src/firecracker/src/api_server/parsed_request.rs", 169};
inline constexpr LogSite kDone204{Level::Info, "fc_api", "src/firecracker/src/api_server/parsed_request.rs", 192};
inline constexpr LogSite kRefused413{Level::Error, "fc_api", "src/firecracker/src/api_server/parsed_request.rs", 217};
inline constexpr LogSite kRefused400{Level::Error, "fc_api", "src/firecracker/src/api_server/parsed_request.rs", 225};
inline constexpr LogSite kConfigNote{Level::Warn, "main", "src/vmm/src/rpc_interface.rs", 457};
inline constexpr LogSite kMetadataAdded{Level::Info, "main", "src/vmm/src/rpc_interface.rs", 390};
inline constexpr LogSite kLoadRefused{Level::Info, "main", "src/vmm/src/rpc_interface.rs", 651};
inline constexpr LogSite kPauseTook{Level::Info, "main", "src/vmm/src/rpc_interface.rs", 877};
inline constexpr LogSite kResumeTook{Level::Info, "main", "src/vmm/src/rpc_interface.rs", 890};
inline constexpr LogSite kFullTook{Level::Info, "main", "src/vmm/src/rpc_interface.rs", 940};
inline constexpr LogSite kDiffTook{Level::Info, "main", "src/vmm/src/rpc_interface.rs", 950};
inline constexpr LogSite kBuildBegins{Level::Debug, "main", "src/vmm/src/builder.rs", 386};
inline constexpr LogSite kBuildEnds{Level::Debug, "main", "src/vmm/src/builder.rs", 388};
inline constexpr LogSite kBootBegins{Level::Debug, "main", "src/vmm/src/builder.rs", 390};
inline constexpr LogSite kBootEnds{Level::Debug, "main", "src/vmm/src/builder.rs", 392};
inline constexpr LogSite kKick{Level::Info, "main", "src/vmm/src/device_manager/mod.rs", 375};
inline constexpr LogSite kVcpuResume{Level::Warn, "fc_vcpu 0", "src/vmm/src/vstate/vcpu.rs", 302};
inline constexpr LogSite kGuestDied{Level::Error, "fc_vcpu 0", "src/vmm/src/vstate/vcpu.rs", 504};
inline constexpr LogSite kStopping{Level::Info, "main", "src/vmm/src/lib.rs", 690};
inline constexpr LogSite kKillingVcpus{Level::Info, "main", "src/vmm/src/lib.rs", 765};
inline constexpr LogSite kDevPreview{Level::Warn, "main", "src/vmm/src/logger/mod.rs", 44};
inline constexpr LogSite kHostVendor{Level::Info, "main", "src/vmm/src/persist.rs", 228};
inline constexpr LogSite kSignal{Level::Error, "main", "src/vmm/src/signal_handler.rs", 45};

}  // namespace microvm::standin::site
