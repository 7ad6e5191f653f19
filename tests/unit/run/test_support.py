# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables for people say what the code and the workflows do."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.target import (
    UPSTREAM_PAIRS,
    minor_of,
    release_of,
)
from tests.lab.config import SUBMARINER_RELEASE
from tests.run.__main__ import COMMANDS
from tests.run.plan import OLDEST_CORE

ROOT = pathlib.Path(__file__).parents[3]
SUPPORT = (ROOT / "docs" / "support.md").read_text()


def workflow(name: str) -> t.Any:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())


def test_pairs_of_submariner_and_kubernetes() -> None:
    rows = re.findall(r"^\| 0\.(\d+) \| 1\.(\d+) to 1\.(\d+) \|", SUPPORT, re.MULTILINE)
    assert {(0, int(line)): (int(low), int(high)) for line, low, high in rows} == UPSTREAM_PAIRS


def test_the_workflow_runs_the_releases_that_the_table_says() -> None:
    runs = workflow("released")["jobs"]["molecule"]["strategy"]["matrix"]["include"]
    pairs = [(run["submariner"].rpartition(".")[0], run["kubernetes"][1:].rpartition(".")[0]) for run in runs]
    said = re.findall(r"^\| (0\.\d+) \|.*in the workflow.* on (1\.\d+) \|", SUPPORT, re.MULTILINE)
    assert pairs == said
    assert runs[-1]["submariner"] == SUBMARINER_RELEASE
    scenario = (ROOT / "molecule" / "kind" / "molecule.yml").read_text()
    assert f"LAB_SUBMARINER_VERSION: ${{SUBMARINER_RELEASE:-{SUBMARINER_RELEASE}}}" in scenario
    assert f"LAB_SUBMARINER: release:${{SUBMARINER_RELEASE:-{SUBMARINER_RELEASE}}}" in scenario


def test_the_sanity_tests_run_with_every_release_from_the_oldest_on() -> None:
    matrix = workflow("checks")["jobs"]["sanity"]["strategy"]["matrix"]
    cores = [*matrix["core"], *(more["core"] for more in matrix["include"])]
    first = int(OLDEST_CORE.partition(".")[2])
    assert cores == [f"2.{minor}" for minor in range(first, first + len(cores))]
    assert all(core in SUPPORT for core in cores)


def test_actions_are_pinned_to_a_release() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = re.findall(r"uses: ([^.\s]\S*)", path.read_text())  # a path is a workflow of ours
        assert used
        assert [action for action in used if not re.fullmatch(r"[\w./-]+@v\d+(\.\d+)*", action)] == []


def test_the_workflow_runs_pairs_that_upstream_tested() -> None:
    for run in workflow("released")["jobs"]["molecule"]["strategy"]["matrix"]["include"]:
        major, minor, _patch = release_of(run["submariner"])
        low, high = UPSTREAM_PAIRS[major, minor]
        assert low <= (minor_of(run["kubernetes"]) or 0) <= high


def test_what_needs_no_cluster_is_checked_and_with_it_what_a_release_waits_for() -> None:
    checks, release = workflow("checks"), workflow("release")
    with_a_lab, elsewhere = {"test", "campaign"}, {"sanity"}
    assert set(checks["jobs"]["tests"]["strategy"]["matrix"]["command"]) == set(COMMANDS) - with_a_lab - elsewhere
    assert elsewhere <= set(checks["jobs"])
    assert "workflow_call" in checks[True]  # what YAML takes `on` for
    assert release["jobs"]["checks"]["uses"] == "./.github/workflows/checks.yml"
    assert set(release["jobs"]["publish"]["needs"]) == {"build", "checks"}


@pytest.mark.parametrize(
    ("repository", "tag", "said"),
    [
        ("https://git.example.com/submariner.lifecycle", "v0.1.0", ""),
        ("https://submariner-lifecycle.invalid/submariner.lifecycle", "v0.1.0", "where the repository is"),
        ("https://git.example.com/submariner.lifecycle", "v0.2.0", "another version than the tag 0.2.0"),
    ],
)
def test_a_release_says_what_it_is_and_where_it_is_from(
    tmp_path: pathlib.Path, repository: str, tag: str, said: str
) -> None:
    galaxy = re.sub(r"(?m)^repository: .*", f"repository: {repository}", (ROOT / "galaxy.yml").read_text())
    (tmp_path / "galaxy.yml").write_text(re.sub(r"(?m)^version: .*", "version: 0.1.0", galaxy))
    (tmp_path / "changelogs").mkdir()
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases:\n  0.1.0:\n")
    steps = [
        step["run"] for step in workflow("release")["jobs"]["build"]["steps"] if "galaxy.yml" in step.get("run", "")
    ]
    env = {**os.environ, "GITHUB_REF_NAME": tag}
    done = subprocess.run(
        ["bash", "-ec", "\n".join(steps)], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is not bool(said), done.stderr
    assert said in done.stdout
