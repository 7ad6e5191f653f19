# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl recover-broker-info`."""

from __future__ import annotations

import base64

from .. import names
from . import contexts, tokens
from .brokerinfo import FILE_NAME
from .contexts import ClusterInfo
from .deploybroker import deployed, save
from .flags import Flag, Values
from .show import if_installed
from .status import Reporter

FLAGS = (
    Flag("broker-url", usage="broker API endpoint URL for the broker information file (default: the context's)"),
    *contexts.flags(),
)


def run(values: Values, status: Reporter) -> None:
    def action(info: ClusterInfo, reporter: Reporter) -> None:
        _recover(values.text("broker-url"), info, reporter)

    contexts.on_selected(values, names.OPERATOR_NAMESPACE, if_installed(action), status)


def _recover(url: str, info: ClusterInfo, status: Reporter) -> None:
    submariner = info.submariner or {}
    api, namespace = info.api, str(submariner["spec"]["brokerK8sRemoteNamespace"])
    status.start(
        f'Checking if the Broker is installed on the Submariner cluster "{info.name}" in namespace "{namespace}"'
    )
    with status.explaining("Error getting Broker"):
        broker = deployed(api, namespace)
    if broker is None:
        status.warning("Broker not found. Trying to connect to the Broker installed on a different cluster")
        with status.explaining("Error getting the Broker's REST config"):
            api, namespace = tokens.broker_of(submariner)
            broker = deployed(api, namespace)
        if broker is None:
            raise status.error(f'no Broker resource found in namespace "{namespace}"')
        status.success(f"Found Broker installed on a different cluster in namespace {namespace}")
    status.start(f"Retrieving data to reconstruct {FILE_NAME}")
    status.success(f"Retrieving IPSec PSK secret from Submariner found on cluster {info.name}")
    with status.explaining("error decoding the secret"):
        psk = base64.b64decode(submariner["spec"]["ceIPSecPSK"])
    status.success(f"Successfully retrieved the data. Writing it to {FILE_NAME}")
    spec = broker["spec"]
    save(api, namespace, url, psk, spec.get("components") or [], spec.get("defaultCustomDomains") or [], status)
