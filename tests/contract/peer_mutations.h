// Lines that are nearly requests: rows of the contract, cut, spliced and sprinkled with what matters.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microvm::contract {

class Mutations {
 public:
  Mutations(std::vector<std::string> lines, unsigned seed) : lines_(std::move(lines)), random_(seed) {}

  std::string next() {
    std::string line = any();
    for (std::size_t steps = 1 + below(3); steps > 0; --steps) mutate(line);
    std::erase(line, '\n');
    return line;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  const std::string& any() { return lines_[below(lines_.size())]; }

  // The beginning of one line and the end of another.
  static void splice(std::string& line, std::size_t at, const std::string& other) {
    line.replace(at, std::string::npos, other.substr(std::min(at, other.size())));
  }

  void mutate(std::string& line) {
    static constexpr std::array<std::string_view, 40> kPieces = {"{",
                                                                 "}",
                                                                 "[",
                                                                 "]",
                                                                 ",",
                                                                 ":",
                                                                 "\"",
                                                                 "\\",
                                                                 "\\u0000",
                                                                 "\\u0041",
                                                                 "\\ud800",
                                                                 " ",
                                                                 "\t",
                                                                 "0",
                                                                 "-1",
                                                                 "1e400",
                                                                 "1.5",
                                                                 "true",
                                                                 "null",
                                                                 "\"x\"",
                                                                 "\"op\":\"ping\",",
                                                                 "\"id\":\"y\",",
                                                                 "\"env\":{},",
                                                                 "\"A\":\"1\",",
                                                                 "\"A\":\"\",",
                                                                 "\"name\":\"a\",",
                                                                 "\"value_b64\":\"QQ==\",",
                                                                 "set_env",
                                                                 "set_secret",
                                                                 "ping",
                                                                 "=",
                                                                 "==",
                                                                 "Q",
                                                                 "/",
                                                                 ".",
                                                                 "\xc3\xa9",
                                                                 "\xff",
                                                                 "\r",
                                                                 "\\n",
                                                                 "\x01"};
    const std::size_t at = below(line.size() + 1);
    const std::size_t size = below(8);
    switch (below(5)) {
      case 0:
        line.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 1:
        line.erase(at, size);
        break;
      case 2:
        line.insert(at, line.substr(at, size * 4));
        break;
      case 3:
        splice(line, at, any());
        break;
      default:
        if (at < line.size()) line[at] = static_cast<char>(static_cast<unsigned char>(line[at]) ^ (1U << below(8)));
    }
  }

  std::vector<std::string> lines_;
  std::mt19937 random_;
};

}  // namespace microvm::contract
