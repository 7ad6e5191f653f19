# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewall, where nothing is found that manages the host: none that is there, and none that could be asked, are two things."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import sys
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOLS = ("firewall-cmd", "firewall-offline-cmd", "ufw", "nft", "iptables", "ip6tables", "systemctl")


def play(
    folder: pathlib.Path,
    interpreter: str,
    user: int = 0,
    says: dict[str, str] | None = None,
    check: bool = False,
    **variables: t.Any,
) -> subprocess.CompletedProcess[str]:
    """Beside tools that all say no, so that this machine's own are never asked, but those that C(says) gives words or a script."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    for name in {*TOOLS, *(says or {})}:
        told = (says or {}).get(name, "")
        (tools / name).write_text(
            told
            if told.startswith("#!")
            else f"#!/bin/sh\necho {shlex.quote(told)}\n"
            if told
            else "#!/bin/sh\nexit 1\n"
        )
        (tools / name).chmod(0o755)
    (tools / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (tools / "id").chmod(0o755)
    role = {"role": "submariner.lifecycle.firewall"}
    head = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    (folder / "play.yml").write_text(json.dumps([{**head, "roles": [role]}]))
    values = json.dumps({"ansible_python_interpreter": interpreter, **variables})
    ansible = pathlib.Path(sys.executable).parent / "ansible-playbook"
    return subprocess.run(
        [str(ansible), "-i", "localhost,", "-e", values, "play.yml", *(["--check"] if check else [])],
        cwd=folder,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
            "PATH": f"{tools}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_host_without_any_manager_is_not_applied(tmp_path: pathlib.Path) -> None:
    done = play(tmp_path, sys.executable)
    assert done.returncode == 0, done.stdout
    assert "Not applied on localhost" in done.stdout


ACCEPTS = json.dumps(
    {
        "nftables": [
            {"metainfo": {"version": "1.0.9"}},
            {"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": "accept"}},
            {"chain": {"family": "ip", "table": "filter", "name": "INPUT", "hook": "input", "policy": "drop"}},
        ]
    }
)


def test_a_firewall_that_may_be_there_and_is_not_recognised(tmp_path: pathlib.Path) -> None:
    """Whether a chain with the policy accept drops at its end is not looked at, and not denied."""
    done = play(
        tmp_path, sys.executable, says={"nft": ACCEPTS, "iptables": "-P INPUT ACCEPT\n-A INPUT -s 192.0.2.1 -j DROP"}
    )
    said = " ".join(done.stdout.replace("\\n", " ").split())
    assert done.returncode == 0, done.stdout
    assert "has the policy drop" in said
    assert "is not recognised" in said
    assert "submariner_firewall_nftables_chains" in said


@pytest.mark.parametrize(
    ("says", "cause"), [({"nft": ACCEPTS}, "has the policy drop"), ({}, "nft fails (non-zero return code)")]
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_nftables_without_a_chain_to_open(tmp_path: pathlib.Path, says: dict[str, str], cause: str, state: str) -> None:
    wanted: dict[str, t.Any] = {
        "submariner_firewall_backend": "nftables",
        "submariner_firewall_state": state,
        "__firewall_nftables_file": str(tmp_path / "etc" / "rules.nft"),
        "__firewall_nftables_dropin": str(tmp_path / "etc" / "dropin.conf"),
    }
    done = play(tmp_path, sys.executable, says=says, **wanted)
    assert not (tmp_path / "etc").exists()
    if state == "absent":
        assert done.returncode == 0, done.stdout
    else:
        said = " ".join(done.stdout.split())
        assert done.returncode == 2, done.stdout
        assert cause in said
        assert "Set submariner_firewall_nftables_chains" in said


NFT = """#!/bin/sh
case "$*" in
    *'list chains') echo '{chains}' ;;
    *'list chain inet filter input') echo '{rules}' ;;
    *) echo "$*" >> {said} ;;
esac
"""


def test_what_was_opened_is_taken_back_where_the_chain_no_longer_drops(tmp_path: pathlib.Path) -> None:
    rule = {"family": "inet", "table": "filter", "chain": "input", "handle": 7, "comment": "submariner.lifecycle"}
    kept = {"__firewall_nftables_file": tmp_path / "rules.nft", "__firewall_nftables_dropin": tmp_path / "dropin.conf"}
    kept["__firewall_nftables_file"].write_text("insert rule inet filter input udp dport 4500 accept\n")
    kept["__firewall_nftables_dropin"].write_text("[Service]\n")
    said = tmp_path / "said"
    said.write_text("")
    nft = NFT.format(chains=ACCEPTS, rules=json.dumps({"nftables": [{"rule": rule}]}), said=said)
    places: dict[str, t.Any] = {name: str(path) for name, path in kept.items()}
    done = play(
        tmp_path,
        sys.executable,
        says={"nft": nft, "systemctl": "#!/bin/sh\n"},
        submariner_firewall_state="absent",
        **places,
    )
    assert done.returncode == 0, done.stdout
    assert not [path for path in kept.values() if path.exists()]
    assert "handle 7" in said.read_text()


def test_a_chain_in_capitals_of_both_families_is_none_of_iptables(tmp_path: pathlib.Path) -> None:
    chain = {"family": "inet", "table": "filter", "name": "INPUT", "hook": "input", "policy": "drop"}
    chains = json.dumps({"nftables": [{"chain": chain}]})
    nft = NFT.format(chains=chains, rules="", said=tmp_path / "said").replace("filter input", "filter INPUT")
    nft = nft.replace("echo '' ;;", """echo '{"nftables": []}' ;;""")
    done = play(
        tmp_path,
        sys.executable,
        says={"nft": nft, "systemctl": "#!/bin/sh\n"},
        __firewall_nftables_file=str(tmp_path / "rules.nft"),
        __firewall_nftables_dropin=str(tmp_path / "dropin.conf"),
    )
    assert done.returncode == 0, done.stdout
    assert "insert rule inet filter INPUT udp dport 4500" in (tmp_path / "rules.nft").read_text()
    for name in ("ExecStartPost", "ExecReload"):
        assert f"{name}=-nft -f " in (tmp_path / "dropin.conf").read_text(), (
            "the host's own service is not to fail with ours"
        )


CHAIN = {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": "drop"}


def with_nftables(folder: pathlib.Path, check: bool = False, **variables: t.Any) -> subprocess.CompletedProcess[str]:
    """Whose one chain drops, and has no rules whatever it is told."""
    nft = NFT.format(
        chains=json.dumps({"nftables": [{"chain": CHAIN}]}), rules='{"nftables": []}', said=folder / "said"
    )
    files = {"__firewall_nftables_file": "rules.nft", "__firewall_nftables_dropin": "dropin.conf"}
    places: dict[str, t.Any] = {name: str(folder / "etc" / file) for name, file in files.items()}
    says = {"nft": nft, "systemctl": "#!/bin/sh\n"}
    return play(folder, sys.executable, says=says, check=check, **places, **variables)


def test_check_mode_counts_rules_that_are_gone_while_the_file_is_there(tmp_path: pathlib.Path) -> None:
    """As after nft -f of the host's own rules, without the service."""
    assert with_nftables(tmp_path).returncode == 0
    (tmp_path / "said").unlink()
    done = with_nftables(tmp_path, check=True)
    assert done.returncode == 0, done.stdout
    assert "changed=1 " in done.stdout
    assert not (tmp_path / "said").exists()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"submariner_firewall_sources": ["192.0.2.1/24"]}, "submariner_firewall_sources"),
        ({"submariner_nattport": 0}, "submariner_nattport"),
        ({"submariner_firewall_nftables_chains": ["inet filter forward"]}, "names inet filter forward"),
        ({"submariner_firewall_nftables_chains": ["input"]}, "names input"),
    ],
)
def test_a_wrong_value_is_named_before_anything_is_touched(
    tmp_path: pathlib.Path, variables: dict[str, t.Any], words: str
) -> None:
    done = with_nftables(tmp_path, **variables)
    assert done.returncode == 2, done.stdout
    assert words in " ".join(done.stdout.split())
    assert not (tmp_path / "etc").exists()


def test_a_named_chain_that_is_gone_does_not_keep_the_others_open(tmp_path: pathlib.Path) -> None:
    chains: dict[str, t.Any] = {"submariner_firewall_nftables_chains": ["inet filter gone"]}
    done = with_nftables(tmp_path, submariner_firewall_state="absent", **chains)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("backend", ["firewalld", "ufw", "iptables"])
def test_a_manager_that_is_asked_for_and_does_not_answer(tmp_path: pathlib.Path, backend: str) -> None:
    done = play(
        tmp_path,
        sys.executable,
        says={"firewall-cmd": "#!/bin/sh\necho not running >&2; exit 252\n"},
        submariner_firewall_backend=backend,
    )
    said = " ".join(done.stdout.split())
    assert done.returncode == 2, done.stdout
    assert f"submariner_firewall_backend is {backend}, which does not answer on localhost: " in said
    assert ("not running" in said) is (backend == "firewalld")


def test_a_chain_that_drops_arp_is_not_opened(tmp_path: pathlib.Path) -> None:
    chain = {"family": "arp", "table": "filter", "name": "input", "hook": "input", "policy": "drop"}
    done = play(tmp_path, sys.executable, says={"nft": json.dumps({"nftables": [{"chain": chain}]})})
    assert done.returncode == 0, done.stdout
    assert "Not applied on localhost" in done.stdout


def test_a_host_without_python_fails_with_the_cause(tmp_path: pathlib.Path) -> None:
    done = play(tmp_path, "/nowhere/python")
    said = " ".join(done.stdout.split())
    assert done.returncode == 2, done.stdout
    assert "firewall of localhost cannot be found out" in said
    assert "/nowhere/python" in said
    assert "ansible_python_interpreter" in said
    assert "Not applied" not in said


def test_a_program_that_dies_as_interpreter_fails_with_what_it_said(tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'libpython3.so: cannot open shared object' >&2\nexit 127\n")
    broken.chmod(0o755)
    done = play(tmp_path, str(broken))
    assert done.returncode == 2, done.stdout
    assert "libpython3.so: cannot open shared object" in " ".join(done.stdout.split())


def test_a_user_who_is_not_root_is_told_so(tmp_path: pathlib.Path) -> None:
    done = play(tmp_path, sys.executable, user=1000)
    said = " ".join(done.stdout.split())
    assert done.returncode == 2, done.stdout
    assert "the user there is 1000" in said
    assert "Not applied" not in said
