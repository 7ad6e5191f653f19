# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The member's copy of its broker credentials, kept in step with the token of its ServiceAccount on the broker."""

from __future__ import annotations

import base64
import logging

from tests.simulator import names
from tests.simulator.kube import ApiError, Kube, Object, path
from tests.simulator.operator.apply import apply

SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"

log = logging.getLogger("secret")


async def broker(kube: Kube, spec: Object) -> Kube:
    """A client of the broker with the credentials of the local Secret, or with those in the resource."""
    server = f"https://{spec['brokerK8sApiServer']}"
    secret = await kube.get(path("v1", "secrets", names.OPERATOR_NAMESPACE, spec.get("brokerK8sSecret") or "-"))
    if secret:
        token = base64.b64decode(secret["data"]["token"]).decode()
        return Kube(server, lambda: token, base64.b64decode(secret["data"]["ca.crt"]).decode())
    token = spec["brokerK8sApiServerToken"]
    return Kube(server, lambda: token, base64.b64decode(spec["brokerK8sCA"]).decode())


async def sync_secret(kube: Kube, spec: Object, kind: str, source: Object) -> None:
    """Copy the data of the member's own token Secret."""
    account = (source["metadata"].get("annotations") or {}).get(SERVICE_ACCOUNT_NAME)
    if kind == "DELETED" or account != names.cluster_service_account(spec["clusterID"]) or not source.get("data"):
        return
    copy = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": spec["brokerK8sSecret"], "namespace": names.OPERATOR_NAMESPACE},
        "data": source["data"],
    }
    try:
        await apply(kube, copy)
    except ApiError as error:
        log.error("%s", error)
