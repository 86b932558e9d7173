#!/bin/sh
# The tests of firecracker-go-sdk against a VMM, in a network of their own; the VMMs that they leave behind end with them.
#   go_sdk.sh CHECKOUT VMM SCRATCH     (as root; `go` in PATH)
# Ends with 1 if a test fails that go_sdk_wants.txt does not name.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
checkout=$1 vmm=$2 scratch=$3
export FC_TEST_DATA_PATH="$scratch/data" FC_TEST_BIN="$vmm" FC_TEST_TAP=fc-test-tap0
rm -rf "$FC_TEST_DATA_PATH" && cp -r "$checkout/testdata" "$FC_TEST_DATA_PATH"
as --64 -o "$scratch/kernel.o" "$here/kernel.S"
ld -nostdlib -z max-page-size=4096 -T "$here/kernel.ld" -o "$FC_TEST_DATA_PATH/vmlinux" "$scratch/kernel.o"
for disk in root-drive.img root-drive-with-ssh.img; do
  truncate -s 8M "$FC_TEST_DATA_PATH/$disk"
  mke2fs -q -t ext4 "$FC_TEST_DATA_PATH/$disk"
done
: >"$FC_TEST_DATA_PATH/root-drive-ssh-key"
(cd "$checkout" && go test -c -o "$scratch/go_sdk_test" .)
# shellcheck disable=SC2016 # for the inner shell
(cd "$checkout" && unshare -n -p -f --mount-proc sh -c 'ip link set lo up && ip tuntap add "$FC_TEST_TAP" mode tap &&
  exec timeout 300 "$0" -test.v -test.timeout 280s' "$scratch/go_sdk_test") >"$scratch/go_sdk.log" 2>&1 || true

awk -v wants="$here/go_sdk_wants.txt" '
  BEGIN { while ((getline line <wants) > 0) if (line !~ /^#/) { split(line, word, " "); sub(/^[^ ]+ +/, "", line); why[word[1]] = line } }
  /^=== RUN   [^\/]*$/ { started[$3] = 1 }
  /^--- (PASS|FAIL|SKIP): / {
    sub(":", "", $2); name = $3; count[$2]++; ended[name] = 1
    if ($2 != "PASS") { print $2, name (name in why ? ": wants " why[name] : ""); if (!(name in why)) bad = 1 }
    else if (name in why) print "PASS", name ", which was said to want " why[name]
  }
  END {
    for (name in started) if (!(name in ended)) { print "NO END", name; bad = 1 }
    if (!count["PASS"]) bad = 1
    printf "go-sdk: %d passed, %d failed, %d skipped\n", count["PASS"], count["FAIL"], count["SKIP"]
    exit bad
  }' "$scratch/go_sdk.log"
