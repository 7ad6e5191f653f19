# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The node's root file system: Debian with systemd and containerd, and what kind expects in a node image."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.lab.config import DATA, KUBERNETES, LabError
from tests.lab.process import run

NODE_FILES = DATA / "node"
PACKAGES = (
    # what kind's own base image has
    "systemd", "dbus", "conntrack", "iptables", "nftables", "iproute2", "ethtool", "util-linux", "mount", "kmod",
    "libseccomp2", "pigz", "e2fsprogs", "bash", "ca-certificates", "curl", "jq", "procps", "socat", "hostname", "login",
    "containerd", "runc", "containernetworking-plugins",
    # what tests look at nodes with, and what Ansible and the firewall role work with
    "ipset", "iputils-ping", "netcat-openbsd", "tcpdump", "busybox-static", "python3", "firewalld", "ufw",
)  # fmt: skip
_PROGRAMS = ("kubeadm", "kubelet", "kubectl", "crictl")
_ENABLED = ("kubelet", "containerd", "undo-mount-hacks", "lab-cni")


def sources() -> list[str]:
    """The machine's own package sources."""
    candidates = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    return [str(path) for path in candidates if path.suffix in (".list", ".sources") and path.is_file()]


def suite() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=", 1)[1].strip('"')
    raise LabError("/etc/os-release names no VERSION_CODENAME: the node image needs a Debian machine")


def make(root: Path, programs: Path, kind_files: Path, log: Path) -> None:
    run(
        ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite(), str(root), *sources()],
        log=log,
    )
    _copy_kind_files(root, kind_files)
    _quiet_systemd(root)
    _containerd(root)
    _lab_files(root)
    for name in _PROGRAMS:
        _install(programs / name, root / "usr/bin" / name)
    _chroot(root, "systemctl", "enable", "-q", *(f"{unit}.service" for unit in _ENABLED))
    # it would register things that belong to the machine's kernel
    _chroot(root, "systemctl", "mask", "-q", "systemd-binfmt.service")
    for waste in ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(root / waste, ignore_errors=True)
        (root / waste).mkdir(parents=True)
    (root / "etc/machine-id").write_text("")


def _chroot(root: Path, *argv: str) -> str:
    return run(["chroot", str(root), *argv]).out


def _install(source: Path, target: Path, mode: int = 0o755) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _link(target: str, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _copy_kind_files(root: Path, kind_files: Path) -> None:
    """Go's module cache is read-only: contents are copied, modes are set."""
    for source in sorted(kind_files.rglob("*")):
        inside = source.relative_to(kind_files)
        if source.is_file() and inside.parts[0] in ("kind", "etc", "usr"):
            executable = inside.parts[:2] in (("kind", "bin"), ("usr", "local"))
            _install(source, root / inside, 0o755 if executable else 0o644)


def _quiet_systemd(root: Path) -> None:
    """Only what a node needs is started; firewalld and ufw are there but off."""
    patterns = (
        "lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
        "lib/systemd/system/multi-user.target.wants/*",
        "etc/systemd/system/*.wants/*",
        "etc/systemd/system/dbus-org.fedoraproject.FirewallD1.service",
        "lib/systemd/system/local-fs.target.wants/*",
        "lib/systemd/system/sockets.target.wants/*udev*",
        "lib/systemd/system/sockets.target.wants/*initctl*",
        "lib/systemd/system/basic.target.wants/*",
        "lib/systemd/system/containerd.service",
    )
    for pattern in patterns:
        for path in root.glob(pattern):
            path.unlink()
    with (root / "etc/systemd/journald.conf").open("a") as file:
        file.write("ReadKMsg=no\n")
    _link("/usr/lib/systemd/systemd", root / "usr/sbin/init")


def _containerd(root: Path) -> None:
    for name in ("containerd", "ctr", "containerd-shim-runc-v2"):
        _link(f"/usr/bin/{name}", root / "usr/local/bin" / name)
    _link("/usr/sbin/runc", root / "usr/local/sbin/runc")
    for folder in ("opt/cni/bin", "etc/cni/net.d", "etc/kubernetes/manifests"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for plugin in (root / "usr/lib/cni").iterdir():
        _install(plugin, root / "opt/cni/bin" / plugin.name)
    spec = json.loads(_chroot(root, "ctr", "oci", "spec"))
    spec.setdefault("hooks", {}).setdefault("createContainer", []).append({"path": "/kind/bin/mount-product-files.sh"})
    spec["process"].pop("rlimits", None)
    (root / "etc/containerd/cri-base.json").write_text(json.dumps(spec))
    # without CAP_SYS_RESOURCE containerd cannot lower a process's oom score, and pods would hang
    _replace(root / "etc/containerd/config.toml", "restrict_oom_score_adj = false", "restrict_oom_score_adj = true")


def _lab_files(root: Path) -> None:
    # the kubelet refuses cgroup v1 from 1.35 on
    _replace(root / "etc/default/kubelet", "KUBELET_EXTRA_ARGS=", "KUBELET_EXTRA_ARGS=--fail-cgroupv1=false ")
    for script in ("lab-cni.sh", "before-kubelet.sh"):
        _install(NODE_FILES / script, root / "kind/bin" / script)
    _install(NODE_FILES / "lab-cni.service", root / "etc/systemd/system/lab-cni.service", 0o644)
    _install(
        NODE_FILES / "12-before-kubelet.conf",
        root / "etc/systemd/system/kubelet.service.d/12-before-kubelet.conf",
        0o644,
    )
    for manifest in ("default-cni.yaml", "default-storage.yaml"):
        _install(NODE_FILES / manifest, root / "kind/manifests" / manifest, 0o644)
    (root / "kind/version").write_text(KUBERNETES)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise LabError(f"node image: {path.name} of kind's base files has changed, {old!r} is not in it")
    path.write_text(text.replace(old, new, 1))
