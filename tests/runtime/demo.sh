#!/bin/sh
# The demo: a microVM with a real guest, from its configuration file to its end. What it shows, it checks.
#
# Needs no root. The environment names the pieces: MICROVM_BIN, MICROVM_FIRECRACKER_BIN, MICROVM_MONITOR_BIN,
# GUEST_VMLINUX, and those of tests/vmm/image.sh. FIRECRACKER_BIN, which may be missing, is preferred where it boots the
# guest: not every KVM does.
set -eu
[ -n "${DEMO_GUARDED-}" ] || DEMO_GUARDED=1 exec timeout --foreground 120 sh "$0" "$@"

image_sh=$(cd "$(dirname "$0")" && pwd)/../vmm/image.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/microvm-demo.XXXXXX")
cd "$dir"
export MICROVM_STATE_DIR="$dir/state" MICROVM_RUN_DIR="$dir/run"

cleanup() {
  status=$?
  trap '' EXIT INT TERM
  "$MICROVM_BIN" rm -f -a >/dev/null 2>&1 || :
  cd /
  rm -rf "$dir"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'die "not finished in time"' TERM

die() {
  printf '\ndemo: %s\n' "$1" >&2
  "$MICROVM_BIN" logs demo >&2 2>/dev/null || :
  exit 1
}

say() { printf '\n%s\n' "$*"; }

# host STATUS PATTERN ARGUMENTS...: runs a microvm command, which must end with STATUS and print what matches PATTERN.
host() {
  want=$1 pattern=$2
  shift 2
  printf '  host$ microvm %s\n' "$*"
  status=0
  "$MICROVM_BIN" "$@" >output 2>&1 || status=$?
  fold -s -w 112 output | sed 's/^/    /'
  [ "$status" = 0 ] || printf '    exit code %s\n' "$status"
  [ "$status" = "$want" ] || die "the exit code should have been $want"
  matches "$pattern"
}

matches() {
  # shellcheck disable=SC2254 # a pattern it is
  case $(cat output) in
    $1) ;;
    *) die "this should have matched: $1" ;;
  esac
}

# guest COMMAND PATTERN: a line for the root shell in the guest, which it has on a vsock port for this.
guest() {
  printf '  guest# %s\n' "$1"
  python3 - "$dir/v.sock" "$1" >output <<'END' || die "in the guest: $1: $(cat output)"
import socket, sys
shell = socket.socket(socket.AF_UNIX)
shell.settimeout(30)
shell.connect(sys.argv[1])
shell.sendall(b"CONNECT 1000\n")
stream = shell.makefile("rwb")
assert stream.readline().startswith(b"OK ")
stream.write(sys.argv[2].encode() + b"\n")
stream.flush()
output, status, _ = (b"\n" + stream.read()).rsplit(b"\n", 2)
sys.stdout.buffer.write(output.strip(b"\n") + b"\n")
sys.exit(int(status))
END
  sed 's/^/    /' output
  matches "$2"
}

say "1. A VM is a configuration file of Firecracker's; what its guest shall hold stands in files beside it."
sh "$image_sh" guest.cpio
cat >vm.json <<END
{
  "boot-source": {
    "kernel_image_path": "$GUEST_VMLINUX",
    "initrd_path": "guest.cpio",
    "boot_args": "console=ttyS0 reboot=k panic=1 pci=off quiet tsc=reliable mitigations=off no_timer_check"
  },
  "drives": [],
  "machine-config": {"vcpu_count": 1, "mem_size_mib": 128},
  "vsock": {"guest_cid": 3, "uds_path": "v.sock"}
}
END
printf 'REGION=north\nMODE=demo\n' >app.env
head -c 100000 /dev/urandom >disk-key
sed "s|$GUEST_VMLINUX|vmlinux|; s/^/    /" vm.json
if [ -n "${FIRECRACKER_BIN-}" ]; then
  if timeout 25 "$MICROVM_BIN" --firecracker "$FIRECRACKER_BIN" run --detach vm.json --name try -e TRY=1 >output 2>&1; then
    export MICROVM_FIRECRACKER_BIN="$FIRECRACKER_BIN"
  else
    say "$FIRECRACKER_BIN boots no Linux here ($(tail -n 1 output | cut -c 1-100)): firecracker-qemu takes its place."
  fi
  "$MICROVM_BIN" rm -f try >/dev/null 2>&1 || :
fi
printf '\nThe VMM: %s\n' "$MICROVM_FIRECRACKER_BIN"

say "2. It boots, gets its environment and its secret over vsock, and only then counts as ready."
host 0 '*ready in *' run --detach vm.json --name demo --env-file app.env --secret disk-key=./disk-key
guest 'uname -srm; cat /run/microvm-guest/env' '*REGION=north*'
printf '  host$ sha256sum disk-key\n'
sha256sum disk-key | tee sum | sed 's/^/    /'
guest 'cd /run/microvm-guest/secrets; sha256sum *; ls -ln' "$(cat sum)*-rw------- * 0 * 0 *100000 * disk-key"

say "3. From any other process: what there is, its console, more secrets while it runs."
host 0 '*demo *running *' ps
host 0 '*vsock is up*listening on vsock port 5555*' logs demo
head -c 24 /dev/urandom | base64 >token
host 0 'set-secret: ok*' metadata set-secret --vm demo api-token --from-file token
host 0 '*secret api-token*secret disk-key*' metadata stat --vm demo
host 2 '*9LIVES*' metadata set-env --vm demo 9LIVES=1
guest "insmod /lib/vsock_loopback.ko; echo '{\"op\":\"ping\",\"id\":\"1\"}' | vsock_probe --uid 1000 dial 1 5555" 'EOF'

say "4. It survives whoever started it, and its monitor: the next command starts another one."
monitor=$(cut -d ' ' -f 1 run/demo/monitor)
printf '  host$ kill -9 %s\n' "$monitor"
kill -KILL "$monitor"
host 0 '*running*' ps
host 0 'demo' pause demo
host 0 '*paused*' ps
host 0 'demo' resume demo
guest 'echo still here' 'still here'

say "5. It is stopped in good order, and what it was can still be asked."
host 0 'demo' stop demo
host 0 '*exited*stopped*' ps --all
host 0 'demo' rm demo

say "6. A guest that panics is told from one that ends: nothing waits for it any longer."
sed 's|"boot_args": "|&rdinit=/nowhere |' vm.json >broken.json
host 3 '*anic*' run --detach broken.json --name broken --env-file app.env
"$MICROVM_BIN" rm -f broken >/dev/null 2>&1 || :
say "Nothing is left:"
host 0 '*' ps --all
[ -z "$(find run state/vms -mindepth 1)" ] || die "something is left in $dir"
