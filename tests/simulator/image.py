# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the images of the simulation: python -m tests.simulator.image build OUT_DIR [--version VERSION].

OUT_DIR then holds `subctl` and one OCI archive with an image per component. All images share the same two layers:
Debian and PyPI packages (kept in the lab's cache, keyed by what goes into it), and the simulation's own files.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.config import places
from tests.simulator import names

SOURCES = Path(__file__).resolve().parent
REQUIREMENTS = SOURCES / "requirements.txt"
SUITE = "bookworm"
PACKAGES = (
    "python3",
    "iproute2",
    "iptables",
    "ipset",
    "nftables",
    "iputils-ping",
    "netcat-openbsd",
    "curl",
    "ca-certificates",
    "procps",
)
# What Debian brings and nobody needs in a container.
WASTE = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/cache/apt", "var/lib/apt/lists")
UNUSED = (*WASTE, "usr/share/perl", "usr/lib/x86_64-linux-gnu/perl", "usr/lib/python3.11/lib2to3", "var/log")
USER = 1001
IN_IMAGE = "opt/simulator"
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "any")

# Program in the image -> module that it starts
PROGRAMS = {
    "usr/local/bin/submariner-operator": "tests.simulator.operator",
    "usr/local/bin/submariner-gateway": "tests.simulator.gateway",
    "usr/local/bin/submariner-route-agent.sh": "tests.simulator.routeagent",
    "usr/local/bin/submariner-globalnet": "tests.simulator.globalnet",
    "usr/local/bin/lighthouse-agent": "tests.simulator.lighthouse.agent",
    "usr/local/bin/lighthouse-coredns": "tests.simulator.lighthouse.coredns",
    "app/metricsproxy": "tests.simulator.metricsproxy",
}
# Image -> program that it starts with, empty for a shell
ENTRYPOINTS = {
    names.OPERATOR_IMAGE: "/usr/local/bin/submariner-operator",
    names.GATEWAY_IMAGE: "/usr/local/bin/submariner-gateway",
    names.ROUTE_AGENT_IMAGE: "/usr/local/bin/submariner-route-agent.sh",
    names.GLOBALNET_IMAGE: "/usr/local/bin/submariner-globalnet",
    names.LIGHTHOUSE_AGENT_IMAGE: "/usr/local/bin/lighthouse-agent",
    names.LIGHTHOUSE_COREDNS_IMAGE: "/usr/local/bin/lighthouse-coredns",
    names.NETTEST_IMAGE: "",
}
LAUNCHER = """#!/usr/bin/env python3
import os
import sys
from pathlib import Path

os.environ["SUBMARINER_SIMULATED_VERSION"] = "{version}"
sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))
from tests.simulator.subctl.__main__ import main

raise SystemExit(main(sys.argv[1:]))
"""
MEDIA = "application/vnd.oci.image"


class BuildError(Exception):
    """The image cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Layer:
    """A compressed layer and the digest of what is in it."""

    file: Path
    diff_id: str


def run(*argv: str, log: Path) -> None:
    """A program that has to succeed."""
    with log.open("a") as file:
        result = subprocess.run(argv, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        last = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise BuildError(f"{argv[0]} failed: {last} (log: {log})")


def apt_sources() -> list[str]:
    """The machine's own package sources."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    return [str(file) for file in files if file.suffix in (".list", ".sources") and file.is_file()]


def base_layer(cache: Path, log: Path) -> Layer:
    """Debian and PyPI packages; from the cache when nothing that goes in has changed."""
    key = hashlib.sha256(json.dumps([PACKAGES, SUITE, UNUSED, PLATFORMS]).encode() + REQUIREMENTS.read_bytes())
    kept = cache / key.hexdigest()[:16]
    layer = kept / "layer.tar.gz"
    if not (kept / "diff-id").is_file():
        if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
            raise BuildError("building the image needs root and the package mmdebstrap")
        shutil.rmtree(kept, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="base-", dir=cache) as work:
            root = Path(work) / "root"
            bootstrap(root, log)
            install_python_packages(root, log)
            fresh = Path(work) / "fresh"
            fresh.mkdir()
            made = pack(fresh / "layer.tar.gz", lambda tar: tar.add(root, arcname="."))
            (fresh / "diff-id").write_text(made.diff_id)
            if not kept.exists():  # another build may have been faster
                fresh.rename(kept)
    return Layer(layer, (kept / "diff-id").read_text())


def bootstrap(root: Path, log: Path) -> None:
    """A small Debian with the programs that the components start."""
    packages = f"--include={','.join(PACKAGES)}"
    run("mmdebstrap", "--variant=essential", packages, SUITE, str(root), *apt_sources(), log=log)
    for unused in UNUSED:
        shutil.rmtree(root / unused, ignore_errors=True)
    (root / "etc/machine-id").write_text("")
    with (root / "etc/passwd").open("a") as file:
        file.write(f"submariner:x:{USER}:0::/tmp:/usr/sbin/nologin\n")


def install_python_packages(root: Path, log: Path) -> None:
    """Wheels for the image's own Python, whatever Python runs this program."""
    library = next((root / "usr/lib").glob("python3.*"))
    version = library.name.removeprefix("python")
    target = root / f"usr/local/lib/python{version}/dist-packages"
    options = [f"--platform={platform}" for platform in PLATFORMS]
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--only-binary=:all:", "--implementation=cp")
    run(*pip, f"--python-version={version}", *options, f"--target={target}", "-r", str(REQUIREMENTS), log=log)
    run("chroot", str(root), "python3", "-m", "compileall", "-q", f"/usr/local/lib/python{version}", log=log)


def code_layer(work: Path) -> Layer:
    """The simulation's own files and the programs that start them."""

    def fill(tar: tarfile.TarFile) -> None:
        for file in sorted(SOURCES.rglob("*.py")):
            relative = file.relative_to(SOURCES)
            if relative.parts[0] not in ("subctl", "image.py"):
                add(tar, f"{IN_IMAGE}/tests/simulator/{relative}", file.read_bytes(), 0o644)
        for program, module in PROGRAMS.items():
            add(tar, program, f'#!/bin/sh\nexec python3 -m {module} "$@"\n'.encode(), 0o755)

    return pack(work / "code.tar.gz", fill)


def add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))


def pack(file: Path, fill: Callable[[tarfile.TarFile], None]) -> Layer:
    """A layer whose digests depend on the contents alone."""

    class Counting(io.RawIOBase):
        def __init__(self, target: gzip.GzipFile) -> None:
            self.target = target
            self.sum = hashlib.sha256()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            content = bytes(data)  # type: ignore[call-overload]
            self.sum.update(content)
            return self.target.write(content)

    with file.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
        counting = Counting(packed)
        with tarfile.open(fileobj=counting, mode="w|") as tar:
            fill(tar)
        return Layer(file, f"sha256:{counting.sum.hexdigest()}")


def digest_of_file(file: Path) -> str:
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def descriptor(kind: str, content: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"mediaType": f"{MEDIA}.{kind}", "digest": digest, "size": len(content)}


def config_of(image: str, layers: list[Layer]) -> bytes:
    """The image's configuration; the operator must name a numeric user, as its Deployment demands non-root."""
    config: dict[str, object] = {
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            f"PYTHONPATH=/{IN_IMAGE}",
            "PYTHONDONTWRITEBYTECODE=1",
        ],
        "Labels": {"io.submariner.lifecycle.simulated": names.BANNER},
    }
    if ENTRYPOINTS[image]:
        config["Entrypoint"] = [ENTRYPOINTS[image]]
    else:
        config["Cmd"] = ["/bin/sh"]
    if image == names.OPERATOR_IMAGE:
        config["User"] = str(USER)
    rootfs = {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}
    return json.dumps({"architecture": "amd64", "os": "linux", "config": config, "rootfs": rootfs}).encode()


def write_archive(archive: Path, layers: list[Layer], version: str = names.RECORDED) -> None:
    """One OCI archive with an image per component, tagged with the version."""
    kind = f"{MEDIA}.layer.v1.tar+gzip"
    layer_descriptors = [
        {"mediaType": kind, "digest": digest_of_file(layer.file), "size": layer.file.stat().st_size} for layer in layers
    ]
    index = []
    with tarfile.open(archive, "w") as tar:
        add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}', 0o644)
        for layer, described in zip(layers, layer_descriptors, strict=True):
            tar.add(layer.file, arcname=blob(str(described["digest"])))
        for image in names.IMAGES:
            config = config_of(image, layers)
            manifest = json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": f"{MEDIA}.manifest.v1+json",
                    "config": descriptor("config.v1+json", config),
                    "layers": layer_descriptors,
                }
            ).encode()
            for content in (config, manifest):
                add(tar, blob(str(descriptor("", content)["digest"])), content, 0o644)
            reference = names.image(image, version)
            annotations = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}
            index.append({**descriptor("manifest.v1+json", manifest), "annotations": annotations})
        add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": index}).encode(), 0o644)


def blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def build(out: Path, version: str = names.RECORDED) -> None:
    """Everything that a lab needs, in one folder."""
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    cache = places().cache / "simulator-base"
    base = base_layer(cache, out / "build.log")
    print(f"base layer: {base.file.stat().st_size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s")
    with tempfile.TemporaryDirectory(prefix="image-", dir=out) as work:
        write_archive(out / "submariner.tar", [base, code_layer(Path(work))], version)
    package = out / "python/tests/simulator"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
    launcher = out / "subctl"
    launcher.write_text(LAUNCHER.format(version=version))
    launcher.chmod(0o755)
    print(f"{out}: {len(names.IMAGES)} images and subctl, {time.monotonic() - started:.0f} s")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.image")
    parser.add_argument("command", choices=["build"])
    parser.add_argument("out", metavar="OUT_DIR", type=Path)
    parser.add_argument("--version", default=names.RECORDED, help="what it calls itself; it behaves the same")
    options = parser.parse_args(argv)
    try:
        if not re.fullmatch(r"[\w.-]+", options.version):
            raise BuildError(f"--version {options.version} cannot be an image's tag")
        build(options.out, options.version)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
