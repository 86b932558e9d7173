// Every command, in process, over the double: what it asks of the runtime, what it prints, how it ends.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/cli.h"
#include "tests/cli/double_runtime.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

struct Told {
  int exit = 0;
  std::string out, err;
};

class CommandsTest : public testing::Test {
 protected:
  Told microvm(Words words, bool with_dirs = true) {
    words.insert(words.begin(), "microvm");
    if (with_dirs) words.insert(words.begin() + 1, {"--state-dir", dir_ / "state", "--run-dir", dir_ / "run"});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int exit = cli::run(static_cast<int>(argv.size()), argv.data(), "1.2.3",
                              {.runtime =
                                   [this](RuntimeOptions options) {
                                     options_ = options;
                                     return host_.runtime(std::move(options));
                                   },
                               .plan = double_plan,
                               .checks =
                                   [this](const DoctorOptions& options) {
                                     doctor_ = options;
                                     return checks_;
                                   }});
    std::fflush(nullptr);
    return {.exit = exit, .out = testing::internal::GetCapturedStdout(), .err = testing::internal::GetCapturedStderr()};
  }

  VmInfo vm(const std::string& id, VmState state) {
    VmInfo vm{.id = id, .state = state, .created = now() - 3min};
    vm.state_dir = dir_ / id;
    make_dir(vm.state_dir);
    if (state == VmState::Running || state == VmState::Paused) {
      vm.started = now() - 2min;
      vm.vmm = ProcessId{.pid = 4711, .start_time = 1};
    }
    if (state == VmState::Exited) {
      vm.exit = Exit{.code = 0,
                     .reason = ExitReason::GuestPanic,
                     .certainty = Certainty::Certain,
                     .detail = "Kernel panic \x1b[2J",
                     .console_tail = {"one", "\x1b[31mtwo"},
                     .finished = now() - 65s};
    }
    return vm;
  }
  // Field 22 of this process's own line.
  static std::uint64_t start_time() {
    std::istringstream fields(read_file("/proc/self/stat"));
    std::string field;
    for (int i = 0; i < 22; ++i) fields >> field;
    return std::stoull(field);
  }
  static Timestamp now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
  void add_usual() {
    host_.add(vm("db", VmState::Exited));
    host_.add(vm("web-1", VmState::Running));
    host_.add(vm("web-2", VmState::Paused));
  }
  std::string file(const std::string& name, std::string_view content) {
    write_file(dir_ / name, content);
    return dir_ / name;
  }

  TempDir dir_;
  DoubleHost host_;
  RuntimeOptions options_;
  DoctorOptions doctor_;
  std::vector<Check> checks_;
};

constexpr const char* kSpec = R"({"boot-source":{"kernel_image_path":"/k"},"drives":[],
  "machine-config":{"vcpu_count":2,"mem_size_mib":256},"vsock":{"guest_cid":3,"uds_path":"/run/x.sock"}})";

TEST_F(CommandsTest, PsShowsWhatIsAlive) {
  add_usual();
  const Told ps = microvm({"ps"});
  EXPECT_EQ(ps.exit, 0) << ps.err;
  EXPECT_THAT(ps.out, AllOf(StartsWith("ID      STATE     VCPUS   MEMORY    PID    CREATED         STATUS\n"),
                            HasSubstr("\nweb-1   running   1       128 MiB   4711   3 minutes ago   Up 2 minutes\n"),
                            HasSubstr("\nweb-2   paused"), Not(HasSubstr("db")), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(microvm({"ps", "-a"}).out, HasSubstr("guest_panic 1 minute ago: Kernel panic ?[2J\n"));
  EXPECT_EQ(microvm({"ps", "-q"}).out, "web-1\nweb-2\n");
  EXPECT_EQ(microvm({"ps", "-aq"}).out, "db\nweb-1\nweb-2\n");
  EXPECT_EQ(microvm({"ps", "-q", "--filter", "state=paused", "--filter", "state=exited"}).out, "db\nweb-2\n");
  const Told bad = microvm({"ps", "--filter", "name=x"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, StartsWith("microvm: invalid: --filter name=x"));
}

TEST_F(CommandsTest, PsCutsShortUnlessToldNotTo) {
  VmInfo failed = vm("f", VmState::Failed);
  failed.failed_step = "net";
  failed.failure = std::string(200, 'x');
  host_.add(failed);
  EXPECT_THAT(microvm({"ps", "-a"}).out, Not(HasSubstr(std::string(60, 'x'))));
  EXPECT_THAT(microvm({"ps", "-a", "--no-trunc"}).out, HasSubstr("net: " + failed.failure));
}

TEST_F(CommandsTest, PsAsJson) {
  add_usual();
  const Told ps = microvm({"ps", "-a", "--output", "json"});
  EXPECT_THAT(ps.out, AllOf(StartsWith(R"([{"id":"db","state":"exited")"), HasSubstr(R"("reason":"guest_panic")"),
                            HasSubstr(R"("detail":"Kernel panic ?[2J")"), HasSubstr(R"("vmm":{"pid":4711)"),
                            HasSubstr(R"("id":"web-2")")));
  EXPECT_EQ(microvm({"ps", "--filter", "state=failed", "--output", "json"}).out, "[]\n");
}

TEST_F(CommandsTest, IdsByUniquePrefix) {
  add_usual();
  host_.add(vm("web", VmState::Running));
  EXPECT_EQ(microvm({"pause", "web-1"}).out, "web-1\n");
  EXPECT_EQ(microvm({"pause", "web"}).out, "web\n");
  EXPECT_EQ(microvm({"pause", "d"}).out, "db\n");
  const Told many = microvm({"pause", "we"});
  EXPECT_EQ(many.exit, 2);
  EXPECT_THAT(many.err, HasSubstr("web, web-1, web-2"));
  const Told none = microvm({"pause", "x\x1b"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_EQ(none.err, "microvm: missing: there is no VM x?\n");
  EXPECT_EQ(microvm({"pause", ""}).exit, 1);
}

TEST_F(CommandsTest, AVmMayHaveACommandsName) {
  host_.add(vm("ps", VmState::Running));
  EXPECT_EQ(microvm({"pause", "ps"}).out, "ps\n");
}

TEST_F(CommandsTest, SeveralAtOnceAndTheFirstFailureCounts) {
  add_usual();
  const Told pause = microvm({"pause", "nope", "web-1", "web-2"});
  EXPECT_EQ(pause.exit, 1);
  EXPECT_THAT(pause.out, AllOf(HasSubstr("web-1\n"), HasSubstr("web-2\n")));
  EXPECT_THAT(pause.err, HasSubstr("there is no VM nope"));
  const Told json = microvm({"resume", "nope", "web-1", "--output", "json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_EQ(
      json.out,
      R"([{"id":"nope","ok":false,"code":"missing","errno":0,"message":"there is no VM nope"},{"id":"web-1","ok":true}])"
      "\n");
  EXPECT_EQ(microvm({"unpause", "web-2"}).out, "web-2\n");
}

TEST_F(CommandsTest, StopClimbsTheLadderItIsGiven) {
  for (const char* id : {"a", "b", "c", "d"}) host_.add(vm(id, VmState::Running));
  EXPECT_EQ(microvm({"stop", "a"}).out, "a\n");
  microvm({"stop", "-t", "3", "b"});
  microvm({"stop", "--time", "500ms", "c"});
  const Told last = microvm({"stop", "-t", "0", "d", "--output", "json"});
  EXPECT_THAT(last.out, HasSubstr(R"([{"id":"d","ok":true,"outcome":{"tried":[{"rung":"ctrl_alt_del")"));
  EXPECT_THAT(host_.calls(), ElementsAre("stop a", "stop b ctrl_alt_del 3000 kill 5000",
                                         "stop c ctrl_alt_del 500 kill 5000", "stop d kill 5000"));
  EXPECT_EQ(microvm({"stop", "-t", "soon", "a"}).exit, 2);
}

TEST_F(CommandsTest, KillTakesNamesAndNumbers) {
  add_usual();
  for (const char* signal : {"TERM", "SIGTERM", "15"}) EXPECT_EQ(microvm({"kill", "-s", signal, "web-1"}).exit, 0);
  microvm({"kill", "web-1"});
  EXPECT_THAT(host_.calls(), ElementsAre("kill web-1 15", "kill web-1 15", "kill web-1 15", "kill web-1 9"));
  for (const char* signal : {"NOPE", "0", "65", "-1", "15x"})
    EXPECT_EQ(microvm({"kill", "-s", signal, "web-1"}).exit, 2);
}

TEST_F(CommandsTest, RmOfOneAndOfAll) {
  add_usual();
  const Told runs = microvm({"rm", "web-1"});
  EXPECT_EQ(runs.exit, 1);
  EXPECT_THAT(runs.err, StartsWith("microvm: wrong_state: "));
  EXPECT_EQ(microvm({"rm", "-a"}).out, "db\n");
  EXPECT_EQ(microvm({"rm", "-f", "web-1"}).out, "web-1\n");
  EXPECT_EQ(microvm({"rm", "--all", "--force"}).out, "web-2\n");
  EXPECT_EQ(microvm({"rm"}).exit, 2);
  EXPECT_EQ(microvm({"rm", "-a", "x"}).exit, 2);
}

TEST_F(CommandsTest, WaitTellsHowItEnded) {
  struct Row {
    ExitReason reason;
    int code;
  };
  for (const Row& row :
       {Row{ExitReason::GuestReboot, 0}, Row{ExitReason::GuestPoweroff, 0}, Row{ExitReason::Stopped, 0},
        Row{ExitReason::GuestPanic, 10}, Row{ExitReason::VmmError, 11}, Row{ExitReason::VmmSignal, 11},
        Row{ExitReason::Killed, 12}, Row{ExitReason::Unknown, 13}, Row{ExitReason::HostRebooted, 13}}) {
    VmInfo ended{.id = "a", .state = VmState::Exited, .exit = Exit{.reason = row.reason}};
    host_.add(ended);
    const Told wait = microvm({"wait", "a"});
    EXPECT_EQ(wait.exit, row.code) << reason_name(row.reason);
    EXPECT_EQ(wait.out, "a " + std::string(reason_name(row.reason)) + "\n");
  }
  host_.add(vm("b", VmState::Running));
  const Told late = microvm({"wait", "--timeout", "10ms", "b"});
  EXPECT_EQ(late.exit, 3);
  EXPECT_THAT(late.err, StartsWith("microvm: reply_timeout: "));
}

TEST_F(CommandsTest, InspectForPeopleAndPrograms) {
  add_usual();
  const Told text = microvm({"inspect", "db", "web-1"});
  EXPECT_THAT(text.out, AllOf(StartsWith("id              db\nstate           exited\n"),
                              HasSubstr("\nreason          guest_panic (certain)\n"),
                              HasSubstr("\nconsole         one\n                ?[31mtwo\n"),
                              HasSubstr("\n\nid              web-1\n"), HasSubstr("\nvmm             4711\n"),
                              HasSubstr("monitor         has died")));
  const Told json = microvm({"inspect", "--output", "json", "db", "nope"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_THAT(json.out, AllOf(StartsWith(R"([{"id":"db")"), testing::EndsWith("}]\n")));
}

TEST_F(CommandsTest, CreateLaysFlagsOverTheSpec) {
  const std::string spec = file("vm.json", kSpec);
  const Told create =
      microvm({"create", spec, "--name", "web-1", "-e", "A=1", "-e", "B=x=y", "--env", "C=", "--env-file",
               dir_ / "a.env", "--secret", "db=" + dir_ / "x/../db.pw", "--stop-timeout", "3"});
  EXPECT_EQ(create.exit, 0) << create.err;
  EXPECT_EQ(create.out, "web-1\n");
  const Spec made = host_.spec();
  EXPECT_EQ(made.id, "web-1");
  EXPECT_EQ(made.config.machine_config->vcpu_count, 2);
  EXPECT_THAT(made.metadata.env, ElementsAre(std::pair("A", "1"), std::pair("B", "x=y"), std::pair("C", "")));
  EXPECT_THAT(made.metadata.env_files, ElementsAre(dir_ / "a.env"));
  EXPECT_THAT(made.metadata.secrets, ElementsAre(std::pair("db", dir_ / "db.pw")));
  EXPECT_EQ(made.stop[0].budget, 3s);
  EXPECT_EQ(made.stop[1].budget, 5s);
  const Told again = microvm({"create", "--config", spec, "--id", "web-1"});
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, StartsWith("microvm: exists: "));
  EXPECT_THAT(microvm({"create", spec, "--output", "json"}).out,
              StartsWith(R"({"id":"made-up","phases":{"process_us":2100)"));
  EXPECT_EQ(microvm({"create", spec, "--stop-timeout", "0", "--id", "z"}).exit, 0);
  EXPECT_EQ(host_.spec().stop.size(), 1U);
}

TEST_F(CommandsTest, CreateNamesWhatIsWrong) {
  const std::string spec = file("vm.json", kSpec);
  const auto refused = [&](Words words, const char* why) {
    words.insert(words.begin(), "create");
    const Told told = microvm(words);
    EXPECT_EQ(told.exit, 2);
    EXPECT_THAT(told.err, AllOf(StartsWith("microvm: "), HasSubstr(why), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(host_.calls(), IsEmpty());
  };
  refused({spec, "-e", "hunter2"}, "--env");
  refused({spec, "-e", "=hunter2"}, "--env");
  refused({spec, "--secret", "hunter2"}, "--secret");
  refused({spec, "--name", "Web"}, "a-z");
  refused({dir_ / "none.json"}, "none.json");
  refused({file("bad.json", "{\n\"drives\": 7}")}, "bad.json:2");
  refused({}, "MICROVM_FIRECRACKER_KERNEL");
  refused({spec, "--config", spec}, "");
  refused({spec, "extra"}, "");
}

TEST_F(CommandsTest, ADryRunOnlyTells) {
  const std::string spec = file("vm.json", kSpec);
  for (const Words& words :
       {Words{"create", spec, "--id", "a", "--dry-run"}, Words{"run", spec, "--id", "a", "--dry-run"}}) {
    const Told told = microvm(words);
    EXPECT_EQ(told.exit, 0) << told.err;
    EXPECT_THAT(told.out, HasSubstr("\n  "));
  }
  EXPECT_THAT(microvm({"spec", "check", spec}).out, HasSubstr("\n  "));
  EXPECT_THAT(microvm({"spec", "check", spec, "--output", "json"}).out,
              StartsWith(R"({"warnings":[],"plan":[{"step":)"));
  EXPECT_THAT(host_.calls(), IsEmpty());
}

TEST_F(CommandsTest, AWarningIsAnErrorWhenStrict) {
  const std::string spec = file("vm.json", R"({"boot-source":{"kernel_image_path":"/k"},"nonsense":1})");
  EXPECT_THAT(microvm({"create", spec}).err, AllOf(StartsWith("microvm: warning: "), HasSubstr("nonsense")));
  EXPECT_EQ(microvm({"create", spec, "--id", "b", "--quiet"}).err, "");
  EXPECT_EQ(microvm({"create", spec, "--id", "c", "--strict"}).exit, 2);
}

TEST_F(CommandsTest, StartTellsWhereTheTimeWent) {
  microvm({"create", file("vm.json", kSpec), "--id", "a"});
  const Told start = microvm({"start", "a"});
  EXPECT_EQ(start.out, "a\n");
  EXPECT_EQ(start.err, "microvm: a: ready in 9.9 ms (start 9.9)\n");
  EXPECT_EQ(microvm({"rm", "-f", "a"}).exit, 0);
}

TEST_F(CommandsTest, LogsInOneStreamAcrossTheirHalves) {
  VmInfo one = vm("a", VmState::Exited);
  host_.add(one);
  write_file(one.state_dir + "/console.log.1",
             "2026-11-30T10:00:00.000000001Z stdout F one\n2026-11-30T10:00:01.5Z stdout P tw\n");
  write_file(one.state_dir + "/console.log",
             "2026-11-30T10:00:02.9Z stdout F o\r\n2026-11-30T10:00:03.0Z stdout F \x1b[1mthree\nnonsense\n"
             "2026-11-30T10:00:04.0Z stdout P login: \n");
  write_file(one.state_dir + "/vmm.log", "vmm says\n");
  EXPECT_EQ(microvm({"logs", "a"}).out, "one\ntwo\r\n\x1b[1mthree\nnonsense\nlogin: ");
  EXPECT_EQ(microvm({"logs", "--tail", "2", "a"}).out, "nonsense\nlogin: ");
  EXPECT_EQ(microvm({"logs", "--tail", "0", "a"}).out, "");
  EXPECT_EQ(microvm({"logs", "--tail", "100", "a"}).out, "one\ntwo\r\n\x1b[1mthree\nnonsense\nlogin: ");
  EXPECT_EQ(microvm({"logs", "--since", "2026-11-30T10:00:03Z", "a"}).out, "\x1b[1mthree\nnonsense\nlogin: ");
  EXPECT_THAT(microvm({"logs", "-t", "a"}).out,
              StartsWith("2026-11-30T10:00:00.000000001Z one\n2026-11-30T10:00:01.5Z two\r\n2026-11-30T10:00:03.0Z "));
  EXPECT_EQ(microvm({"logs", "-f", "--tail", "1", "a"}).out, "login: ");
  EXPECT_EQ(microvm({"logs", "--vmm", "a"}).out, "vmm says\n");
  EXPECT_EQ(microvm({"logs", "--vmm", "-t", "a"}).exit, 2);
  host_.add(vm("b", VmState::Created));
  EXPECT_EQ(microvm({"logs", "b"}).out, "");
}

TEST_F(CommandsTest, Events) {
  host_.events = {{.when = Timestamp(1s), .id = "a", .what = "created"},
                  {.when = now(), .id = "a", .what = "exited", .detail = "guest_panic \x1b"}};
  EXPECT_THAT(microvm({"events", "--no-stream"}).out,
              AllOf(StartsWith("1970-01-01T00:00:01.000Z a created\n"), HasSubstr(" a exited guest_panic ?\n")));
  EXPECT_THAT(microvm({"events", "--since", "1h", "--stream=false", "--output", "json"}).out,
              AllOf(StartsWith(R"({"when":"2)"), HasSubstr(R"("what":"exited")")));
  EXPECT_EQ(microvm({"events"}).out, "");
  EXPECT_THAT(host_.calls(), ElementsAre("events past", "events past", "events stream"));
}

TEST_F(CommandsTest, Gc) {
  EXPECT_EQ(microvm({"gc"}).out, "");
  host_.garbage = {{.what = "socket", .path = "/run/x", .why = "its VM is gone"}};
  EXPECT_THAT(microvm({"gc", "--dry-run"}).out, HasSubstr("socket   /run/x   no        its VM is gone\n"));
  EXPECT_EQ(microvm({"gc", "--output", "json"}).out,
            R"([{"what":"socket","path":"/run/x","why":"its VM is gone","removed":true}])"
            "\n");
}

TEST_F(CommandsTest, Doctor) {
  checks_ = {{.name = "kvm", .verdict = Verdict::Ok, .seen = "works", .advice = ""},
             {.name = "state-dir", .verdict = Verdict::Warn, .seen = "is \x1b[2J", .advice = "move it"}};
  const Told text = microvm({"doctor"});
  EXPECT_EQ(text.exit, 0);
  EXPECT_EQ(text.out,
            "ok   kvm         works\n"
            "warn state-dir   is ?[2J\n"
            "                 -> move it\n");
  EXPECT_EQ(doctor_.state_dir, dir_ / "state");
  EXPECT_EQ(doctor_.run_dir, dir_ / "run");
  checks_[0].verdict = Verdict::Fail;
  const Told json = microvm({"doctor", "--output", "json"});
  EXPECT_EQ(json.exit, 1);
  EXPECT_THAT(json.out, StartsWith(R"([{"name":"kvm","verdict":"fail","seen":"works","advice":""},)"));
}

TEST_F(CommandsTest, StatsOfWhatLives) {
  VmInfo self = vm("self", VmState::Running);
  self.vmm = ProcessId{.pid = ::getpid(), .start_time = start_time()};
  write_file(self.state_dir + "/console.log.1", std::string(1000, 'x'));
  write_file(self.state_dir + "/console.log", std::string(1048, 'x'));
  host_.add(self);
  host_.add(vm("other", VmState::Running));
  host_.add(vm("over", VmState::Exited));
  const Told text = microvm({"stats", "--no-stream", "--interval", "20ms"});
  EXPECT_EQ(text.exit, 0);
  EXPECT_THAT(text.out, testing::ContainsRegex("ID +CPU % +RSS +MONITOR RSS +CONSOLE\nother +- +- +- +0 B\n"
                                               "self +[0-9.]+ +[0-9.]+ MiB +- +2.0 KiB\n$"));
  EXPECT_THAT(microvm({"stats", "--no-stream", "-i", "20ms", "over", "self", "--output", "json"}).out,
              AllOf(StartsWith(R"([{"id":"over","cpu_percent":null,"rss_bytes":null)"),
                    HasSubstr(R"("monitor_rss_bytes":null,"console_bytes":2048}])")));
  EXPECT_EQ(microvm({"stats", "--no-stream", "nope"}).exit, 1);
}

TEST_F(CommandsTest, CompletionOfTheRealTree) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Told script = microvm({"completion", shell});
    EXPECT_EQ(script.exit, 0);
    EXPECT_THAT(script.out, AllOf(HasSubstr("'metadata ping'"), HasSubstr("unpause"), HasSubstr("detach-keys")));
    write_file(dir_ / "script", script.out);
    try {
      const Finished checked = run({.argv = {shell, "-n", dir_ / "script"}});
      EXPECT_EQ(checked.err, "");
      EXPECT_EQ(checked.status.code, 0) << shell;
    } catch (const std::system_error&) {
      // That shell is not installed.
    }
  }
  EXPECT_EQ(microvm({"completion", "tcsh"}).exit, 2);
}

TEST_F(CommandsTest, LogsFollowUntilTheEnd) {
  VmInfo one = vm("a", VmState::Running);
  host_.add(one);
  const auto append = [&](const std::string& text) {
    std::ofstream(one.state_dir + "/console.log", std::ios::app) << "1Z stdout F " << text << '\n';
  };
  append("before");
  std::thread monitor([&] {
    for (int i = 0; i < 50; ++i) {
      append(std::to_string(i));
      if (i % 10 == 5) std::filesystem::rename(one.state_dir + "/console.log", one.state_dir + "/console.log.1");
      std::this_thread::sleep_for(1ms);
    }
    append("last");
    write_file(one.state_dir + "/exit.json", "{}");
  });
  const Told logs = microvm({"logs", "-f", "a"});
  monitor.join();
  EXPECT_EQ(logs.exit, 0);
  std::string expected = "before\n";
  for (int i = 0; i < 50; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(logs.out, expected + "last\n");
}

TEST_F(CommandsTest, LogsOfAVmWhoseMonitorWroteNoEndAskTheRuntime) {
  host_.add(vm("a", VmState::Exited));
  EXPECT_EQ(microvm({"logs", "-f", "a"}).exit, 0);
}

TEST_F(CommandsTest, Version) {
  EXPECT_EQ(microvm({"version"}).out, "microvm 1.2.3\n");
  EXPECT_EQ(microvm({"version", "--output", "json"}).out, "{\"version\":\"1.2.3\"}\n");
}

TEST_F(CommandsTest, WhereVmsAreMayStandBehindTheCommand) {
  add_usual();
  EXPECT_EQ(microvm({"ps", "-q", "--state-dir", "s", "--run-dir", dir_ / "r/./x"}, false).exit, 0);
  EXPECT_EQ(options_.state_dir, std::filesystem::current_path().string() + "/s");
  EXPECT_EQ(options_.run_dir, dir_ / "r/x");
  const Told bad = microvm({"ps", "--firecracker", dir_ / "none"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_THAT(bad.err, AllOf(StartsWith("microvm: invalid: --firecracker is no program: "), HasSubstr("/none")));
}

TEST_F(CommandsTest, MetadataOfAVm) {
  VmInfo without = vm("a", VmState::Running);
  host_.add(without);
  const Told none = microvm({"metadata", "ping", "--vm", "a"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_THAT(none.err, HasSubstr("a has no vsock device"));
  VmInfo with = vm("b", VmState::Running);
  with.vsock_socket = dir_ / "none.sock";
  host_.add(with);
  const Told gone = microvm({"metadata", "ping", "--vm", "b", "--timeout", "20ms"});
  EXPECT_EQ(gone.exit, 3);
  EXPECT_THAT(gone.err, AllOf(StartsWith("microvm: socket_missing: "), HasSubstr("none.sock")));
  EXPECT_EQ(microvm({"metadata", "ping", "--vm", "b", "--uds", "x"}).exit, 2);
  EXPECT_EQ(microvm({"metadata", "ping"}).exit, 2);
}

}  // namespace
}  // namespace microvm::test
