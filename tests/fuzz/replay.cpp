// The main of a fuzz target without libFuzzer: each file of a corpus, once.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "tests/fuzz/check.h"
#include "tests/support/files.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::size_t inputs = 0;
  for (const auto& file : std::filesystem::directory_iterator(argv[1])) {
    const std::string text = microvm::test::read_file(file.path());
    const std::vector<std::uint8_t> input(text.begin(), text.end());  // of exactly that size
    LLVMFuzzerTestOneInput(input.data(), input.size());
    ++inputs;
  }
  std::printf("%zu inputs\n", inputs);
  return inputs == 0 ? 1 : 0;
}
