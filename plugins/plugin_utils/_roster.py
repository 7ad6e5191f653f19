# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contexts and what their clusters told -> hosts, groups and warnings; pure. Private, may change at any time."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field, replace
from functools import cached_property

from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import SCHEMA, Fleet, Host
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, mappings, sequence, text
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._contexts import Context, listed, sanitised

BROKER, MEMBERS, NODES = "submariner_broker", "submariner_members", "submariner_nodes"
GATEWAYS, UNREACHABLE = "submariner_gateway_nodes", "submariner_unreachable"
GHOSTS, UNMANAGED = "submariner_ghosts", "submariner_unmanaged"
GROUPS = (BROKER, MEMBERS, UNREACHABLE, GHOSTS, UNMANAGED, NODES, GATEWAYS)
"""All are made, so that plays and expressions can name any of them; a group may be empty."""
BUILT_IN = ("all", "ungrouped")
"""Groups of Ansible's own."""

_UNTOLD: Json = {
    "submariner_state": "unknown",
    "submariner_installed_id": "",
    "submariner_installed_version": "",
    "submariner_cable_driver_in_use": "",
    "submariner_kubernetes_version": "",
    "submariner_cluster_uid": "",
}
"""Of a cluster that nobody asks. Expressions name these variables, and with O(strict) an undefined one is the end."""

NOWHERE = os.devnull
"""The kubeconfig of what no context leads to: without one, a task would fall back to the user's own cluster."""


@dataclass(frozen=True)
class Wishes:
    """What the user said."""

    broker: str = ""
    """A context's or a host's name, once settled a host's; empty to look for it."""
    broker_is_member: bool = True
    cluster_ids: t.Mapping[str, str] = field(default_factory=dict)
    """Cluster IDs by context or host, once settled by host."""
    nodes: str = "none"
    """V(none), V(gateways) or V(all)."""
    node_addresses: t.Sequence[str] = ("InternalIP", "ExternalIP", "Hostname")
    kubeconfig_of_environment: bool = False
    """Whether K8S_AUTH_KUBECONFIG named the file, as it will in a run."""


@dataclass
class Entry:
    """A host of the inventory."""

    groups: list[str]
    variables: Json


def settle(contexts: t.Sequence[Context], wishes: Wishes) -> Wishes:
    """The same with the names of hosts alone. Refuses a name of none, or of several: a wrong broker would be a wrong fleet."""
    hosts: dict[str, list[str]] = {}
    for context in contexts:
        for name in dict.fromkeys((context.name, *context.also)):
            hosts.setdefault(name, []).append(context.host)
    hosts.update({c.host: [c.host] for c in contexts})  # whatever else is called so
    for option, names in (("broker", [wishes.broker] if wishes.broker else []), ("cluster_ids", [*wishes.cluster_ids])):
        wrong = [n for n in names if n not in hosts]
        if wrong:
            raise Unusable(
                f"{option} names {listed(wrong)}, which is no context of this inventory.",
                f"Set it to one of these contexts, or of their hosts: {listed([c.name for c in contexts])}.",
            )
        for name in names:
            if len(hosts[name]) > 1:
                raise Unusable(
                    f"{option} names {name}, which is a context of several hosts: {listed(hosts[name])}.",
                    "Name the host instead.",
                )
    # What is said of a host by its own name counts more than by that of a context.
    ids = {hosts[name][0]: i for name, i in sorted(wishes.cluster_ids.items(), key=lambda n: n[0] == hosts[n[0]][0])}
    return replace(wishes, broker=hosts[wishes.broker][0] if wishes.broker else "", cluster_ids=ids)


def refuse_names(contexts: t.Sequence[Context], groups: t.Collection[str]) -> None:
    """A host that is called like a group would stand for all hosts of that group."""
    wrong = [c.label for c in contexts if c.host in {*BUILT_IN, *GROUPS, *groups}]
    if wrong:
        raise Unusable(
            f"The host of the context {listed(wrong)} would have the name of a group.",
            "Set host_name to an expression that makes another one, such as \"'cluster-' ~ context\".",
        )


@dataclass
class Roster:
    """C(contexts) have their hosts' names, C(wishes) are settled; C(told) is what L(_glimpse) says of each, by host."""

    contexts: t.Sequence[Context]
    told: t.Mapping[str, Json]
    wishes: Wishes

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """All hosts by name: clusters, then what the broker knows beside them, then nodes."""
        found = {c.host: self._cluster(c) for c in self.contexts}
        for cluster_id, (group, why) in self._records().items():
            name = _free(cluster_id, found)
            if name in found and found[name].variables["submariner_cluster_id"] == cluster_id:
                found[name].groups.append(group)
                found[name].variables["submariner_record_reason"] = why
            else:
                found[name] = Entry([group], _record(cluster_id, why))
        for context in self.contexts:
            if MEMBERS in found[context.host].groups:
                found.update(self._nodes(context))
        return found

    @cached_property
    def ids(self) -> dict[str, tuple[str, str]]:
        """Host -> its cluster ID, and where that is from: V(option), V(installed) or V(context)."""
        found = {}
        for context in self.contexts:
            pinned, installed = self.wishes.cluster_ids.get(context.host, ""), self._known[context.host].id
            sources = ((pinned, "option"), (installed, "installed"), (context.host, "context"))
            found[context.host] = next((i, source) for i, source in sources if i)
        return found

    @cached_property
    def broker(self) -> str:
        """The broker's host; empty when it is not known."""
        return self.wishes.broker or (self._candidates[0] if len(self._candidates) == 1 else "")

    @cached_property
    def members(self) -> list[str]:
        """Which hosts are to be joined does not depend on which are: a run that was cut off must find the same ones."""
        return [c.host for c in self.contexts if self.wishes.broker_is_member or c.host != self.broker]

    @cached_property
    def fleet(self) -> Fleet:
        digests = {h: mapping(t_.get("digest")) or self._unread(h) for h, t_ in self.told.items()}
        return Fleet.of(digests, self.broker, self.members)

    @property
    def warnings(self) -> list[str]:
        """What the user should know before anything is done with these hosts."""
        return [*self._about_reach(), *self._about_broker(), *self._about_ids()]

    @cached_property
    def _known(self) -> dict[str, Host]:
        return {h.name: h for h in self.fleet.hosts}

    @cached_property
    def _candidates(self) -> list[str]:
        return [host for host, told in self.told.items() if mapping(told.get("digest")).get("brokers")]

    def _unread(self, host: str) -> Json:
        return {"schema": SCHEMA, "wanted_id": self.wishes.cluster_ids.get(host) or host, "read": []}

    def _cluster(self, context: Context) -> Entry:
        host, told = self._known[context.host], mapping(self.told[context.host])
        digest = mapping(told.get("digest"))
        cluster_id, source = self.ids[context.host]
        reached = told.get("reached") is True
        in_groups = {
            BROKER: context.host == self.broker,
            MEMBERS: context.host in self.members,
            UNREACHABLE: not reached,
        }
        variables = {
            "ansible_connection": "local",
            "submariner_host_kind": "cluster",
            "submariner_kubeconfig": context.kubeconfig,
            "submariner_context": context.name,
            "submariner_other_contexts": list(context.also),
            "submariner_server": context.server,
            "submariner_cluster_id": cluster_id,
            "submariner_cluster_id_source": source,
            "submariner_reachable": reached,
            "submariner_unreachable_reason": text(told.get("why")),
            "submariner_unread": mapping(digest.get("unknown")),
            "submariner_state": host.state,
            "submariner_installed_id": host.id,
            "submariner_installed_version": text(mapping(digest.get("submariner")).get("version")),
            "submariner_cable_driver_in_use": text(mapping(digest.get("submariner")).get("cableDriver")),
            "submariner_kubernetes_version": text(digest.get("kubernetes")),
            "submariner_cluster_uid": host.uid,
            "submariner_registered": self._registered(cluster_id),
            "submariner_same_id": [h for h in self._sharing.get(cluster_id, []) if h != context.host],
        }
        if self.wishes.kubeconfig_of_environment:
            del variables["submariner_kubeconfig"]
        return Entry([group for group, within in in_groups.items() if within], variables)

    def _registered(self, cluster_id: str) -> bool | None:
        """Whether the broker has a record of it; None when that is not known."""
        if not self.fleet.broker_is_known:
            return None
        return self.fleet.broker is not None and cluster_id in self.fleet.broker.ids

    def _records(self) -> dict[str, tuple[str, str]]:
        """ID -> the group of its record, and why."""
        found = {g.id: (GHOSTS, g.why) for g in self.fleet.ghosts.values()}
        no_host = "it is registered with the broker, and no host of the inventory is joined under this ID"
        # An ID that somebody of the inventory is to have is no stranger's, though it cannot be told by now.
        others = [i for i in self.fleet.unmanaged if i not in self._sharing]
        return {**found, **dict.fromkeys(others, (UNMANAGED, no_host))}

    def _nodes(self, context: Context) -> dict[str, Entry]:
        found = {}
        for node in mappings(mapping(self.told[context.host]).get("nodes")):
            gateway = node.get("gateway") is True
            if self.wishes.nodes == "none" or not node.get("linux") or not (gateway or self.wishes.nodes == "all"):
                continue
            addresses = mapping(node.get("addresses"))
            ways = [a for kind in self.wishes.node_addresses for a in sequence(addresses.get(kind)) if a]
            variables = {
                "ansible_host": next(iter(ways), text(node.get("name"))),
                "submariner_host_kind": "node",
                "submariner_cluster": context.host,
                "submariner_node_name": text(node.get("name")),
                "submariner_node_gateway": gateway,
                "submariner_node_ready": node.get("ready") is True,
                "submariner_node_addresses": addresses,
            }
            groups = [NODES, GATEWAYS] if gateway else [NODES]
            found[f"{text(node.get('name'))}.{context.host}"] = Entry(groups, variables)
        return found

    @cached_property
    def _sharing(self) -> dict[str, list[str]]:
        """The members by the ID that they have."""
        found: dict[str, list[str]] = {}
        for host in self.members:
            found.setdefault(self.ids[host][0], []).append(host)
        return found

    def _about_reach(self) -> list[str]:
        lost = [f"{h} ({text(told.get('why'))})" for h, told in self.told.items() if not told.get("reached")]
        return [f"{len(lost)} of {len(self.told)} clusters cannot be read: {listed(lost)}."] if lost else []

    def _about_broker(self) -> list[str]:
        if not self.broker:
            hint = "Set broker to the context of the cluster that hosts it, or is to host it."
            if self._candidates:
                return [f"Several clusters host a broker: {listed(self._candidates)}. {hint}"]
            unknown = [h.name for h in self.fleet.hosts if not h.knows("brokers")]
            unless = f", but it is not known of {listed(unknown)}" if unknown else ""
            return [f"No cluster is seen to host a broker{unless}. {hint}"] if self.contexts else []
        host = self._known[self.broker]
        if self._candidates and self.broker not in self._candidates and host.knows("brokers"):
            return [
                f"broker names {self.broker}, which hosts no broker, while {listed(self._candidates)} does."
                " Name that one, unless it is to go."
            ]
        joined = [h.name for h in self.fleet.installed]
        if self.broker in self.members and host.state == "absent" and joined:
            return [
                f"{self.broker} hosts the broker and is not joined, as {listed(joined)} is: an installation would join it."
                " Set broker_is_member to false if it is to be no member."
            ]
        return []

    def _about_ids(self) -> list[str]:
        found = []
        for cluster_id, hosts in self._sharing.items():
            if len(hosts) > 1:
                one = len({self._known[h].uid for h in hosts}) == 1 and self._known[hosts[0]].uid
                hint = "They are one cluster: exclude all but one." if one else "Give each its own with cluster_ids."
                found.append(f"The cluster ID {cluster_id} belongs to {len(hosts)} hosts: {listed(hosts)}. {hint}")
        by_uid: dict[str, list[str]] = {}
        for host in self.fleet.hosts:
            by_uid.setdefault(host.uid, []).append(host.name)
        twice = [hosts for uid, hosts in by_uid.items() if uid and len(hosts) > 1]
        same = [hosts for hosts in twice if len({self.ids[h][0] for h in hosts}) > 1]
        return found + [f"{listed(hosts)} are one cluster: exclude all but one of these contexts." for hosts in same]


def _free(cluster_id: str, taken: t.Mapping[str, Entry]) -> str:
    """The name of a record's host: the ID made fit for one, unless a group or a host that has another ID is called so."""
    name = sanitised(cluster_id)
    if not name or name in BUILT_IN or (name in taken and taken[name].variables["submariner_cluster_id"] != cluster_id):
        return f"{name or 'nameless'}.record"
    return name


def _record(cluster_id: str, why: str) -> Json:
    return {
        "ansible_connection": "local",
        "submariner_host_kind": "record",
        "submariner_kubeconfig": NOWHERE,
        "submariner_cluster_id": cluster_id,
        **_UNTOLD,
        "submariner_reachable": False,
        "submariner_unreachable_reason": "no context of the inventory leads to it",
        "submariner_registered": True,
        "submariner_record_reason": why,
    }
