#!/bin/busybox sh
# The first process of the machine: finds the root of the machine outside, and goes there.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
@LOAD@
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /low
mount -t tmpfs tmpfs /up
mkdir /up/over /up/work
mount -t overlay -o lowerdir=/low,upperdir=/up/over,workdir=/up/work overlay /new
for each in proc sys dev; do mount --move /$each /new/$each; done
exec switch_root /new /bin/sh @GUEST@
