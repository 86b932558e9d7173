// Contenders measured in turn, round by round, so that whatever else the machine does meets all of them alike.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

namespace microvm::bench {

using Figures = std::vector<double>;
/// Measures one contender once: the figures of a round.
using Take = std::function<Figures()>;

[[nodiscard]] double median(Figures figures);
/// The one that `share` of them do not exceed.
[[nodiscard]] double quantile(Figures figures, double share);

/// Microseconds since `begin`.
[[nodiscard]] inline double us_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

/// How long each of `count` calls took, in microseconds.
[[nodiscard]] Figures timed(int count, const std::function<void()>& call);

class Rounds {
 public:
  /// Measures each of `takes` once a round; the one that begins changes. A first round warms up and does not count.
  Rounds(int rounds, const std::vector<Take>& takes);

  [[nodiscard]] double middle(std::size_t contender, std::size_t figure = 0) const;
  /// The median of each round's ratio.
  [[nodiscard]] double ratio(std::size_t contender, std::size_t to, std::size_t figure = 0) const;

 private:
  std::vector<std::vector<Figures>> all_;  // [contender][round][figure]
};

}  // namespace microvm::bench
