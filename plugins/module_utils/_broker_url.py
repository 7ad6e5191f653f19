# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of the broker's API server that the members are given.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import in_cluster_url, is_loopback
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import write_private
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import private_folder

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def choose_url(module: AnsibleModule, api: Api, given: str | None) -> tuple[str, str]:
    """The broker's address for the members and where it comes from; one with a foreign certificate is refused if they check it."""
    if given:
        url, source = given if "://" in given else f"https://{given}", "option"
        if not url.startswith("https://"):
            raise ApiFailure(f"The broker's address {url} is not one for HTTPS.", "Set submariner_broker_url anew.")
        if is_loopback(url):
            raise ApiFailure(
                f"The broker's address {url} means, for each member, that member's own machine.",
                "Set submariner_broker_url to an address that all members reach.",
            )
    elif is_loopback(api.server):
        url, source = in_cluster_url(api), "cluster"
    else:
        url, source = api.server, "kubeconfig"
    if module.params.get("check_broker_certificate") is not False:
        check_certificate(module, api, url)
    return url, source


def check_certificate(module: AnsibleModule, api: Api, url: str) -> None:
    """Refuse an address whose certificate the members will not accept; one that is silent here is a warning."""
    answer = api.get("/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt")
    authority = str((answer.body.get("data") or {}).get("ca.crt") or "")
    with private_folder() as folder:
        path = os.path.join(folder, "ca.crt")
        write_private(path, authority)
        # No token of ours goes to an address that is not yet known to be the cluster's.
        probe = {"host": url, "api_key": "none", "validate_certs": True}
        answers = [connect(module, {**probe, "ca_cert": path}).get("/version")] if authority else []
        if not any(answer.status for answer in answers):
            answers.append(connect(module, probe).get("/version"))
    if any(answer.status for answer in answers):
        return
    reason = answers[0].reason
    if "trusted" in reason or "certificate" in reason.lower():
        raise ApiFailure(
            f"The certificate at the broker's address {url} is not the cluster's: {reason}.",
            "Set submariner_broker_url to an address that the API server's certificate names.",
        )
    module.warn(f"The broker's address {url} does not answer this machine ({reason}); the members may still reach it.")
