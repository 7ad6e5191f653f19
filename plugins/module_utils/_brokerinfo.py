# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker info: what a member needs to know of the broker, as subctl writes it to broker-info.subm.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    Json,
    mapping,
    sequence,
    text,
)

ADMIN = "submariner-k8s-broker-admin"
BROKER_CR = "submariner-broker"
PSK_SECRET = "submariner-ipsec-psk"  # noqa: S105 the name of a Secret, not a secret
PSK_BYTES = 48
_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105
_ACCOUNT = "kubernetes.io/service-account.name"


class BrokerInfoError(ValueError):
    """A broker info that cannot be used; the message says what is wrong, never what it holds."""


@dataclass(frozen=True)
class BrokerInfo:
    """Its secrets are the token (full rights in the broker's namespace) and the PSK; neither is ever printed."""

    url: str
    token: bytes = field(default=b"", repr=False)
    ca: bytes = field(default=b"", repr=False)
    namespace: str = BROKER_NAMESPACE
    psk: bytes = field(default=b"", repr=False)
    components: tuple[str, ...] = ()
    custom_domains: tuple[str, ...] = ()

    def secrets(self) -> list[str]:
        """Every spelling in which its secrets may turn up in some output."""
        found = []
        for raw in (self.token, self.psk):
            if raw:
                found += [_b64(raw), base64.urlsafe_b64encode(raw).decode("ascii"), raw.decode("utf-8", "replace")]
        return found


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def encode(info: BrokerInfo) -> str:
    """The content of the file, with the key names that subctl itself writes."""
    document: Json = {
        "brokerURL": info.url,
        "ClientToken": None,
        "IPSecPSK": {"metadata": {"name": PSK_SECRET}, "data": {"psk": _b64(info.psk)}},
        "ServiceDiscovery": "service-discovery" in info.components,
        "Components": list(info.components),
        "CustomDomains": list(info.custom_domains) or None,
    }
    if info.token:
        document["ClientToken"] = {
            "metadata": {"name": ADMIN},
            "data": {
                "ca.crt": _b64(info.ca),
                "namespace": _b64(info.namespace.encode()),
                "token": _b64(info.token),
            },
            "type": _TOKEN_TYPE,
        }
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode("ascii")


def _bytes(value: Any, what: str) -> bytes:
    try:
        return base64.b64decode(text(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokerInfoError(f"{what} is not base64") from error


def decode(content: str | bytes) -> BrokerInfo:
    """Read the file's content; key names count without their case, as in subctl."""
    raw = content.encode() if isinstance(content, str) else content
    try:
        document = json.loads(base64.b64decode(b"".join(raw.split()), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise BrokerInfoError("it is not the base64 of a JSON object, as subctl writes it") from error
    if not isinstance(document, dict):
        raise BrokerInfoError("it does not hold a JSON object")
    keys = {str(key).lower(): value for key, value in document.items()}
    token = mapping(mapping(keys.get("clienttoken")).get("data"))
    psk = mapping(mapping(keys.get("ipsecpsk")).get("data"))
    components = [text(c) for c in sequence(keys.get("components")) if text(c)]
    if not components and keys.get("servicediscovery"):
        components = ["service-discovery"]
    return BrokerInfo(
        url=text(keys.get("brokerurl")),
        token=_bytes(token.get("token"), "the token"),
        ca=_bytes(token.get("ca.crt"), "the certificate"),
        namespace=_bytes(token.get("namespace"), "the namespace").decode("utf-8", "replace") or BROKER_NAMESPACE,
        psk=_bytes(psk.get("psk"), "the PSK"),
        components=tuple(components),
        custom_domains=tuple(text(d) for d in sequence(keys.get("customdomains")) if text(d)),
    )


def is_loopback(url: str) -> bool:
    """Whether an address means the machine that uses it, so that it is another one for everybody else."""
    host = (urlsplit(url if "://" in url else "https://" + url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def in_cluster_url(api: Api) -> str:
    """The address at which the API servers of the cluster say they stand, for members on the same network.

    From the EndpointSlice of the Service `kubernetes` in namespace `default`, which the API server itself keeps.
    """
    answer = api.list(
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        labelSelector="kubernetes.io/service-name=kubernetes",
    )
    if answer.unknown:
        raise ApiFailure(f"the API server's own address cannot be read: {answer.reason}", "Set submariner_broker_url.")
    for piece in answer.items:
        ports = [p.get("port") for p in map(mapping, sequence(piece.get("ports"))) if p.get("name") in ("https", None)]
        for endpoint in map(mapping, sequence(piece.get("endpoints"))):
            for address in sequence(endpoint.get("addresses")):
                if ports and ports[0]:
                    host = f"[{address}]" if ":" in str(address) else str(address)
                    return f"https://{host}:{ports[0]}"
    raise ApiFailure("The cluster's Service default/kubernetes names no address.", "Set submariner_broker_url.")


def admin_tokens(api: Api, namespace: str) -> list[Json]:
    """All token Secrets of the broker's admin account."""
    answer = api.list(f"/api/v1/namespaces/{namespace}/secrets")
    if answer.unknown:
        raise ApiFailure(f"the Secrets of namespace {namespace} cannot be read: {answer.reason}")
    return [
        item
        for item in answer.items
        if item.get("type") == _TOKEN_TYPE
        and mapping(mapping(item.get("metadata")).get("annotations")).get(_ACCOUNT) == ADMIN
    ]


def admin_token(api: Api, namespace: str) -> Json | None:
    """The newest complete token Secret of the broker's admin account, None when there is none."""
    complete = [
        item
        for item in admin_tokens(api, namespace)
        if mapping(item.get("data")).get("token") and mapping(item.get("data")).get("ca.crt")
    ]
    complete.sort(key=lambda item: text(mapping(item.get("metadata")).get("creationTimestamp")))
    return complete[-1] if complete else None


def compose(api: Api, url: str, psk: bytes, namespace: str = BROKER_NAMESPACE) -> BrokerInfo:
    """The broker info from the objects of a running broker, for a join without a file."""
    secret = admin_token(api, namespace)
    if secret is None:
        raise ApiFailure(
            f"namespace {namespace} has no token Secret of {ADMIN}, so there is no broker to join",
            "Deploy the broker first.",
        )
    broker = api.get(f"/apis/submariner.io/v1alpha1/namespaces/{namespace}/brokers/{BROKER_CR}")
    if not broker.present:
        why = broker.reason if broker.unknown else "it does not exist"
        raise ApiFailure(f"Broker {namespace}/{BROKER_CR} cannot be read: {why}", "Deploy the broker first.")
    spec = mapping(broker.body.get("spec"))
    data = mapping(secret.get("data"))
    return BrokerInfo(
        url=url,
        token=_bytes(data.get("token"), "the token"),
        ca=_bytes(data.get("ca.crt"), "the certificate"),
        namespace=namespace,
        psk=psk,
        components=tuple(sorted(text(c) for c in sequence(spec.get("components")) if text(c))),
        custom_domains=tuple(text(d) for d in sequence(spec.get("defaultCustomDomains")) if text(d)),
    )
