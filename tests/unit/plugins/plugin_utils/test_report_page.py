# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page: complete, self-contained, readable, and never more markup than the templates have."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
import typing as t

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_fleet import STATES
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_junit import junit_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_page import SIGNS, TEMPLATES, many, page_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_page import seconds as length
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_view import View, view_of
from tests.unit import reported

Json = dict[str, t.Any]
VOID = {"meta", "input"}


class Page(html.parser.HTMLParser):
    """The elements of a page, and whether they are well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def all(self, attribute: str) -> list[str]:
        return [value for _tag, name, value in self.attributes if name == attribute]


def view(document: Json, steps: list[Json] | None = None) -> View:
    return view_of(document, "result", reported.HEAD, steps or [])


def page(document: Json, steps: list[Json] | None = None) -> Page:
    return Page(page_of(view(document, steps)))


@pytest.fixture(scope="module")
def ghostly() -> Page:
    document = reported.of_size(3, ghost=True)
    return page(document, reported.steps(list(document["clusters"])))


def test_every_part_is_there(ghostly: Page) -> None:
    for part in ("map", "matrix", "timeline", "findings", "removed"):
        assert part in ghostly.all("id")
        assert f"#{part}" in ghostly.all("href")
    for words in (
        "oslo-old",
        "its gateway is the one of oslo",
        "endpoint.ghost",
        "Join the cluster",
        "submariner-gateway",
    ):
        assert words in ghostly.text


def test_nothing_is_asked_for_from_elsewhere(ghostly: Page) -> None:
    assert [h for h in ghostly.all("href") if not h.startswith("#")] == []
    assert ghostly.all("src") == []
    assert set(ghostly.tags).isdisjoint({"link", "img", "iframe", "object", "embed", "base"})
    assert "url(" not in (TEMPLATES / "report.css").read_text()
    assert "@import" not in (TEMPLATES / "report.css").read_text()


def test_the_policy_allows_this_script_and_no_other() -> None:
    text = page_of(view(reported.of_size(2)))
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [v for _tag, name, v in Page(text).attributes if name == "content" and "default-src" in v]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_ids_are_unique_and_what_points_to_them_finds_them(ghostly: Page) -> None:
    ids = ghostly.all("id")
    assert sorted(set(ids)) == sorted(ids)
    for value in [*ghostly.all("aria-labelledby"), *(h[1:] for h in ghostly.all("href"))]:
        assert set(value.split()) <= set(ids)


def test_no_state_is_told_by_its_colour_alone(ghostly: Page) -> None:
    assert set(SIGNS) == set(STATES)
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert "title" in ghostly.tags
    assert "desc" in ghostly.tags
    assert ghostly.all("scope").count("row") >= 3


def test_a_large_clusterset_has_rows_instead_of_a_matrix() -> None:
    document = reported.of_size(2)
    pattern = document["clusters"]["dublin"]
    for number in range(80):
        document["clusters"][f"m{number:02d}"] = {**pattern, "cluster_id": f"m{number:02d}"}
    shown = page(document)
    assert "Those with most to worry about come first." in shown.text
    assert len(page_of(view(document))) < 500_000


def test_a_run_that_only_changes_something() -> None:
    steps = reported.steps(["east", "west"], failing="west")
    shown = view_of({}, "", reported.HEAD, steps)
    assert shown.verdict == "fail"
    text = Page(page_of(shown)).text
    assert "1 node could not be inspected" in text
    assert "west-worker2/SUBMARINER-FORWARD" in text
    assert [(r.cluster, r.objects, r.settings, r.remaining) for r in shown.removals] == [
        ("east", 13, 5, 0),
        ("west", 13, 5, 1),
    ]


def test_in_check_mode_the_page_says_what_would_go() -> None:
    planned = {**reported.steps(["west"])[0], "variant": "plan", "check": True, "removed": []}
    planned["plan"] = [{"kind": "Namespace", "name": "submariner-operator", "why": "made by subctl"}]
    shown = view_of({}, "", {**reported.HEAD, "check": True}, [planned])
    text = Page(page_of(shown)).text
    assert "in check mode" in text
    assert "What would be removed" in text
    assert "submariner-operator" in text
    assert shown.removals == ()


def test_a_verdict_before_a_change_is_not_the_verdict_on_it() -> None:
    before = reported.recorded("joined-as-second-id")
    done = [s for s in reported.steps(["east", "west"]) if s["step"] in ("cleanup", "node_cleanup")]
    head = {**reported.HEAD, "verb": "uninstall", "ended": "2026-09-21T13:41:02Z"}
    assert view_of(before, "preflight", head, done).verdict == "pass"
    assert view_of(before, "preflight", head, []).verdict == "fail"
    assert view_of(before, "result", head, done).verdict == "fail"


@pytest.mark.parametrize("verb", ["verify", "install", "reinstall", "upgrade", "repair", "evict"])
@pytest.mark.parametrize("name", ["preflight", ""])
def test_a_run_that_was_broken_off_before_its_verdict_has_not_passed(verb: str, name: str) -> None:
    """As one that was killed after the removal: its journal has nothing that failed."""
    before = {**reported.of_size(2), "verdict": "pass"} if name else {}
    done = [s for s in reported.steps(["east", "west"]) if s["step"] in ("cleanup", "member")]
    view = view_of(before, name, {**reported.HEAD, "verb": verb}, done)
    assert (view.verdict, len(view.unjudged)) == ("unknown", 1)
    assert view.unjudged[0] in Page(page_of(view)).text
    ended = {"check": True, "ended": "2026-09-21T13:41:02Z"}
    planned = view_of(before, name, {**reported.HEAD, "verb": verb, **ended}, done)
    assert (planned.verdict, planned.unjudged) == ("pass", ())
    whole = view_of({**reported.of_size(2), "verdict": "pass"}, "result", {**reported.HEAD, "verb": verb}, done)
    assert (whole.verdict, whole.unjudged) == ("pass", ())


@pytest.mark.parametrize("verb", ["install", "reinstall", "upgrade", "uninstall"])
@pytest.mark.parametrize(("said", "wanted"), [("pass", "unknown"), ("degraded", "unknown"), ("fail", "fail")])
def test_a_run_that_was_broken_off_after_its_preflight_has_not_passed(verb: str, said: str, wanted: str) -> None:
    before = {**reported.of_size(2), "verdict": said}
    head = {**reported.HEAD, "verb": verb}
    planned = [s | {"variant": "plan"} for s in reported.steps(["east"]) if s["step"] == "cleanup"]
    for steps in ([], planned):
        view = view_of(before, "preflight", head, steps)
        assert (view.verdict, len(view.unjudged)) == (wanted, int(said != "fail"))
        assert view_of(before, "preflight", {**head, "ended": "2026-09-21T13:41:02Z"}, steps).verdict == said


def test_a_removal_that_was_broken_off_has_not_passed() -> None:
    done = [s for s in reported.steps(["east", "west"]) if s["step"] in ("cleanup", "member")]
    view = view_of(
        {**reported.of_size(2), "verdict": "pass"}, "preflight", {**reported.HEAD, "verb": "uninstall"}, done
    )
    assert (view.verdict, len(view.unjudged)) == ("unknown", 1)
    assert view_of({}, "", {**reported.HEAD, "verb": "nightly"}, done).verdict == "pass"


def test_a_step_that_may_fail_does_not_outweigh_the_verdict() -> None:
    before = {**reported.of_size(2), "verdict": "degraded"}
    step = {**reported.steps(["dublin"])[-1], "failed": True, "message": "no answer"}
    head = {**reported.HEAD, "ended": "2026-09-21T13:41:02Z"}
    assert view_of(before, "preflight", head, [{**step, "tolerated": True}]).verdict == "degraded"
    ended = view_of(before, "preflight", reported.HEAD, [step])
    assert (ended.verdict, ended.failures) == ("fail", ("dublin: no answer",))


def test_steps_are_one_over_all_clusters_and_two_when_they_come_back() -> None:
    shown = view(reported.of_size(3), reported.steps(["a", "b", "c"]))
    titles = [s.title for s in shown.steps]
    assert titles.count("Join the cluster") == 1
    assert titles[0] == "Remove Submariner from the cluster"
    again = view(
        reported.of_size(3), [*reported.steps(["a"]), {**reported.steps(["a"])[0], "began": reported.BEGAN + 900}]
    )
    assert [s.title for s in again.steps].count("Remove Submariner from the cluster") == 2
    assert 0 < shown.busy <= shown.seconds


NO_TIMES = (10**400, -(10**400), 1e308, float("nan"), float("inf"), "6.0", True, None)


@pytest.mark.parametrize("number", NO_TIMES, ids=lambda number: str(number)[:6])
@pytest.mark.parametrize("key", ["began", "seconds", "epoch", "resumed_epoch", "at"])
def test_a_number_that_is_none_ends_no_report(key: str, number: object) -> None:
    document = reported.of_size(2)
    document["watched"]["dublin"]["events"] = [{"kind": "pod", "subject": "x", "observed": "y", "at": 3.0, key: number}]
    steps = reported.steps(["frankfurt", "dublin"])
    steps = [{**step, key: number} for step in steps[:2]] + steps[2:]
    shown = view_of(document, "result", {**reported.HEAD, key: number}, steps)
    assert f"Submariner reinstall: {shown.verdict}" in Page(page_of(shown)).text
    assert junit_of(shown)


# -- what others wrote -------------------------------------------------------------------------------------------

SECRETS = {
    "token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl",
    "bearer": "Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543",
    "psk": "psk=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    "password": "password: hunter2hunter2",
    "key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n-----END PRIVATE KEY-----",
}
HARD = ["hunter2", "MIIEvQIBADANBgkq", "Zm9vYmFyYmF6", "eyJpc3MiOi", "8f14e45fceea"]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_no_secret_gets_into_the_page(secret: str) -> None:
    document = reported.of_size(2)
    document["findings"] = [
        {
            "id": "log.forbidden",
            "severity": "error",
            "subject": f"log of dublin {secret}",
            "observed": secret,
            "expected": secret,
            "cause": f"it said {secret}",
            "hint": secret,
            "evidence": {"line": secret, "lines": [secret]},
        }
    ]
    document["unjudged"] = [secret]
    document["data_path"][0] |= {"verdict": "silent", "said": secret}
    document["clusters"]["dublin"]["gateways"][0]["connections"] = [f"frankfurt error cable {secret}"]
    document["watched"]["dublin"]["events"] = [
        {"kind": "pod", "subject": secret, "observed": secret, "at": 1.0, "time": ""}
    ]
    steps = [
        {
            **reported.steps(["dublin"])[0],
            "failed": True,
            "message": secret,
            "remaining": [{"name": "x", "cause": secret}],
        }
    ]
    text = page_of(view(document, steps))
    assert [s for s in HARD if s in text] == []


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='alert(1)",
            "</style><script>",
            "</title></svg><script>",
            "{{ 7 * 7 }}{% raw %}",
            "javascript:alert(1)",
            "\u202e\x00\x1b[31m",
            "&lt;b&gt;",
            "]]>",
        ]
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(HOSTILE, min_size=8, max_size=8), wild=st.dictionaries(HOSTILE, HOSTILE, max_size=3))
def test_whatever_names_there_are_the_markup_is_ours(words: list[str], wild: dict[str, str]) -> None:
    name, other, subject, observed, cause, hint, kind, verb = words
    document = reported.of_size(2)
    gateway = {"name": kind, "status": hint, "connections": [f"{cause} {kind}"]}
    document["clusters"][name] = {**document["clusters"]["dublin"], "cluster_id": other, "gateways": [gateway]}
    document["findings"] = [
        {
            "id": kind,
            "severity": hint,
            "subject": subject,
            "observed": observed,
            "cause": cause,
            "hint": hint,
            "evidence": wild,
        }
    ]
    document["unjudged"] = [subject, 7]
    step = {**reported.steps([name])[0], "step": kind, "variant": hint, "message": cause, "failed": True}
    step["removed"] = [{"kind": kind, "name": name, "why": cause, **wild}]
    head = {**reported.HEAD, "verb": verb, "run": subject, "began": observed}
    text = page_of(view_of(document, "result", head, [step, {}]))
    found = Page(text)
    assert found.tags.count("script") == 1
    assert found.tags.count("style") == 1
    assert {name for _tag, name, _value in found.attributes if name.startswith("on")} == set()
    assert set(found.tags) <= KNOWN_TAGS
    assert found.all("src") == []
    assert [h for h in found.all("href") if not re.fullmatch(r"#[a-z]+", h)] == []


KNOWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "script"),
    *("header", "main", "footer", "nav", "section", "h1", "h2", "h3", "div", "span", "p", "a", "strong", "code"),
    *("ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "figure", "figcaption", "form", "input", "label"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "desc", "line", "g", "circle", "text", "rect"),
}


# -- what can be read --------------------------------------------------------------------------------------------


def colours(dark: bool) -> dict[str, str]:
    """The colours of the style sheet, by name."""
    style = (TEMPLATES / "report.css").read_text()
    light, night = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", night)) if dark else {})


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lower, higher = sorted([luminance(one), luminance(other)])
    return (higher + 0.05) / (lower + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_can_be_read(dark: bool) -> None:
    found = colours(dark)
    pairs = [(c, b) for c in ("text", "soft", "link", *STATES) for b in ("page", "card", "unseen-back")]
    pairs += [(c, f"{'broken' if c == 'missing' else c}-back") for c in STATES]
    assert {
        f"{c} on {b}": round(contrast(found[c], found[b]), 2) for c, b in pairs if contrast(found[c], found[b]) < 4.5
    } == {}


@pytest.mark.parametrize(
    ("value", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 0 s"), (3700, "61 min 40 s")]
)
def test_lengths_of_time(value: float, words: str) -> None:
    assert length(value) == words


def test_numbers_with_their_noun() -> None:
    assert [many(1, "cluster"), many(2, "cluster"), many(39800, "way")] == [
        "1 cluster",
        "2 clusters",
        "39\u202f800 ways",
    ]


def test_second_opinions_stand_beside_the_verdict() -> None:
    def said(said: str, doubtful: bool = False, message: str = "") -> Json:
        words = {"command": "diagnose", "check": f"Checking {said}", "message": message, "note": "known since 0.20"}
        return {**words, "said": said, "doubtful": doubtful}

    document = reported.recorded("healthy-two-nodes")
    silent = page_of(view_of(document, "result", reported.HEAD, []))
    assert "What subctl says" not in silent
    hidden = "Authorization: Bearer s3cr3t-token-of-a-cluster"
    opinions = {
        "east": [said("ok"), said("warn"), said("fail", doubtful=True)],
        "west": [said("ok"), said("warn"), said("unfinished", message=f"<b>{hidden}")],
    }
    view = view_of({**document, "opinions": opinions}, "result", reported.HEAD, [])
    assert [(o.said, o.where) for o in view.opinions] == [
        ("unfinished", ("west",)),
        ("warn", ("east", "west")),
        ("fail", ("east",)),
        ("ok", ("east", "west")),
    ]
    page = page_of(view)
    assert view.verdict == view_of(document, "result", reported.HEAD, []).verdict
    shown = Page(page).text
    assert all(f"Checking {word}" in shown for word in ("ok", "warn", "fail", "unfinished"))
    assert "known since 0.20 · east, west" in shown
    assert "<b>" not in page
    assert "s3cr3t-token" not in page
