# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether clusterset.local is asked where lighthouse answers (submariner.md 2.4); pure. Private, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._dns import edit_of, lighthouse_addresses
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    Finding,
    Snapshot,
    mapping,
)

HINT = "restart the pod submariner-operator, which puts the block back; pods of CoreDNS read it within a minute"

LOOKED_FOR = {"coredns": "ConfigMap kube-system/coredns", "dns-operator": "dns.operator.openshift.io default"}
"""Where a cluster's DNS is looked for unless the Submariner resource says it; a platform that lacks it keeps it elsewhere."""


def check_dns(member: Snapshot, cluster_id: str) -> list[Finding]:
    """With service discovery on, the cluster's DNS forwards its domain to the Service of lighthouse's CoreDNS."""
    if not member.installed or mapping(member.submariner.get("spec")).get("serviceDiscoveryEnabled") is not True:
        return []
    edit = edit_of(member)
    subject = f"{edit.place} of {cluster_id}"
    if member.reading(edit.key).state == "absent" and edit.key in LOOKED_FOR:
        return [
            Finding(
                "dns.unseen",
                UNKNOWN,
                f"cluster {cluster_id}",
                f"has no {LOOKED_FOR[edit.key]}, so it is not seen whether clusterset.local is forwarded",
                "CoreDNS in kube-system, a ConfigMap named in the Submariner resource, or OpenShift's DNS",
                cause="this platform keeps its DNS elsewhere",
                hint="ask for a clusterset.local name from a pod: submariner_verify_data_path_dns does",
            )
        ]
    if not edit.paired:
        return [
            Finding(
                "dns.unbalanced-markers",
                ERROR,
                subject,
                "lighthouse's marker lines do not come in pairs",
                "one lighthouse-start and one lighthouse-end line",
                cause="it was edited by hand; the operator would drop all that follows the first marker",
                hint="take the clusterset.local block out by hand, then restart the pod submariner-operator",
            )
        ]
    if not edit.there:
        return [
            Finding(
                "dns.missing-block",
                ERROR,
                subject,
                "does not forward clusterset.local",
                "a block of lighthouse, since service discovery is enabled",
                hint=HINT,
            )
        ]
    right = lighthouse_addresses(member)
    wrong = sorted({a for a in edit.addresses if _host(a) not in right})
    if not wrong and edit.addresses:
        return []
    return [
        Finding(
            "dns.wrong-address",
            ERROR,
            subject,
            f"forwards clusterset.local to {', '.join(wrong) or 'nowhere'}",
            f"{', '.join(right)}, the address of Service submariner-lighthouse-coredns"
            if right
            else "the address of Service submariner-lighthouse-coredns, which does not exist",
            cause="the Service was made again with another address, or the block is of an earlier installation",
            hint=HINT,
        )
    ]


def _host(address: str) -> str:
    """An upstream without its port."""
    host, colon, port = address.rpartition(":")
    return host.strip("[]") if colon and port.isdigit() and (":" not in host or host.endswith("]")) else address
