#include "tests/bench/boot/contender.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace microvm::bench {

Contender::Contender(const std::vector<std::string>& argv) {
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipes");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to[0], 0);
  ::posix_spawn_file_actions_adddup2(&actions, from[1], 1);
  std::vector<char*> arguments;
  for (const std::string& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int error = ::posix_spawn(&child_, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to[0]);
  ::close(from[1]);
  to_ = UniqueFd(to[1]);
  from_ = UniqueFd(from[0]);
  if (error != 0) throw std::runtime_error(argv[0] + ": cannot be started");
}

Contender::~Contender() {
  to_.reset();
  ::waitpid(child_, nullptr, 0);
}

double Contender::job() {
  char answer[64];
  const ssize_t n = ::write(to_.get(), "\n", 1) == 1 ? ::read(from_.get(), answer, sizeof answer - 1) : -1;
  if (n <= 0) throw std::runtime_error("a contender has ended");
  answer[n] = '\0';
  return std::stod(answer) / 1000;
}

}  // namespace microvm::bench
