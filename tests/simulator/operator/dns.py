# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's DNS: a marked block at the top of CoreDNS' Corefile, or a key of a custom ConfigMap."""

from __future__ import annotations

import logging
import re

from tests.simulator import names
from tests.simulator.kube import ApiError, Kube, Object, path
from tests.simulator.operator.workloads import domains

START = "#lighthouse-start AUTO-GENERATED SECTION. DO NOT EDIT"
END = "#lighthouse-end"
CUSTOM_KEY = "lighthouse.server"

log = logging.getLogger("dns")


def without_block(corefile: str) -> str:
    """The Corefile without the marked block; a missing end marker takes the rest with it."""
    if "lighthouse-start" not in corefile:
        return corefile
    kept = []
    skip = False
    for line in corefile.split("\n"):
        if "lighthouse-start" in line:
            skip = True
        elif "lighthouse-end" in line:
            skip = False
        elif not skip:
            kept.append(line)
    # Each edit was seen to leave one more empty line at the end.
    return "\n".join(kept) + "\n"


def with_block(corefile: str, zones: list[str], address: str) -> str:
    """The Corefile with one forwarding stanza per zone at its top."""
    rest = without_block(corefile)
    port = re.search(r"\.:(\d+)\s*{", rest)
    number = port.group(1) if port else "53"
    stanzas = "".join(f"{zone}:{number} {{\n    forward . {address}\n}}\n" for zone in zones)
    return f"{START}\n{stanzas}{END}\n{rest}"


async def configure(kube: Kube, spec: Object) -> None:
    """Forward the clusterset's zones to lighthouse."""
    service = await kube.get(path("v1", "services", names.OPERATOR_NAMESPACE, names.LIGHTHOUSE_COREDNS))
    address = ((service or {}).get("spec") or {}).get("clusterIP", "")
    if not address:
        raise ApiError(0, "the lighthouse DNS Service has no clusterIP")
    custom = spec.get("coreDNSCustomConfig") or {}
    if custom.get("configMapName"):
        await _configure_custom(kube, custom, domains(spec), address)
        return
    config = await kube.get(_coredns())
    if config is None:
        log.warning("no ConfigMap %s: DNS is not configured", _coredns())
        return
    corefile = config["data"]["Corefile"]
    block = with_block("", domains(spec), address).rstrip("\n")
    if not corefile.startswith(block):
        config["data"]["Corefile"] = with_block(corefile, domains(spec), address)
        await kube.replace(_coredns(), config)


async def unconfigure(kube: Kube, spec: Object) -> None:
    """Take the edit back."""
    custom = spec.get("coreDNSCustomConfig") or {}
    if custom.get("configMapName"):
        url = _custom(custom)
        config = await kube.get(url)
        if config and (config.get("data") or {}).pop(CUSTOM_KEY, None) is not None:
            await kube.replace(url, config)
        return
    config = await kube.get(_coredns())
    if config and "lighthouse-start" in config["data"]["Corefile"]:
        config["data"]["Corefile"] = without_block(config["data"]["Corefile"])
        await kube.replace(_coredns(), config)


async def _configure_custom(kube: Kube, custom: Object, zones: list[str], address: str) -> None:
    url = _custom(custom)
    text = "".join(f"{zone}:53 {{\n    forward . {address}\n}}\n" for zone in zones)
    config = await kube.get(url)
    if config is None:
        metadata = {"name": custom["configMapName"], "namespace": custom.get("namespace") or "kube-system"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {CUSTOM_KEY: text}}
        await kube.create(url.rpartition("/")[0], body)
    elif (config.get("data") or {}).get(CUSTOM_KEY) != text:
        config["data"] = {**(config.get("data") or {}), CUSTOM_KEY: text}
        await kube.replace(url, config)


def _coredns() -> str:
    return path("v1", "configmaps", "kube-system", "coredns")


def _custom(custom: Object) -> str:
    return path("v1", "configmaps", custom.get("namespace") or "kube-system", custom["configMapName"])
