# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the broker takes a member's token: without it gateways stay connected, and nothing new comes in or out.

Private to this collection, may change at any time.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
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


class BrokerToken:
    """Asks the broker with the member's token, until it is taken once."""

    def __init__(self, member: Api, broker: Api, namespace: str) -> None:
        self._member, self._broker = member, broker
        self._path = f"/apis/submariner.io/v1/namespaces/{namespace}/endpoints"
        self._taken = False

    def check(self, member: Snapshot, cluster_id: str) -> list[Finding]:
        spec = mapping(member.submariner.get("spec"))
        token = text(spec.get("brokerK8sApiServerToken"))
        # A path is a proxy's, which wants credentials of its own.
        if self._taken or not member.installed or not token or urlsplit(self._broker.server).path:
            return []
        refused = self._refused(token)
        if refused is None:
            return []
        # The resource keeps the first token, the components use the Secret's (submariner#2955).
        secret = text(spec.get("brokerK8sSecret"))
        newer, unread = in_secret(self._member, member.operator_namespace, secret, "token")
        if newer and newer != token:
            refused = self._refused(newer)
            if refused is None:
                return []
        server = text(spec.get("brokerK8sApiServer"))
        sure = not unread and host_of(server) == host_of(self._broker.server)
        return [
            Finding(
                "broker.token-refused",
                ERROR if sure else WARNING,
                f"cluster {cluster_id}",
                f"the broker refuses its token ({refused.reason})",
                "a token with which it reads and writes its records",
                cause=f"the Secret {secret}, whose token counts, could not be read: {unread}" if unread else "",
                hint=REJOIN + ("" if sure else f"; asked at {self._broker.server}, the cluster asks at {server}"),
            )
        ]

    def _refused(self, token: str) -> Answer | None:
        """The refusal, None when the token is taken or nothing was answered."""
        answer = self._broker.bearing(token).get(self._path, limit=1)
        self._taken = answer.present
        return answer if answer.status in (401, 403) else None


def in_secret(member: Api, namespace: str, name: str, key: str) -> tuple[str, str]:
    """What a member's Secret has under C(key), or why it is not known; neither without a name."""
    if not name:
        return "", ""
    answer = member.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    if not answer.present:
        return "", answer.reason or "it does not exist"
    return decoded(text(mapping(answer.body.get("data")).get(key))), ""
