// The last bytes, each at its place.
#include "host/monitor/ring.h"

#include <gtest/gtest.h>

#include <string>

namespace microvm::monitor {
namespace {

std::string held(const Ring& ring) {
  std::string text;
  for (std::uint64_t at = ring.begin(); at < ring.end();) {
    text += ring.from(at);
    at += ring.from(at).size();
  }
  return text;
}

TEST(Ring, HoldsTheLastBytes) {
  for (const std::size_t step : {1U, 3U, 7U, 8U, 9U, 30U}) {
    Ring ring(8);
    std::string all;
    for (std::size_t i = 0; i < 100; i += step) {
      std::string piece;
      for (std::size_t k = 0; k < step; ++k) piece += static_cast<char>('a' + (i + k) % 26);
      ring.append(piece);
      all += piece;
      ASSERT_EQ(held(ring), all.substr(all.size() - std::min<std::size_t>(8, all.size()))) << step;
      ASSERT_EQ(ring.end(), all.size());
    }
  }
}

}  // namespace
}  // namespace microvm::monitor
