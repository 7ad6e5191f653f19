# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OVN's northbound database as a recorded node's, and an ovn-nbctl that prints and changes it as the real one does.

ANSWERS is what ovn-nbctl 23.03 printed of a database served by ovsdb-server 3.1.
"""

from __future__ import annotations

import json
import sys
import typing as t

from tests.unit.nodes import FakeNode

Json = dict[str, t.Any]

ANSWERS = r"""
{"data":[[["uuid","141da20c-b706-4900-8f97-35b7e15e0758"],"ip4.dst == 100.13.0.0/16","169.254.34.1",["map",[["submariner",""]]]],[["uuid","d94e8e03-be2c-4cf6-89bb-ba83a3a616cf"],"ip4.dst == 10.13.0.0/16","169.254.34.1",["map",[["submariner","v0.18.0"]]]]],"headings":["_uuid","match","nexthop","external_ids"]}
{"data":[[["uuid","18cc937d-e9d6-43dd-b691-55b8f0584ef6"],"ip4.dst == 10.99.0.0/16","169.254.34.1",["map",[]]],[["uuid","141da20c-b706-4900-8f97-35b7e15e0758"],"ip4.dst == 100.13.0.0/16","169.254.34.1",["map",[["submariner",""]]]],[["uuid","d94e8e03-be2c-4cf6-89bb-ba83a3a616cf"],"ip4.dst == 10.13.0.0/16","169.254.34.1",["map",[["submariner","v0.18.0"]]]],[["uuid","bdcadc78-8dbd-4100-8f8e-7f23f9456df7"],"ip4.dst == 10.7.0.0/16",["set",[]],["map",[]]]],"headings":["_uuid","match","nexthop","external_ids"]}
{"data":[[["uuid","42c8b465-b7cc-4ac4-8018-34b0b6164901"],"10.13.0.0/16","172.18.0.1",["map",[["o","1"],["submariner","v0.18.0"]]]]],"headings":["_uuid","ip_prefix","nexthop","external_ids"]}
{"data":[[["set",[["uuid","141da20c-b706-4900-8f97-35b7e15e0758"],["uuid","18cc937d-e9d6-43dd-b691-55b8f0584ef6"],["uuid","bdcadc78-8dbd-4100-8f8e-7f23f9456df7"]]],["uuid","42c8b465-b7cc-4ac4-8018-34b0b6164901"]]],"headings":["policies","static_routes"]}
"""  # noqa: E501
NOTHING = """
{"data":[],"headings":["_uuid","match","nexthop","external_ids"]}
{"data":[],"headings":["_uuid","match","nexthop","external_ids"]}
{"data":[],"headings":["_uuid","ip_prefix","nexthop","external_ids"]}
{"data":[[["set",[]],["set",[]]]],"headings":["policies","static_routes"]}
"""

ROUTER = "ovn_cluster_router"
POLICY: Json = {
    "in": "policies",
    "_uuid": "c3cf052a-365a-477e-bf9e-73f329930f10",
    "match": "ip4.dst == 10.13.0.0/16",
    "priority": 20000,
    "nexthop": "169.254.34.1",
    "external_ids": {"submariner": "v0.18.0"},
}
ROUTE: Json = {
    "in": "static_routes",
    "_uuid": "42c8b465-b7cc-4ac4-8018-34b0b6164901",
    "ip_prefix": "10.13.0.0/16",
    "nexthop": "172.18.0.1",
    "external_ids": {"submariner": "v0.18.0"},
}
FOREIGN_POLICY: Json = {
    **POLICY,
    "_uuid": "18cc937d-e9d6-43dd-b691-55b8f0584ef6",
    "match": "ip4.dst == 10.99.0.0/16",
    "external_ids": {},
}
FOREIGN_ROUTE: Json = {**ROUTE, "_uuid": "6cdb92fd-feff-4194-b70e-997cb0186b90", "external_ids": {"egress": "x"}}
ROWS = (POLICY, ROUTE, FOREIGN_POLICY, FOREIGN_ROUTE)

PROGRAM = """
import json, pathlib, sys
path, words = pathlib.Path(sys.argv[1]), sys.argv[2:]
rows = json.loads(path.read_text())
if not any(word.startswith("--timeout=") for word in words) or "--no-leader-only" not in words:
    sys.exit("it would wait for ever")
if "remove" in words:
    column, uuid = words[-2:]
    assert words[-5:-2] == ["remove", "logical_router", "ovn_cluster_router"], words
    path.write_text(json.dumps([row for row in rows if (row["in"], row["_uuid"]) != (column, uuid)]))
    sys.exit(0)
assert words[2] == "--format=json", words
def atom(value):
    if isinstance(value, dict):
        return ["map", [list(pair) for pair in value.items()]]
    return value
def of(column):
    found = [["uuid", row["_uuid"]] for row in rows if row["in"] == column]
    return found[0] if len(found) == 1 else ["set", found]
commands = " ".join(words[3:]).split("-- ")[1:]
for command in commands:
    columns, find, table, condition = command.split()
    columns = columns.split("=")[1].split(",")
    assert find == "find", command
    if table == "logical_router":
        assert condition == "name=ovn_cluster_router", command
        data = [[of(column) for column in columns]]
    else:
        column = {"logical_router_policy": "policies", "logical_router_static_route": "static_routes"}[table]
        meets = {
            "external_ids:submariner!=[]": lambda row: "submariner" in row["external_ids"],
            "priority=20000": lambda row: row["priority"] == 20000,
        }[condition]
        data = [
            [["uuid", row[name]] if name == "_uuid" else atom(row[name]) for name in columns]
            for row in rows
            if row["in"] == column and meets(row)
        ]
    print(json.dumps({"data": data, "headings": columns}, separators=(",", ":")))
"""
SERVER = 4242


def serve(node: FakeNode, *rows: Json, socket: str = "ovn-ic", inside: bool = True, pid: int = SERVER) -> None:
    """Let the node serve a database of these rows, with ovn-nbctl in the server's container or on the node."""
    (node.files / "northbound.json").write_text(json.dumps(rows or ROWS))
    (node.files / "northbound.py").write_text(PROGRAM)
    run = f'exec {sys.executable} "$files/northbound.py" "$files/northbound.json" "$@"'
    if inside:
        run_server(node, pid)
        # Only in the server's own folders there is the program, and a socket at this place.
        ask = f'[ "$1 $2" = "ovn-nbctl --db=unix:/var/run/ovn/ovnnb_db.sock" ] || exit 9\nshift 2\n{run}'
        program(node, "nsenter", f'[ "$1 $2 $3 $4" = "-t {pid} -m --" ] || exit 1\nshift 4\n{ask}')
    else:
        address = f"--db=unix:{node.tools}/proc/1/root/run/{socket}/ovnnb_db.sock"
        program(node, "ovn-nbctl", f'[ "$1" = "{address}" ] || exit 9\nshift\n{run}')
    node.proc(f"1/root/run/{socket}/ovnnb_db.sock", "")


def run_server(node: FakeNode, pid: int = SERVER) -> None:
    """A process as ovn-ctl starts it."""
    words = ("ovsdb-server", "-vconsole:info", "--remote=punix:/var/run/ovn/ovnnb_db.sock", "/etc/ovn/ovnnb_db.db")
    node.proc(f"{pid}/comm", "ovsdb-server")
    node.proc(f"{pid}/cmdline", "")
    (node.tools / "proc" / str(pid) / "cmdline").write_text("\0".join(words) + "\0")


def program(node: FakeNode, name: str, body: str) -> None:
    path = node.tools / name
    path.write_text(f"#!/bin/sh\nfiles={node.files}\n{body}\n")
    path.chmod(0o755)


def left(node: FakeNode) -> list[Json]:
    rows: list[Json] = json.loads((node.files / "northbound.json").read_text())
    return rows
