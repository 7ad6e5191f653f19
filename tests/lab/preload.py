# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images that a node must have before it has a network, unpacked into the root file system's containerd store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.lab.config import COREDNS, ETCD_TAG, KUBERNETES, PAUSE_TAG, LabError
from tests.lab.host import program
from tests.lab.images import layers_of, write_archive
from tests.lab.process import background, end, run, wait_until
from tests.lab.rootfs import NODE_FILES

_KUBE_PROXY_TOOLS = ("xtables-nft-multi", "xtables-legacy-multi", "nft", "conntrack", "ipset")
_IPTABLES_NAMES = (
    "iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore",
)  # fmt: skip


def make_archives(root: Path, programs: Path, work: Path) -> list[Path]:
    work.mkdir(parents=True)
    pause = work / "pause"
    run(["gcc", "-static", "-Os", "-s", "-o", str(pause), str(NODE_FILES / "pause.c")])
    one_program = [
        *((f"registry.k8s.io/{n}:{KUBERNETES}", programs / n) for n in
          ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
        (f"registry.k8s.io/pause:{PAUSE_TAG}", pause),
        (f"registry.k8s.io/etcd:{ETCD_TAG}", programs / "etcd"),
        (f"registry.k8s.io/coredns/coredns:{COREDNS}", programs / "coredns"),
        ("docker.io/library/busybox:1", root / "bin/busybox"),
    ]  # fmt: skip
    archives = [_one_program_image(reference, path, work) for reference, path in one_program]
    archives.append(_kube_proxy_image(root, programs / "kube-proxy", work))
    return archives


def _one_program_image(reference: str, path: Path, work: Path) -> Path:
    content = work / "content"
    for folder in ("usr/local/bin", "etc"):
        (content / folder).mkdir(parents=True)
    (content / "tmp").mkdir()
    (content / "tmp").chmod(0o1777)
    _copy(path, content / "usr/local/bin" / path.name)
    (content / "usr/local/bin" / path.name).chmod(0o755)
    return _packed(reference, content, path.name, work)


def _kube_proxy_image(root: Path, kube_proxy: Path, work: Path) -> Path:
    """kube-proxy calls iptables (nft and legacy), nft, conntrack and ipset; xtables loads its modules by name."""
    content = work / "content"
    for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "run", "tmp"):
        (content / folder).mkdir(parents=True)
    for folder in ("bin", "sbin", "lib", "lib64"):
        (content / folder).symlink_to(f"usr/{folder}")
    modules = next(iter((root / "usr/lib").glob("*/xtables")), None)
    if modules is None:
        raise LabError("node image: the iptables package has no xtables modules")
    inside = modules.relative_to(root)
    shutil.copytree(modules, content / inside, symlinks=True)
    objects = [f"/usr/sbin/{tool}" for tool in _KUBE_PROXY_TOOLS]
    for path in _libraries(root, [*objects, *(f"/{inside}/{module.name}" for module in modules.glob("*.so"))]):
        _copy(root / path.lstrip("/"), content / path.lstrip("/"))
    for path in objects:
        _copy(root / path.lstrip("/"), content / path.lstrip("/"))
    for name in _IPTABLES_NAMES:
        (content / "usr/sbin" / name).symlink_to("xtables-nft-multi")
    _copy(root / "bin/busybox", content / "usr/bin/busybox")
    (content / "usr/bin/sh").symlink_to("busybox")
    for name in ("protocols", "services"):
        if (root / "etc" / name).exists():
            _copy(root / "etc" / name, content / "etc" / name)
    _copy(kube_proxy, content / "usr/local/bin/kube-proxy")
    return _packed(f"registry.k8s.io/kube-proxy:{KUBERNETES}", content, "kube-proxy", work)


def _libraries(root: Path, objects: Sequence[str]) -> set[str]:
    words = run(["chroot", str(root), "ldd", *objects], check=False).out.split()
    return {word for word in words if word.startswith("/") and not word.endswith(":")}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _packed(reference: str, content: Path, name: str, work: Path) -> Path:
    archive = work / f"{name}.tar"
    write_archive(archive, reference, content, [f"/usr/local/bin/{name}"])
    shutil.rmtree(content)
    return archive


def fill_store(root: Path, archives: Sequence[Path], work: Path, log: Path) -> None:
    """A containerd of our own unpacks the images. Their packed layers are dropped: no node needs them."""
    store = root / "var/lib/containerd"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    socket = work / "containerd.sock"
    configuration = work / "containerd.toml"
    configuration.write_text(
        f'version = 2\nroot = "{store}"\nstate = "{work / "state"}"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n'
    )
    pid = background([program("containerd"), "-c", str(configuration)], env=os.environ, log=log)
    ctr = [program("ctr"), "-a", str(socket), "-n", "k8s.io"]
    try:
        if not wait_until(lambda: run([*ctr, "version"], check=False, timeout=5).rc == 0, 20):
            raise LabError(f"node image: containerd does not start (log: {log})")
        for archive in archives:
            run([*ctr, "images", "import", str(archive)])
        run([*ctr, "content", "rm", *sorted(layers_of(archives))])
        pause = f"registry.k8s.io/pause:{PAUSE_TAG}"
        run([*ctr, "images", "tag", pause, "garbage.local/now:1"])
        run([*ctr, "images", "rm", "--sync", "garbage.local/now:1"])  # runs the collector before it returns
    finally:
        end([pid], grace=10)
