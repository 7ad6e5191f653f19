# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of each command of the Makefile."""

from __future__ import annotations

import pathlib
import random
import sys
import typing as t

from tests.run.paths import ROOT
from tests.run.steps import Counter, Step, closing_line, junit, lines

TYPED = ("extensions", "plugins", "tests")
OLDEST_CORE = "2.16"
COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")}


def _step(name: str, *command: str, limit: float = 600.0, counter: Counter | None = None) -> Step:
    return Step(name, list(command), ROOT, limit, COLLECTIONS, counter)


def _module(name: str, module: str, *arguments: str, limit: float = 600.0, counter: Counter | None = None) -> Step:
    return _step(name, sys.executable, "-m", module, *arguments, limit=limit, counter=counter)


def _pytest(name: str, folder: str, logs: pathlib.Path, *options: str, limit: float = 900.0) -> Step:
    """A pytest run whose cases are counted one by one."""
    report = f"{name.replace(' ', '-')}.xml"
    arguments = (folder, f"--junitxml={logs / report}", "--color=no", *options)
    return _module(name, "pytest", *arguments, limit=limit, counter=junit(report))


def lint() -> list[Step]:
    return [
        _step("ansible-lint", "ansible-lint", "--offline", "--strict", "--nocolor"),
        _step("yamllint", "yamllint", "--strict", "."),
        _step("ruff", "ruff", "check", "--no-cache", "."),
        _step("ruff format", "ruff", "format", "--no-cache", "--check", "."),
        _step("mypy", "mypy", *TYPED),
        _step("changelog", "antsibull-changelog", "lint"),
        _module("workflows", "tests.run.workflows"),
        _module("documentation", "tests.run.docs"),
        _module("documentation site", "tests.run.site"),
    ]


def sanity(logs: pathlib.Path, core: str = "") -> Step:
    name = f"sanity with ansible-core {core}" if core else "sanity"
    report = f"{name.replace(' ', '-')}.xml"
    arguments = ["--junit", str(logs / report), *(["--core", core] if core else [])]
    return _module(name, "tests.run.sanity", *arguments, limit=1500.0, counter=junit(report))


def unit(logs: pathlib.Path, seed: int) -> Step:
    options = ("--ignore=tests/unit/roles", f"--hypothesis-seed={seed}")
    return _pytest("unit tests", "tests/unit", logs, *options, limit=2700.0)


def roles(logs: pathlib.Path, half: int | None = None) -> Step:
    """Each case is a run of ansible-playbook: twice as long as all other unit tests together. C(half) is the seed for one half."""
    options = () if half is None else (f"--half={half}",)
    return _pytest("unit tests of roles", "tests/unit/roles", logs, *options, limit=3600.0)


def packaging(logs: pathlib.Path) -> Step:
    return _pytest("packaging", "tests/packaging", logs)


def lab() -> Step:
    """Two clusters with the simulated Submariner's images; cold it builds Kubernetes."""
    return _module("lab", "tests.lab", "up", "--submariner", "simulated", limit=2400.0)


def scenarios(logs: pathlib.Path, *options: str, limit: float) -> Step:
    name = "scenarios"
    return _module(name, "tests.scenarios", *options, limit=limit, counter=closing_line(logs / f"{name}.log"))


def fidelity(logs: pathlib.Path, states: list[str]) -> Step:
    """The simulation held against recordings of the real Submariner; all of them when none is named."""
    name = "fidelity"
    counter = lines(logs / f"{name}.log", passed=r"^\S+: .* 0 differences,", failed=r"^\S+: .* [1-9]\d* differences,")
    return _module(name, "tests.fidelity", "--bring", *states, limit=3600.0, counter=counter)


def awx(logs: pathlib.Path, *options: str) -> Step:
    """All objects of awx_setup, and jobs as AWX runs them; no AWX is asked, which would need a Kubernetes with its images."""
    return _pytest("awx", "tests/awx", logs, *options, limit=2700.0)


def molecule() -> Step:
    """A scenario takes the lab away at its end. The other one, kind, needs a container registry with released images."""
    return _step("molecule", "molecule", "test", "--scenario-name", "default", limit=2400.0)


def lab_itself(logs: pathlib.Path) -> Step:
    return _pytest("lab itself", "tests/lab_tests", logs, limit=1800.0)


def rulebooks(logs: pathlib.Path, *options: str) -> Step:
    """A real ansible-rulebook on recorded clusters and, with --lab, on the lab's; with Java, and an environment of its own."""
    return _pytest("rulebooks", "tests/eda", logs, *options, limit=1800.0)


def importer(logs: pathlib.Path) -> Step:
    """What Ansible Galaxy does with the archive; minutes, and an environment of its own."""
    return _pytest("importer", "tests/importer", logs, limit=1200.0)


def browser(logs: pathlib.Path) -> Step:
    """The report in Debian's Chromium, which it installs; pictures of it stand beside the logs."""
    return _pytest("browser", "tests/browser", logs, f"--pictures={logs / 'report'}", limit=1800.0)


def integration(playbook: str) -> Step:
    """A playbook of tests/integration on a machine beside the lab's nodes."""
    return _module(playbook, "tests.lab", "exec", "tests/integration/on_the_lab.sh", playbook, limit=1800.0)


def on_the_lab(logs: pathlib.Path, seed: int) -> list[Step]:
    """What fits into half an hour: one pass of the scenarios, and the healthy recording with one of damage in turn."""
    draw = random.Random(seed)  # noqa: S311  a sample, no secret
    state = draw.choice(["west-uninstalled", "joined-as-second-id"])
    return [
        fidelity(logs, ["healthy-two-nodes", state]),
        scenarios(logs, "--pass", "ci", "--seed", str(seed), limit=2400.0),
    ]


def beside_the_lab(logs: pathlib.Path, seed: int) -> list[Step]:
    """One in turn of those that need no lab and some minutes; what takes longer is for the campaign, and for the workflow."""
    draw = random.Random(f"beside {seed}")  # noqa: S311  a sample, no secret; not in step with the one on the lab
    return [draw.choice([rulebooks, browser])(logs)]


def campaign(logs: pathlib.Path) -> list[Step]:
    """Everything that takes long. What has passed is left out when it is run again."""
    return [
        scenarios(logs, "--pass", "campaign", "--resume", limit=6 * 3600.0),
        fidelity(logs, []),
        _pytest("contract", "tests/contract", logs, "--lab", limit=3600.0),
        awx(logs, "--lab"),
        integration("node_cleanup"),
        integration("firewall"),
        rulebooks(logs, "--lab"),
        roles(logs),
        importer(logs),
        browser(logs),
        molecule(),
        lab_itself(logs),
    ]


ALONE: dict[str, t.Callable[[pathlib.Path], Step]] = {
    "packaging": packaging,
    "importer": importer,
    "awx": awx,
    "rulebooks": rulebooks,
    "browser": browser,
}
"""Commands of a single step."""
