# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where clusters and links stand in the report's map; pure. Private, may change at any time.

A few clusters are cards on an oval, many are dots on a ring. Each half of a link is what the gateway at its end says.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_fleet import FINE, Cluster, Path, Scene

CARDS = 8
"""More clusters than this stand on a ring."""

ALL_DRAWN = 24
"""With more clusters than this, links that are fine are counted, not drawn."""

MOST_DRAWN = 800
"""Links in one picture that are not fine; more are a tangle."""


@dataclass(frozen=True)
class Shape:
    """How large a picture is, in units of its own."""

    name: str
    width: int
    card: tuple[int, int]
    letters: int
    """Letters that fit on a card, and beside a dot."""
    font: int


WIDE = Shape("wide", 960, (190, 62), 20, 12)
NARROW = Shape("narrow", 360, (124, 56), 13, 10)


@dataclass(frozen=True)
class Node:
    """A cluster in the picture."""

    cluster: Cluster
    state: str
    x: float
    y: float
    label: str
    anchor: str = "middle"
    turn: float = 0.0


@dataclass(frozen=True)
class Half:
    """The half of a link that begins at its source."""

    path: Path
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def mark(self) -> tuple[float, float]:
        """Where a sign on it stands."""
        return round(self.x1 * 0.45 + self.x2 * 0.55, 1), round(self.y1 * 0.45 + self.y2 * 0.55, 1)


@dataclass(frozen=True)
class Map:
    """One picture of the clusterset."""

    shape: Shape
    height: int
    cards: bool
    nodes: tuple[Node, ...]
    halves: tuple[Half, ...]
    fine_left_out: int
    others_left_out: int
    """Links that are not drawn."""

    @property
    def radius(self) -> float:
        """Of the dots."""
        return max(2.5, min(6.0, 420 / max(1, len(self.nodes)) * self.shape.width / WIDE.width))


def map_of(scene: Scene, shape: Shape) -> Map:
    count = len(scene.clusters)
    cards = count <= CARDS
    fine = [p for p in scene.paths if p.worry == FINE]
    others = [p for p in scene.paths if p.worry != FINE]
    # What is to be seen first is drawn last.
    drawn = [*(fine if count <= ALL_DRAWN else ()), *others[:MOST_DRAWN]]
    nodes, height = (
        _oval(scene, shape) if cards else _ring(scene, shape, {i for p in drawn for i in (p.source, p.target)})
    )
    places = {node.cluster.id: (node.x, node.y) for node in nodes}
    halves = [_half(p, places, p.target in scene.leaving) for p in drawn if p.source in places and p.target in places]
    left_out = (0 if count <= ALL_DRAWN else len(fine), max(0, len(others) - MOST_DRAWN))
    return Map(shape, height, cards, tuple(nodes), tuple(halves), *left_out)


def _half(path: Path, places: t.Mapping[str, tuple[float, float]], answered: bool) -> Half:
    """The whole link where nobody at the other end says anything."""
    (x1, y1), (x2, y2) = places[path.source], places[path.target]
    return (
        Half(path, x1, y1, round((x1 + x2) / 2, 1), round((y1 + y2) / 2, 1)) if answered else Half(path, x1, y1, x2, y2)
    )


def _oval(scene: Scene, shape: Shape) -> tuple[list[Node], int]:
    count = len(scene.clusters)
    width, high = shape.card
    wide = shape is WIDE
    height = (150 if count == 1 else 190 if count == 2 and wide else 430) if wide else max(150, 110 + 92 * count)
    across, along = shape.width / 2 - width / 2 - 8, height / 2 - high / 2 - 8
    # Two stand beside each other where there is room; where there is none, no two do so at the bottom.
    first = math.pi if (count == 2 if wide else count % 2 == 1) else -math.pi / 2
    nodes = []
    for number, cluster in enumerate(scene.clusters):
        angle = first + 2 * math.pi * number / count
        reach = 0.0 if count == 1 else 1.0
        x, y = shape.width / 2 + reach * across * math.cos(angle), height / 2 + reach * along * math.sin(angle)
        label = shortened(cluster.id, shape.letters)
        nodes.append(Node(cluster, scene.worst_of(cluster), round(x, 1), round(y, 1), label))
    # An odd number does not reach as far to one side as to the other.
    left, right = min(n.x for n in nodes), max(n.x for n in nodes)
    top, bottom = min(n.y for n in nodes), max(n.y for n in nodes)
    right_by, down_by = shape.width / 2 - (left + right) / 2, high / 2 + 8 - top
    moved = [dataclasses.replace(n, x=round(n.x + right_by, 1), y=round(n.y + down_by, 1)) for n in nodes]
    return moved, round(bottom - top + high + 16)


def _ring(scene: Scene, shape: Shape, concerned: t.Collection[str]) -> tuple[list[Node], int]:
    count = len(scene.clusters)
    longest = max(len(shortened(c.id, shape.letters)) for c in scene.clusters)
    margin = longest * shape.font * 0.62 + 14
    height = min(shape.width, 660)
    radius = height / 2 - margin
    named = _with_room(scene.clusters, concerned, 2 * math.pi * radius / count, shape.font + 1)
    nodes = []
    for number, cluster in enumerate(scene.clusters):
        angle = 2 * math.pi * number / count - math.pi / 2
        x, y = shape.width / 2 + radius * math.cos(angle), height / 2 + radius * math.sin(angle)
        left = math.cos(angle) < -1e-9
        label = shortened(cluster.id, shape.letters) if number in named else ""
        turn = math.degrees(angle) + (180 if left else 0)
        anchor = "end" if left else "start"
        nodes.append(Node(cluster, scene.worst_of(cluster), round(x, 1), round(y, 1), label, anchor, round(turn, 1)))
    return nodes, height


def _with_room(clusters: t.Sequence[Cluster], concerned: t.Collection[str], gap: float, needed: float) -> set[int]:
    """Which dots get a name: those concerned first, as long as names do not touch."""
    apart = math.ceil(needed / gap)
    named: set[int] = set()
    order = sorted(range(len(clusters)), key=lambda n: clusters[n].real and clusters[n].id not in concerned)
    for number in order:
        if all((number + step) % len(clusters) not in named for step in range(1 - apart, apart) if step):
            named.add(number)
    return named


def shortened(name: str, letters: int) -> str:
    """A name that fits; its end tells more than its middle."""
    return name if len(name) <= letters else f"{name[: letters - 6]}…{name[-5:]}"
