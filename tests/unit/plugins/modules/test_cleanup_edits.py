# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cleanup puts back what Submariner changed in objects of others: the cluster's DNS (R18)."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.cleaning import OPERATOR, Cleaning, labels, obj

Json = dict[str, t.Any]
MAPS = ("", "configmaps")
DNSES = ("operator.openshift.io", "dnses")
SUBMARINERS = ("submariner.io", "submariners")
STANZA = "clusterset.local:53 {\n    forward . 10.92.1.1\n}\n"
BLOCK = f"#lighthouse-start AUTO-GENERATED\n{STANZA}#lighthouse-end\n"
OTHERS = ".:53 {\n    errors\n    forward . /etc/resolv.conf\n}\n"


def config_map(name: str, namespace: str = "kube-system", **data: str) -> Json:
    return obj("v1", "ConfigMap", name, namespace, data={k.replace("_", "."): v for k, v in data.items()})


def server(name: str, zones: list[str], *upstreams: str) -> Json:
    return {"name": name, "zones": zones, "forwardPlugin": {"upstreams": list(upstreams)}}


OPENSHIFT_NODE = obj("v1", "Node", "worker", labels={"node.openshift.io/os_id": "rhcos"})


def openshift(*servers: Json) -> tuple[Json, Json]:
    spec = {"servers": list(servers), "logLevel": "Normal"}
    return OPENSHIFT_NODE, obj("operator.openshift.io/v1", "DNS", "default", spec=spec)


def submariner(**spec: t.Any) -> Json:
    return obj("submariner.io/v1alpha1", "Submariner", "submariner", "submariner-operator", spec=spec)


# -- ConfigMaps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("coredns", "kube-system"),
        ("rke2-coredns-rke2-coredns", "kube-system"),
        ("dns-default", "openshift-dns"),
    ],
)
def test_the_block_goes_from_whichever_corefile_has_it(cleaning: Cleaning, name: str, namespace: str) -> None:
    cleaning.load(config_map(name, namespace, Corefile=BLOCK + OTHERS, other="1"))
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert cleaning.get(MAPS, name, namespace)["data"] == {"Corefile": OTHERS, "other": "1"}
    journal = outcome["removed"][0]
    assert (journal["residue"], journal["action"]) == ("R18", "edit")
    assert journal["backup"] == {"data": {"Corefile": BLOCK + OTHERS}}
    assert cleaning.run().changed is False


@pytest.mark.parametrize("text", [BLOCK + OTHERS, BLOCK.replace("#lighthouse-end", "") + OTHERS])
def test_somebodys_copy_of_the_corefile_stays_and_hinders_nothing(cleaning: Cleaning, text: str) -> None:
    cleaning.load(config_map("coredns", Corefile=BLOCK + OTHERS), config_map("coredns-backup", Corefile=text))
    outcome = cleaning.run()
    assert (outcome.failed, outcome["verdict"]) == (False, "pass"), outcome.msg
    assert labels(outcome["kept"]) == {"ConfigMap kube-system/coredns-backup"}
    assert cleaning.get(MAPS, "coredns", "kube-system")["data"] == {"Corefile": OTHERS}
    assert cleaning.get(MAPS, "coredns-backup", "kube-system")["data"] == {"Corefile": text}


def test_of_a_custom_map_just_lighthouses_key_goes(cleaning: Cleaning) -> None:
    cleaning.load(
        config_map("coredns-custom", lighthouse_server=STANZA, my_server="mine"),
        config_map("unrelated", lighthouse_override="mine"),
    )
    outcome = cleaning.run()
    assert labels(outcome["removed"]) == {"ConfigMap kube-system/coredns-custom"}
    assert cleaning.get(MAPS, "coredns-custom", "kube-system")["data"] == {"my.server": "mine"}
    assert cleaning.get(MAPS, "unrelated", "kube-system")["data"] == {"lighthouse.override": "mine"}
    assert outcome["removed"][0]["backup"] == {"data": {"lighthouse.server": STANZA}}


def test_a_key_of_that_name_that_knows_nothing_of_clusterset_stays(cleaning: Cleaning) -> None:
    cleaning.load(config_map("web-checks", lighthouse_server="https://lighthouse.example:9001"))
    outcome = cleaning.run()
    assert (outcome.changed, outcome["verdict"]) == (False, "pass")
    assert labels(outcome["kept"]) == {"ConfigMap kube-system/web-checks"}


def test_the_map_that_the_resource_names_is_remembered_when_the_resource_is_gone(cleaning: Cleaning) -> None:
    cleaning.load(
        submariner(coreDNSCustomConfig={"configMapName": "own", "namespace": "dns"}),
        config_map("own", "dns", lighthouse_server=STANZA, my_server="mine"),
    )
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert cleaning.names(SUBMARINERS) == []
    assert cleaning.get(MAPS, "own", "dns")["data"] == {"my.server": "mine"}


@pytest.mark.parametrize(("told", "after"), [("dns/own", {"my.server": "mine"}), ("", None), ("own", None)])
def test_the_map_of_an_interrupted_run_is_cleaned_although_the_resource_is_gone(
    cleaning: Cleaning, told: str, after: Json | None
) -> None:
    before = {"lighthouse.server": STANZA, "my.server": "mine"}
    cleaning.load(config_map("own", "dns", lighthouse_server=STANZA, my_server="mine"))
    outcome = cleaning.run(dns_map=told)
    assert (outcome.failed, outcome.changed) == (False, bool(after)), outcome.msg
    assert cleaning.get(MAPS, "own", "dns")["data"] == (after or before)
    assert cleaning.run(dns_map=told).changed is False


def test_the_resource_knows_better_than_the_record(cleaning: Cleaning) -> None:
    cleaning.load(
        submariner(coreDNSCustomConfig={"configMapName": "own", "namespace": "dns"}),
        config_map("own", "dns", lighthouse_server=STANZA),
    )
    assert not cleaning.run(dns_map="other/one").failed
    assert not cleaning.get(MAPS, "own", "dns")["data"]


def test_the_diff_shows_what_changes_in_the_corefile(cleaning: Cleaning) -> None:
    cleaning.load(config_map("coredns", Corefile=BLOCK + OTHERS))
    diff = cleaning.run(check=True, diff=True)["diff"]
    assert "forward . 10.92.1.1" in diff["before"]
    assert "forward . 10.92.1.1" not in diff["after"]
    for side in ("before", "after"):
        assert "forward . /etc/resolv.conf" in diff[side]
    assert cleaning.api.writes == []


def test_an_edit_of_somebody_else_in_between_is_not_lost(cleaning: Cleaning) -> None:
    cleaning.load(config_map("coredns", Corefile=BLOCK + OTHERS))
    late = OTHERS + "example.org {\n}\n"

    def edit_first(request: t.Any) -> bool:
        body = cleaning.get(MAPS, "coredns", "kube-system")
        if request.verb == "patch" and body["data"]["Corefile"] == BLOCK + OTHERS:
            body["data"]["Corefile"] = BLOCK + late
            cleaning.api.cluster.replace(MAPS, body, "kube-system", "coredns")
        return True

    cleaning.api.permits = edit_first
    assert not cleaning.run().failed
    assert cleaning.get(MAPS, "coredns", "kube-system")["data"]["Corefile"] == late


def test_the_patch_names_the_version_that_was_planned(cleaning: Cleaning) -> None:
    cleaning.load(config_map("coredns", Corefile=BLOCK + OTHERS))
    version = cleaning.get(MAPS, "coredns", "kube-system")["metadata"]["resourceVersion"]
    cleaning.run()
    patch = cleaning.api.asked("patch")[0].body["metadata"]
    assert patch == {"uid": "ConfigMap-kube-system-coredns", "resourceVersion": version}


# -- OpenShift ------------------------------------------------------------------------------------------------------


def test_of_openshifts_servers_just_lighthouses_go(cleaning: Cleaning) -> None:
    ours = [
        server("lighthouse", ["clusterset.local"], "172.30.1.1"),
        server("lighthouse", ["supercluster.local"], "172.30.1.1"),
    ]
    foreign = [server("corp", ["corp.example"], "10.0.0.53"), server("lighthouse", ["lighthouse.example"], "10.0.0.53")]
    cleaning.load(*openshift(foreign[0], *ours, foreign[1]))
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert cleaning.get(DNSES, "default")["spec"] == {"servers": foreign, "logLevel": "Normal"}
    assert outcome["removed"][0]["backup"] == {"spec": {"servers": [foreign[0], *ours, foreign[1]]}}
    assert labels(outcome["kept"]) == {"DNS default"}


@pytest.mark.parametrize("custom", [False, True])
def test_openshifts_servers_are_looked_at_wherever_the_operator_of_dns_is(cleaning: Cleaning, custom: bool) -> None:
    """Without the label of the nodes, and beside a ConfigMap where lighthouse writes now: an earlier installation wrote here."""
    dns = openshift(server("lighthouse", ["clusterset.local"], "172.30.1.1"))
    named = submariner(coreDNSCustomConfig={"configMapName": "coredns-custom", "namespace": "kube-system"})
    cleaning.load(*([*dns, named] if custom else dns[1:]))
    assert "DNS default" in labels(cleaning.run(check=True)["plan"])
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert "DNS default" in labels(outcome["removed"])
    assert cleaning.get(DNSES, "default")["spec"] == {"logLevel": "Normal"}


def test_a_server_that_just_has_the_name_stays(cleaning: Cleaning) -> None:
    cleaning.load(*openshift(server("lighthouse", ["lighthouse.example"], "10.0.0.53")))
    outcome = cleaning.run()
    assert (outcome.changed, outcome["verdict"]) == (False, "pass")
    assert "does not forward clusterset.local" in outcome["kept"][0]["why"]


@pytest.mark.parametrize(("status", "verdict"), [(404, "pass"), (403, "unknown")])
def test_openshifts_dns_is_absent_or_unknown(cleaning: Cleaning, status: int, verdict: str) -> None:
    cleaning.load(OPENSHIFT_NODE, config_map("coredns", Corefile=BLOCK + OTHERS))
    cleaning.api.fault(status, path="dnses/default")
    outcome = cleaning.run(timeout=1)
    assert outcome["verdict"] == verdict
    if status == 403:
        assert outcome["unknown"] == ["dns-operator"]
        assert cleaning.api.writes == []


# -- nodes ----------------------------------------------------------------------------------------------------------

NODES = ("", "nodes")
SETTINGS = {"gateway.submariner.io/public-ip": "ipv4:192.0.2.1", "submariner.io/tcp-clamp-mss": "1200"}
NOTES = {"submariner.io/globalIp": "242.0.0.1", "submariner.io/cniIfaceIp": "10.1.0.1"}


def node(**fields: t.Any) -> Json:
    return obj("v1", "Node", "worker", status={"conditions": []}, **fields)


@pytest.mark.parametrize("asked", [False, True])
def test_notes_of_old_releases_go_and_settings_of_users_stay(cleaning: Cleaning, asked: bool) -> None:
    labels = {"submariner.io/gateway": "true", "mine": "1", "gateway.submariner.io/udp-port": "4501"}
    cleaning.load(node(labels=labels, annotations={**NOTES, **SETTINGS, "mine": "2"}))
    outcome = cleaning.run(labels=asked)
    assert not outcome.failed, outcome.msg
    meta = cleaning.get(NODES, "worker")["metadata"]
    assert meta["annotations"] == {**SETTINGS, "mine": "2"}
    assert ("submariner.io/gateway" in meta["labels"]) is not asked
    assert meta["labels"]["gateway.submariner.io/udp-port"] == "4501"
    assert outcome["removed"][0]["residue"] == "R21"
    assert outcome["removed"][0]["backup"]["metadata"]["annotations"] == NOTES
    kept = outcome["kept"][0]["why"]
    assert all(key in kept for key in [*SETTINGS, "gateway.submariner.io/udp-port"])
    assert "submariner.io/gateway" not in kept
    assert cleaning.run(labels=asked).changed is False


def labelled(by: str) -> Json:
    fields: Json = {"f:metadata": {"f:labels": {"f:submariner.io/gateway": {}}}}
    found = node(labels={"submariner.io/gateway": "true"})
    found["metadata"]["managedFields"] = [{"manager": by, "operation": "Update", "fieldsV1": fields}]
    return found


@pytest.mark.parametrize("by", ["subctl", "subctl-v0.24.1-linux-amd64", "submariner.lifecycle"])
def test_the_gateway_label_of_an_installation_goes_on_request(cleaning: Cleaning, by: str) -> None:
    cleaning.load(labelled(by))
    outcome = cleaning.run(labels=True)
    assert (outcome.failed, labels(outcome["removed"])) == (False, {"Node worker"}), outcome.msg
    assert cleaning.get(NODES, "worker")["metadata"]["labels"] == {}


@pytest.mark.parametrize("by", ["kubectl-label", "nodelink-controller"])
def test_a_gateway_label_that_somebody_else_set_stays(cleaning: Cleaning, by: str) -> None:
    cleaning.load(labelled(by))
    outcome = cleaning.run(labels=True)
    assert (outcome.changed, outcome["verdict"]) == (False, "pass")
    assert f"set by {by}" in outcome["kept"][0]["why"]
    assert cleaning.get(NODES, "worker")["metadata"]["labels"] == {"submariner.io/gateway": "true"}


def test_another_value_of_the_gateway_label_is_a_users(cleaning: Cleaning) -> None:
    cleaning.load(node(labels={"submariner.io/gateway": "false"}))
    outcome = cleaning.run(labels=True)
    assert (outcome.changed, outcome["verdict"]) == (False, "pass")
    assert "submariner.io/gateway" in outcome["kept"][0]["why"]


def test_with_the_broker_alone_the_notes_of_the_installation_stay(cleaning: Cleaning) -> None:
    cleaning.load(node(labels={"submariner.io/gateway": "true"}, annotations=NOTES))
    outcome = cleaning.run(scope=["broker"], labels=True)
    assert not outcome.failed, outcome.msg
    meta = cleaning.get(NODES, "worker")["metadata"]
    assert (meta["annotations"], meta["labels"]) == (NOTES, {})


def test_a_copy_of_the_map_that_the_resource_names_stays(cleaning: Cleaning) -> None:
    named = {"coreDNSCustomConfig": {"namespace": "kube-system", "configMapName": "coredns-custom"}}
    cleaning.load(
        obj("v1", "Namespace", OPERATOR),
        obj("submariner.io/v1alpha1", "Submariner", "submariner", OPERATOR, spec=named),
        config_map("coredns-custom", lighthouse_server=STANZA),
        config_map("coredns-custom-backup", lighthouse_server=STANZA),
    )
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert "ConfigMap kube-system/coredns-custom" in labels(outcome["removed"])
    assert "ConfigMap kube-system/coredns-custom-backup" in labels(outcome["kept"])
