# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection builds, installs without a network, and runs both ways: installed, and from a plain clone."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
INVENTORY = """
submariner_broker:
  hosts:
    east:
submariner_members:
  hosts:
    east:
    west:
all:
  vars:
    submariner_kubeconfig: {kubeconfig}
"""

EMPTY_HOME = tempfile.TemporaryDirectory()


def run(*command: str, cwd: pathlib.Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Start a program of Ansible with nothing of the user's: no settings, no collections in the home folder."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_"))}
    clean.pop("KUBECONFIG", None)
    return subprocess.run(
        command,
        cwd=cwd,
        env={**clean, "HOME": EMPTY_HOME.name, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("archive")
    built = run("ansible-galaxy", "collection", "build", "--output-path", str(folder), cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("submariner-lifecycle-*.tar.gz"))


@pytest.fixture(scope="session")
def installed(archive: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A collections path with the archive installed."""
    folder = tmp_path_factory.mktemp("installed")
    command = ["ansible-galaxy", "collection", "install", str(archive), "--offline", "--no-deps", "-p", str(folder)]
    done = run(*command, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "ansible_collections" / "submariner" / "lifecycle" / "MANIFEST.json").is_file(), done.stdout
    return folder


@pytest.fixture
def inventory(tmp_path: pathlib.Path) -> str:
    """Two clusters whose kubeconfig is not there."""
    path = tmp_path / "hosts.yml"
    path.write_text(INVENTORY.format(kubeconfig=tmp_path / "no-such-kubeconfig"))
    return str(path)


def names(archive: pathlib.Path) -> set[str]:
    with tarfile.open(archive) as opened:
        return {member.name for member in opened if not member.isdir()}


def relative(pattern: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in ROOT.glob(pattern) if path.is_file()}


def test_the_archive_has_all_that_a_run_needs(archive: pathlib.Path) -> None:
    wanted = relative("plugins/**/*.py") | relative("playbooks/*.yml") | {"meta/runtime.yml", "requirements.txt"}
    wanted |= relative("playbooks/phases/*.yml")
    wanted |= relative("extensions/**/*.py") | relative("extensions/**/*.yml")
    wanted |= {name for name in relative("roles/**/*") if "__pycache__" not in name} | {"LICENSE", "README.md"}
    assert len(wanted) > 50
    assert wanted - names(archive) == set()


SHIPPED = (
    r"(CHANGELOG|CONTRIBUTING|README|SECURITY)\.md|LICENSE|(FILES|MANIFEST)\.json|(bindep|requirements)\.txt",
    r"changelogs/(changelog|config)\.yaml",
    r"docs/[\w-]+(-1\.schema\.json|\.md|\.png|\.svg|\.yml)",
    r"docs/docsite/(extra-docs\.yml|rst/\w+\.rst)",
    r"docs/inventory/[\w-]+\.clusterset\.yml",
    r"extensions/eda/(plugins/event_source/\w+\.py|rulebooks/\w+\.yml)",
    r"meta/(execution-environment|runtime)\.yml",
    r"playbooks/(phases/)?\w+\.yml",
    r"plugins/\w+/(\w+/)?\w+\.py",
    r"roles/\w+/(README\.md|(defaults|handlers|meta|tasks|vars)/(main/)?\w+\.yml|templates/[\w.-]+\.(css|j2|js))",
)
"""All that may be in the archive: what is new and fits none of these is named here, or in build_ignore of galaxy.yml."""
MOST = 1024 * 1024


def test_the_archive_has_nothing_of_the_development(archive: pathlib.Path) -> None:
    allowed = re.compile("|".join(SHIPPED))
    assert sorted(name for name in names(archive) if not allowed.fullmatch(name)) == []
    assert archive.stat().st_size < MOST


USERS = (
    ".env",
    ".venv/lib/module.py",
    "ansible.cfg",
    "awx.yml",
    "broker-info.subm",
    "clusterset.yml",
    "context/Containerfile",
    "east.kubeconfig",
    "fleet.yml",
    "group_vars/all.yml",
    "hosts",
    "hosts.yml",
    "images.txt",
    "inventory/hosts.yml",
    "journal-before.jsonl",
    "journal.jsonl",
    "junit.xml",
    "kubeconfig",
    "kubeconfig.east",
    "playbooks/hosts.yml",
    "playbooks/reports/journal.jsonl",
    "preflight.json",
    "report.html",
    "reports/result.json",
    "result.json",
    "venv/lib/module.py",
)
"""What somebody who works in a clone has there."""


def test_the_archive_has_nothing_of_the_users(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(
        ROOT, clone, symlinks=True, ignore=shutil.ignore_patterns(".git", "tests", "__pycache__", ".*_cache")
    )
    for name in USERS:
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# of the user\n")
    built = run("ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), cwd=clone)
    assert built.returncode == 0, built.stderr
    assert names(next(tmp_path.glob("*.tar.gz"))) == names(archive)


def test_git_keeps_what_the_users_have_to_themselves() -> None:
    ignored = subprocess.run(["git", "check-ignore", *USERS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert set(USERS) - set(ignored.stdout.split()) == set()


def test_what_the_readmes_link_to_is_in_the_archive(archive: pathlib.Path) -> None:
    inside = names(archive)
    folders = {str(parent) for name in inside for parent in pathlib.PurePath(name).parents}
    missing = []
    for readme in [name for name in inside if pathlib.PurePath(name).name == "README.md"]:
        for link in re.findall(r"\]\(([^)#\s]+)", (ROOT / readme).read_text()):
            target = os.path.normpath(os.path.join(os.path.dirname(readme), link))
            if "://" not in link and target not in inside | folders:
                missing.append(f"{readme}: {link}")
    assert missing == []


def refuses_cleanly(done: subprocess.CompletedProcess[str]) -> None:
    """The run names the kubeconfig that is not there, in words and not in a traceback."""
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "no-such-kubeconfig" in said, said
    assert "Traceback" not in said, said
    assert "couldn't resolve module" not in said, said
    assert "was not found" not in said, said


def test_installed_collection_by_name_from_an_empty_folder(
    installed: pathlib.Path, inventory: str, tmp_path: pathlib.Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    command = ["ansible-playbook", "-i", inventory, "submariner.lifecycle.preflight"]
    refuses_cleanly(run(*command, cwd=empty, ANSIBLE_COLLECTIONS_PATH=str(installed)))


@pytest.mark.parametrize("place", ["another folder", "the root", "playbooks"])
def test_plain_clone_from_any_folder(place: str, inventory: str, tmp_path: pathlib.Path) -> None:
    folder = {"another folder": tmp_path, "the root": ROOT, "playbooks": ROOT / "playbooks"}[place]
    playbook = os.path.relpath(ROOT / "playbooks" / "preflight.yml", folder)
    refuses_cleanly(run("ansible-playbook", "-i", inventory, playbook, cwd=folder))


def test_the_clone_may_have_any_name(inventory: str, tmp_path: pathlib.Path) -> None:
    """Only the link inside it says what the collection is called."""
    clone = tmp_path / "some name"
    left_out = shutil.ignore_patterns(".git", "tests", "__pycache__", ".ansible", ".*_cache")
    shutil.copytree(ROOT, clone, symlinks=True, ignore=left_out)
    refuses_cleanly(run("ansible-playbook", "-i", inventory, str(clone / "playbooks" / "preflight.yml"), cwd=tmp_path))


LOAD = """
import asyncio, runpy, sys
main = runpy.run_path(sys.argv[1] + "/extensions/eda/plugins/event_source/clusterset.py")["main"]
asyncio.run(main(asyncio.Queue(), {"broker": "east", "clusters": {}}))
"""


@pytest.mark.parametrize("place", ["installed", "clone"])
def test_the_event_source_finds_its_collection(place: str, installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Loaded by its path, as ansible-rulebook does, by a Python that knows no collections."""
    folder = {"installed": installed / "ansible_collections" / "submariner" / "lifecycle", "clone": ROOT}[place]
    said = run(sys.executable, "-c", LOAD, str(folder), cwd=tmp_path).stderr
    assert "ValueError: clusters is empty." in said, said


def check_syntax(playbook: str, inventory: str, cwd: pathlib.Path, **env: str) -> None:
    done = run("ansible-playbook", "--syntax-check", "-i", inventory, playbook, cwd=cwd, **env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_playbooks_of_a_reinstall_are_there() -> None:
    assert {"preflight", "install", "uninstall", "reinstall", "verify", "firewall"} <= set(PLAYBOOKS)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_syntax(playbook: str, inventory: str, installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    check_syntax(str(ROOT / "playbooks" / f"{playbook}.yml"), inventory, tmp_path)
    path: dict[str, t.Any] = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    check_syntax(f"submariner.lifecycle.{playbook}", inventory, tmp_path, **path)


def test_wrong_type_in_the_inventory_is_refused_by_the_role(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(INVENTORY.format(kubeconfig="none") + "    submariner_globalnet: perhaps\n")
    done = run("ansible-playbook", "-i", str(path), str(ROOT / "playbooks" / "preflight.yml"), cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "submariner_globalnet" in said
    assert "Traceback" not in said
