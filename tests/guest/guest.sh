#!/bin/sh
# A real Linux guest: its image, its vsock backend, its QEMU. Tests and the demo boot it the same way.
#
#   guest.sh image FILE             write the initramfs: busybox, modules, the daemon and what starts it, the probe,
#                                   the files that docs/guest-setup.md shows, and what $GUEST_EXTRA_MODULES (names;
#                                   not loaded) and $GUEST_EXTRA_PROGRAMS (paths) add; $GUEST_INIT in place of init
#   guest.sh vsock CID              serve the guest's vsock device
#   guest.sh qemu FILE CHARDEV ...  boot FILE once the backend is there; its shell is CHARDEV (see init), its console
#                                   ./console.log, the host's end of its vsock device ./vsock; the kernel gets the
#                                   words left (METADATAD="flags" starts the daemon, see init), QEMU those of
#                                   $GUEST_QEMU
#
# `vsock` and `qemu` become the program they start: who started them holds it, and may have it die with him.
set -eu
here=$(dirname "$0")

modules='virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci vsock
  vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport vsock_loopback'

image() {
  tree=$(mktemp -d "$1.XXXXXX")
  trap 'rm -rf "$tree"' EXIT
  mkdir "$tree/bin" "$tree/lib" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/run" "$tree/var"
  ln -s ../run "$tree/var/run"
  for name in $modules ${GUEST_EXTRA_MODULES-}; do
    file=$(find "$GUEST_MODULES/" -name "$name.ko")
    [ -n "$file" ] || { echo "guest.sh: $GUEST_MODULES: no module $name.ko below it" >&2; exit 1; }
    cp "$file" "$tree/lib/"
  done
  cp "$BUSYBOX" "$tree/bin/busybox"
  ln -s busybox "$tree/bin/sh"
  for init in systemd busybox; do
    sh "$here/../../packaging/install.sh" "$tree" "$METADATAD_STATIC_BIN" "$init"
  done
  mkdir -p "$tree/usr/local/bin"
  cp "$here/app" "$tree/usr/local/bin/"
  shown_files "$here/../../docs/guest-setup.md" "$tree"
  # shellcheck disable=SC2086 # a list
  cp "$VSOCK_PROBE" ${GUEST_EXTRA_PROGRAMS-} "$tree/bin/"
  cp "${GUEST_INIT-$here/init}" "$tree/init"
  cp "$here/shell" "$tree/bin/guest_shell"
  chmod 0755 "$tree" "$tree/init" "$tree/bin/guest_shell"
  (cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$1"
}

# shown_files MARKDOWN DIR: what stands in code blocks that begin with a path behind '#' becomes files below DIR.
shown_files() {
  awk -v dir="$2" '
    /^```/ { first = inside = !inside; file = ""; next }
    first && /^# \// { file = dir $2; system("mkdir -p $(dirname " file ")") }
    !first && file != "" { print >file }
    { first = 0 }' "$1"
  chmod 0755 "$2"/usr/local/bin/*
}

vsock() {
  exec "$VHOST_DEVICE_VSOCK" --vm "guest-cid=$1,socket=vhost.sock,uds-path=vsock.backend"
}

qemu() {
  file=$1
  chardev=$2
  shift 2
  for try in $(seq 250); do
    [ ! -S vhost.sock ] || [ ! -S vsock.backend ] || break
    [ "$try" -lt 250 ] || { echo "guest.sh: no vhost.sock and vsock.backend in $PWD after 5 s" >&2; exit 1; }
    sleep 0.02
  done
  # A dial in the moment in which the guest's driver starts kills the worker of vhost-device-vsock 0.3, and no later one
  # is answered. So the socket gets its name behind that moment; a client that is early waits for it as for a VMM.
  (until grep -q '^vsock is up' console.log || ! kill -0 $$; do sleep 0.02; done; mv vsock.backend vsock) 2>/dev/null &
  # no_timer_check: on a busy machine the timer's interrupts may come too late for the kernel's patience, which panics.
  # Whatever happens to its starter, no guest burns the processor for ever.
  # shellcheck disable=SC3045 # dash has it
  ulimit -t 600
  # shellcheck disable=SC2086 # words
  exec qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -M q35 -accel tcg -cpu max -smp 1 \
    -m 256 -object memory-backend-memfd,id=mem,size=256M,share=on -machine memory-backend=mem \
    -kernel "$GUEST_KERNEL" -initrd "$file" \
    -append "console=ttyS0 quiet panic=-1 reboot=t tsc=reliable mitigations=off no_timer_check $*" \
    -serial file:console.log -chardev "$chardev,id=shell" -serial chardev:shell \
    -chardev socket,id=vsock,path=vhost.sock -device vhost-user-vsock-pci,chardev=vsock ${GUEST_QEMU-}
}

"$@"
