# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab of its own for each test: own home, the machine's cache, and a Submariner that is a few bytes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab import config, sweep
from tests.lab.images import write_archive

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "quay.io/submariner/nettest:0.0.1"
SMALL = ("--clusters", "1", "--workers", "0")
_SYSCTLS = (
    "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/all/rp_filter", "kernel/panic",
    "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "vm/overcommit_memory", "vm/panic_on_oom",
)  # fmt: skip
_RULES = (("iptables-nft-save",), ("iptables-legacy-save",), ("ip6tables-nft-save",), ("nft", "list", "ruleset"))


@dataclass(frozen=True)
class Result:
    rc: int
    out: str
    err: str


@dataclass(frozen=True)
class TestLab:
    places: config.Places
    source: Path

    __test__ = False

    @property
    def environment(self) -> dict[str, str]:
        own = {"SUBMARINER_LAB_HOME": str(self.places.home), "SUBMARINER_LAB_CACHE": str(self.places.cache)}
        return {**os.environ, **own, "PYTHONUNBUFFERED": "1"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.lab", *arguments], cwd=ROOT, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str) -> Result:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=900)
        return Result(process.returncode, out, err)

    def up(self) -> Result:
        return self.run("up", *SMALL, "--submariner", str(self.source))

    def kill_up_at(self, line: str) -> None:
        """SIGKILL when that line of progress appears, and a moment later, in the middle of the step."""
        process = self.start("up", *SMALL, "--submariner", str(self.source))
        assert process.stderr is not None
        seen = []
        for text in process.stderr:
            seen.append(text)
            if line in text:
                time.sleep(1.0)
                process.send_signal(signal.SIGKILL)
                break
        process.communicate(timeout=30)
        assert line in seen[-1], "".join(seen)
        assert process.returncode == -signal.SIGKILL

    def leftovers(self) -> list[str]:
        return sweep.leftovers(self.places)


def machine() -> dict[str, str]:
    """The machine's firewall and those settings that engines and kubelets like to change."""
    answers = {name: (Path("/proc/sys") / name).read_text() for name in _SYSCTLS}
    for command in _RULES:
        if shutil.which(command[0]):
            rules = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            answers[" ".join(command)] = re.sub(r"(?m)^#.*\n|\[\d+:\d+\]", "", rules)
    return answers


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submariner")
    content = tmp_path_factory.mktemp("content")
    (content / "etc").mkdir()
    (content / "etc" / "name").write_text("nettest\n")
    write_archive(folder / "nettest.tar", IMAGE, content, ["/usr/bin/nothing"])
    (folder / "subctl").write_text("#!/bin/sh\necho 'subctl version: v0.0.1'\n")
    (folder / "subctl").chmod(0o755)
    return folder


@pytest.fixture
def lab(tmp_path: Path, source: Path) -> Iterator[TestLab]:
    lab = TestLab(config.Places(tmp_path / "lab", config.places().cache), source)
    yield lab
    lab.run("down")
    shutil.rmtree(tmp_path / "lab", ignore_errors=True)
