# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member's way to its broker, as its own resources say; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import ipaddress

from ansible_collections.submariner.lifecycle.plugins.module_utils._certificate import decoded, expiry
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
)

SOON = 30 * 86400.0
"""Seconds before its expiry from which on a CA is spoken of."""

REJOIN = "join again with a fresh broker info, or reinstall"


def check_access(member: Snapshot, cluster_id: str) -> list[Finding]:
    """The broker's address is one that pods can reach, the credentials are there, and its CA is valid."""
    if not member.installed:
        return []
    spec = mapping(member.submariner.get("spec"))
    return _address(text(spec.get("brokerK8sApiServer")), cluster_id) + _credentials(member, spec, cluster_id)


def host_of(server: str) -> str:
    """The host in an API server's address, with or without scheme and port."""
    rest = server.partition("://")[2] or server
    rest = rest.partition("/")[0]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.partition(":")[0] if rest.count(":") == 1 else rest


def _address(server: str, cluster_id: str) -> list[Finding]:
    host = host_of(server)
    try:
        address = ipaddress.ip_address(host)
        local = address.is_loopback or address.is_unspecified
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    if host and not local:
        return []
    return [
        Finding(
            "broker.loopback-address",
            ERROR,
            f"cluster {cluster_id}",
            f"looks for the broker at {server or 'no address'}, where its pods find nothing",
            "an address of the broker's API server that pods of all members reach",
            cause="deploy-broker wrote the address of its kubeconfig into the broker info" if host else "",
            hint="set submariner_broker_url and join again",
        )
    ]


def _credentials(member: Snapshot, spec: Json, cluster_id: str) -> list[Finding]:
    subject = f"cluster {cluster_id}"
    secret = member.first_of("broker-secret")
    access = mapping(secret.get("access"))
    if member.known("broker-secret") and not (secret and access.get("token") is True):
        return [
            Finding(
                "broker.no-credentials",
                ERROR,
                subject,
                f"its Secret {text(spec.get('brokerK8sSecret'))} " + ("has no token" if secret else "does not exist"),
                "the token and the CA of the broker",
                cause="it was deleted, as upgrades of OpenShift have been seen to do (submariner#2955)",
                hint=REJOIN,
            )
        ]
    ends = access.get("expires") if secret else expiry(decoded(text(spec.get("brokerK8sCA"))))
    if not isinstance(ends, float) or member.clock is None or ends - member.clock > SOON:
        return []
    days = (ends - member.clock) / 86400
    return [
        Finding(
            "broker.ca-expired" if days <= 0 else "broker.ca-expires",
            ERROR if days <= 0 else WARNING,
            subject,
            "the CA by which it knows the broker "
            + (f"expired {-days:.0f} days ago" if days <= 0 else f"expires in {days:.0f} days"),
            "a valid CA",
            hint=REJOIN,
        )
    ]
