# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lacks of the machine are one clear line each."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lab import host
from tests.lab.config import LabError, Places
from tests.lab.process import Done

ROUTES = [
    {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"},
    {"dst": "192.0.2.0/24", "dev": "eth0"},
    {"dst": "172.30.80.0/24", "dev": "br-other"},
    {"dst": "172.30.81.0/24", "dev": "sublab-1"},
    {"type": "local", "dst": "10.9.0.1", "dev": "tun0"},
]


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "run", lambda *_arguments: Done(0, json.dumps(ROUTES), ""))


@pytest.mark.usefixtures("routes")
def test_the_first_free_subnet_is_taken_and_our_own_counts_as_free() -> None:
    assert host.choose_subnet(None, "sublab-1") == "172.30.81.0/24"
    assert host.choose_subnet(None, "sublab-2") == "172.30.82.0/24"


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("172.30.80.128/25", "taken on this machine by 172.30.80.0/24 (br-other)"),
        ("192.0.0.0/16", "taken on this machine by 192.0.2.0/24 (eth0)"),
        ("10.9.0.0/24", "taken on this machine by 10.9.0.1 (tun0)"),
        ("172.30.90.1/24", "has host bits set"),
        ("fd00::/64", "Expected 4 octets"),
        ("everything", "Expected 4 octets"),
        ("172.30.90.0/29", "prefix length from 16 to 26"),
        ("172.0.0.0/8", "prefix length from 16 to 26"),
    ],
)
def test_a_subnet_that_cannot_be_used_is_named(wanted: str, words: str) -> None:
    with pytest.raises(LabError, match="--subnet") as caught:
        host.choose_subnet(wanted, "sublab-1")
    assert words in str(caught.value)
    assert wanted in str(caught.value)


@pytest.mark.usefixtures("routes")
def test_a_free_subnet_is_accepted() -> None:
    assert host.choose_subnet("172.30.90.0/24", "sublab-1") == "172.30.90.0/24"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_named_with_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(2**34, 2**33, 2 * 2**30))
    places = Places(tmp_path / "not" / "yet" / "there", tmp_path)
    host.require_disk(places, 2)
    with pytest.raises(LabError) as caught:
        host.require_disk(places, 3)
    assert str(caught.value).startswith(f"{tmp_path} has 2.0 GiB free, the lab needs 3 GiB")


def test_another_user_is_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="needs root"):
        host.require_root()


def test_the_policy_of_a_killed_installation_goes_and_somebody_elses_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(host, "_POLICY", policy)
    policy.write_text("#!/bin/sh\nexit 101\n")
    host.forget_service_policy()
    assert policy.exists()
    policy.write_text(f"#!/bin/sh\n{host._POLICY_MARK}\nexit 101\n")
    host.forget_service_policy()
    assert not policy.exists()


def test_used_up_inotify_instances_are_named(tmp_path: Path) -> None:
    (tmp_path / "sys/fs/inotify").mkdir(parents=True)
    (tmp_path / "sys/fs/inotify/max_user_instances").write_text("30\n")
    (tmp_path / "7/fd").mkdir(parents=True)
    for number in range(6):
        (tmp_path / "7/fd" / str(number)).symlink_to("anon_inode:inotify")
    (tmp_path / "7/fd/6").symlink_to("/dev/null")
    assert host.inotify_shortage(tmp_path) == ""
    (tmp_path / "7/fd/7").symlink_to("anon_inode:inotify")
    assert "7 of 30 inotify instances are in use" in host.inotify_shortage(tmp_path)
