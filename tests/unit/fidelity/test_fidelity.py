# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fidelity comparison finds what differs and nothing else; tried on the recordings."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from tests.fidelity import recording
from tests.fidelity.compare import RECORDED, SIMULATED, Difference, Meant, compare
from tests.fidelity.meant import DIFFERENCES
from tests.fidelity.naming import Object
from tests.fidelity.recording import Installation

HEALTHY = "healthy-two-nodes"


def facts(installation: Installation, name: str = HEALTHY) -> set[str]:
    return installation.facts(recording.kinds_of(name), recording.roles_of(name))


def differences(changed: Installation, name: str = HEALTHY) -> list[Difference]:
    return compare(name, facts(recording.load(name), name), facts(changed, name), ()).differences


def one(installation: Installation, cluster: str, kind: str, name: str = "") -> Object:
    found = [o for o in installation.objects[cluster] if o["kind"] == kind and o["metadata"]["name"].startswith(name)]
    return found[0]


@pytest.mark.parametrize("name", recording.STATES)
def test_a_recording_equals_itself(name: str) -> None:
    recorded = facts(recording.load(name), name)
    assert len(recorded) > 1000
    assert compare(name, recorded, recorded, ()).differences == []


def drop_label(installation: Installation) -> None:
    del one(installation, "east", "DaemonSet", "submariner-gateway")["metadata"]["labels"]["component"]


def drop_finalizer(installation: Installation) -> None:
    one(installation, "west", "Submariner")["metadata"]["finalizers"] = []


def drop_owner(installation: Installation) -> None:
    del one(installation, "west", "ServiceDiscovery")["metadata"]["ownerReferences"]


def add_field(installation: Installation) -> None:
    one(installation, "east", "Gateway")["status"]["invented"] = True


def drop_nested_field(installation: Installation) -> None:
    del one(installation, "east", "Gateway")["status"]["connections"][0]["latencyRTT"]["stdDev"]


def mark_deleted(installation: Installation) -> None:
    one(installation, "west", "Submariner")["metadata"]["deletionTimestamp"] = "2026-11-23T08:00:00Z"


def ghost(installation: Installation) -> None:
    extra = copy.deepcopy(one(installation, "east", "Endpoint", "west"))
    extra["metadata"]["name"] = "west2-submariner-cable-west2-172-31-2-4"
    installation.objects["east"].append(extra)


def other_rule(installation: Installation) -> None:
    files = installation.files["west", "gateway"]
    files["ip-rule.txt"] = files["ip-rule.txt"].replace('"priority":100', '"priority":99')


def other_set_entry(installation: Installation) -> None:
    files = installation.files["west", "other"]
    files["ipset.txt"] += "add SUBMARINER-REMOTECIDRS 10.1.0.0/16\n"


def other_chain(installation: Installation) -> None:
    files = installation.files["east", "gateway"]
    files["iptables-save.txt"] = files["iptables-save.txt"].replace("-A FORWARD -j SUBMARINER-FORWARD\n", "")


def other_port(installation: Installation) -> None:
    files = installation.files["east", "gateway"]
    files["ip-link.txt"] = files["ip-link.txt"].replace('"port":4500', '"port":4501')


@pytest.mark.parametrize(
    ("change", "side", "fact"),
    [
        (drop_label, RECORDED, "east: DaemonSet submariner-operator submariner-gateway label component=gateway"),
        (drop_finalizer, RECORDED, "west: Submariner submariner-operator submariner finalizer controllers"),
        (drop_owner, RECORDED, "west: ServiceDiscovery submariner-operator service-discovery owner Submariner"),
        (add_field, SIMULATED, "east: Gateway submariner-operator <east-gateway> field status.invented"),
        (drop_nested_field, RECORDED, "field status.connections[].latencyRTT.stdDev"),
        (mark_deleted, SIMULATED, "west: Submariner submariner-operator submariner is being deleted"),
        (ghost, SIMULATED, "east: Endpoint submariner-k8s-broker west2-submariner-cable-west2-<west-gateway>-ip: "),
        (other_rule, SIMULATED, "west-gateway: rule 99 from all table 100"),
        (other_set_entry, SIMULATED, "west-other: ipset add SUBMARINER-REMOTECIDRS 10.1.0.0/16"),
        (other_chain, RECORDED, "east-gateway: iptables filter -A FORWARD -j SUBMARINER-FORWARD"),
        (other_port, SIMULATED, "east-gateway: link vxlan-tunnel mtu 1450 up id=1000 port=4501"),
    ],
)
def test_a_planted_difference_is_found(change: Callable[[Installation], None], side: str, fact: str) -> None:
    changed = recording.load(HEALTHY)
    change(changed)
    found = differences(changed)
    assert any(difference.side == side and fact in difference.fact for difference in found)
    assert any(difference.side == side for difference in found)


def test_other_names_addresses_and_networks_make_no_difference() -> None:
    """The same installation on nodes of other names, with other addresses, networks, hashes and UIDs."""
    replacements = {
        "east-worker": "a1",
        "west-worker": "b1-worker",
        "172.31.2.2": "192.168.7.12",
        "172-31-2-2": "192-168-7-12",
        "240.31.2.2": "240.168.7.12",
        "241.31.2.2": "241.168.7.12",
        "10.61.": "10.7.",
        "10.92.": "10.8.",
    }
    changed = recording.load(HEALTHY)

    def rename(text: str) -> str:
        for old, new in replacements.items():
            text = text.replace(old, new)
        return text

    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {rename(key): walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return rename(value) if isinstance(value, str) else value

    objects = {cluster: [walk(item) for item in items] for cluster, items in changed.objects.items()}
    files = {key: {name: rename(text) for name, text in node.items()} for key, node in changed.files.items()}
    assert differences(Installation(objects, files)) == []  # type: ignore[arg-type]


def test_the_uninstalled_state_is_not_the_installed_one() -> None:
    installed = facts(recording.load("installed"), "installed")
    uninstalled = facts(recording.load("west-uninstalled"), "west-uninstalled")
    found = compare("installed", installed, uninstalled, DIFFERENCES).differences
    assert Difference(RECORDED, "west: Namespace submariner-operator: v1") in found
    assert Difference(RECORDED, "west-gateway: rule 150 from all table 150") in found


def test_a_meant_difference_covers_its_side_and_state_only() -> None:
    entry = Meant(reason="tried", pattern=r"^x$", side=SIMULATED, states=("a",))
    assert entry.covers("a", Difference(SIMULATED, "x"))
    assert not entry.covers("a", Difference(RECORDED, "x"))
    assert not entry.covers("b", Difference(SIMULATED, "x"))
    assert not entry.covers("a", Difference(SIMULATED, "xy"))


@pytest.mark.parametrize("entry", DIFFERENCES, ids=lambda entry: entry.reason[:40])
def test_every_meant_difference_has_a_reason_and_known_states(entry: Meant) -> None:
    assert len(entry.reason.split()) > 4
    assert set(entry.states) <= set(recording.STATES)
