#!/bin/sh
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What the kubelet must not find, and what it must not change.

# cgroup v1: a controller that the machine has mounted without the engine's doing is mounted by systemd, and the kubelet
# refuses to start because it has no cgroup there. Those that the engine handed over got one from kind's entrypoint.
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    for controller in /sys/fs/cgroup/*; do
        case $controller in */systemd | */unified) continue ;; esac
        if mountpoint -q "$controller" && [ ! -d "$controller/kubelet" ]; then
            umount "$controller" || true
        fi
    done
fi

# These sysctls belong to the whole machine: the kubelet gets files with the values it wants in their place.
mkdir -p /run/shield
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    name=${setting%=*}
    file=/run/shield/$(echo "$name" | tr / .)
    [ -e "$file" ] && continue
    echo "${setting#*=}" > "$file"
    mount --bind "$file" "/proc/sys/$name" || true
done
