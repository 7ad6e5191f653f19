# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Go programs from the module proxy: Kubernetes, etcd, CoreDNS, crictl and kind."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.lab.config import COREDNS, CRICTL, DATA, GO_MINIMUM, KIND, KUBERNETES, LabError, Places, digest_of
from tests.lab.process import run
from tests.lab.steps import step

_MODULES = DATA / "modules"
_KUBERNETES = (
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl", "kubeadm",
)  # fmt: skip


@dataclass(frozen=True)
class Program:
    name: str
    module: str
    package: str
    settings: str = ""


def _kubernetes_settings() -> str:
    """Without these, clients and subctl see version v0.0.0."""
    major, minor, _patch = KUBERNETES[1:].split(".")
    values = {
        "gitVersion": KUBERNETES,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return "".join(f" -X {package}.{key}={value}" for package in packages for key, value in values.items())


def programs() -> list[Program]:
    kubernetes = [Program(n, "k8s", f"k8s.io/kubernetes/cmd/{n}", " " + _kubernetes_settings()) for n in _KUBERNETES]
    return [
        *kubernetes,
        Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        Program(
            "crictl", "crictl", "sigs.k8s.io/cri-tools/cmd/crictl",
            f" -X sigs.k8s.io/cri-tools/pkg/version.Version={CRICTL}",
        ),
        Program("coredns", "coredns", "."),
    ]  # fmt: skip


def key() -> str:
    files = sorted(path for path in _MODULES.rglob("*") if path.is_file())
    settings = [f"{p.name} {p.package} {p.settings}" for p in programs()]
    return digest_of(KIND, KUBERNETES, COREDNS, *settings, *files)


def environment_of_go() -> dict[str, str]:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    needed = ".".join(str(number) for number in GO_MINIMUM)
    if go is None:
        raise LabError(f"Go {needed} or later is needed to build the node image: install it and put it on the PATH")
    environment = {**os.environ, "CGO_ENABLED": "0", "PATH": f"{Path(go).parent}:{os.environ.get('PATH', '')}"}
    version = run([go, "env", "GOVERSION"], env={**environment, "GOTOOLCHAIN": "local"}).out.strip()
    numbers = tuple(int(part) for part in version[2:].split("-")[0].split(" ")[0].split(".") if part.isdigit())
    if numbers < GO_MINIMUM:
        environment["GOTOOLCHAIN"] = f"go{needed}"  # Go from 1.21 on gets itself this one from the module proxy
    return environment


def _folder(places: Places) -> Path:
    return places.cache / "bin" / key()


def finished(places: Places) -> Path | None:
    folder = _folder(places)
    names = ("kind", *(program.name for program in programs()))
    return folder if all((folder / name).exists() for name in names) else None


def build(places: Places) -> Path:
    """Folder with all programs. Each one that is there is complete, so a killed build goes on where it was."""
    folder = _folder(places)
    folder.mkdir(parents=True, exist_ok=True)
    if finished(places):
        return folder
    missing = [program for program in programs() if not (folder / program.name).exists()]
    install_kind(places, folder)
    environment = environment_of_go()
    for program in missing:
        with step(f"build {program.name}"):
            fresh = folder / f"{program.name}.new"
            # the module is copied: Go writes into its folder, and the repository may be read-only
            module = places.cache / "modules" / program.module
            shutil.copytree(_MODULES / program.module, module, dirs_exist_ok=True)
            run(
                ["go", "build", "-trimpath", f"-ldflags=-s -w{program.settings}", "-o", str(fresh), program.package],
                env=environment, cwd=module, log=places.logs / f"build-{program.name}.log",
            )  # fmt: skip
            os.replace(fresh, folder / program.name)
    return folder


def install_kind(places: Places, folder: Path) -> None:
    if (folder / "kind").exists():
        return
    with step(f"build kind {KIND}"):
        run(
            ["go", "install", "-trimpath", "-ldflags=-s -w", f"sigs.k8s.io/kind@{KIND}"],
            env={**environment_of_go(), "GOBIN": str(folder / "new")}, log=places.logs / "build-kind.log",
        )  # fmt: skip
        os.replace(folder / "new" / "kind", folder / "kind")
        shutil.rmtree(folder / "new")


def kind_sources() -> Path:
    """Files of kind's own base image, from the module cache."""
    answer = run(["go", "mod", "download", "-json", f"sigs.k8s.io/kind@{KIND}"], env=environment_of_go()).out
    return Path(str(json.loads(answer)["Dir"])) / "images" / "base" / "files"
