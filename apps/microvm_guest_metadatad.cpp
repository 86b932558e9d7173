// The guest's metadata daemon.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "guest/confinement.h"
#include "guest/hardening.h"
#include "guest/listener.h"
#include "guest/notify.h"
#include "guest/options.h"
#include "guest/server.h"
#include "guest/store.h"

namespace {

using namespace microvm;
using namespace microvm::guest;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int fail(Log& log, const FixedText& why) {
  log(Level::Error, why);
  return kExitFailed;
}

std::expected<ListenOn, FixedText> choose_address(const Options& options) {
  if (options.listen) return *options.listen;
  const auto activated = activated_descriptor(std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"), ::getpid());
  if (!activated) return std::unexpected(activated.error());
  if (*activated) return ListenOn{ListenOn::Kind::Descriptor, static_cast<std::uint32_t>(**activated), {}};
  return ListenOn{};
}

// Gives up what serving does not need; a fault when the daemon must not or cannot serve like that.
FixedText confine_to(Store& store, const std::string& socket, bool required, Log& log, Confinement& held) {
  const int directories[] = {store.env().directory().fd(), store.secrets().directory().parent().fd()};
  held = confine(directories, socket);
  if (const FixedText missing = held.missing(); !missing.empty()) {
    FixedText text("not confined by ");
    text << missing.view();
    if (required) return text;
    log(Level::Warning, text);
  }
  // Even root may have reached them by its capabilities alone.
  Failure failure = store.env().directory().check();
  if (!failure) failure = store.secrets().refresh();
  return failure.text;
}

int serve(const Options& options, Log& log) {
  harden_process();
  const Notifier notify(std::getenv("NOTIFY_SOCKET"));
  if (const FixedText fault = join_group(options.secrets_group); !fault.empty()) return fail(log, fault);
  const auto where = choose_address(options);
  if (!where) return fail(log, where.error());
  auto opened = Store::open({options.env_file, options.secrets_dir, where->path, options.secrets_group, options.scrub});
  if (!opened) return fail(log, opened.error().text);
  Store& store = **opened;
  // Bound before the sweep: a second daemon that finds the port taken must not touch the first one's files.
  auto listener = Listener::bind(*where);
  if (!listener) return fail(log, listener.error());
  if (const Failure failure = store.claim()) {
    listener->close();
    return fail(log, failure.text);
  }

  Requests requests(store, log);
  Server server(*listener, requests, log, {options.allowed_cids, options.max_connections});
  FixedText fault = listener->listen();
  if (fault.empty()) fault = server.start();
  if (fault.empty())
    fault = confine_to(store, where->path, options.require_confinement, log, requests.status().confinement);
  if (!fault.empty()) {
    listener->close();
    return fail(log, fault);
  }
  FixedText ready("listening on ");
  log(Level::Info, ready << listener->description() << ", env file " << store.env().path() << ", secrets directory "
                         << store.secrets().directory().path());
  if (!notify("READY=1")) log(Level::Warning, FixedText("NOTIFY_SOCKET: cannot tell that the daemon is ready"));
  server.run();
  (void)notify("STOPPING=1");
  store.close();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options({argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)});
  if (!options) {
    std::fprintf(stderr, "microvm-guest-metadatad: %s\n%s", options.error().c_str(), kUsage);
    return kExitUsage;
  }
  switch (options->action) {
    case Options::Action::ShowHelp:
      std::fputs(kUsage, stderr);
      return EXIT_SUCCESS;
    case Options::Action::ShowVersion:
      std::puts("microvm-guest-metadatad " MICROVM_VERSION);
      return EXIT_SUCCESS;
    case Options::Action::Serve:
      break;
  }
  Log log(STDERR_FILENO);
  return serve(*options, log);
}
