// Names that stand on disk: each is written once here, and none may change.
#include <gtest/gtest.h>

#include "microvm/runtime_types.h"

namespace microvm {
namespace {

TEST(Names, OfStates) {
  const std::pair<VmState, std::string_view> rows[] = {{VmState::Creating, "creating"}, {VmState::Created, "created"},
                                                       {VmState::Running, "running"},   {VmState::Paused, "paused"},
                                                       {VmState::Stopping, "stopping"}, {VmState::Exited, "exited"},
                                                       {VmState::Failed, "failed"}};
  for (const auto& [state, name] : rows) {
    EXPECT_EQ(state_name(state), name);
    EXPECT_EQ(state_from(name), state);
  }
  EXPECT_EQ(state_from("Running"), std::nullopt);
  EXPECT_EQ(state_from(""), std::nullopt);
}

TEST(Names, OfReasons) {
  const std::pair<ExitReason, std::string_view> rows[] = {{ExitReason::Unknown, "unknown"},
                                                          {ExitReason::GuestReboot, "guest_reboot"},
                                                          {ExitReason::GuestPoweroff, "guest_poweroff"},
                                                          {ExitReason::GuestPanic, "guest_panic"},
                                                          {ExitReason::Stopped, "stopped"},
                                                          {ExitReason::Killed, "killed"},
                                                          {ExitReason::VmmSignal, "vmm_signal"},
                                                          {ExitReason::VmmError, "vmm_error"},
                                                          {ExitReason::HostRebooted, "host_rebooted"}};
  for (const auto& [reason, name] : rows) {
    EXPECT_EQ(reason_name(reason), name);
    EXPECT_EQ(reason_from(name), reason);
  }
  EXPECT_EQ(reason_from("oom"), std::nullopt);
}

TEST(Names, OfCertainties) {
  const std::pair<Certainty, std::string_view> rows[] = {
      {Certainty::None, "none"}, {Certainty::Likely, "likely"}, {Certainty::Certain, "certain"}};
  for (const auto& [certainty, name] : rows) {
    EXPECT_EQ(certainty_name(certainty), name);
    EXPECT_EQ(certainty_from(name), certainty);
  }
  EXPECT_EQ(certainty_from("sure"), std::nullopt);
}

}  // namespace
}  // namespace microvm
