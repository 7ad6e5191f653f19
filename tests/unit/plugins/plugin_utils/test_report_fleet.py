# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which clusters and links the report shows, and where they stand in its map."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_fleet import (
    Cluster,
    Path,
    Scene,
    rows_of,
    scene_of,
)
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_map import (
    CARDS,
    NARROW,
    WIDE,
    Map,
    Shape,
    map_of,
    shortened,
)
from tests.unit import reported

Json = dict[str, t.Any]


def states(scene: Scene) -> dict[tuple[str, str], str]:
    return {pair: path.worry for pair, path in scene.by_pair.items()}


def clusters(scene: Scene) -> dict[str, str]:
    return {c.id: c.kind for c in scene.clusters}


def test_a_healthy_pair() -> None:
    scene = scene_of(reported.recorded("healthy-two-nodes"))
    assert clusters(scene) == {"east": "member", "west": "member"}
    assert states(scene) == {("east", "west"): "fine", ("west", "east"): "fine"}
    assert [c.id for c in scene.clusters if c.broker] == ["east"]


def test_a_ghost_stands_beside_the_cluster_that_it_was() -> None:
    scene = scene_of(reported.recorded("joined-as-second-id"))
    assert clusters(scene) == {"east": "member", "west2": "member", "west": "ghost"}
    assert states(scene) == {("east", "west"): "ghost", ("east", "west2"): "fine", ("west2", "east"): "fine"}
    (ghost,) = [c for c in scene.clusters if c.kind == "ghost"]
    assert ghost.note == "its gateway is the one of west, which is joined as 'west2'"
    assert scene.worst_of(ghost) == "ghost"


def test_a_cluster_that_did_not_answer_is_not_seen_and_not_fine() -> None:
    document = reported.of_size(3)
    document["clusters"]["oslo"] = {}
    scene = scene_of(document)
    assert states(scene)["oslo", "dublin"] == "unseen"
    assert scene.worst_of(next(c for c in scene.clusters if c.host == "oslo")) == "unseen"


def test_a_connection_that_is_not_there_and_one_that_is_down() -> None:
    document = reported.of_size(3)
    (gateway,) = document["clusters"]["oslo"]["gateways"]
    gateway["connections"] = ["frankfurt error submariner-cable-frankfurt no answer to pings"]
    scene = scene_of(document)
    assert states(scene)["oslo", "dublin"] == "missing"
    assert states(scene)["oslo", "frankfurt"] == "broken"
    assert scene.by_pair["oslo", "frankfurt"].note == "no answer to pings"
    assert states(scene)["dublin", "oslo"] == "fine"
    assert scene.worst_of(next(c for c in scene.clusters if c.id == "dublin")) == "missing"


def test_pods_that_do_not_get_through_outweigh_what_gateways_say() -> None:
    document = reported.of_size(2)
    document["data_path"][0]["verdict"] = "silent"
    scene = scene_of(document)
    assert (scene.by_pair["frankfurt", "dublin"].state, states(scene)["frankfurt", "dublin"]) == ("fine", "broken")
    assert states(scene)["dublin", "frankfurt"] == "fine"


def test_a_connection_to_what_nobody_registered_is_shown() -> None:
    document = reported.of_size(2)
    document["clusters"]["dublin"]["gateways"][0]["connections"].append("atlantis connected cable-atlantis")
    scene = scene_of(document)
    assert clusters(scene)["atlantis"] == "unregistered"
    assert states(scene)["dublin", "atlantis"] == "ghost"


def test_one_id_on_two_clusters_makes_two_clusters() -> None:
    document = reported.of_size(2)
    document["clusters"]["dublin"]["cluster_id"] = "frankfurt"
    assert {"frankfurt (frankfurt)", "frankfurt (dublin)"} <= set(clusters(scene_of(document)))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"clusters": {"a": None, "b": []}},
        {"fleet": 7, "watched": [], "data_path": "x"},
        {"fleet": {"members": 7, "ghosts": 7}},
        {"fleet": {"ghosts": True}},
    ],
)
def test_what_is_missing_makes_no_trouble(document: Json) -> None:
    assert scene_of(document).paths == ()


@pytest.mark.parametrize(
    ("words", "milliseconds"),
    [
        ("1.5ms", 1.5),
        ("250µs", 0.25),
        ("1m2s", 62000.0),
        ("2.5s", 2500.0),
        ("", None),
        ("soon", None),
        ("3ms later", None),
    ],
)
def test_round_trips(words: str, milliseconds: float | None) -> None:
    assert Path("a", "b", "fine", latency=words).milliseconds == milliseconds


def test_rows_begin_with_most_to_worry_about() -> None:
    scene = scene_of(reported.of_size(10, damaged=6))
    rows = rows_of(scene)
    worries = [len(r.worries) for r in rows]
    assert worries == sorted(worries, reverse=True)
    assert worries[0] > 0
    for row in rows:
        assert sum(count for _state, count in row.counts) == 9
        assert row.least is not None
        assert row.median is not None
        assert row.most is not None
        assert row.least <= row.median <= row.most


def ring(count: int, worse: t.Collection[tuple[int, int]] = ()) -> Scene:
    """So many clusters, all connected; but for some links."""
    names = [f"cluster-{n:03d}" for n in range(count)]
    paths = [
        Path(names[i], names[j], "broken" if (i, j) in worse else "fine")
        for i, j in itertools.permutations(range(count), 2)
    ]
    return Scene(tuple(Cluster(n, n, "member") for n in names), tuple(paths))


def inside(found: Map, shape: Shape) -> bool:
    across, along = (shape.card[0] / 2, shape.card[1] / 2) if found.cards else (found.radius, found.radius)
    return all(across <= n.x <= shape.width - across and along <= n.y <= found.height - along for n in found.nodes)


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 24, 50, 200])
def test_nothing_leaves_the_picture_and_no_card_hides_another(shape: Shape, count: int) -> None:
    found = map_of(ring(count) if count < 50 else Scene(ring(2).clusters * (count // 2)), shape)
    assert found.cards == (count <= CARDS)
    assert inside(found, shape)
    for one, other in itertools.combinations(found.nodes, 2) if found.cards else ():
        apart = abs(one.x - other.x) >= shape.card[0] or abs(one.y - other.y) >= shape.card[1]
        assert apart, f"{one.label} and {other.label}"


def test_in_a_large_clusterset_only_what_is_not_fine_is_drawn() -> None:
    found = map_of(ring(60, {(3, 40)}), WIDE)
    (half,) = found.halves
    assert (half.path.source, half.path.target) == ("cluster-003", "cluster-040")
    assert (found.fine_left_out, found.others_left_out) == (60 * 59 - 1, 0)
    labels = {n.cluster.id for n in found.nodes if n.label}
    assert {"cluster-003", "cluster-040"} <= labels


def test_a_link_without_a_word_from_its_other_end_is_drawn_whole() -> None:
    clusters = (Cluster("a", "a", "member"), Cluster("old", "", "ghost"))
    found = map_of(Scene(clusters, (Path("a", "old", "ghost"),)), WIDE)
    (half,), places = found.halves, {n.cluster.id: (n.x, n.y) for n in found.nodes}
    assert (half.x2, half.y2) == places["old"]


@given(st.text(max_size=80), st.integers(8, 40))
def test_a_shortened_name_fits(name: str, letters: int) -> None:
    assert len(shortened(name, letters)) <= letters
