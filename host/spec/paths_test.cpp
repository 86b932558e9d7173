#include "host/spec/paths.h"

#include <gtest/gtest.h>

namespace microvm::spec {
namespace {

TEST(Paths, BecomeAbsoluteAndKeepTheirMeaning) {
  const struct {
    const char *base, *path, *absolute;
  } kRows[] = {
      {"/vms/a", "vmlinux", "/vms/a/vmlinux"},
      {"/vms/a/", "./img/../rootfs.ext4", "/vms/a/img/../rootfs.ext4"},
      {"/vms/a", "../b", "/vms/a/../b"},
      {"/vms", "/abs//x/./y", "/abs/x/y"},
      {"/vms", "//abs", "/abs"},
      {"/", "a", "/a"},
      {"/", "/", "/"},
      {"/", ".", "/"},
      {"/vms", "dir/", "/vms/dir/"},
      {"/vms", "dir/.", "/vms/dir/"},
      {"/vms", "...", "/vms/..."},
      {"/vms", "", ""},
  };
  for (const auto& [base, path, expected] : kRows) {
    EXPECT_EQ(absolute(base, path), expected) << base << " " << path;
    EXPECT_EQ(absolute("/other", absolute(base, path)), expected) << "once more";
  }
}

}  // namespace
}  // namespace microvm::spec
