// `microvm metadata apply` and its kin: what they read, send and tell.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/host/cli_fixture.h"

namespace microvm::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class CliTransactionTest : public CliTest {
 protected:
  // A guest that keeps the last request and answers it with `more`.
  void answer(std::string more) {
    vsock_.listen(kPort, answering([this, more = std::move(more)](const std::string& request) {
                    request_ = request;
                    return ok_to(request, more);
                  }));
  }
  std::string folder(const std::string& name) {
    make_dir(dir_ / name);
    return dir_ / name;
  }
};

constexpr const char* kApplied = R"("etag":"e-2","changed":true,"durable":false)";

TEST_F(CliTransactionTest, AppliesFiles) {
  answer(kApplied);
  const std::string secrets = folder("secrets");
  write_file(secrets + "/crt", std::string_view("\0\xff\n", 3));
  write_file(secrets + "/key", "");
  const std::string env = file("app.env", "export A='1'\nB=\n");
  const Finished text = metadata({"apply", "--env-file", env, "--secrets-dir", secrets, "--delete", "old", "--delete",
                                  "older", "--epoch", "blue", "--if-match", "e-1"});
  EXPECT_EQ(text.status.code, 0) << text.err;
  EXPECT_THAT(request_, EndsWith(R"("if_match":"e-1","epoch":"blue","env":{"A":"1","B":""},)"
                                 R"("secrets":{"crt":"AP8K","key":""},"delete_secrets":["old","older"]})"));
  EXPECT_THAT(text.out, AllOf(IsOneLine(), MatchesRegex("apply: ok in [0-9.]+ ms: etag e-2, changed, not durable\n")));

  const Finished json = metadata({"apply", "--env-merge", "--env-file", "-", "--secrets-dir", folder("none"),
                                  "--secrets-replace", "--output", "json"},
                                 "A=2\n");
  EXPECT_EQ(json.status.code, 0) << json.err;
  EXPECT_THAT(request_, EndsWith(R"("env_mode":"merge","env":{"A":"2"},"secrets_mode":"replace","secrets":{}})"));
  EXPECT_THAT(json.out, MatchesRegex(R"(\{"ok":true,"op":"apply","elapsed_ms":[0-9.]+,"etag":"e-2","changed":true,)"
                                     R"("durable":false\})"
                                     "\n"));
}

TEST_F(CliTransactionTest, AppliesADocument) {
  answer(R"("etag":"e-2","changed":false,"durable":true)");
  const char* document = R"({"env": {"A": "1"}, "secrets": {"k": "eA=="},
                             "epoch": "e"})";
  const Finished piped = metadata({"apply", "--json", "-"}, document);
  EXPECT_EQ(piped.status.code, 0) << piped.err;
  EXPECT_THAT(request_, EndsWith(R"("epoch":"e","env":{"A":"1"},"secrets":{"k":"eA=="}})"));
  EXPECT_THAT(piped.out, HasSubstr(": etag e-2, unchanged, durable\n"));
  request_.clear();
  EXPECT_EQ(metadata({"apply", "--json", file("change.json", document)}).status.code, 0);
  EXPECT_THAT(request_, HasSubstr(R"("secrets":{"k":"eA=="})"));
}

TEST_F(CliTransactionTest, WhatIsNoTransactionIsNotSent) {
  const std::string env = file("app.env", "A=1\n");
  for (const Words& words : std::vector<Words>{{"apply"},
                                               {"apply", "more"},
                                               {"apply", "--if-match", "e"},
                                               {"apply", "--env-merge", "--epoch", "e"},
                                               {"apply", "--secrets-replace", "--epoch", "e"},
                                               {"apply", "--delete", "a/b"},
                                               {"apply", "--delete", "a", "b"},
                                               {"apply", "--epoch", std::string(256, 'e')},
                                               {"apply", "--json", "-", "--epoch", "e"},
                                               {"apply", "--json", "-", "--delete", "a"},
                                               {"apply", "--json", "-", "--if-match", "e"},
                                               {"apply", "--json", "-", "--env-file", env},
                                               {"apply", "--json", "-", "--secrets-dir", dir_.path()},
                                               {"apply", "--json", file("unknown.json", R"({"envs":{}})")},
                                               {"apply", "--env-file", file("bad.env", "1=1\n")},
                                               {"delete-secret"},
                                               {"delete-secret", "a/b"},
                                               {"wipe", "all"},
                                               {"stat", "all"}}) {
    SCOPED_TRACE(testing::PrintToString(words));
    expect_failure(metadata(words, "{}"), 2, "invalid");
  }
  expect_failure(metadata({"apply", "--json", dir_ / "missing"}), 2, "io");
  expect_failure(metadata({"apply", "--secrets-dir", dir_ / "missing"}), 2, "io");
  expect_failure(metadata({"apply", "--secrets-dir", env}), 2, "io");
}

TEST_F(CliTransactionTest, WhatIsNoSecretInTheFolderIsNamed) {
  const auto refused = [this](const std::string& secrets, const std::string& entry) {
    SCOPED_TRACE(entry);
    const Finished finished = metadata({"apply", "--secrets-dir", secrets});
    expect_failure(finished, 2, "invalid");
    EXPECT_THAT(finished.err, AllOf(HasSubstr(secrets), HasSubstr(entry), Not(HasSubstr("hunter2"))));
  };
  std::string secrets = folder("name");
  write_file(secrets + "/crt.pem", "hunter2");
  refused(secrets, "crt.pem");
  secrets = folder("folder");
  make_dir(secrets + "/inner");
  refused(secrets, "inner: it is no regular file");
  secrets = folder("link");
  ASSERT_EQ(::symlink("/etc/passwd", (secrets + "/link").c_str()), 0);
  refused(secrets, "link: it is no regular file");
  secrets = folder("pipe");
  ASSERT_EQ(::mkfifo((secrets + "/pipe").c_str(), 0600), 0);
  refused(secrets, "pipe: it is no regular file");
  secrets = folder("large");
  write_file(secrets + "/a", std::string(400'000, 's'));
  write_file(secrets + "/b", std::string(400'000, 's'));
  refused(secrets, "do not fit one request of 1048576 bytes");
  secrets = folder("largest");
  write_file(secrets + "/a", std::string(1'048'577, 's'));
  refused(secrets, "largest/a: 1048577 bytes");
}

TEST_F(CliTransactionTest, DeletesAndWipes) {
  answer(kApplied);
  const Finished deleted = metadata({"delete-secret", "tls-key"});
  EXPECT_THAT(deleted.out, MatchesRegex("delete-secret: ok in [0-9.]+ ms: etag e-2, changed, not durable\n"));
  EXPECT_THAT(request_, EndsWith(R"("name":"tls-key"})"));
  EXPECT_EQ(metadata({"delete-secret", "tls-key", "--if-match", "e-1"}).status.code, 0);
  EXPECT_THAT(request_, EndsWith(R"("name":"tls-key","if_match":"e-1"})"));
  const Finished wiped = metadata({"wipe"});
  EXPECT_THAT(wiped.out, MatchesRegex("wipe: ok in [0-9.]+ ms: etag e-2, changed, not durable\n"));
  EXPECT_EQ(metadata({"wipe", "--if-match", "e-1"}).status.code, 0);
  EXPECT_THAT(request_, EndsWith(R"("if_match":"e-1"})"));
}

TEST_F(CliTransactionTest, StatIsATable) {
  answer(R"("etag":"e-2","epoch":"blue\u001b[2J","env":["A","LANG"],"secrets":[)"
         R"({"name":"crt","size":1704,"mtime_ms":1795509479052},{"name":"db-password","size":7,"mtime_ms":0}])");
  const Finished text = metadata({"stat"});
  EXPECT_EQ(text.status.code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("stat: ok in "));
  EXPECT_THAT(text.out, EndsWith(" ms\n"
                                 "etag e-2\n"
                                 "epoch blue?[2J\n"
                                 "env A\n"
                                 "env LANG\n"
                                 "secret crt            1704 2026-11-24T08:37:59.052Z\n"
                                 "secret db-password       7 1970-01-01T00:00:00.000Z\n"));
  const Finished json = metadata({"stat", "--output", "json"});
  EXPECT_THAT(json.out, IsOneLine());
  EXPECT_THAT(json.out, EndsWith(R"(,"etag":"e-2","epoch":"blue\u001b[2J","env":["A","LANG"],"secrets":[)"
                                 R"({"name":"crt","size":1704,"mtime_ms":1795509479052},)"
                                 R"({"name":"db-password","size":7,"mtime_ms":0}]})"
                                 "\n"));
  answer(R"("etag":"e-2","epoch":null,"env":[],"secrets":[])");
  EXPECT_THAT(metadata({"stat"}).out, EndsWith(" ms\netag e-2\n"));
  EXPECT_THAT(metadata({"stat", "--output", "json"}).out,
              EndsWith(R"(,"etag":"e-2","epoch":null,"env":[],"secrets":[]})"
                       "\n"));
}

TEST_F(CliTransactionTest, InfoIsATable) {
  answer(R"("version":"1.2.3","protocol":2,"limits":{"secrets":1024},"filesystem":{"type":"tmpfs","durable":false},)"
         R"("confinement":{"seccomp":true,"landlock":6,"mode":"whole"},"counters":{"errors":1,"requests":7})");
  EXPECT_THAT(metadata({"info"}).out, EndsWith(" ms\n"
                                               "version 1.2.3\n"
                                               "protocol 2\n"
                                               "filesystem tmpfs not durable\n"
                                               "limit secrets 1024\n"
                                               "confinement landlock 6\n"
                                               "confinement mode whole\n"
                                               "confinement seccomp true\n"
                                               "counter errors 1\n"
                                               "counter requests 7\n"));
  EXPECT_THAT(metadata({"info", "--output", "json"}).out,
              EndsWith(R"(,"version":"1.2.3","protocol":2,"limits":{"secrets":1024},)"
                       R"("filesystem":{"type":"tmpfs","durable":false},)"
                       R"("confinement":{"landlock":6,"mode":"whole","seccomp":true},)"
                       R"("counters":{"errors":1,"requests":7}})"
                       "\n"));
}

TEST_F(CliTransactionTest, AConflictIsARefusalWithItsCode) {
  vsock_.listen(kPort, answering([](const std::string& request) {
                  return fmt::format(
                      "{{\"id\":\"{}\",\"ok\":false,\"error\":\"not the present etag\",\"code\":\"conflict\"}}\n",
                      id_of(request));
                }));
  const Finished json = metadata({"wipe", "--if-match", "e-1", "--output", "json"});
  expect_failure(json, 1, "rejected");
  EXPECT_THAT(json.out, AllOf(StartsWith(R"({"ok":false,"op":"wipe","code":"rejected","errno":0,"message":")"),
                              EndsWith(R"(,"guest_code":"conflict"})"
                                       "\n")));
}

TEST_F(CliTransactionTest, WaitsThroughLosses) {
  vsock_.listen(kPort, [this](LineClient& host) {
    read_request(host);
    vsock_.listen(kPort, daemon());
  });
  const Finished waited = metadata({"wait", "--timeout", "20s"});
  EXPECT_EQ(waited.status.code, 0) << waited.err;
  EXPECT_THAT(waited.out, StartsWith("wait: ok in "));
  vsock_.listen(kPort, [](LineClient& host) { read_request(host); });
  expect_failure(metadata({"wait", "--timeout", "200ms"}), 3, "connection_lost");
}

}  // namespace
}  // namespace microvm::test
