#!/bin/busybox sh
# The first process of the guest: mounts, modules, then /job. What the runner reads goes to the second serial port,
# so that kernel messages (on the first) never get between.
export PATH=/tools:/sbin:/usr/sbin:/bin:/usr/bin HOME=/root LC_ALL=C
/bin/busybox mkdir -p /sbin /usr/sbin /usr/bin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
# initramfs has /dev/console only; devtmpfs brings the rest.
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
for module in $(cat /modules/order); do
    insmod "/modules/$module.ko" || echo "no module $module" >&2
done
ip link set lo up
# Kernels before 5.11 charge BPF maps to this limit.
ulimit -l unlimited
if grep -q mtutrace.shell /proc/cmdline; then
    echo "mtutrace's guest, $(uname -r). Tests: /tests/NAME; the tracer: mtutrace run; the end: poweroff -f"
    . /job/environment
    setsid cttyhack sh
else
    # Bytes as they are: a terminal would turn line ends into two characters.
    stty -F /dev/ttyS1 raw
    sh /job/run >/dev/ttyS1
fi
sync
poweroff -f
