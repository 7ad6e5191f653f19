# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/rights.md: what preflight asks for before a run, from the table in plugins/module_utils/_rights.py."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._rights import (
    BROKER,
    EVERYWHERE,
    NEEDED,
    OPERATOR,
    VERBS,
    Need,
)
from tests.rights import gathering
from tests.rights.roles import ROOT

PAGE = ROOT / "docs" / "rights.md"

HEAD = """\
# Rights

What `preflight` asks the API server to allow, and so do `install`, `uninstall` and `reinstall` before they begin. Without one that
a run needs it does not begin (`rights.missing`); without one that it may come to need there is a warning
(`rights.perhaps-missing`).

| other playbooks | rights |
|---|---|
| `upgrade` | those of `reinstall`, for which it asks, too |
| `evict` | on the broker's cluster those of `uninstall`; on each member those of `verify` |
| `repair` | those of `verify`, the lock, and to delete `pods` in the operator's namespace and \
`clusters`, `endpoints` and `gateways` of `submariner.io` in both namespaces; \
what is refused ends that step with the API server's words |
| `firewall` | none on a cluster; root on the machines |
| `cloud` | a cluster administrator's, which `subctl cloud` needs, and an account of the cloud |

The rights of a cluster administrator are the simple answer: `subctl` makes ClusterRoles, and Kubernetes lets nobody give away
rights that they do not have, unless they may `escalate` and `bind`. For `verify` much less does:
[verify-rights.md](verify-rights.md).

Whoever may do everything is asked for with one request, everybody else with one for each right. Namespaced rights are asked for
in the namespace that is named, so that Roles count. This page is generated: `python -m tests.rights`.

| what for | runs | verbs | resources | where |
|---|---|---|---|---|
"""
PLACES = {EVERYWHERE: "everywhere", OPERATOR: "the operator's namespace", BROKER: "the broker's namespace"}


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_line(need) for need in NEEDED) + gathering.section()


def _line(need: Need) -> str:
    runs = [verb for verb in VERBS if verb in need.runs]
    group = f".{need.group}" if need.group else ""
    cells = (
        need.what + (" (may be needed)" if need.may else ""),
        "all" if len(runs) == len(VERBS) else ", ".join(runs),
        ", ".join(need.verbs.split()),
        ", ".join(f"`{resource}{group}`" for resource in need.resources.split()),
        PLACES.get(need.where, f"`{need.where}`")
        + (", broker's cluster" if need.on_broker and need.where != BROKER else ""),
    )
    return f"| {' | '.join(cells)} |\n"
