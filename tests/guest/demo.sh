#!/bin/sh
# The demo: a real guest, the daemon inside it, the command on the host. What it shows, it checks.
#
# Needs no root. The environment names the pieces, as for the tests: MICROVM_BIN and those of guest.sh.
set -eu
[ -n "${DEMO_GUARDED-}" ] || DEMO_GUARDED=1 exec timeout --foreground 60 sh "$0" "$@"

: "${MICROVM_BIN:?is not set: the path of the microvm command}"
guest_sh=$(cd "$(dirname "$0")" && pwd)/guest.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/microvm-demo.XXXXXX")
cd "$dir"
pids=''

cleanup() {
  status=$?
  trap '' EXIT INT TERM
  for pid in $pids; do
    kill -KILL "$pid" || :
    wait "$pid" || :
  done 2>/dev/null
  cd /
  rm -rf "$dir"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'die "not finished in time"' TERM

die() {
  printf '\ndemo: %s\n' "$1" >&2
  cat console.log qemu.log >&2 2>/dev/null || :
  exit 1
}

say() { printf '\n%s\n' "$*"; }

# piece LOG COMMAND...: a piece of guest.sh in the background, which ends with this script whatever ends it.
piece() {
  log=$1
  shift
  setpriv --pdeathsig KILL sh "$guest_sh" "$@" >"$log" 2>&1 3>&- 4>&- &
  pids="$! $pids"
}

# host STATUS ARGUMENTS...: runs a microvm command, which must end with STATUS.
host() {
  want=$1
  shift
  printf '  host$ %smicrovm %s\n' "${source:+$source | }" "$*"
  status=0
  "$MICROVM_BIN" "$@" >output 2>&1 || status=$?
  sed 's/^/    /' output
  [ "$status" = 0 ] || printf '    exit code %s\n' "$status"
  [ "$status" = "$want" ] || die "the exit code should have been $want"
}

# ask COMMAND: runs it in the guest's shell; its output is left in the file `output`.
ask() {
  printf '%s\n' "$1" >&3
  read -r status size <&4 || die "the guest has gone"
  head -c "$size" <&4 >output
  [ "$status" = 0 ] || die "in the guest: $1: exit status $status: $(cat output)"
}

# guest COMMAND PATTERN: shows a command of the guest and its output, which must match PATTERN.
guest() {
  printf '  guest# %s\n' "$1"
  ask "$1"
  sed 's/^/    /' output
  # shellcheck disable=SC2254 # a pattern it is
  case $(cat output) in
    $2) ;;
    *) die "this should have matched: $2" ;;
  esac
}

say "1. A guest boots under QEMU, with a vsock device of CID 3. The client is there first, and waits."
sh "$guest_sh" image initramfs.cpio
mkfifo shell.in shell.out
exec 3<>shell.in 4<>shell.out
started=$(date +%s%N)
piece vsock.log vsock 3
piece qemu.log qemu initramfs.cpio pipe,path=shell 'METADATAD=""'
host 0 metadata ping --uds vsock --timeout 40s
printf '    %s ms after QEMU was started\n' $((($(date +%s%N) - started) / 1000000))
read -r ready <&4
[ "$ready" = ready ] || die "the guest's shell is not there"
exec 4<shell.out # for reading alone: it ends when QEMU does
guest 'uname -srm' 'Linux * x86_64'
printf '  guest console\n'
grep 'listening on vsock port 5555,' console.log | fold -s -w 110 | sed 's/^/    /'

say "2. Environment: replaced as a whole, or merged; an empty value deletes."
host 0 metadata set-env --uds vsock REGION=north MODE=demo DEBUG=1
host 0 metadata set-env --uds vsock --merge DEBUG= GREETING=hello
guest 'cat /var/run/microvm-guest/env' 'GREETING=hello
MODE=demo
REGION=north'

say "3. Secrets: from a file, from standard input, never an argument. The guest has the same bytes."
head -c 100000 /dev/urandom >disk-key
head -c 24 /dev/urandom | base64 >token
host 0 metadata set-secret --uds vsock disk-key --from-file disk-key
source='cat token' host 0 metadata set-secret --uds vsock api-token --from-file - <token
printf '  host$ sha256sum token disk-key\n'
sha256sum token disk-key | tee sums | sed 's/^/    /'
guest 'cd /var/run/microvm-guest/secrets; sha256sum *' "$(sed 's/ token/ api-token/' sums)"
guest 'cd /var/run/microvm-guest; ls -dln . env secrets secrets/*' \
  'drwx------ * 0 * 0 * .
-rw------- * 0 * 0 * env
drwx------ * 0 * 0 * secrets
-rw------- * 0 * 0 *33 * secrets/api-token
-rw------- * 0 * 0 *100000 * secrets/disk-key'

say "4. What is refused: a bad key, before it is sent; a port where nobody listens; a process of the guest itself."
host 2 metadata set-env --uds vsock 9LIVES=1
host 3 metadata ping --uds vsock --port 5556 --timeout 1s
ask 'insmod /lib/vsock_loopback.ko'
guest "echo '{\"op\":\"ping\",\"id\":\"1\"}' | vsock_probe --uid 1000 dial 1 5555" 'EOF'

say "All of it was real: the kernel, its AF_VSOCK, the static daemon, the command. The machine was emulated."
