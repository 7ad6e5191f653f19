# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe of ports in the role preflight: who asks whom, what is judged where, and that the pods always go."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest

ROLE = pathlib.Path(__file__).parents[3] / "roles" / "preflight"

# Stands in for the module: keeps what it was called with, and answers from a file.
STUB = """#!/usr/bin/python
import json, pathlib
from ansible.module_utils.basic import AnsibleModule

def main():
    kinds = {"targets": "list", "results": "list", "gateways": "list", "others": "int", "natt_port": "int"}
    names = ["state", "run", "cluster", "image", "cable_driver", "force_udp_encaps", "nat_discovery_port", *kinds]
    module = AnsibleModule(argument_spec={name: {"type": kinds.get(name, "str")} for name in names})
    given = module.params
    with open(pathlib.Path(FOLDER) / (given["cluster"] + "-" + given["state"]), "w") as out:
        json.dump(given, out)
    trouble = json.loads((pathlib.Path(FOLDER) / "trouble").read_text()).get(given["cluster"] + "-" + given["state"], {})
    if given["state"] == "serve":
        answer = {"servers": [{"cluster": given["cluster"]}], "findings": []}
    elif given["state"] == "probe":
        pairs = [(given["cluster"], target["cluster"]) for target in given["targets"]]
        answer = {"findings": [], "results": [{"from": a, "to": b, "verdict": "answered"} for a, b in pairs if a != b]}
    else:
        answer = {"findings": []}
    if "msg" in trouble:
        module.fail_json(**trouble)
    module.exit_json(**{**answer, **trouble})

main()
"""


class Run:
    """One run of the tasks for some members."""

    def __init__(
        self, folder: pathlib.Path, members: t.Sequence[str], trouble: t.Any = None, **variables: t.Any
    ) -> None:
        (folder / "library").mkdir()
        (folder / "library" / "stub_probe.py").write_text(STUB.replace("FOLDER", repr(str(folder))))
        (folder / "trouble").write_text(json.dumps(trouble or {}))
        for name in ("ports.yml", "try_ports.yml"):
            tasks = (ROLE / "tasks" / name).read_text().replace("submariner.lifecycle.port_probe:", "stub_probe:")
            (folder / name).write_text(tasks)
        play = {
            "hosts": "all",
            "gather_facts": False,
            "connection": "local",
            "any_errors_fatal": True,
            "vars_files": [str(ROLE / "vars" / "main.yml")],
            "tasks": [{"ansible.builtin.include_tasks": "ports.yml"}],
        }
        common = {
            "ansible_python_interpreter": sys.executable,
            "submariner_cluster_id": "{{ inventory_hostname }}",
            "__submariner_members": list(members),
            "__submariner_auth": {},
            "__submariner_nettest_image": "x",
            "submariner_cable_driver": "",
            "submariner_force_udp_encaps": False,
            "submariner_nattport": 4500,
            "submariner_nat_discovery_port": 4490,
            "submariner_gateway_nodes": [],
            "submariner_preflight_ports_peers": 1,
            "submariner_preflight_ports_others": 1,
            **variables,
        }
        (folder / "hosts.yml").write_text(
            json.dumps({"all": {"hosts": {name: {} for name in members}, "vars": common}})
        )
        (folder / "play.yml").write_text(json.dumps([play]))
        program = pathlib.Path(sys.executable).parent / "ansible-playbook"
        done = subprocess.run(
            [str(program), "-i", "hosts.yml", "play.yml", "-f", "2"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.folder, self.rc = folder, done.returncode
        self.text = " ".join((done.stdout + done.stderr).split())

    def call(self, member: str, state: str) -> t.Any:
        path = self.folder / f"{member}-{state}"
        return json.loads(path.read_text()) if path.exists() else None


@pytest.mark.parametrize(
    ("members", "peers", "asked"),
    [
        ("a", 2, {"a": "a"}),
        ("ab", 2, {"a": "ab", "b": "ab"}),
        ("abcde", 1, {"a": "abe", "b": "abc", "c": "bcd", "d": "cde", "e": "ade"}),
    ],
)
def test_each_member_asks_its_neighbours_and_is_judged_by_their_results(
    tmp_path: pathlib.Path, members: str, peers: int, asked: dict[str, str]
) -> None:
    run = Run(tmp_path, members, submariner_preflight_ports_peers=peers)
    assert run.rc == 0, run.text
    for member, around in asked.items():
        assert sorted(item["cluster"] for item in run.call(member, "probe")["targets"]) == sorted(around)
        judged = run.call(member, "absent")
        inwards = {item["from"] for item in judged["results"] if item["to"] == member}
        outwards = {item["to"] for item in judged["results"] if item["from"] == member}
        assert inwards == outwards == set(around) - {member}
        assert judged["run"] == run.call(member, "serve")["run"]
    assert f"{len(asked['a']) - 1} of {len(asked['a']) - 1} questions from nodes of a were answered" in run.text


def test_what_stands_in_the_way_ends_the_run_and_the_pods_go(tmp_path: pathlib.Path) -> None:
    lost = {
        "id": "port.filtered",
        "severity": "error",
        "subject": "a -> b, UDP 4500",
        "observed": "no answer from 192.0.2.1",
    }
    words = {"cause": "the question did not arrive", "hint": "open it"}
    mere = {**lost, **words, "severity": "warning", "subject": "b -> a"}
    run = Run(tmp_path, "ab", {"b-absent": {"findings": [{**lost, **words}]}, "a-absent": {"findings": [mere]}})
    assert run.rc != 0
    assert "a -> b, UDP 4500: no answer from 192.0.2.1: the question did not arrive" in run.text
    assert "b -> a: no answer" in run.text, "a warning is said, too"
    assert "proven that Submariner's ports come through at b:" in run.text
    assert "come through at a:" not in run.text
    assert run.call("a", "absent")
    assert run.call("b", "absent")


def test_what_the_other_end_heard_outranks_what_the_asker_takes_it_for(tmp_path: pathlib.Path) -> None:
    """A direction is told once, by the end that knows; the asker alone may take half a tunnel for none."""
    lost = {"id": "port.filtered", "subject": "a -> b", "observed": "no answer", "cause": "", "hint": ""}
    guess, known = {**lost, "severity": "error"}, {**lost, "severity": "warning"}
    run = Run(tmp_path, "ab", {"a-probe": {"findings": [guess]}, "b-absent": {"findings": [known]}})
    assert run.rc == 0, run.text
    assert "warning: port.filtered: a -> b" in run.text
    assert "error: port.filtered" not in run.text


@pytest.mark.parametrize("state", ["serve", "probe", "absent"])
def test_a_call_that_fails_is_no_proof(tmp_path: pathlib.Path, state: str) -> None:
    run = Run(tmp_path, "ab", {f"b-{state}": {"msg": "the API is away"}})
    assert run.rc != 0
    assert "come through at b: b: could not be tried: the API is away" in run.text
    assert run.call("b", "absent")
    assert (run.call("b", "probe") is None) == (state == "serve")
