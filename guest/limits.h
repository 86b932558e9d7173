// The daemon's limits that the wire does not name, in one place (docs/protocol.md has the table).
#pragma once

#include <chrono>
#include <cstddef>

namespace microvm::guest {

using namespace std::chrono_literals;

/// Unfinished lines and unread replies of all connections together.
inline constexpr std::size_t kMaxBuffered = 8 * 1024 * 1024;
inline constexpr unsigned kDefaultMaxConnections = 1024;
/// Nothing more is read from a client that has this much of its replies unread.
inline constexpr std::size_t kMaxQueuedReplies = 64 * 1024;
inline constexpr std::size_t kMaxSecrets = 1024;
/// What a merge may make of the env file; a replacement never exceeds a line.
inline constexpr std::size_t kMaxEnvFile = 1024 * 1024;

inline constexpr auto kLineTimeout = 30s;   ///< from a line's first byte to its end
inline constexpr auto kReplyTimeout = 30s;  ///< for a client that reads none of its replies
/// A replaced set of secrets stays whole for readers that have it open.
inline constexpr auto kRetiredFor = 5s;
inline constexpr auto kStopTimeout = 500ms;
/// How long the listener rests when descriptors or memory are used up.
inline constexpr auto kAcceptPause = 50ms;

/// The longest line that is served without a buffer of the connection's own, if it comes at once.
inline constexpr std::size_t kInboxSize = 256 * 1024;
/// Read of one connection's lines before the next has its turn: alone, and while others are active, which is so for a
/// while after they were.
inline constexpr std::size_t kTurn = 32 * 1024;
inline constexpr std::size_t kSharedTurn = 2 * 1024;
inline constexpr auto kActiveFor = 10s;
/// Likewise of one long line. Below a short line's size what is unfinished is read on in the inbox.
inline constexpr std::size_t kLongTurn = 64 * 1024;
inline constexpr std::size_t kShortLine = 4 * 1024;
/// Replaced secrets that are held open until their replies are sent.
inline constexpr std::size_t kMostUnscrubbed = 4;
/// Descriptors kept free: for those, for the files and directories of one request, for the connection that is turned
/// away.
inline constexpr unsigned kSpareDescriptors = 12;

}  // namespace microvm::guest
