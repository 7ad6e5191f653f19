# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lines of logs mean: their forms, the table of known ones, the kinds of unknown ones, and bounds on all of it."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _logs
from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import (
    AGENT,
    COMPONENTS,
    GATEWAY,
    LINES,
    OPERATOR,
    KnownLine,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import (
    Source,
    Tally,
    find_known,
    holds_for,
    normalise,
    parse,
    unread,
    utc,
)
from tests.run.log_lines import PAGE, page

NAMESPACE = "submariner-operator"
BROKER = "172.18.0.3:6443"
SOURCE = Source(GATEWAY, "submariner-gateway-m76tl", "submariner-gateway")
KUBELET = "2026-11-23T17:19:42.123456789Z "

FORMS = [
    ("2026-11-23T17:19:42.100Z ERR ..gateway/gateway.go:412 Gateway              {}", "error"),
    ("\x1b[90m2026-11-23T17:19:42.100Z\x1b[0m \x1b[31mERR\x1b[0m \x1b[1m..main.go:9\x1b[0m {}", "error"),
    ("2026-11-23T17:19:42.100Z FTL ..submariner/main.go:151 main                 {}", "fatal"),
    ("2026-11-23T17:19:42.100Z WRN ..syncer.go:179 Syncer               {}", ""),
    ("2026-11-23T17:19:42.100Z INF ..versions.go:35 main                 {}", ""),
    ("E1123 17:19:42.100000       1 queue.go:107] {}", "error"),
    ("F1123 17:19:42.100000       1 main.go:107] {}", "fatal"),
    ("W1123 17:19:42.100000       1 reflector.go:539] {}", ""),
    ('{{"level":"error","ts":1588185517.2,"logger":"cmd","msg":"{}"}}', "error"),
    ('{{"level":"info","ts":1588185517.2,"logger":"cmd","msg":"{}"}}', ""),
    ("2023-01-02T03:04:05.678Z\tERROR\tcmd\t{}", "error"),
    ("[ERROR] plugin/errors: 2 {}", "error"),
    ('time="2021-04-15T10:50:32Z" level=error msg="{}"', "error"),
    ("2026-11-24 06:53:00,123 CRITICAL main {}", "fatal"),
    ("panic: runtime error: {}", "fatal"),
    ("+ exec submariner-gateway -v=2 {}", ""),
]


def known(line: str, component: str = GATEWAY, broker: str = BROKER, version: str = "") -> str:
    row = find_known(parse(line).message, component, broker, version)
    return row.id if row else ""


def tally(*logs: str, source: Source = SOURCE, secrets: t.Sequence[str] = ()) -> Tally:
    made = Tally(BROKER, secrets)
    for log in logs:
        made.add(source, log)
    return made


@pytest.mark.parametrize(("form", "level"), FORMS)
@pytest.mark.parametrize("stamp", ["", KUBELET])
def test_every_form_gives_level_and_message(form: str, level: str, stamp: str) -> None:
    line = parse(stamp + form.format("something went wrong"))
    assert (line.level, "something went wrong" in line.message) == (level, True)
    assert not stamp or line.stamp == stamp.strip()


def test_the_error_of_a_json_line_is_part_of_it() -> None:
    line = parse('{"level":"error","msg":"Manager exited","error":"no matches for kind \\"ServiceDiscovery\\""}')
    assert known("x" + line.message, OPERATOR) == "log.crd-missing"


@pytest.mark.parametrize(
    ("stamp", "when"),
    [
        ("2026-11-23T17:19:42Z", "2026-11-23T17:19:42.000Z"),
        ("2026-11-23T17:19:42.1Z", "2026-11-23T17:19:42.100Z"),
        ("2026-11-23T17:19:42.123456789+02:00", "2026-11-23T15:19:42.123Z"),
        ("2026-11-23T01:19:42.5-01:30", "2026-11-23T02:49:42.500Z"),
        ("2026-13-23T17:19:42Z", ""),
        ("0001-01-01T00:00:00+01:00", ""),
        ("yesterday", ""),
    ],
)
def test_stamps_become_comparable(stamp: str, when: str) -> None:
    assert utc(stamp) == when


@pytest.mark.parametrize(
    ("component", "line", "id_"),
    [
        (
            OPERATOR,
            "2026-11-23T17:19:42.100Z ERR ..discovery.go:41 ..troller_submariner Error trying to discover network"
            ' error="could not determine the service IP range via service creation - expected a specific error"',
            "operator.discovery-failed",
        ),
        (
            GATEWAY,
            f'E1123 17:19:42.1 1 reflector.go:1] Failed to watch: Get "https://{BROKER}/apis": dial tcp {BROKER}: connect:'
            " connection refused",
            "log.broker-unreachable",
        ),
        (
            OPERATOR,
            "2026-11-23T17:19:42Z INF ..uninstall.go:77 x Timed out waiting for components to complete - aborting",
            "log.uninstall-aborted",
        ),
        (
            GATEWAY,
            'FTL main.go:147 Error creating gateway error="unknown config annotation \\"gateway.submariner.io/x\\""',
            "log.unknown-annotation",
        ),
        (
            GATEWAY,
            "003 ERROR: bind() for ens192 172.110.185.40:4500. Errno 98: Address already in use",
            "log.port-in-use",
        ),
        (GATEWAY, 'WRN natdiscovery.go:166 NAT NAT discovery for endpoint "a" has timed out', "log.nat-discovery"),
        (GATEWAY, 'INF natdiscovery.go:144 NAT Starting NAT discovery for endpoint "a"', ""),
        ("routeagent", "INF main.go:240 main Node not ready, waiting: v1.NodeStatus{}", "log.node-not-ready"),
        (
            "globalnet",
            'FTL main.go:126 Error while retrieving the local cluster "east" info even after waiting for 5 mins',
            "log.globalnet-no-cluster",
        ),
        (
            "lighthouse-agent",
            'WRN Syncer "x": Unable to distribute resource "a/b" due to missing namespace "a"',
            "log.namespace-missing",
        ),
        ("lighthouse-coredns", "Listen: listen tcp :53: bind: permission denied", "log.dns-port"),
        ("metrics-proxy", "panic: runtime error: index out of range", "log.program-error"),
        (
            OPERATOR,
            'ERR x failed to update error="Operation cannot be fulfilled: the object has been modified; please apply'
            ' your changes to the latest version and try again"',
            "log.write-conflict",
        ),
    ],
)
def test_known_lines(component: str, line: str, id_: str) -> None:
    assert known(line, component) == id_


SAID = {
    "log.broker-cleanup": (GATEWAY, 'ERR main Error cleaning up the datastore error="unable to delete"'),
    "log.cable-failed": (GATEWAY, 'ERR tunnel Error installing cable for Endpoint "west" error="no such device"'),
    "log.calico-api": (
        "routeagent",
        'ERR calico Error creating the IPPool - is Calico API server running? error="404"',
    ),
    "log.cidr-mismatch": (OPERATOR, "ERR x There is a mismatch between the detected and configured CIDRs"),
    "log.cidr-overlap": (GATEWAY, 'WRN x Skip processing the remote endpoint "west" as its subnets overlap'),
    "log.clusterset-ip": ("lighthouse-agent", 'ERR x Unable to reserve clusterset IP "243.0.0.1" for "a/b"'),
    "log.cni-address": (GATEWAY, 'FTL x Error getting CNI Interface IP address error="no interface"'),
    "log.dns-no-address": ("lighthouse-coredns", 'ERR x Missing service IP endpoint in EndpointSlice "a-west"'),
    "log.dns-waits": ("lighthouse-coredns", 'WRN x ServiceImport "a" not found for EndpointSlice "a-west" - requeuing'),
    "log.endpoints-compete": (GATEWAY, "INF x Endpoint west-1: time stamp is older than the timestamp of west-2"),
    "log.event-dropped": ("routeagent", 'ERR x Ignoring the event "create a", as its requeued for more than 60 times'),
    "log.globalnet-differs": ("globalnet", 'FTL x Cluster "east" is not configured to use globalCidr'),
    "log.globalnet-no-ip": ("globalnet", 'ERR x Error allocating IP for Node "east-worker" error="pool exhausted"'),
    "log.globalnet-overlap": ("globalnet", "ERR x The cluster's CIDR 242.0.0.0/16 overlaps with remote cluster west"),
    "log.globalnet-reservation": ("globalnet", "WRN x Could not reserve allocated GlobalIP for a/b"),
    "log.ipsec-command": (GATEWAY, "ERR libreswan error whacking with args [--listen]"),
    "log.ipsec-daemon": (GATEWAY, "FTL libreswan Pluto exited: exit status 1"),
    "log.leadership-acquired": (GATEWAY, "INF x Leadership acquired - starting controllers"),
    "log.load-balancer": (GATEWAY, "INF x Waiting for LoadBalancer to be ready"),
    "log.no-default-interface": ("routeagent", 'ERR x unable to find the default interface on host: "no route"'),
    "log.operator-not-leader": (OPERATOR, '{"level":"info","logger":"leader","msg":"Not the leader. Waiting."}'),
    "log.own-endpoint-replaced": (GATEWAY, 'INF x Successfully deleted existing submariner Endpoint "east-old"'),
    "log.ping-failed": (GATEWAY, 'ERR x Failed to successfully ping the remote endpoint IP "10.22.0.1"'),
    "log.record-deleted": (GATEWAY, 'INF Syncer local -> broker: Deleted Endpoint "east"'),
    "log.service-type": ("lighthouse-agent", "ERR x Type ExternalName is not supported for Service (a/b)"),
    "log.several-cidrs": (OPERATOR, 'ERR x Detected > 1 CIDRs ["10.1.0.0/16" "10.2.0.0/16"]'),
    "log.stale-gateway": (GATEWAY, 'INF x Deleted stale Gateway "east-worker3"'),
    "log.uninstall-no-gateway": (OPERATOR, "INF x DaemonSet has no available nodes for submariner-gateway-uninstall"),
    "log.uninstall-waits": (OPERATOR, 'INF x DaemonSet "submariner-gateway" still has pods - requeueing'),
    "log.vxlan-interface": (GATEWAY, 'ERR x failed to create VxLAN interface "vxlan-tunnel"'),
    "log.vxlan-nat": (GATEWAY, "FTL x the VxLAN cable driver is supported only with no NAT deployments"),
    "log.wireguard-device": (GATEWAY, 'FTL x failed to add WireGuard device "submariner"'),
    "log.wireguard-key": (GATEWAY, "ERR x key mismatch for peer cluster west"),
    "log.wrong-receiver": (GATEWAY, 'ERR x Received NAT discovery packet for endpoint "a", while being "b"'),
}
"""What a component says of it, where no other test has it."""


@pytest.mark.parametrize("id_", SAID)
def test_what_is_said_has_its_meaning(id_: str) -> None:
    component, line = SAID[id_]
    assert known(KUBELET + line, component) == id_
    (finding,) = tally(KUBELET + line, source=Source(component, "a-pod", "a-container")).findings(NAMESPACE)
    assert (finding.id, bool(finding.hint)) == (id_, True)


def test_a_line_counts_only_for_its_components() -> None:
    assert known("INF Leadership lost", GATEWAY) == "log.leadership-lost"
    assert known("INF Leadership lost", OPERATOR) == ""


def test_trouble_with_the_clusters_own_api_is_not_the_brokers() -> None:
    line = 'Get "https://10.96.0.1:443/api": dial tcp 10.96.0.1:443: connect: connection refused'
    assert known(line) == ""
    assert known(line, broker="") == ""
    assert known(f"cannot ask the broker: {line}", broker="") == "log.broker-unreachable"


@pytest.mark.parametrize(
    "said",
    [
        "error authorizing access to the broker API server",
        "error building an authorized RestConfig for the broker",
        "x509: certificate signed by unknown authority",
    ],
)
def test_any_component_may_complain_of_the_broker_without_its_address(said: str) -> None:
    line = f'FTL ..main.go:1 Cannot start error="{said}"'
    expected = {OPERATOR: "operator.broker-unreachable", **dict.fromkeys((GATEWAY, AGENT), "log.broker-unreachable")}
    assert {component: known(line, component) for component in expected} == expected
    own = 'ERR Get "https://10.96.0.1:443/api": tls: x509: certificate signed by unknown authority'
    assert known(own, OPERATOR) == "", "the cluster's own API server"


def test_a_row_holds_for_its_versions() -> None:
    def hint(version: str) -> str:
        row = find_known("Leadership lost", GATEWAY, "", version)
        assert row is not None
        return row.hint

    assert "restarts itself" in hint("0.16.1")
    assert "restarts itself" not in hint("0.16.2")
    assert known("Could not process rule: No such file", version="0.21.0") == ""
    assert known("Could not process rule: No such file", version="v0.22.1") == "log.packet-rules"
    assert known("Could not process rule: No such file", version="devel") == "log.packet-rules"
    assert holds_for("0.16.2", "0.19.0", "0.19.0")
    assert not holds_for("0.16.2", "0.19.0", "0.19.1")


def test_known_lines_are_counted_over_pods_and_show_the_newest() -> None:
    made = Tally(BROKER)
    made.add(SOURCE, "2026-11-23T10:00:00Z INF Leadership lost\n2026-11-23T09:00:00+02:00 INF Leadership lost again\n")
    made.add(Source(GATEWAY, "submariner-gateway-other", "c"), "2026-11-23T11:00:00Z INF Leadership lost, newest\n")
    (line,) = made.lines()
    assert (line["id"], line["count"], line["pod_count"]) == ("log.leadership-lost", 3, 2)
    assert (line["first"], line["last"]) == ("2026-11-23T07:00:00.000Z", "2026-11-23T11:00:00.000Z")
    assert (line["example"], line["pod"]) == ("Leadership lost, newest", "submariner-gateway-other")
    (finding,) = made.findings(NAMESPACE)
    assert finding.subject.startswith("2 pods of submariner-gateway")
    assert "3 times, last 2026-11-23T11:00:00.000Z" in finding.observed


def test_what_a_container_said_before_its_restart_is_told_apart() -> None:
    made = tally("FTL Pluto exited: 1", source=Source(GATEWAY, "p", "c", previous=True))
    assert made.findings(NAMESPACE)[0].observed.endswith("(once, before the last restart)")
    made.add(Source(GATEWAY, "p", "c"), "FTL Pluto exited: 1")
    assert made.findings(NAMESPACE)[0].observed.endswith("(2 times)")


def test_unknown_error_lines_are_shown_once_each() -> None:
    uid = "f512e538-711e-44df-9a41-53c2f025734a"
    made = tally(
        f'ERR a.go:1 x Odd thing in pod "submariner-gateway-m76tl" {uid} at 10.1.2.3:4500 after 12.5s\n'
        f'ERR a.go:2 x Odd thing in pod "submariner-gateway-bbzwk" {uid[::-1]} at 10.9.9.9:4500 after 3s\n'.replace(
            uid[::-1], uid.replace("f", "a")
        )
        + "ERR a.go:1 x Another thing\nWRN a.go:1 x A warning\nINF a.go:1 x All is well\n"
    )
    lines = made.unknown_lines()
    assert [(line["count"], line["level"]) for line in lines] == [(2, "error"), (1, "error")]
    (finding,) = made.findings(NAMESPACE)
    assert (finding.id, finding.severity) == ("log.unknown-error", "info")
    assert finding.observed.startswith("3 error lines of 2 kinds")


def test_a_component_that_ended_itself_is_a_warning() -> None:
    made = tally("2026-11-23T10:00:00Z FTL main.go:9 main Never seen before\nERR x\n")
    assert [line["level"] for line in made.unknown_lines()] == ["fatal", "error"]
    finding = made.findings(NAMESPACE)[0]
    assert (finding.id, finding.severity) == ("log.unknown-fatal", "warning")
    assert "Never seen before" in finding.cause


def test_fatal_kinds_do_not_hide_that_there_are_errors() -> None:
    made = tally("".join(f"FTL {chr(97 + n // 26)}{chr(97 + n % 26)}\n" for n in range(60)) + "ERR one more\n")
    assert [finding.id for finding in made.findings(NAMESPACE)][-1] == "log.unknown-error"


def test_kinds_are_bounded_and_none_is_lost_from_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_logs, "MOST_KINDS", 3)
    made = tally("".join(f"ERR kind {chr(97 + n)}\n" for n in range(10)))
    assert len(made.unknown_lines()) == 3
    assert made.findings(NAMESPACE)[0].observed.startswith("10 error lines of 3+ kinds")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dial tcp 10.0.0.1:6443: i/o timeout", "dial tcp 172.16.255.1:443: i/o timeout"),
        ("cable-east-172-18-0-9 lost", "cable-east-172-18-0-10 lost"),
        ("at fd00:10:96::1 now", "at fe80::1 now"),
        ("since 2026-11-23 17:19:42 +0000 UTC", "since 2025-01-01 00:00:00 +0000 UTC"),
        ("pod submariner-operator-6d6c6cb577-hvfsj", "pod submariner-operator-7498b8d49-c72l6"),
        ("wall:0xc1a2 ext:63767392201", "wall:0x0 ext:1"),
    ],
)
def test_what_differs_between_two_of_a_kind_is_taken_out(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_different_complaints_stay_apart() -> None:
    assert normalise("route agent failed") != normalise("gateway failed")


def test_secrets_do_not_pass() -> None:
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
    made = tally(
        f'ERR x refused token {jwt}\nERR x plain-known-secret\nINF Leadership lost Token:"sesame1"\n',
        secrets=["plain-known-secret"],
    )
    said = json.dumps([made.lines(), made.unknown_lines(), [f.as_dict() for f in made.findings(NAMESPACE)]])
    assert [word for word in (jwt, "plain-known-secret", "sesame1") if word in said] == []
    assert said.count("<hidden>") >= 3


def test_what_could_not_be_read_is_unknown_once_for_each_reason() -> None:
    reasons = {f"pod-{n}/c": f"Get https://10.0.0.{n}:10250/logs: i/o timeout" for n in range(30)}
    found = unread(NAMESPACE, {**reasons, "pods": "forbidden"})
    assert [finding.severity for finding in found] == ["unknown", "unknown"]
    assert found[0].observed.startswith("30 could not be read")
    assert len(found[0].evidence["unread"]) == _logs.MOST_PODS


@given(st.lists(st.tuples(st.sampled_from(COMPONENTS), st.booleans(), st.binary(max_size=400)), max_size=5))
def test_random_bytes_never_raise(logs: list[tuple[str, bool, bytes]]) -> None:
    made = Tally(BROKER)
    for component, previous, log in logs:
        made.add(Source(component, "p", "c", previous), log.decode("utf-8", "replace"))
    json.dumps([made.lines(), made.unknown_lines(), [f.as_dict() for f in made.findings(NAMESPACE)]]).encode()


LINE_PARTS = st.sampled_from(
    [form.format("x") for form, _level in FORMS]
    + [sign for row in LINES for sign in row.signs]
    + [
        KUBELET,
        BROKER,
        "{",
        "[" * 3000,
        '{"a":' * 1500,
        "\x1b[31m",
        "\ud800",
        "9" * 5000,
        "-----BEGIN X-----",
        "token=",
        '"',
    ]
)


@given(st.lists(LINE_PARTS, max_size=8).map("".join), st.sampled_from(COMPONENTS))
def test_odd_lines_never_raise_and_what_is_shown_is_short(line: str, component: str) -> None:
    made = tally(line, source=Source(component, "p", "c"))
    shown = [*made.lines(), *made.unknown_lines()]
    assert all(len(entry["example"]) <= _logs.SHOWN for entry in shown)
    assert all(entry["example"].isprintable() for entry in shown)
    json.dumps(shown).encode("utf-8")


@given(st.lists(st.text(max_size=60).map(lambda said: f"ERR {said}"), min_size=1, max_size=60))
def test_every_error_line_is_counted(lines: list[str]) -> None:
    log = "\n".join(line.replace("\n", " ") for line in lines)
    made = tally(log)
    assert sum(seen.count for seen in [*made.known.values(), *made.unknown.values()]) == len(lines)


def reachable(row: KnownLine) -> bool:
    versions = [version for version in (row.since, row.until, "") if version] or [""]
    words = [f"{sign} {BROKER if row.broker else ''}" for sign in row.signs]
    return all(find_known(w, c, BROKER, v) is row for w in words for c in row.components for v in versions)


def test_every_row_of_the_table_can_be_met() -> None:
    """No row stands behind another that takes all its lines, and each has a meaning and a way out."""
    assert [row.id for row in LINES if not reachable(row)] == []
    assert [row.id for row in LINES if not (FINDINGS.get(row.id) and row.hint and row.source and row.signs)] == []
    assert [row.id for row in LINES if any(sign != sign.lower() for sign in row.signs)] == []
    assert {row.severity for row in LINES} == {"info", "warning"}


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.run.log_lines"
