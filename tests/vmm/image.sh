#!/bin/sh
# image.sh FILE: the initramfs of a guest for a VMM. It is that of tests/guest with another init, and with drivers for
# all devices that Firecracker has; a test loads those it needs.
here=$(dirname "$0")
export GUEST_INIT="$here/init"
export GUEST_EXTRA_MODULES="virtio_mmio virtio_blk failover net_failover virtio_net virtio-rng virtio_balloon"
exec sh "$here/../guest/guest.sh" image "$1"
