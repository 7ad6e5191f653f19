# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker information file: URL-safe base64 of one JSON object, in the current directory."""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import names

FILE_NAME = "broker-info.subm"
CONNECTIVITY = "connectivity"
SERVICE_DISCOVERY = "service-discovery"


@dataclass
class BrokerInfo:
    """How a cluster reaches and trusts the broker."""

    url: str
    client_token: dict[str, Any]
    psk: bytes
    components: list[str]
    service_discovery: bool
    custom_domains: list[str] = field(default_factory=list)

    def token_part(self, key: str) -> bytes:
        """`token`, `namespace` or `ca.crt` of the broker's Secret."""
        return base64.b64decode((self.client_token.get("data") or {}).get(key, ""))

    @property
    def connectivity(self) -> bool:
        return CONNECTIVITY in self.components

    @property
    def with_service_discovery(self) -> bool:
        return SERVICE_DISCOVERY in self.components or self.service_discovery


def encode(info: BrokerInfo) -> str:
    psk = base64.b64encode(info.psk).decode()
    body = {
        "brokerURL": info.url,
        "ClientToken": info.client_token,
        "IPSecPSK": {"metadata": {"name": names.PSK_SECRET, "creationTimestamp": None}, "data": {"psk": psk}},
        "ServiceDiscovery": info.service_discovery,
        "Components": sorted(info.components),
        "CustomDomains": info.custom_domains or None,
    }
    return base64.urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()


def decode(text: str) -> BrokerInfo:
    """Read a file's content; the case of the keys does not matter."""
    try:
        raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as exc:
        raise ValueError(f"error decoding data: {exc}") from exc
    try:
        body = json.loads(raw)
        keys = {key.lower(): value for key, value in body.items()}
        return BrokerInfo(
            url=keys.get("brokerurl") or "",
            client_token=keys.get("clienttoken") or {},
            psk=base64.b64decode((keys.get("ipsecpsk") or {}).get("data", {}).get("psk", "")),
            components=list(keys.get("components") or []),
            service_discovery=bool(keys.get("servicediscovery")),
            custom_domains=list(keys.get("customdomains") or []),
        )
    except (ValueError, AttributeError, TypeError) as exc:
        raise ValueError(f"error unmarshalling data: {exc}") from exc


def read(file: str) -> BrokerInfo:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as exc:
        raise ValueError(f'error reading file "{file}": open {file}: {(exc.strerror or str(exc)).lower()}') from exc
    except UnicodeDecodeError as exc:
        raise ValueError(f'error decoding data from file "{file}": {exc}') from exc
    return decode(text)


def back_up() -> str:
    """Move an older file out of the way; its new name, or nothing."""
    if not Path(FILE_NAME).exists():
        return ""
    now = time.localtime()
    offset = time.strftime("%z", now)
    zone = "Z" if now.tm_gmtoff == 0 else f"{offset[:3]}_{offset[3:]}"
    backup = f"{FILE_NAME}.{time.strftime('%Y-%m-%dT%H_%M_%S', now)}{zone}"
    Path(FILE_NAME).rename(backup)
    return backup


def write(info: BrokerInfo) -> None:
    descriptor = os.open(FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(encode(info))
