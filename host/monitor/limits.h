// Every bound of the monitor. What it keeps in memory fits 1 MiB, whatever guest and VMM do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace microvm::monitor {

inline constexpr std::size_t kReadBytes = 64U << 10U;   ///< taken from a FIFO at once
inline constexpr std::size_t kFewBytes = 16U << 10U;    ///< of a pipe that holds 64 KiB
inline constexpr std::size_t kKeptBytes = 32U << 10U;   ///< of a log, until they are written at once
inline constexpr std::size_t kRecordBytes = 8U << 10U;  ///< the text of one record of the console's log
inline constexpr std::size_t kTailLines = 20;           ///< of console and log, in exit.json
inline constexpr std::size_t kTailLineBytes = 256;      ///< of one of them
inline constexpr std::size_t kDetailBytes = 512;        ///< why the VMM ended
inline constexpr std::size_t kMetricsLine = 256U << 10U;
inline constexpr std::size_t kSeries = 2048;    ///< of metrics
inline constexpr std::size_t kMetricName = 64;  ///< of a group, a counter or a device
inline constexpr std::size_t kConnections = 8;
inline constexpr std::size_t kRequestBytes = 64;
inline constexpr std::size_t kBacklog = 64U << 10U;    ///< how far a follower may be behind
inline constexpr std::size_t kSeedBytes = 16U << 10U;  ///< of the logs, read for their tails when adopting

inline constexpr std::uint64_t kDefaultConsoleBytes = 16U << 20U;
inline constexpr std::uint64_t kDefaultLogBytes = 1U << 20U;
inline constexpr std::uint64_t kDefaultRingBytes = 64U << 10U;
inline constexpr std::uint64_t kLeastFileBytes = 32U << 10U;  ///< both halves hold the longest record
inline constexpr std::uint64_t kMostRingBytes = 128U << 10U;

using std::chrono::milliseconds;
inline constexpr milliseconds kRest{5};            ///< between two looks at pipes that hold little
inline constexpr milliseconds kPartialLine{250};   ///< a prompt is logged once nothing follows it for so long
inline constexpr milliseconds kFilePoll{500};      ///< between two looks at a log that is a file
inline constexpr milliseconds kListenPause{500};   ///< when there is no descriptor left for a connection
inline constexpr milliseconds kExec{30'000};       ///< until the VMM's program runs
inline constexpr milliseconds kDrain{30};          ///< for what is left in the FIFOs once the VMM has ended
inline constexpr milliseconds kReaped{40};         ///< for another parent to take the VMM's status
inline constexpr milliseconds kKilled{5'000};      ///< from SIGKILL to the VMM's end
inline constexpr milliseconds kCgroupEnd{500};     ///< for what the VMM has left in its cgroup to end
inline constexpr milliseconds kLinger{2'000};      ///< for followers to take the end of the console
inline constexpr milliseconds kHalting{200};       ///< from the guest's last line to its last instruction
inline constexpr milliseconds kHalted{800};        ///< without one more, which shows that it has powered off
inline constexpr milliseconds kHaltWatch{10'000};  ///< then the line was a lie

}  // namespace microvm::monitor
