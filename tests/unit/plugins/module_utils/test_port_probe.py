# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers of the port probe mean."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_probe as port_probe
from ansible_collections.submariner.lifecycle.plugins.module_utils import _ports as ports
from ansible_collections.submariner.lifecycle.plugins.module_utils._port_probe import (
    Listener,
    Question,
    Responder,
    Result,
)

EAST = Responder("east", "east-gw", "gateway", ("192.168.0.1",), "e")
WEST = Responder("west", "west-gw", "gateway", ("192.168.1.1",), "w")
WEST_OTHER = Responder("west", "west-2", "other", ("192.168.1.2",), "o")


def result(
    verdict: str, source: Responder = EAST, target: Responder = WEST, name: str = "natt", address: str = ""
) -> Result:
    port = ports.BY_NAME[name]
    question = Question(target, Listener(name, port.protocol, port.number), address or target.addresses[0], "w1")
    return port_probe.one_result(source, [(question, verdict, "words")])


@pytest.mark.parametrize(
    ("got", "said", "verdict"),
    [
        ("ours", "", "answered"),
        ("other", "", "stranger"),
        ("none", "", "silent"),
        ("none", "0+0 records in 0+0 records out", "silent"),
        ("none", "[Errno 111] Connection refused", "refused"),
        ("none", "dd: error reading 'standard input': No route to host", "refused"),
        ("none", "[Errno 113] No route to host", "refused"),
        ("none", "[Errno 101] Network is unreachable", "no-route"),
        ("none", "[Errno 99] Cannot assign requested address", "no-route"),
        ("none", "[Errno 97] Address family not supported by protocol", "no-route"),
        ("none", "[Errno 1] Operation not permitted", "held-back"),
        ("untried", "no python3 in the image", "untried"),
    ],
)
def test_classify(got: str, said: str, verdict: str) -> None:
    assert port_probe.classify(got, said) == verdict


@given(st.sampled_from(["none", "other", "untried", "?"]), st.text())
def test_nothing_but_our_own_answer_is_an_answer(got: str, said: str) -> None:
    verdict = port_probe.classify(got, said)
    assert verdict in port_probe.BEST_FIRST
    assert verdict != "answered"


@pytest.mark.parametrize(
    ("source", "target", "asked"),
    [
        (EAST, WEST, ["natt", "nat-discovery", "esp"]),
        (EAST, WEST_OTHER, []),
        (WEST, WEST_OTHER, ["vxlan"]),
        (WEST_OTHER, WEST, ["vxlan"]),
        (WEST_OTHER, EAST, []),
        (WEST, WEST, []),
        (WEST_OTHER, replace(WEST_OTHER, node="west-3"), []),
    ],
)
def test_who_asks_whom(source: Responder, target: Responder, asked: list[str]) -> None:
    names = ("natt", "nat-discovery", "esp", "vxlan", "broker", "no-such-port")
    assert [name for name in names if port_probe.is_asked(source, target, name)] == asked


@pytest.mark.parametrize(
    ("name", "said", "links", "agents", "state"),
    [
        ("natt", "77 dnsmasq", [], [], "taken"),
        ("natt", "77 dnsmasq", ["vxlan-tunnel"], ["submariner-gate"], "taken"),
        ("natt", "77 pluto", [], [], "taken"),
        ("natt", "77 pluto", [], ["submariner-gate"], "in-use"),
        ("nat-discovery", "77 submariner-gate", [], [], "in-use"),
        ("natt", "0 kernel", [], [], "taken"),
        ("natt", "0 kernel", ["submariner"], [], "in-use"),
        ("natt", "0 kernel", ["vx-submariner"], [], "taken"),
        ("vxlan", "0 kernel", ["vx-submariner"], [], "in-use"),
        ("natt", "- unknown", [], [], "taken"),
        ("natt", "- unknown", [], ["submariner-gate"], "in-use"),
    ],
)
def test_who_holds_a_port(name: str, said: str, links: list[str], agents: list[str], state: str) -> None:
    held = Listener(name, "udp", 4500, "taken", said)
    assert [item.state for item in port_probe.listeners([held], links, agents)] == [state]


def test_a_taken_port_names_its_holder() -> None:
    held = (Listener("natt", "udp", 4500, "taken", "77 dnsmasq"), Listener("vxlan", "udp", 4800, "in-use", "0 kernel"))
    taken, used = port_probe.local_findings(replace(WEST, listeners=held), "2 of 2 connected")
    assert (taken.id, taken.severity) == ("port.taken", "error")
    assert taken.subject == "gateway node west-gw of west, UDP 4500 (natt)"
    assert "dnsmasq (process 77)" in taken.observed
    assert (used.id, used.severity) == ("port.in-use", "info")
    assert "2 of 2 connected" in used.observed


def test_the_best_address_counts() -> None:
    listener = Listener("natt", "udp", 4500)
    asked = [
        (Question(WEST, listener, "192.168.1.1", "w1"), "silent", ""),
        (Question(WEST, listener, "192.0.2.9", "w2"), "answered", ""),
    ]
    found = port_probe.one_result(EAST, asked)
    assert (found.verdict, found.address, set(found.words)) == ("answered", "192.0.2.9", {"w1", "w2"})
    assert port_probe.findings([found]) == []


@pytest.mark.parametrize(
    ("heard", "words"), [(None, "there or back"), (set(), "did not arrive"), ({"w1"}, "on the way back to east-gw")]
)
def test_silence_is_told_apart_by_what_was_heard(heard: set[str] | None, words: str) -> None:
    (found,) = port_probe.findings([result("silent")], "west", heard)
    assert (found.id, found.severity) == ("port.filtered", "error")
    assert found.subject == "gateway node east-gw of east -> gateway node west-gw of west, UDP 4500 (natt)"
    assert words in found.cause


@pytest.mark.parametrize(
    ("got", "id_", "words"),
    [
        ("[Errno 101] Network is unreachable", "port.no-route", "no route to 192.168.1.1"),
        ("[Errno 1] Operation not permitted", "port.held-back", "does not let it out to 192.168.1.1"),
    ],
)
def test_what_never_left_the_asking_node(got: str, id_: str, words: str) -> None:
    (found,) = port_probe.findings([result(port_probe.classify("none", got))], "west", {"w1"})
    assert (found.id, found.severity) == (id_, "error")
    assert words in found.observed


def test_one_way_is_enough_between_clusters_but_not_within_one() -> None:
    (found,) = port_probe.findings([result("silent"), result("answered", WEST, EAST)], "west", set())
    assert found.severity == "warning"
    assert "the other direction works" in found.hint
    inside = [result("silent", WEST, WEST_OTHER, "vxlan"), result("answered", WEST_OTHER, WEST, "vxlan")]
    assert [item.severity for item in port_probe.findings(inside, "west", set())] == ["error"]


def test_addresses_behind_nat_are_said_to_be_such() -> None:
    (private,) = port_probe.findings([result("silent")])
    assert "only private addresses" in private.hint
    (public,) = port_probe.findings([result("silent", address="8.8.8.8")])
    assert "private" not in public.hint


def test_esp_has_a_way_round() -> None:
    (found,) = port_probe.findings([result("silent", name="esp")], "west", set())
    assert (found.severity, "submariner_force_udp_encaps" in found.hint) == ("warning", True)
    (untried,) = port_probe.findings([result("untried", name="esp")])
    assert (untried.id, untried.severity) == ("port.not-tested", "info")


verdicts = st.sampled_from([*port_probe.BEST_FIRST])


@given(st.lists(st.tuples(verdicts, st.sampled_from(["natt", "nat-discovery", "esp"]), st.booleans()), max_size=12))
def test_every_failure_is_one_finding_and_none_is_invented(drawn: list[tuple[str, str, bool]]) -> None:
    results = [result(v, *((EAST, WEST) if there else (WEST, EAST)), name) for v, name, there in drawn]
    found = port_probe.findings(results, "west", set())
    bad = [r for r in results if r.to_cluster == "west" and r.verdict not in ("answered", "taken", "in-use")]
    assert len(found) == len(bad)
    assert {item.severity for item in found} <= {"error", "warning", "unknown", "info"}
    for item, failed in zip(found, bad, strict=True):
        assert item.subject == failed.label
        answered_back = any(
            r.verdict == "answered" and r.name == failed.name and r.to_cluster == "east" for r in results
        )
        if failed.verdict == "untried":
            assert item.id == "port.not-tested"
        elif failed.name != "esp":
            assert item.severity == ("warning" if answered_back else "error")


@given(verdicts, st.lists(st.text("abcdef0123456789", min_size=1), max_size=3))
def test_results_survive_the_way_through_ansible(verdict: str, words: list[str]) -> None:
    before = replace(result(verdict), words=tuple(words))
    assert Result.of(before.as_dict()) == before
    here = replace(WEST, listeners=(Listener("esp", "esp", 0, "untried", "x"),))
    assert Responder.of(here.as_dict()) == here


@given(st.text())
def test_any_text_is_read_without_a_claim(text: str) -> None:
    assert port_probe.heard(text, "mark") in (None, set())
    found, cause = port_probe.answers(text, "mark")
    assert (found, bool(cause)) == ({}, True)
    seen = port_probe.state(text, "mark", [Listener("natt", "udp", 4500)])
    assert [item.state for item in seen.listeners] == ["untried"]
    assert seen.starting


def unreadable() -> list[t.Any]:
    return ["mark target", "mark target x python3 ours", "other target 0 python3 ours", "mark target 0 python3"]


@pytest.mark.parametrize("line", unreadable())
def test_a_broken_line_is_no_answer(line: str) -> None:
    assert port_probe.answers(f"{line}\nmark done\n", "mark") == ({}, "")
