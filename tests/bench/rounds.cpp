// Contenders measured in turn.
#include "tests/bench/rounds.h"

#include <algorithm>
#include <cmath>

namespace microvm::bench {

double quantile(Figures figures, double share) {
  std::ranges::sort(figures);
  const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(figures.size())));
  return figures.at(std::clamp<std::size_t>(at, 1, figures.size()) - 1);
}

double median(Figures figures) { return quantile(std::move(figures), 0.5); }

Figures timed(int count, const std::function<void()>& call) {
  Figures times(static_cast<std::size_t>(count));
  for (double& time : times) {
    const auto begin = std::chrono::steady_clock::now();
    call();
    time = us_since(begin);
  }
  return times;
}

Rounds::Rounds(int rounds, const std::vector<Take>& takes) : all_(takes.size()) {
  for (std::size_t round = 0; round <= static_cast<std::size_t>(rounds); ++round) {
    for (std::size_t i = 0; i < takes.size(); ++i) {
      const std::size_t contender = (i + round) % takes.size();
      Figures figures = takes[contender]();
      if (round != 0) all_[contender].push_back(std::move(figures));
    }
  }
}

double Rounds::middle(std::size_t contender, std::size_t figure) const {
  Figures figures;
  for (const Figures& round : all_.at(contender)) figures.push_back(round.at(figure));
  return median(std::move(figures));
}

double Rounds::ratio(std::size_t contender, std::size_t to, std::size_t figure) const {
  Figures ratios;
  for (std::size_t round = 0; round < all_.at(contender).size(); ++round)
    ratios.push_back(all_[contender][round].at(figure) / all_.at(to)[round].at(figure));
  return median(std::move(ratios));
}

}  // namespace microvm::bench
