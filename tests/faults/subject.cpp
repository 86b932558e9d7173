// A traced daemon in a folder of its own, and the one client it has.
#include "tests/faults/subject.h"

#include <poll.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/support/files.h"

namespace microvm::faults {
namespace {

constexpr int kTurns = 8;  // of the daemon's loop, for a request that a fault delays

bool is_readable(int fd) {
  pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, 0) > 0;
}

}  // namespace

Subject::Subject(const Subject& left) {
  std::filesystem::copy(left.paths_.state_dir, paths_.state_dir, std::filesystem::copy_options::recursive);
}

std::size_t Subject::descriptors() {
  return test::names_in("/proc/" + std::to_string(tracer_->process().pid()) + "/fd").size();
}

std::vector<Call> Subject::start(const std::optional<Fault>& fault) {
  client_.close();
  tracer_ = std::make_unique<Tracer>(test::daemon_spec(paths_));
  return tracer_->run(fault);
}

std::vector<Call> Subject::connect(const std::optional<Fault>& fault) {
  client_ = test::LineClient::connect(paths_.socket);
  return tracer_->run(fault);
}

void Subject::begin(const Operation& operation) {
  start();
  connect();
  prepare(operation);
}

void Subject::prepare(const Operation& operation) {
  for (const std::string& request : operation.before) ask_well(request);
  if (operation.prepare != nullptr) operation.prepare(paths_);
}

Subject::Answer Subject::ask(const std::string& request, const std::optional<Fault>& fault) {
  Answer answer;
  if (!client_.send(request)) throw std::runtime_error("the daemon's socket takes no request");
  answer.calls = tracer_->run(fault);
  for (int turn = 1; turn < kTurns && tracer_->waits() && !is_readable(client_.fd()); ++turn) tracer_->run();
  if (is_readable(client_.fd())) answer.reply = client_.read_line(Deadline::after({})).value_or("");
  return answer;
}

void Subject::ask_well(const std::string& request) {
  const Answer answer = ask(request);
  if (!answer.ok()) throw std::runtime_error("refused: " + answer.reply + "\n" + log());
}

bool long_form() { return std::getenv("FAULTS_LONG") != nullptr; }

}  // namespace microvm::faults
