#include "tests/standin/stage.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/standin/fixtures.h"
#include "tests/standin/own_network.h"
#include "tests/support/files.h"

namespace microvm::test {
namespace {

struct Moment {
  Stage& stage;
  std::string_view label;
  [[nodiscard]] std::string path(std::string_view name) const { return stage.dir + "/" + std::string(name); }
  [[nodiscard]] std::string state() const { return read_file(path("snap")); }
};

void make_taken(const Moment& at) { write_file(at.path("taken"), ""); }
void take_vsock_path(const Moment& at) { write_file(at.path("v.sock"), ""); }
void remove_old_socket(const Moment& at) { std::filesystem::remove(at.path("q.sock")); }
void remove_disk(const Moment& at) { std::filesystem::remove(at.path("data.img")); }
void hold_its_tap(const Moment& at) { at.stage.busy_tap = hold_tap("fcg0"); }
void leave_vsock_file(const Moment& at) { make_stale_socket(at.path("v.sock")); }
void leave_handler_file(const Moment& at) { make_stale_socket(at.path("uffd.sock")); }

void damage_state(const Moment& at) { write_file(at.path("badcrc"), with_inverted_middle(at.state())); }
void lengthen_state(const Moment& at) { write_file(at.path("longer"), at.state() + "xxxxxxxxxx"); }
void cut_state(const Moment& at) {
  std::string state = at.state();
  state.resize(state.size() - std::min<std::size_t>(state.size(), 100));
  write_file(at.path("cut"), state);
}
void change_magic(const Moment& at) { write_file(at.path("mod"), with_magic_changed(at.state())); }
void change_version(const Moment& at) {
  constexpr std::string_view kWord = "version ";
  std::string_view version = at.label.substr(at.label.find(kWord) + kWord.size());
  version = version.substr(0, version.find(' '));
  write_file(at.path("mod"), with_version(at.state(), version == "text" ? "x0.0.0" : version));
}

void serve_memory(const Moment& at) {
  at.stage.memory_handler = std::make_unique<MemoryHandler>(at.path("uffd.sock"), at.path("mem"));
}
void take_descriptor_only(const Moment& at) {
  at.stage.memory_handler = std::make_unique<MemoryHandler>(at.path("uffd.sock"), "");
}
void listen_only(const Moment& at) { at.stage.deaf_listener = listen_unix(at.path("uffd.sock")); }

// Nine: the tenth is the recording's own.
void open_nine(const Moment& at) {
  for (int i = 0; i < 9; ++i) at.stage.idle.push_back(LineClient::connect(at.stage.api_socket));
}
void close_one(const Moment& at) {
  constexpr std::chrono::milliseconds kUntilItIsSeen{100};
  at.stage.idle.pop_back();
  std::this_thread::sleep_for(kUntilItIsSeen);
}

struct Preparation {
  std::string_view in_label;
  std::string_view in_request;
  void (*make)(const Moment&);
};

constexpr Preparation kPreparations[] = {
    {"", "\"taken\"", make_taken},
    {"re-PUT after someone unlinked", "", remove_old_socket},
    {"vsock socket path taken", "", take_vsock_path},
    {"disk of the snapshot missing", "", remove_disk},
    {"TAP of the snapshot busy", "", hold_its_tap},
    {"stale socket file in place", "", leave_vsock_file},
    {"", "\"badcrc\"", damage_state},
    {"", "\"cut\"", cut_state},
    {"", "\"longer\"", lengthen_state},
    {"other magic", "", change_magic},
    {"version ", "\"mod\"", change_version},
    {"--describe-snapshot: version", "", change_version},
    {"", R"("backend_path":"uffd.sock"},"resume_vm":true)", serve_memory},
    {"handler that takes the fd", "", take_descriptor_only},
    {"listener that never accepts", "", listen_only},
    {"stale uffd socket file", "", leave_handler_file},
    {"11th connection, nothing sent", "", open_nine},
    {"after one of the ten was closed", "", close_one},
};

}  // namespace

void prepare(Stage& stage, std::string_view label, std::string_view request) {
  for (const Preparation& one : kPreparations)
    if (label.contains(one.in_label) && request.contains(one.in_request)) one.make({stage, label});
}

}  // namespace microvm::test
