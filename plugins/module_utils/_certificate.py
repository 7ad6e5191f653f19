# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be told of a member's access to its broker; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import base64
import binascii
import ssl

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, text


def broker_access(data: Json) -> Json:
    """Of a Secret's C(data): whether it has a token and a CA, and when the CA expires in epoch seconds."""
    authority = decoded(text(data.get("ca.crt")))
    return {"token": bool(data.get("token")), "ca": bool(authority), "expires": expiry(authority)}


def decoded(value: str) -> str:
    """Text from base64; empty when it is none."""
    try:
        return base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


def expiry(pem: str) -> float | None:
    """When the last of the authorities in C(pem) expires, in epoch seconds; None when that cannot be told.

    OpenShift's is a bundle in which others than the API server's may have expired.
    """
    if not pem.strip():
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
        ends = [ssl.cert_time_to_seconds(str(c["notAfter"])) for c in context.get_ca_certs()]
    except (ssl.SSLError, ValueError, KeyError):
        return None
    return float(max(ends)) if ends else None
