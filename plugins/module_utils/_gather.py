# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that tells why Submariner is as it is on one cluster, as files. What does not answer in time is noted and left out.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import os
import stat
import time
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._bundle import (
    LOG,
    NODE,
    SUBCTL,
    Bundle,
    BundleTrouble,
    as_yaml,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import check_alone
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import Unreadable
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._gather_objects import (
    EVENTS,
    MORE,
    SECRETS,
    SECTIONS,
    Found,
    dns_pods,
    learn_secrets,
    node_names,
    read_more,
    write_lists,
    write_snapshot,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import COMPONENTS
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import secrets_of, single_context
from ansible_collections.submariner.lifecycle.plugins.module_utils._log_reading import Piece, choose, pod_sources, read
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import Source, Tally
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
    verdict,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import (
    NodeTrouble,
    Visit,
    find_nodes,
    visit_pods,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_image import deployed_image
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_script import Section, command_lines
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._opinions import panic
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_pods import PodTrouble
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact_object
from ansible_collections.submariner.lifecycle.plugins.module_utils._second_opinion import Guests
from ansible_collections.submariner.lifecycle.plugins.module_utils._structured import structured
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import (
    CallResult,
    Subctl,
    SubctlFailure,
    private_folder,
)

OBJECTS, LOGS, NODES, SUBCTLS = "objects", "logs", "nodes", "subctl"
PARTS = (OBJECTS, LOGS, NODES, SUBCTLS)
"""What can be gathered; objects, and what we find in them, are read in any case, since the rest follows from them."""

DUMPS: dict[str, tuple[str, ...]] = {
    "ip-a": ("ip", "-d", "address"),
    "ip-l": ("ip", "-d", "link"),
    "ip-rules": ("ip", "rule", "list"),
    "ip-rules-table150": ("ip", "rule", "show", "table", "150"),
    "ip-routes": ("ip", "route", "show"),
    "ip-routes-table100": ("ip", "route", "show", "table", "100"),
    "ip-routes-table150": ("ip", "route", "show", "table", "150"),
    "ip-xfrm-policy": ("ip", "xfrm", "policy"),
    # Without the keys.
    "ip-xfrm-state": ("ip", "xfrm", "state", "list", "nokeys"),
    "iptables-save": ("iptables-save", "-c"),
    "ipset-list": ("ipset", "list"),
    "sysctl-a": ("sysctl", "-a"),
    # Of ours alone.
    "ip-routes-all": ("ip", "route", "show", "table", "all"),
    "ip-neigh": ("ip", "neighbour", "show"),
    "ip6tables-save": ("ip6tables-save", "-c"),
    "nft": ("nft", "list", "ruleset"),
    "udp": ("cat", "/proc/net/udp"),
}
"""What is asked on a node: the name of the file, after the node's, and the command. Names are upstream's where it has one."""

LISTINGS: dict[str, tuple[str, ...]] = {
    "iptables": ("iptables", "-w", "10", "-L", "-n", "-v", "--line-numbers", "-t", "filter"),
    "iptables-nat": ("iptables", "-w", "10", "-L", "-n", "-v", "--line-numbers", "-t", "nat"),
    "iptables-mangle": ("iptables", "-w", "10", "-L", "-n", "-v", "--line-numbers", "-t", "mangle"),
}
"""The same for tables that C(iptables-save) shows, and for no others: to list a table may be what makes it."""

NO_TABLE = "FIB table does not exist"

COMMANDS: dict[str, tuple[str, ...]] = {
    "show-all": ("show", "all"),
    "diagnose-all": ("diagnose", "all"),
    "gather": ("gather",),
}
"""What subctl is asked: the name of the file, after C(subctl-), and the command."""

GATHERED = "subctl-gather"
"""The folder for what subctl gathers itself."""
OUT = "gathered"
MOST_SUBCTL_FILES = 2000
MOST_SUBCTL_FILE = 4 << 20
LONGEST_READING = 60.0
"""Seconds that the logs of one namespace, or one node, may take."""
LEAST_SECONDS = 5.0
"""Less than that is not worth a beginning."""


@dataclass(frozen=True)
class Limits:
    """How much, and for how long."""

    timeout: float
    log_bytes: int
    log_since: int
    max_pods: int
    max_nodes: int
    subctl_timeout: float


class Gathering:
    """One cluster's part of a bundle; C(dry) says what would be there and starts nothing."""

    def __init__(self, api: Api, bundle: Bundle, limits: Limits, namespace: str, cluster_id: str, dry: bool) -> None:
        self.api, self.bundle, self.limits, self.dry = api, bundle, limits, dry
        self.namespace, self.cluster_id = namespace, cluster_id
        self.snapshot = Snapshot()
        self.digest: Json = {}
        self.findings: list[Finding] = []
        self._end = time.monotonic() + limits.timeout
        self._more: list[Found] = []

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def reached(self) -> str:
        """Empty when the API server answers, else why not: then nothing else is asked."""
        answer = self.api.get("/version")
        if answer.unknown:
            return answer.reason or "no answer"
        return ""

    def objects(self) -> None:
        """Read everything, judge it, and write it down; what has not come when the time is over is unknown."""
        with self.api.bounded(self.left):
            self._objects()

    def _objects(self) -> None:
        secrets = read_more(self.api, Snapshot(operator_namespace=self.namespace), [SECRETS])
        self.snapshot = observe(self.api, SECTIONS, self.namespace)
        others = [name for name in self.snapshot.broker_namespaces if name not in {s.namespace for s in secrets}]
        if others:
            secrets = read_more(self.api, self.snapshot, [SECRETS])
        learn_secrets(self.bundle, self.snapshot, secrets, self._own_secrets())
        self.digest = digest(self.snapshot, self.cluster_id)
        self.findings = check_alone(self.cluster_id or self.api.server, self.digest)
        judged = [finding.as_dict() for finding in self.findings]
        self.bundle.document("findings.json", {"verdict": verdict(self.findings), "findings": judged})
        self.bundle.document("snapshot.json", {"digest": self.digest, "snapshot": structured(self.snapshot)})
        self._more = [*secrets, *read_more(self.api, self.snapshot, [*MORE, *EVENTS])]
        write_lists(self.bundle, [entry for entry in self._more if entry.kind not in EVENTS])
        write_snapshot(self.api, self.bundle, self.snapshot)
        write_lists(self.bundle, [entry for entry in self._more if entry.kind in EVENTS])

    def _own_secrets(self) -> list[str]:
        """What we use ourselves to get in."""
        header = self.api.authorization().get("authorization", "")
        try:
            return [header.partition(" ")[2], *secrets_of(single_context(self.api))]
        except OSError:
            return [header.partition(" ")[2]]

    # -- logs ---------------------------------------------------------------------------------------------------

    def logs(self) -> None:
        """The logs of Submariner's pods and of the cluster's DNS, and what they mean."""
        choice = choose(self.snapshot.objects("pods"), COMPONENTS, True, self.limits.max_pods)
        for component, number in choice.left_out.items():
            self.bundle.truncated[f"logs of {component}"] = f"those of {number} pods are left out"
        elsewhere: dict[str, list[Source]] = {}
        for namespace, pod in dns_pods(self._more):
            elsewhere.setdefault(namespace, []).extend(pod_sources(pod, "dns", True))
        tally = Tally(secrets=self.bundle.secrets)
        for namespace, sources in ((self.namespace, choice.sources), *elsewhere.items()):
            self._read_logs(namespace, sources, tally)
        if tally.known or tally.unknown:
            said = [finding.as_dict() for finding in tally.findings(self.namespace)]
            lines = {"lines": tally.lines(), "unknown_lines": tally.unknown_lines()}
            self.bundle.document("log-findings.json", {"findings": said, **lines})

    def _read_logs(self, namespace: str, sources: t.Sequence[Source], tally: Tally) -> None:
        containers: dict[str, set[str]] = {}
        for source in sources:
            containers.setdefault(source.pod, set()).add(source.container)

        def name(source: Source) -> str:
            container = f"_{source.container}" if len(containers[source.pod]) > 1 else ""
            return f"{source.pod}{container}.log{'.prev' if source.previous else ''}"

        def take(piece: Piece) -> None:
            if piece.note and not piece.text:
                self.bundle.miss(name(piece.source), piece.note)
                return
            tally.add(piece.source, piece.text)
            written = self.bundle.text(LOG, name(piece.source), piece.text, self.limits.log_bytes)
            if not piece.whole:
                self.bundle.truncated.setdefault(written, f"only the last {self.limits.log_bytes} bytes are read")

        if self.dry:
            for source in sources:
                self.bundle.expect(LOG, name(source))
            return
        seconds = max(1.0, min(LONGEST_READING, self.left))
        limits = self.limits
        unread = read(self.api, namespace, sources, limits.log_since, limits.log_bytes, seconds, take)
        for what, why in unread.items():
            self.bundle.miss(f"log of {what}", why)

    # -- nodes --------------------------------------------------------------------------------------------------

    def nodes(self, image: str) -> None:
        """Links, routes, rules and packet filters of nodes, each read by a pod of ours that goes again."""
        chosen = node_names(self.snapshot)
        if len(chosen) > self.limits.max_nodes:
            self.bundle.truncated[NODES] = f"{len(chosen) - self.limits.max_nodes} of {len(chosen)} nodes are left out"
            chosen = chosen[: self.limits.max_nodes]
        if self.dry:
            for node in chosen:
                for name in DUMPS | LISTINGS:
                    self.bundle.expect(NODE, f"{node}_{name}.log")
            return
        if not chosen or self.left < LEAST_SECONDS:
            self.bundle.miss(NODES, "there is no time left" if chosen else "no nodes are known")
            return
        try:
            nodes = find_nodes(self.api, chosen)
            pod_image = image or deployed_image(self.api)
            dumps, failures = visit_pods(
                self.api, nodes.reachable, pod_image, max(LEAST_SECONDS, min(LONGEST_READING, self.left)), _dump
            )
        except (ApiFailure, PodTrouble) as error:
            self.bundle.miss(NODES, str(error))
            return
        for node, why in {**nodes.refused, **failures}.items():
            self.bundle.miss(f"node {node}", why)
        commands = DUMPS | LISTINGS
        for node, sections in dumps.items():
            for name, section in sections.items():
                if section.rc != 0 and not section.text.strip():
                    if NO_TABLE not in section.cause:
                        self.bundle.miss(f"{node}_{name}", section.cause)
                else:
                    words = "\n".join([" ".join(commands[name]), section.text, *section.notes])
                    self.bundle.text(NODE, f"{node}_{name}.log", words, self.limits.log_bytes, keep_end=False)

    # -- subctl -------------------------------------------------------------------------------------------------

    def subctl(self, path: str) -> None:
        """What subctl shows, diagnoses and gathers itself, where it can."""
        if not self.snapshot.submariner:
            known = self.snapshot.known("submariners")
            why = "Submariner is not installed" if known else "it is not known whether Submariner is installed"
            self.bundle.miss(SUBCTLS, f"{why}; subctl would break down, or call that a success")
            return
        if self.dry:
            for name in COMMANDS:
                self.bundle.expect(SUBCTL, f"subctl-{name}.log")
            return
        try:
            program = Subctl(path, self.api)
        except SubctlFailure as error:
            self.bundle.miss(SUBCTLS, error.msg)
            return
        guests = Guests(self.api, namespaces=False)
        try:
            for name, arguments in COMMANDS.items():
                self._ask_subctl(program, name, arguments)
        finally:
            _removed, stay = guests.remove()
            if stay or guests.unknown:
                self.bundle.miss("pods of subctl", guests.unknown or f"they stay: {', '.join(stay)}")

    def _ask_subctl(self, program: Subctl, name: str, arguments: t.Sequence[str]) -> None:
        if self.left < LEAST_SECONDS:
            self.bundle.miss(f"subctl {name}", "there is no time left")
            return
        with private_folder() as folder:
            out = os.path.join(folder, OUT)
            more = ["--dir", out] if name == "gather" else []
            result: CallResult | None
            try:
                result = program.call([*arguments, *more], folder, min(self.limits.subctl_timeout, self.left))
            except SubctlFailure as error:
                result = error.result
                broke = panic(result.stderr) if result is not None else ""
                self.bundle.miss(f"subctl {name}", f"it broke down: {broke}" if broke else error.msg)
            if result is not None and (result.stdout or result.stderr):
                said = "\n".join(["subctl " + " ".join(arguments), result.stdout, result.stderr]).replace(folder, "")
                self.bundle.text(SUBCTL, f"subctl-{name}.log", said, self.limits.log_bytes)
            if os.path.isdir(out):
                self._take_files(out)

    def _take_files(self, folder: str) -> None:
        """As they are below C(folder), so that links between them hold; folders in folders are part of names."""
        places = {"": self.bundle.subfolder(GATHERED)}
        for number, path in enumerate(_regular_files(folder)):
            if number >= MOST_SUBCTL_FILES:
                self.bundle.truncated[GATHERED] = f"only {MOST_SUBCTL_FILES} of its files are taken"
                return
            place, _slash, name = os.path.relpath(path, folder).rpartition("/")
            first, _slash, deeper = place.partition("/")
            if first not in places:
                places[first] = self.bundle.subfolder(first, places[""])
            with open(path, "rb") as stream:
                data = stream.read(MOST_SUBCTL_FILE + 1)
            words = _of_file(name, data[:MOST_SUBCTL_FILE].decode("utf-8", "replace"), self.bundle.secrets)
            name = f"{deeper}/{name}" if deeper else name
            written = self.bundle.text(SUBCTL, name, words, inside=places[first])
            if len(data) > MOST_SUBCTL_FILE:
                self.bundle.truncated.setdefault(written, f"longer than {MOST_SUBCTL_FILE} bytes")


def _dump(visit: Visit) -> dict[str, Section]:
    found = _ask(visit, DUMPS)
    tables = found["iptables-save"].text.splitlines()
    there = {name: command for name, command in LISTINGS.items() if f"*{command[-1]}" in tables}
    return {**found, **(_ask(visit, there) if there else {})}


def _ask(visit: Visit, commands: t.Mapping[str, t.Sequence[str]]) -> dict[str, Section]:
    try:
        found = visit.sections(command_lines(list(commands.values())))
    except Unreadable as error:
        raise NodeTrouble(str(error)) from error
    return {name: found.get(str(number), Section()) for number, name in enumerate(commands)}


def _regular_files(folder: str) -> Iterator[str]:
    """Files below a folder that another program wrote, in the order of their names; no links, no devices."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def _of_file(name: str, words: str, secrets: t.Sequence[str]) -> str:
    """An object that subctl wrote is looked at field by field, other text as it is."""
    if not name.endswith((".yaml", ".yml")):
        return words
    import yaml

    try:
        found = yaml.safe_load(words)
    except (yaml.YAMLError, ValueError, RecursionError):
        return words
    return as_yaml(redact_object(found, secrets)) if isinstance(found, (dict, list)) else words


def gather(gathering: Gathering, parts: t.Sequence[str], image: str, subctl: str) -> None:
    """All of C(parts), one after the other; what goes wrong in one keeps none of the others from being gathered."""
    # subctl is started before there are threads: a process with threads must not fork.
    steps: tuple[tuple[str, t.Callable[[], None]], ...] = (
        (OBJECTS, gathering.objects),
        (SUBCTLS, lambda: gathering.subctl(subctl)),
        (LOGS, gathering.logs),
        (NODES, lambda: gathering.nodes(image)),
    )
    progress = Progress(gathering.limits.timeout)
    for name, step in steps:
        if name in parts or name == OBJECTS:
            progress.say(f"gathering {name}")
            try:
                step()
            except (BundleTrouble, Interrupted):
                raise
            except Exception as error:  # noqa: BLE001 (an answer that nobody thought of must not cost the other parts)
                gathering.bundle.miss(name, str(error) or type(error).__name__)


def head(cluster: str, gathering: Gathering | None, began: float, why: str) -> Json:
    """What the index says beside its lists. C(why): the reason for which the cluster could not be asked at all."""
    now = datetime.fromtimestamp(began, timezone.utc)
    digests = gathering.digest if gathering is not None else {}
    return {
        "cluster": cluster,
        "cluster_id": text(digests.get("cluster_id")),
        "server": gathering.api.server if gathering is not None else "",
        "reached": not why,
        "verdict": verdict(gathering.findings) if gathering is not None and not why else "unknown",
        "versions": {
            "kubernetes": text(mapping(_first(gathering, "version")).get("gitVersion")),
            "submariner": text(mapping(_submariner(gathering).get("spec")).get("version")),
        },
        "began": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(time.time() - began, 1),
    }


def _first(gathering: Gathering | None, key: str) -> Json:
    return gathering.snapshot.first_of(key) if gathering is not None else {}


def _submariner(gathering: Gathering | None) -> Json:
    return gathering.snapshot.submariner if gathering is not None else {}
