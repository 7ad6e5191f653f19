# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one page that needs nothing but itself. Private, may change at any time."""

from __future__ import annotations

import base64
import functools
import hashlib
import pathlib

import jinja2
from markupsafe import Markup

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_fleet import STATES, rows_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_map import NARROW, WIDE, map_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_view import SEVERITIES, View

TEMPLATES = pathlib.Path(__file__).parents[2] / "roles" / "report" / "templates"

LARGEST_MATRIX = 60
"""Clusters; a larger clusterset gets a row for each cluster."""

SIGNS = {"fine": "✓", "unproven": "?", "broken": "✕", "missing": "○", "ghost": "◇", "unseen": "·"}
"""What tells states apart without colours."""


def page_of(view: View) -> str:
    """The HTML; every value in it is escaped."""
    small = len(view.scene.clusters) <= LARGEST_MATRIX
    script = _file("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            scene=view.scene,
            maps=[map_of(view.scene, shape) for shape in (WIDE, NARROW)] if view.scene.clusters else [],
            rows=[] if small else rows_of(view.scene),
            matrix=small,
            states=STATES,
            signs=SIGNS,
            severities=SEVERITIES,
            style=_file("report.css"),
            script=script,
            policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src '{_digest(script)}'",
        )
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"seconds": seconds, "milliseconds": milliseconds, "many": many}
    return environment


def _file(name: str) -> Markup:
    """A file of ours, which is markup as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704


def _digest(script: str) -> str:
    """What lets a browser run this script and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def seconds(value: float) -> str:
    """A length of time for people."""
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def milliseconds(value: float) -> str:
    """With three digits that tell something."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def many(number: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{number:,}".replace(",", "\u202f") + " " + (one if number == 1 else several or f"{one}s")
