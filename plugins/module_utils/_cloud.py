# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `subctl cloud` is called with, and what it makes on a cluster. Pure.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    GATEWAY_LABEL,
    Finding,
    Json,
    Node,
    mapping,
    text,
)

PREPARED, CLEANED = "prepared", "cleaned"
COMMANDS = {PREPARED: "prepare", CLEANED: "cleanup"}
FILES = ("credentials", "ocp_metadata")

# Option -> flag, of every provider.
COMMON = {"infra_id": "infra-id", "region": "region", "ocp_metadata": "ocp-metadata"}
# Those of prepare alone.
PREPARE = {
    "nattport": "natt-port",
    "nat_discovery_port": "nat-discovery-port",
    "vxlan_port": "vxlan-port",
    "load_balancer": "load-balancer",
    "gateways": "gateways",
    "gateway_instance": "gateway-instance",
}


@dataclass(frozen=True)
class Provider:
    """What one cloud takes besides, as flags and by the environment, and what it cannot do without."""

    flags: Mapping[str, str]
    needed: tuple[str, ...]
    """Unless they are read from O(ocp_metadata)."""
    always: tuple[str, ...] = ()
    prepare: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


PROVIDERS: Mapping[str, Provider] = {
    "aws": Provider(
        {
            "profile": "profile",
            "credentials": "credentials",
            "control_plane_security_group": "control-plane-security-group",
            "worker_security_group": "worker-security-group",
            "vpc_name": "vpc-name",
            "subnet_names": "subnet-names",
        },
        needed=("infra_id", "region"),
    ),
    "azure": Provider(
        {"credentials": "auth-file"},
        needed=("infra_id", "region"),
        always=("credentials",),
        prepare={"air_gapped": "air-gapped"},
    ),
    "gcp": Provider(
        {"project_id": "project-id", "credentials": "credentials"}, needed=("infra_id", "region", "project_id")
    ),
    # The metadata file of an OpenStack cluster names no region: subctl then takes the environment's.
    "rhos": Provider(
        {"project_id": "project-id", "cloud_entry": "cloud-entry"},
        needed=("infra_id", "project_id"),
        always=("region",),
        environment={"credentials": "OS_CLIENT_CONFIG_FILE", "region": "OS_REGION_NAME"},
    ),
}
# Options that not every provider, or not every command, takes.
SPECIAL = sorted({*PREPARE, *(name for p in PROVIDERS.values() for name in (*p.flags, *p.prepare, *p.environment))})

# A name that tells of a secret, and its value: of an INI file, a JSON document or a YAML one.
_SECRET = re.compile(
    r"[\w-]*(?:secret|passw|token|key)[\w-]*[\"']?\s*[:=]\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([^\s#,]+))",
    re.IGNORECASE,
)


def _is_set(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [])


def _flags(state: str, provider: Provider) -> dict[str, str]:
    return {**COMMON, **provider.flags, **({**PREPARE, **provider.prepare} if state == PREPARED else {})}


def arguments(state: str, provider: str, options: Mapping[str, Any]) -> list[str]:
    """The arguments of the command; what is not set is left to subctl."""
    found = ["cloud", COMMANDS[state], provider]
    for name, flag in _flags(state, PROVIDERS[provider]).items():
        value = options.get(name)
        if not _is_set(value):
            continue
        if isinstance(value, bool):
            found.append(f"--{flag}")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            found.append(f"--{flag}={','.join(str(entry) for entry in value)}")
        else:
            found.append(f"--{flag}={value}")
    return found


def environment(provider: str, options: Mapping[str, Any]) -> dict[str, str]:
    """What the program finds in its environment."""
    names = PROVIDERS[provider].environment
    return {variable: str(options[name]) for name, variable in names.items() if _is_set(options.get(name))}


def problems(state: str, provider: str, options: Mapping[str, Any]) -> list[str]:
    """What of the options cannot be, each in one sentence without its full stop."""
    chosen = PROVIDERS[provider]
    given = {name for name, value in options.items() if _is_set(value)}
    needed = chosen.always if "ocp_metadata" in given else (*chosen.needed, *chosen.always)
    found = [f"{provider} needs {name}" for name in sorted(set(needed) - given)]
    if found and "ocp_metadata" not in given:
        found[-1] += f" (ocp_metadata would tell {' and '.join(chosen.needed)})"
    known = {*_flags(PREPARED, chosen), *chosen.environment}
    for name in sorted(given.intersection(SPECIAL) - known):
        whose = [other for other, p in PROVIDERS.items() if name in (*p.flags, *p.prepare, *p.environment)]
        found.append(f"{name} is an option of {' and '.join(whose)}, not of {provider}")
    for name in ("nattport", "nat_discovery_port", "vxlan_port"):
        port = options.get(name)
        if state == PREPARED and port is not None and not 1 <= port <= 65535:
            found.append(f"{name} is {port}, and a port is from 1 to 65535")
    return found


def secrets_in(content: str) -> list[str]:
    """The values in a file of credentials that must not show up in any output."""
    return [value for found in _SECRET.findall(content) for value in found if value]


def machine_sets(items: Iterable[Json]) -> list[str]:
    """Names of the machine sets whose machines become gateways, less those on their way out."""
    found = []
    for item in items:
        labels: Any = item
        for key in ("spec", "template", "spec", "metadata", "labels"):
            labels = mapping(labels).get(key)
        meta = mapping(item.get("metadata"))
        if mapping(labels).get(GATEWAY_LABEL) == "true" and not meta.get("deletionTimestamp"):
            found.append(text(meta.get("name")))
    return sorted(found)


def machines(items: Iterable[Json], sets: Sequence[str]) -> list[str]:
    """The machines of these sets that do not run, each with its phase and what went wrong."""
    found = []
    for item in items:
        meta, status = mapping(item.get("metadata")), mapping(item.get("status"))
        owner = text(mapping(meta.get("labels")).get("machine.openshift.io/cluster-api-machineset"))
        phase = text(status.get("phase")) or "not begun"
        if owner in sets and phase != "Running":
            reason = text(status.get("errorMessage"))
            found.append(f"machine {text(meta.get('name'))} is {phase}" + (f": {reason}" if reason else ""))
    return sorted(found)


def lacking(nodes: Iterable[Node], wanted: int, waiting: Sequence[str]) -> list[Finding]:
    """Whether as many gateway nodes as were asked for are ready; C(waiting) says what machines are on their way."""
    gateways = sorted((node.name, node.ready) for node in nodes if node.gateway == "true")
    ready = [name for name, is_ready in gateways if is_ready]
    if len(ready) >= wanted:
        return []
    return [
        Finding(
            "cloud.gateways-missing",
            ERROR,
            "gateway nodes",
            f"{len(ready)} ready" + (f" ({', '.join(ready)})" if ready else ""),
            f"{wanted}",
            cause="; ".join(waiting),
            hint="look at the machines in openshift-machine-api (oc get machines -n openshift-machine-api)",
        )
    ]


def left(sets: Sequence[str]) -> list[Finding]:
    """The gateway machine sets that a clean-up has left."""
    return [
        Finding(
            "cloud.machine-set-left",
            ERROR,
            f"machine set {name}",
            "is still there, and its machines with it",
            "none whose machines are gateways",
            hint="run it again with the infra ID and the region of this cluster",
        )
        for name in sets
    ]
