# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Submariner leaves in OVN's northbound database: how it is read, by which way, and what of it goes."""

from __future__ import annotations

import json
import shutil
import typing as t
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _dataplane as dataplane
from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_script as node_script
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import (
    Link,
    NodeReading,
    OvnRow,
    Unreadable,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import Argv, NodePlan, plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_script import NORTHBOUND
from tests.unit.nodes import FakeNode
from tests.unit.northbound import (
    ANSWERS,
    FOREIGN_POLICY,
    FOREIGN_ROUTE,
    NOTHING,
    POLICY,
    ROUTE,
    left,
    program,
    run_server,
    serve,
)

Json = dict[str, t.Any]

NONCE = "n0nce"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
OURS = {
    ("OVN policy", "ip4.dst == 10.13.0.0/16 -> 169.254.34.1 (c3cf052a)"),
    ("OVN route", "10.13.0.0/16 -> 172.18.0.1 (42c8b465)"),
}


@pytest.fixture
def node(tmp_path: Path) -> FakeNode:
    return FakeNode(tmp_path, "west-uninstalled", "west-node")


def sections(node: FakeNode, body: str, shell: str = "sh", from_pod: bool = False) -> dict[str, node_script.Section]:
    done = node.run(node_script.preamble(NONCE, from_pod) + body, shell)
    assert done.stderr == ""
    return node_script.sections(done.stdout, NONCE)


def read(node: FakeNode, shell: str = "sh", from_pod: bool = False) -> NodePlan:
    return plan(node_script.reading(sections(node, node_script.READ, shell, from_pod)))


def in_ovn(found: NodePlan) -> set[tuple[str, str]]:
    return {change.key for change in found.changes if change.kind.startswith("OVN")}


def commands(found: NodePlan) -> list[Argv]:
    return [argv for change in found.changes if change.kind.startswith("OVN") for argv in change.commands]


def causes(node: FakeNode, argvs: list[Argv], shell: str = "sh") -> list[str]:
    told = sections(node, node_script.command_lines(argvs), shell)
    answers = [told.get(str(number), node_script.Section()) for number in range(len(argvs))]
    return ["" if answer.rc == 0 else answer.cause for answer in answers]


# -- the parser -------------------------------------------------------------------------------------------------------


def test_what_the_real_program_printed_is_understood() -> None:
    rows = dataplane.northbound(ANSWERS)
    assert {(row.column, row.target, row.nexthop, row.marked, row.held) for row in rows} == {
        ("policies", "ip4.dst == 100.13.0.0/16", "169.254.34.1", True, True),
        ("policies", "ip4.dst == 10.13.0.0/16", "169.254.34.1", True, False),
        ("policies", "ip4.dst == 10.99.0.0/16", "169.254.34.1", False, True),
        ("policies", "ip4.dst == 10.7.0.0/16", "", False, True),
        ("static_routes", "10.13.0.0/16", "172.18.0.1", True, True),
    }
    assert dataplane.northbound(NOTHING) == ()


def test_a_database_without_the_router_holds_nothing_of_ours() -> None:
    rows = dataplane.northbound(
        ANSWERS.rstrip().rpartition("\n")[0] + '\n{"data":[],"headings":["policies","static_routes"]}'
    )
    assert len(rows) == 5
    assert not any(row.held for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ANSWERS.strip().partition("\n")[2],
        ANSWERS + NOTHING,
        ANSWERS.replace("external_ids", "other_ids"),
        ANSWERS.replace('"map"', '"set"'),
        ANSWERS.replace('["o","1"]', '["o"]'),
        ANSWERS.replace('"10.13.0.0/16"', "7"),
        ANSWERS.replace('"172.18.0.1"', "7"),
        ANSWERS.replace("141da20c-", ""),
        ANSWERS.replace('"uuid","42', '"name","42'),
        ANSWERS.replace('"data":[[["set"', '"data":[["set"'),
        "\n".join(["null"] * 4),
        "\n".join(['{"data":[7],"headings":["_uuid"]}'] * 4),
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="ovn-nbctl"):
        dataplane.northbound(text)


OVN_JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(("uuid", "set", "map", "submariner")) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(
    answers=st.lists(
        st.lists(st.lists(OVN_JSON, min_size=4, max_size=4), max_size=3),
        min_size=4,
        max_size=4,
    )
)
def test_nonsense_is_read_or_refused(answers: list[list[list[t.Any]]]) -> None:
    heads = [json.loads(line)["headings"] for line in NOTHING.split()]
    lines = [json.dumps({"data": rows, "headings": head}) for rows, head in zip(answers, heads, strict=True)]
    try:
        rows = dataplane.northbound("\n".join(lines))
    except Unreadable as refusal:
        assert "ovn-nbctl" in str(refusal)  # noqa: PT017 - the one exception that may come out
    else:
        assert not any(row.held and not dataplane.UUID.fullmatch(row.uuid) for row in rows)


ROW = st.builds(
    OvnRow,
    column=st.sampled_from(("policies", "static_routes")),
    uuid=st.uuids().map(str),
    target=st.text(max_size=12),
    nexthop=st.just("") | st.ip_addresses().map(str),
    marked=st.booleans(),
    held=st.booleans(),
)


def printed(rows: list[OvnRow]) -> str:
    """As ovn-nbctl prints them."""

    def table(wanted: list[OvnRow], target: str) -> Json:
        data = [
            [
                ["uuid", row.uuid],
                row.target,
                row.nexthop or ["set", []],
                ["map", [["submariner", "v1"]] if row.marked else [["x", "submariner"]]],
            ]
            for row in wanted
        ]
        return {"data": data, "headings": ["_uuid", target, "nexthop", "external_ids"]}

    def held(column: str) -> t.Any:
        several = [["uuid", row.uuid] for row in rows if row.held and row.column == column]
        return several[0] if len(several) == 1 else ["set", several]

    policies = [row for row in rows if row.column == "policies"]
    tables = [
        table([row for row in policies if row.marked], "match"),
        table(policies, "match"),
        table([row for row in rows if row.column == "static_routes"], "ip_prefix"),
        {"data": [[held("policies"), held("static_routes")]], "headings": ["policies", "static_routes"]},
    ]
    return "".join(json.dumps(each) + "\n" for each in tables)


@given(rows=st.lists(ROW, max_size=6, unique_by=lambda row: row.uuid))
def test_exactly_the_rows_with_the_key_go_each_by_its_own_uuid(rows: list[OvnRow]) -> None:
    read_back = dataplane.northbound(printed(rows))
    assert sorted(read_back, key=str) == sorted(rows, key=str)
    found = plan(NodeReading(northbound=read_back))
    assert sorted(argv[-2:] for argv in commands(found)) == sorted(
        (row.column, row.uuid) for row in rows if row.marked and row.held
    )
    assert len(found.kept) == sum(row.marked != row.held for row in rows)


# -- the plan ---------------------------------------------------------------------------------------------------------


def test_a_policy_of_others_with_the_same_priority_stays_and_is_named() -> None:
    found = plan(NodeReading(northbound=dataplane.northbound(ANSWERS)))
    assert [change.key for change in found.changes] == [
        ("OVN policy", "ip4.dst == 100.13.0.0/16 -> 169.254.34.1 (141da20c)"),
        ("OVN route", "10.13.0.0/16 -> 172.18.0.1 (42c8b465)"),
    ]
    assert found.changes[0].commands == (
        (
            *("ovn-nbctl", "--timeout=5", "--no-leader-only", "remove", "logical_router", "ovn_cluster_router"),
            *("policies", "141da20c-b706-4900-8f97-35b7e15e0758"),
        ),
    )
    assert {kept.name: kept.why for kept in found.kept} == {
        "ip4.dst == 10.13.0.0/16 -> 169.254.34.1 (d94e8e03)": "has Submariner's key, but is not of the logical router "
        "ovn_cluster_router",
        "ip4.dst == 10.99.0.0/16 -> 169.254.34.1 (18cc937d)": "has the priority of Submariner's policies, but not its "
        "key in external_ids",
        "ip4.dst == 10.7.0.0/16 (bdcadc78)": "has the priority of Submariner's policies, but not its key in external_ids",
    }


def test_rows_go_before_what_proves_others() -> None:
    row = OvnRow("policies", str(uuid.UUID(int=1)), "ip4.dst == 10.13.0.0/16", marked=True)
    found = plan(NodeReading(northbound=(row,), links=(Link("vx-submariner", "vxlan", 100),)))
    assert [change.kind for change in found.changes] == ["OVN policy", "link"]


def test_a_node_of_ovn_whose_database_is_on_another_is_clean() -> None:
    found = plan(NodeReading(links=(Link("ovn-k8s-mp0", "openvswitch"),)))
    assert (found.clean, found.ovn_elsewhere, found.ovn_here) == (True, True, False)
    found = plan(NodeReading(links=(Link("ovn-k8s-mp0", "openvswitch"),), northbound=()))
    assert (found.clean, found.ovn_elsewhere, found.ovn_here) == (True, False, True)


# -- the script -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_pod", [False, True])
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_read_and_cleaned(node: FakeNode, shell: str, inside: bool, from_pod: bool) -> None:
    serve(node, inside=inside)
    found = read(node, shell, from_pod)
    assert NORTHBOUND not in found.unknown
    assert in_ovn(found) == OURS
    assert causes(node, commands(found), shell) == ["", ""]
    assert left(node) == [FOREIGN_POLICY, FOREIGN_ROUTE]
    assert causes(node, commands(found), shell) == ["", ""], "another node that serves the same database comes second"
    proof = read(node, shell, from_pod)
    assert (in_ovn(proof), proof.ovn_here) == (set(), True)
    assert left(node) == [FOREIGN_POLICY, FOREIGN_ROUTE]


@pytest.mark.parametrize("socket", ["ovn-ic", "ovn", "openvswitch"])
def test_the_socket_may_be_in_any_of_the_folders(node: FakeNode, socket: str) -> None:
    serve(node, POLICY, socket=socket, inside=False)
    assert len(in_ovn(read(node))) == 1


def test_the_servers_own_root_is_entered_where_no_nsenter_is(node: FakeNode) -> None:
    serve(node, ROUTE)
    (node.tools / "nsenter").rename(node.tools / "entered")
    root = f"{node.tools}/proc/4242/root"
    program(node, "chroot", f'[ "$1" = {root} ] || exit 125\nshift\nexec entered -t 4242 -m -- "$@"')
    assert len(in_ovn(read(node))) == 1


def test_the_link_is_enough_to_look_for_the_server(node: FakeNode) -> None:
    serve(node, ROUTE)
    (node.tools / "proc/1/root/run/ovn-ic/ovnnb_db.sock").unlink()
    assert not read(node).ovn_here
    node.proc("sys/net/ipv4/conf/ovn-k8s-mp0/rp_filter", "0")
    assert len(in_ovn(read(node))) == 1


def test_an_ovn_nbctl_of_the_node_that_fails_is_not_the_last_word(node: FakeNode) -> None:
    serve(node, ROUTE)
    program(node, "ovn-nbctl", "echo 'database connection failed (Permission denied)' >&2; exit 1")
    found = read(node)
    assert NORTHBOUND not in found.unknown
    assert len(in_ovn(found)) == 1


def test_nothing_is_asked_on_a_node_without_ovn(node: FakeNode) -> None:
    program(node, "ovn-nbctl", f"echo asked >> {node.files}/log")
    program(node, "nsenter", f'[ "$2" != 4242 ] || echo asked >> {node.files}/log; exit 1')
    run_server(node)
    told = sections(node, node_script.READ)
    assert "northbound" not in told
    assert not (node.files / "log").exists()
    assert node_script.reading(told).northbound is None


def test_the_servers_of_other_databases_are_not_asked(node: FakeNode) -> None:
    node.proc("sys/net/ipv4/conf/ovn-k8s-mp0/rp_filter", "0")
    for pid, (comm, words) in enumerate(
        {"ovsdb-server": "ovsdb-server /etc/ovn/ovnsb_db.db", "ovn-northd": "ovn-northd unix:ovnnb_db.sock"}.items(), 77
    ):
        node.proc(f"{pid}/comm", comm)
        node.proc(f"{pid}/cmdline", words)
    assert "northbound" not in sections(node, node_script.READ)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda node: program(node, "nsenter", "echo 'ovn-nbctl: no such thing' >&2; exit 1"), "no such thing"),
        (lambda node: program(node, "nsenter", "exit 142"), "no answer in time"),
        (lambda node: program(node, "nsenter", "exit 127"), "not found"),
        (lambda node: program(node, "nsenter", "echo garbage"), "ovn-nbctl gave 1 answers"),
        (lambda node: (node.tools / "nsenter").unlink(), "not found"),
        (lambda node: shutil.rmtree(node.tools / "proc/4242"), "no process serves it"),
        (lambda node: run_server(node, 4343), "several processes serve one: 4242 4343"),
    ],
)
def test_a_database_that_cannot_be_asked_is_unknown(
    node: FakeNode, change: t.Callable[[FakeNode], object], cause: str
) -> None:
    serve(node)
    change(node)
    found = read(node)
    assert cause in found.unknown[NORTHBOUND]
    assert not found.clean
    assert not in_ovn(found)
    assert not found.ovn_elsewhere


def test_rows_that_cannot_be_removed_tell_why(node: FakeNode) -> None:
    serve(node)
    argvs = commands(read(node))
    program(node, "nsenter", "echo 'ovn-nbctl: no row \"ovn_cluster_router\"' >&2; exit 1")
    assert causes(node, argvs) == ['ovn-nbctl: no row "ovn_cluster_router"'] * 2
    shutil.rmtree(node.tools / "proc/1")
    assert causes(node, argvs) == ["not found on the node or in the image"] * 2
