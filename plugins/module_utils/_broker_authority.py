# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the authority by which a member knows its broker is the one that vouches for the broker's API server.

Gateways that trust another one stay connected, and nothing new comes in or out (submariner#3543). Private to this
collection, may change at any time.
"""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_token import in_secret
from ansible_collections.submariner.lifecycle.plugins.module_utils._certificate import decoded
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.access import REJOIN, host_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    WARNING,
    Finding,
    Snapshot,
    mapping,
    text,
)

PATIENCE = 5.0
"""Seconds for a handshake."""


class BrokerAuthority:
    """Greets the broker as the member would, until that went well once."""

    def __init__(self, member: Api, broker: Api) -> None:
        self._member, self._broker = member, broker
        self._trusted = False

    def check(self, member: Snapshot, cluster_id: str) -> list[Finding]:
        spec = mapping(member.submariner.get("spec"))
        authority = decoded(text(spec.get("brokerK8sCA")))
        where = urlsplit(self._broker.server)
        # A path, or a proxy, has a certificate of its own.
        direct = where.scheme == "https" and not where.path and not self._broker.proxied
        if self._trusted or not direct or not member.installed or not authority or spec.get("brokerK8sInsecure"):
            return []
        refused = self._refused(authority)
        if refused:
            # The resource keeps the first authority, the components use the Secret's (submariner#2955).
            newer, _unread = in_secret(
                self._member, member.operator_namespace, text(spec.get("brokerK8sSecret")), "ca.crt"
            )
            refused = self._refused(newer) if newer and newer != authority else refused
        if not refused:
            return []
        server = text(spec.get("brokerK8sApiServer"))
        sure = host_of(server) == host_of(self._broker.server)
        return [
            Finding(
                "broker.ca-refused",
                ERROR if sure else WARNING,
                f"cluster {cluster_id}",
                f"the broker's certificate is not of the CA that the cluster trusts ({refused})",
                "the CA of the broker's API server",
                cause="the broker's CA was changed, or its certificate was given out by another one",
                hint=REJOIN + ("" if sure else f"; asked at {self._broker.server}, the cluster asks at {server}"),
            )
        ]

    def _refused(self, authority: str) -> str:
        """Why the broker is not trusted; empty when it is, or did not answer."""
        where = urlsplit(self._broker.server)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # the address may be ours alone
        try:
            context.load_verify_locations(cadata=authority)
            peer = socket.create_connection((where.hostname or "", where.port or 443), PATIENCE)
            with peer, context.wrap_socket(peer, server_hostname=where.hostname):
                self._trusted = True
        except ssl.SSLCertVerificationError as error:
            return text(error.verify_message) or "it is not trusted"
        except (OSError, ValueError):
            pass  # not answered, or no certificate that could be read
        return ""
