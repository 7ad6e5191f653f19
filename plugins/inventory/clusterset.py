# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: clusterset
short_description: Hosts from the contexts of kubeconfigs, and from a broker's records
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Every cluster that a context of the kubeconfigs leads to becomes a host for the playbooks of this collection, and each
    is read to see which one hosts the broker, what is installed, and what the broker knows of it.
  - The source is a YAML file whose name ends with C(clusterset.yml), C(clusterset.yaml), C(submariner.yml) or C(submariner.yaml).
  - Clusters are in the group C(submariner_members), the broker's in C(submariner_broker). Those that cannot be read are hosts
    as well, in C(submariner_unreachable), with the reason in C(submariner_unreachable_reason).
  - IDs that are registered with the broker and that no host has are hosts of C(submariner_unmanaged). Records of clusters that
    provably do not run under the record's ID are hosts of C(submariner_ghosts). With O(nodes), machines are in
    C(submariner_nodes), and those that are gateways in C(submariner_gateway_nodes) too.
  - A cluster's host has C(submariner_kubeconfig), C(submariner_context), C(submariner_other_contexts), C(submariner_server),
    C(submariner_cluster_id) and where that is from (C(submariner_cluster_id_source), V(option), V(installed) or V(context)),
    C(submariner_reachable), C(submariner_unreachable_reason), C(submariner_unread) (kinds that it did not tell, with reasons),
    C(submariner_state) (V(installed), V(leaving), V(absent) or V(unknown)), C(submariner_installed_id),
    C(submariner_installed_version), C(submariner_cable_driver_in_use), C(submariner_kubernetes_version),
    C(submariner_cluster_uid), C(submariner_registered) (not set to either where the broker is not known) and
    C(submariner_same_id) (other hosts with its ID).
  - A record's host has C(submariner_cluster_id) and C(submariner_record_reason), and of what a cluster tells that it is not
    known, with C(submariner_state) V(unknown). A host of a cluster has the reason too where the record is a ghost of its own.
  - A node is called by its own name and its cluster's host, as in C(worker-1.east), and has C(ansible_host), C(submariner_cluster)
    (its cluster's host), C(submariner_node_name), C(submariner_node_gateway) (whether it has the gateway label),
    C(submariner_node_ready) and C(submariner_node_addresses).
  - More examples stand in C(docs/inventory) of the collection, for all contexts of a kubeconfig, for files of kubeadm, and for the
    machines whose firewalls are to be opened.
  - Host variables and the cache hold paths and names of contexts, never tokens, keys, passwords or what else a kubeconfig holds.
extends_documentation_fragment:
  - constructed
  - inventory_cache
requirements:
  - Python package kubernetes
  - collection kubernetes.core
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [submariner.lifecycle.clusterset]
  kubeconfig:
    description:
      - Kubeconfig files. An entry is a path, a pattern such as C(/etc/fleet/*.yaml), or several paths with a colon between them,
        which are taken together as kubectl takes them.
      - Relative paths begin at the folder of the inventory file; those of the environment at the current folder.
      - A file that cannot be read or has a context twice, contexts that are no list, or one without a name or whose name is no
        text (a number without quotes), is an error, since a fleet must not become smaller by it.
      - Where it is E(K8S_AUTH_KUBECONFIG) that names the file, hosts do not have C(submariner_kubeconfig). The modules take the
        same environment variable, whatever it says by then, as AWX puts a credential's file into another place for each job.
    type: list
    elements: str
    default: [~/.kube/config]
    env:
      - name: KUBECONFIG
      - name: K8S_AUTH_KUBECONFIG
  contexts:
    description: Names, or patterns of names, of the contexts to take. A plain name that no kubeconfig has is an error.
    type: list
    elements: str
    default: ['*']
  exclude:
    description: Names, or patterns of names, of contexts to leave out.
    type: list
    elements: str
    default: []
  host_name:
    description:
      - Jinja2 expression for the name of a cluster's host. It may use C(context), C(cluster), C(user) (their names), C(server)
        (the URL) and C(file) (the name of the kubeconfig without its ending).
      - The name is made fit for a cluster ID by RFC 1123. Contexts that would have the same name get that of their file as well.
      - No host may have the name of a group, such as V(all).
      - Several contexts for one server are one host, reached by the current context if it is among them, else by the first one.
        Where contexts come and go, as with the projects of OpenShift, V(cluster) is a name that stays.
    type: str
    default: context
  cluster_ids:
    description:
      - Cluster IDs by context or host, as with O(broker). Without an entry it is the ID under which the cluster is joined, else
        the host's name.
      - Give the ID here where it is not the host's name. While Submariner is not there, nothing else can tell it, but for a run
        that goes on after an interruption or in the next job of a workflow, which has kept the IDs with which it began.
    type: dict
    default: {}
  broker:
    description:
      - Context or host of the cluster that hosts the broker, or is to host it.
        A context of several hosts is refused, name the host then.
      - Without it the one cluster that hosts a broker is taken. Name it for a fleet that is to be installed or reinstalled, since
        there is no broker to be seen while the old one is gone.
    type: str
    default: ''
    env:
      - name: SUBMARINER_BROKER
  broker_is_member:
    description: Whether the broker's cluster is to be joined as well.
    type: bool
    default: true
  nodes:
    description:
      - Which nodes of the members become hosts of C(submariner_nodes), for the playbook C(firewall).
      - V(gateways) are those with the label C(submariner.io/gateway=true). It goes with an uninstallation.
    type: str
    choices: [none, gateways, all]
    default: none
  node_addresses:
    description: Which address of a node becomes C(ansible_host), by the order in which the types are tried.
    type: list
    elements: str
    choices: [InternalIP, ExternalIP, Hostname, InternalDNS, ExternalDNS]
    default: [InternalIP, ExternalIP, Hostname]
  operator_namespace:
    description: Namespace of the operator.
    type: str
    default: submariner-operator
  timeout:
    description: Seconds for each cluster, with all that its kubeconfig starts for a token. After these it counts as unreachable.
    type: float
    default: 15
  parallel:
    description: Clusters that are read at once, each in a process of its own.
    type: int
    default: 24
notes:
  - Reading takes seven requests for each cluster, and O(timeout) times the number of clusters through O(parallel) at most.
  - An option that there is not is an error, since a misspelt O(exclude) would make it another fleet.
  - With O(cache) an answer is kept for the cluster and context it came from. Clusters that did not answer are asked again.
  - O(compose), O(groups) and O(keyed_groups) see the hosts of clusters, nodes and records. C(submariner_host_kind) is
    V(cluster), V(node) or V(record). A node does not have the variables of a cluster, so with O(strict) an expression
    that is evaluated for nodes, too, gives them a default.
  - Which clusters are members depends on the kubeconfigs and options alone, not on what is installed, so that a run that was cut
    off finds the same fleet when it is run again.
  - Records without a context have C(/dev/null) as their kubeconfig, so that nothing that is run there reaches another cluster.
seealso:
  - module: submariner.lifecycle.cluster_info
"""

EXAMPLES = r"""
---
# Chosen contexts of several files, the broker's named, groups by what was found.
plugin: submariner.lifecycle.clusterset
kubeconfig:
  - ~/.kube/config
  - /etc/fleet/*.yaml
contexts: ['prod-*', hub]
exclude: ['*-old']
broker: hub
broker_is_member: false
groups:
  not_installed: submariner_state == 'absent'
keyed_groups:
  - key: submariner_installed_version
    prefix: version
compose:
  submariner_natt: "'edge' not in submariner_context"
"""

import hashlib
import math
import os
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import load_client
from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _bounded, _contexts, _glimpse, _roster

ENDINGS = tuple(f"{name}.{ending}" for name in ("clusterset", "submariner") for ending in ("yml", "yaml"))


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Options in, hosts out: what is in between is in the files that are imported."""

    NAME = "submariner.lifecycle.clusterset"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        in_file = self._read_config_data(path)
        try:
            self._refuse_options(in_file)
            self._refuse_values()
            named = in_file.get("kubeconfig") is not None
            contexts = self._chosen(os.path.dirname(os.path.abspath(path)) if named else os.getcwd(), named)
            _roster.refuse_names(contexts, {*self.get_option("groups"), *inventory.groups})
            given = self._wishes(not named and bool(os.environ.get("K8S_AUTH_KUBECONFIG")))
            wishes = _roster.settle(contexts, given)
        except Unusable as error:
            raise AnsibleParserError(f"{error.msg} {error.hint}") from error
        if not contexts:
            self.display.warning(
                f"{path}: no context is left after contexts and exclude; the inventory has no clusters."
            )
        roster = _roster.Roster(contexts, self._told(contexts, wishes, path, cache), wishes)
        for warning in roster.warnings:
            self.display.warning(f"{path}: {warning}")
        self._fill(roster.entries)

    def _refuse_options(self, in_file: Json) -> None:
        """Ansible passes over names that it does not know; a misspelt filter would make it another fleet."""
        wrong = sorted(str(name) for name in in_file if name not in self.option_definitions)
        if wrong:
            raise Unusable(
                f"There is no option {_contexts.listed(wrong)}.",
                f"The options are {', '.join(sorted(self.option_definitions))}.",
            )

    def _refuse_values(self) -> None:
        """What Ansible lets through: it checks of what kind a list is, not what stands in it."""
        if not 0 < self.get_option("timeout") < math.inf:
            raise Unusable(f"timeout is {self.get_option('timeout'):g}.", "Set it to seconds above 0.")
        for option in ("kubeconfig", "contexts", "exclude"):
            odd = [entry for entry in self.get_option(option) if not isinstance(entry, str)]
            if odd:
                raise Unusable(
                    f"{option} has the entry {odd[0]}, which is no text.", "Take it out, or put it in quotes."
                )

    def _chosen(self, base: str, named: bool) -> list[_contexts.Context]:
        # Of the environment as kubectl takes it: empty is not set, and a comma is part of a path.
        of_environment = os.environ.get("K8S_AUTH_KUBECONFIG") or os.environ.get("KUBECONFIG") or "~/.kube/config"
        found = _contexts.contexts_in(self.get_option("kubeconfig") if named else [of_environment], base)
        if not found:
            return []
        kept = _contexts.chosen(found, self.get_option("contexts"), self.get_option("exclude"))
        return _contexts.named(_contexts.one_for_each_cluster(kept), self._host_name)

    def _host_name(self, context: _contexts.Context) -> str:
        known = {
            "context": context.name,
            "cluster": context.cluster,
            "user": context.user,
            "server": context.server,
            "file": context.stem,
        }
        try:
            return str(self._compose(self.get_option("host_name"), known))
        except AnsibleError as error:
            raise Unusable(
                f"host_name cannot be evaluated for the context {context.label}: {error}.",
                f"It is a Jinja2 expression of {', '.join(known)}.",
            ) from error

    def _wishes(self, kubeconfig_of_environment: bool) -> _roster.Wishes:
        return _roster.Wishes(
            kubeconfig_of_environment=kubeconfig_of_environment,
            broker=self.get_option("broker"),
            broker_is_member=self.get_option("broker_is_member"),
            cluster_ids={str(k): str(v) for k, v in self.get_option("cluster_ids").items() if v is not None},
            nodes=self.get_option("nodes"),
            node_addresses=self.get_option("node_addresses"),
        )

    def _told(
        self, contexts: t.Sequence[_contexts.Context], wishes: _roster.Wishes, path: str, cache: bool
    ) -> dict[str, Json]:
        """What each cluster says, by its host: kept answers where they may be used, else new ones."""
        self.load_cache_plugin()
        keeping, place = self.get_option("cache"), self.get_cache_key(path)
        kept = mapping(self._kept(place)) if keeping and cache else {}
        wanted = {c: wishes.cluster_ids.get(c.host) or c.host for c in contexts}
        keys = {c: self._key(c, wanted[c]) for c in contexts}
        asked = [c for c in contexts if keys[c] not in kept]
        answers = {**{c.host: kept[keys[c]] for c in contexts if c not in asked}, **self._ask(asked, wanted)}
        if keeping:
            # In the order of the contexts: what is as it was is not written again.
            self._cache[place] = {keys[c]: answers[c.host] for c in contexts if answers[c.host].get("reached")}
        return {c.host: answers[c.host] for c in contexts}

    def _kept(self, place: str) -> t.Any:
        try:
            return self._cache[place]
        except (KeyError, AnsibleError):  # none, or one that cannot be read, as when writing it was cut off
            return {}

    def _key(self, context: _contexts.Context, cluster_id: str) -> str:
        """An answer's name in the cache: what it depends on, unreadable since it may hold a secret."""
        words = (context.kubeconfig, context.name, *context.place, cluster_id, self.get_option("operator_namespace"))
        return hashlib.sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()

    def _ask(
        self, contexts: t.Sequence[_contexts.Context], wanted: t.Mapping[_contexts.Context, str]
    ) -> dict[str, Json]:
        if not contexts:
            return {}
        try:
            load_client()  # here, once, and not in each process
        except ImportError as error:
            raise AnsibleParserError(missing_required_lib("kubernetes")) from error
        timeout, namespace = self.get_option("timeout"), self.get_option("operator_namespace")
        outcomes = _bounded.each(
            lambda context: _glimpse.glimpse(context, timeout, namespace, wanted[context]),
            contexts,
            self.get_option("parallel"),
            timeout,
        )
        reasons = {
            _bounded.LATE: f"no answer within {timeout:g} s",
            _bounded.DIED: "reading it ended without an answer",
        }
        return {
            context.host: outcome.value if outcome.value is not None else _glimpse.unseen(reasons[outcome.why])
            for context, outcome in zip(contexts, outcomes)
        }

    def _fill(self, entries: t.Mapping[str, _roster.Entry]) -> None:
        for group in _roster.GROUPS:
            self.inventory.add_group(group)
        strict = self.get_option("strict")
        for name, entry in entries.items():
            self.inventory.add_host(name)
            for group in entry.groups:
                self.inventory.add_child(group, name)
            for key, value in entry.variables.items():
                self.inventory.set_variable(name, key, _guarded(value))
            variables = self.inventory.get_host(name).get_vars()
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _guarded(value: t.Any) -> t.Any:
    """What a cluster says is never a template; only what looks like one is marked, since the marks show in dumps."""
    if isinstance(value, dict):
        return {key: _guarded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_guarded(inner) for inner in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value
