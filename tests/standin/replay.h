// Plays many recordings at once and holds what came out against the table of differences.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/standin/differences.h"
#include "tests/standin/player.h"

namespace microvm::test {

/// All recordings of a folder but those that are named.
std::vector<Recording> recordings_in(const std::string& dir, std::span<const std::string_view> but = {});

enum class Network { Own, AsItIs };

/// Throws std::runtime_error where a network of one's own is not to be had.
std::vector<Outcome> play_all(std::vector<Recording> recordings, Network network);

/// What is wrong, a paragraph each: a difference that the table lacks, an entry of the table that makes none.
std::vector<std::string> faults(std::span<const Outcome> outcomes, std::span<const Difference> known);

/// "pairs replayed 12, equal 11" and so on for each kind there is.
std::string summary(std::span<const Outcome> outcomes);

}  // namespace microvm::test
