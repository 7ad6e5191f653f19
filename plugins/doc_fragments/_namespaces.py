# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that name Submariner's namespaces; private, may change at any time."""

from __future__ import annotations


class ModuleDocFragment:
    # The option of modules that look at an installation.
    OPERATOR = r"""
options:
  operator_namespace:
    description: Namespace of the operator. An empty one stands for the default.
    type: str
    default: submariner-operator
"""

    # The option of modules that look at a broker.
    BROKER = r"""
options:
  broker_namespace:
    description: Namespace of the broker. An empty one stands for the default.
    type: str
    default: submariner-k8s-broker
"""
