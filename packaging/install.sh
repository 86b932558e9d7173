#!/bin/sh
# Puts the daemon into a guest's root directory, and what starts it there.
#
#   install.sh ROOT DAEMON INIT   DAEMON: the static binary, with the loader beside it; INIT: see below
#
# Nothing is enabled, except that busybox init starts what its table names. See docs/guest-setup.md.
set -eu
[ $# = 3 ] || { echo 'usage: install.sh ROOT DAEMON systemd|openrc|runit|busybox' >&2; exit 2; }
root=$1 daemon=$2 init=$3
from=$(dirname "$0")
name=microvm-guest-metadatad

put() { install -D -m "$1" "$2" "$root$3"; }

case $init in
  systemd)
    put 644 "$from/systemd/$name.socket" "/usr/lib/systemd/system/$name.socket"
    put 644 "$from/systemd/$name.service" "/usr/lib/systemd/system/$name.service"
    ;;
  openrc) put 755 "$from/openrc/$name" "/etc/init.d/$name" ;;
  runit) put 755 "$from/runit/run" "/etc/sv/$name/run" ;;
  busybox)
    mkdir -p "$root/etc"
    grep -qs "/$name" "$root/etc/inittab" || cat "$from/busybox/inittab" >>"$root/etc/inittab"
    ;;
  *) echo "install.sh: $init: no such init" >&2; exit 2 ;;
esac
put 755 "$daemon" "/usr/sbin/$name"
put 755 "$(dirname "$daemon")/microvm-env-exec" /usr/bin/microvm-env-exec
