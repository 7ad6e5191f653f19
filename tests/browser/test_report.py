# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a browser shows it, from 2 to 200 clusters, on a wide and on a narrow screen, in the light and in the dark."""

from __future__ import annotations

import functools
import pathlib
import typing as t

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_page import LARGEST_MATRIX, page_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_view import view_of
from tests.browser.browser import HEIGHT, Browser
from tests.unit import reported

Json = dict[str, t.Any]

CASES: dict[str, t.Callable[[], tuple[Json, list[Json]] | tuple[Json, list[Json], Json]]] = {
    "2": lambda: _whole(reported.of_size(2)),
    "3-and-a-ghost": lambda: _whole(reported.of_size(3, ghost=True)),
    "10": lambda: _whole(reported.of_size(10, damaged=3, ghost=True)),
    "50": lambda: _whole(reported.of_size(50, damaged=12, ghost=True)),
    "largest-matrix": lambda: _whole(reported.of_size(LARGEST_MATRIX - 1, damaged=12, ghost=True)),
    "200": lambda: _whole(reported.of_size(200, damaged=40)),
    "submariner-3411": lambda: (reported.recorded("joined-as-second-id"), []),
    "failed-on-the-way": lambda: ({}, reported.steps(["east", "west"], failing="west")),
    "second-opinions": lambda: _whole(reported.second_opinions(reported.of_size(3, damaged=1))),
    "taken-up-again": lambda: (*_interrupted(reported.of_size(3)), reported.taken_up(earlier=True)),
    "taken-up-elsewhere": lambda: (
        reported.recorded("healthy-two-nodes"),
        reported.later(reported.steps(["east", "west"])),
        reported.taken_up(earlier=False),
    ),
    "long-names": lambda: _whole(_renamed(reported.of_size(3, damaged=2), "f" * 63)),
}
WIDTHS = (1280, 390)
PAPER = 1400
"""Twice what fits on A4 between the margins: a browser prints nothing smaller than half its size, and cuts off the rest."""
case = pytest.mark.parametrize("name", CASES)


def _whole(document: Json) -> tuple[Json, list[Json]]:
    return document, reported.steps(list(document["clusters"]))


def _interrupted(document: Json) -> tuple[Json, list[Json]]:
    """A step failed; the run was taken up again, and came to its end."""
    names = list(document["clusters"])
    return document, reported.steps(names, failing=names[-1]) + reported.later(reported.steps(names))


def _renamed(value: t.Any, name: str) -> t.Any:
    """The same with the first cluster under another name."""
    if isinstance(value, dict):
        return {_renamed(k, name): _renamed(v, name) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, name) for v in value]
    return value.replace(reported.TOWNS[0], name) if isinstance(value, str) else value


@functools.cache
def _text(name: str) -> str:
    document, steps, *heads = CASES[name]()
    return page_of(view_of(document, "result" if document else "", heads[0] if heads else reported.HEAD, steps))


def page(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / f"{name}.html"
    path.write_text(_text(name), encoding="utf-8")
    return path


@case
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_asks_for_nothing(
    browser: Browser, folder: pathlib.Path, name: str, width: int, scheme: str
) -> None:
    path = page(folder, name)
    sight = browser.look(path, width, scheme)
    browser.picture(folder / f"{name}-{width}-{scheme}.png", width)
    assert sight.complaints == []
    assert sight.requests == {path.as_uri()}
    assert sight.width <= width
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(13, 17, 23)") == (scheme == "dark")


@case
@pytest.mark.parametrize("width", WIDTHS)
def test_one_map_is_seen_and_none_of_its_words_leaves_it(
    browser: Browser, folder: pathlib.Path, name: str, width: int
) -> None:
    browser.look(page(folder, name), width)
    maps = browser.run(
        "return [...document.querySelectorAll('svg.map')].filter((m) => m.getClientRects().length).length"
    )
    assert maps == (0 if name == "failed-on-the-way" else 1)
    outside = browser.run(
        """return [...document.querySelectorAll('svg.map text')].filter((word) => {
             const [box, whole] = [word.getBoundingClientRect(), word.ownerSVGElement.getBoundingClientRect()];
             return box.width && (box.left < whole.left - 1 || box.right > whole.right + 1
                                  || box.top < whole.top - 1 || box.bottom > whole.bottom + 1);
           }).map((word) => word.textContent)"""
    )
    assert outside == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_matrix_scrolls_by_itself(browser: Browser, folder: pathlib.Path, width: int) -> None:
    browser.look(page(folder, "50"), width)
    inner, outer = browser.run(
        "const one = document.querySelector('#matrix .scroll'); return [one.scrollWidth, one.clientWidth]"
    )
    assert inner > outer
    assert browser.run("return document.querySelector('#matrix .scroll').tabIndex") == 0


def texts(browser: Browser, selector: str) -> list[str]:
    found: list[str] = browser.run(f"return [...document.querySelectorAll('{selector}')].map((one) => one.innerText)")
    return found


def test_second_opinions_are_open_where_they_are_worth_a_look(browser: Browser, folder: pathlib.Path) -> None:
    browser.look(page(folder, "second-opinions"), 390)
    opened = texts(browser, "#opinions details[open] summary")
    assert [title.startswith("Worth a look") for title in opened] == [True]
    assert len(texts(browser, "#opinions details")) == 3
    browser.driver.find_element("css selector", "nav a[href='#opinions']").click()
    top = "return document.querySelector('#opinions').getBoundingClientRect().top"
    WebDriverWait(browser.driver, 10).until(lambda _driver: 0 <= browser.run(top) < HEIGHT)


@pytest.mark.parametrize("name", ["taken-up-again", "taken-up-elsewhere"])
def test_a_run_that_was_taken_up_again_says_so(browser: Browser, folder: pathlib.Path, name: str) -> None:
    browser.look(page(folder, name), 390)
    head = " ".join(texts(browser, "header"))
    whole = name == "taken-up-again"
    assert f"Taken up again {'2026-09-21T13:41:02Z, ' if whole else ''}2026-09-21T15:03:20Z." in head
    assert ("not in this folder" in head) == (not whole)
    assert ("the time until it was taken up again" in texts(browser, "#timeline p")[0]) == whole
    # What failed before that is told, and did not end the run.
    assert ("1 node could not be inspected" in browser.run("return document.body.textContent")) == whole
    assert "fail" not in " ".join(texts(browser, ".badge"))


def shown(browser: Browser) -> list[str]:
    found: list[str] = browser.run(
        "return [...document.querySelectorAll('li[data-words]:not([hidden])')]"
        ".filter((one) => !one.closest('.kind').hidden).map((one) => one.textContent)"
    )
    return found


def test_findings_can_be_searched_and_filtered(browser: Browser, folder: pathlib.Path) -> None:
    browser.look(page(folder, "10"), 1280)
    every = shown(browser)
    search = browser.driver.find_element("css selector", ".filter input[type=search]")
    search.send_keys("CONNECTION ghost")
    some = shown(browser)
    assert 0 < len(some) < len(every)
    said = browser.run("return document.getElementById('shown').textContent")
    assert said == f"{len(some)} of {len(every)} shown"
    search.clear()
    error = browser.driver.find_element("css selector", ".filter input[value=error]")
    error.send_keys(" ")
    assert 0 < len(shown(browser)) < len(every)
    error.send_keys(" ")
    assert shown(browser) == every


def test_the_keyboard_gets_everywhere(browser: Browser, folder: pathlib.Path) -> None:
    browser.look(page(folder, "3-and-a-ghost"), 1280)
    reached = []
    for _step in range(60):
        browser.driver.switch_to.active_element.send_keys("\ue004")  # the tabulator
        reached.append(
            browser.run("const e = document.activeElement; return e.tagName + ' ' + (e.className || e.type || '')")
        )
    assert reached[0] == "A skip"
    kinds = " ".join(reached)
    assert all(word in kinds for word in ("A ", "DIV scroll", "SUMMARY", "INPUT search", "INPUT checkbox"))


def test_on_paper_everything_is_open_and_white(browser: Browser, folder: pathlib.Path) -> None:
    browser.look(page(folder, "10"), 1280, "dark", "print")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("return document.querySelectorAll('details:not([open])').length") == 0
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("return document.querySelector('nav').getClientRects().length") == 0
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("return document.querySelectorAll('details:not([open])').length") > 0


@case
def test_nothing_is_cut_off_on_paper(browser: Browser, folder: pathlib.Path, name: str) -> None:
    assert browser.look(page(folder, name), 800, "light", "print").width <= PAPER


def test_without_scripts_all_findings_are_there(browser: Browser, folder: pathlib.Path) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        path = page(folder, "10")
        assert browser.look(path, 390).complaints == []
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert browser.run("return document.querySelector('.filter').hidden") is True
    assert browser.run("return document.querySelectorAll('#findings [hidden]:not(.filter)').length") == 0
