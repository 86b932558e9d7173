#!/bin/sh
# The suites that need a VMM, against Firecracker itself, wherever its guests can run.
#
#   real.sh pack DIR      collect in DIR all that they need: FIRECRACKER_BIN, JAILER_BIN if there is one, the tests of
#                         TESTS (a build directory), MONITOR_BIN, the guest's kernel and image
#   real.sh run DIR       run them here, on this machine's KVM
#   real.sh nested DIR    run them in a machine of QEMU's, whose emulated processor has a KVM: no other is needed
#
# GTEST_FILTER selects tests. The exit code says whether all passed.
set -eu
here=$(dirname "$0")
suites='fcapi_contract_test vmm_test runtime_guest_test'

pack() {
  rm -rf "$1"
  mkdir -p "$1"
  for suite in $suites; do
    strip -o "$1/$suite" "$TESTS/tests/$suite"
  done
  strip -o "$1/microvm" "$TESTS/bin/microvm"
  cp "$MONITOR_BIN" "$1/microvm-monitor"
  strip -o "$1/firecracker" "$FIRECRACKER_BIN"
  [ -z "${JAILER_BIN-}" ] || strip -o "$1/jailer" "$JAILER_BIN"
  cp "$GUEST_VMLINUX" "$BUSYBOX" "$0" "$1/"
  sh "$here/image.sh" "$1/guest.cpio"
}

run() {
  dir=$(cd "$1" && pwd)
  export FIRECRACKER_BIN="$dir/firecracker" VMM_BIN="$dir/firecracker" MICROVM_BIN="$dir/microvm" \
    MONITOR_BIN="$dir/microvm-monitor" GUEST_VMLINUX="$dir/vmlinux" GUEST_IMAGE="$dir/guest.cpio" BUSYBOX="$dir/busybox"
  unset JAILER_BIN
  [ ! -e "$dir/jailer" ] || export JAILER_BIN="$dir/jailer"
  failed=
  for suite in $suites; do
    echo "--- $suite"
    "$dir/$suite" || failed="$failed $suite"
  done
  echo "--- Firecracker: ${failed:+failed:}${failed:-all suites passed}"
  [ -z "$failed" ]
}

# The machine: the guests' kernel, all of DIR and the libraries that its programs want.
machine() { # machine DIR FILE
  tree=$(mktemp -d "$2.XXXXXX")
  trap 'rm -rf "$tree"' EXIT
  mkdir "$tree/bin" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/usr" "$tree/modules"
  cp -r "$1" "$tree/suite"
  cp "$BUSYBOX" "$tree/bin/"
  ln -s busybox "$tree/bin/sh"
  cp "$here/nested_init" "$tree/init"
  chmod 0755 "$tree/init"
  find "$GUEST_MODULES/" \( -name irqbypass.ko -o -name kvm.ko -o -name kvm-amd.ko -o -name tun.ko \) \
    -exec cp {} "$tree/modules/" \;
  for program in "$1"/*; do
    ldd "$program" 2>/dev/null || : # not all are programs
  done | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*/\1/p' | sort -u | while read -r library; do
    mkdir -p "$tree${library%/*}"
    cp -L "$library" "$tree$library"
  done
  (cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$2"
}

nested() {
  machine "$1" "$1.cpio"
  rm -f "$1.verdict"
  words="console=ttyS0 quiet panic=-1 reboot=t tsc=reliable mitigations=off nokaslr no_timer_check"
  # One processor: with two it hangs within minutes. It tells its verdict on a serial port of its own.
  timeout 900 setpriv --pdeathsig KILL qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -M q35 \
    -accel tcg,thread=multi,tb-size=512 -cpu EPYC,check=off -smp 1 -m 2560 -kernel "$GUEST_KERNEL" -initrd "$1.cpio" \
    -append "$words${GTEST_FILTER+ GTEST_FILTER=$GTEST_FILTER}" -serial stdio -serial "file:$1.verdict" </dev/null ||
    echo "real.sh: the machine ended with exit code $?" >&2
  rm -f "$1.cpio"
  [ "$(cat "$1.verdict")" = passed ]
}

"$@"
