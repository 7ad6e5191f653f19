# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal, and which of the files in a folder belong to the report."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import typing as t

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report import (
    Unreadable,
    begin,
    ended,
    joined,
    recorded,
    write,
    write_once,
)
from tests.unit import reported

Json = dict[str, t.Any]
SCHEMA = json.loads((pathlib.Path(__file__).parents[4] / "docs" / "journal-1.schema.json").read_text())
REMOVED = {
    "changed": True,
    "verdict": "fail",
    "failed": True,
    "msg": "Not proven clean: psk=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6",
    "findings": [
        {"id": "cleanup.remaining", "severity": "error", "subject": "x", "evidence": {"object": "secret things"}}
    ],
    "removed": [{"kind": "Secret", "name": "broker-token", "uid": "1", "backup": {"data": {"token": "dG9rZW4="}}}],
    "remaining": ["pod-a", {"kind": "chain", "name": "S", "node": "n", "commands": ["iptables -D"]}],
    "identity": {"psk": "never"},
}
KNOWN = {"host": "west", "cluster": "west", "began": 1.0, "seconds": 2.0, "tolerated": False}


def step(**more: t.Any) -> Json:
    return _journal.step_of(
        "submariner.lifecycle.cleanup", {"scope": ["member"]}, REMOVED, check=False, **KNOWN, **more
    )


def put(folder: pathlib.Path, name: str, document: Json, run: str = "") -> None:
    (folder / name).write_text(json.dumps({**document, "run": {"id": run} if run else {}}))


def test_a_step_says_what_went_and_nothing_that_is_secret() -> None:
    found = step()
    jsonschema.validate(found, SCHEMA)
    assert (found["step"], found["variant"], found["failed"]) == ("cleanup", "member", True)
    assert found["removed"] == [{"kind": "Secret", "name": "broker-token"}]
    assert found["remaining"] == [{"name": "pod-a"}, {"kind": "chain", "name": "S", "node": "n"}]
    whole = json.dumps(found)
    assert [w for w in ("Zm9v", "dG9rZW4", "never", "secret things") if w in whole] == []


def test_in_check_mode_a_step_says_what_would_go() -> None:
    planned = {"changed": True, "plan": [{"kind": "Namespace", "name": "submariner-operator"}]}
    found = _journal.step_of("submariner.lifecycle.cleanup", {}, planned, check=True, **KNOWN)
    assert (found["variant"], found["plan"]) == ("plan", [{"kind": "Namespace", "name": "submariner-operator"}])
    assert "plan" not in step()


def test_a_journal_begins_with_its_run(tmp_path: pathlib.Path) -> None:
    begun = begin(str(tmp_path / "new"), "verify", check=False)
    _journal.note(begun["path"], step())
    head, steps = _journal.read(begun["path"])
    jsonschema.validate(head, SCHEMA)
    assert (head["run"], head["verb"]) == (begun["run"], "verify")
    assert [s["step"] for s in steps] == ["cleanup"]
    again = begin(str(tmp_path / "new"), "repair", check=True)
    assert again["run"] != begun["run"]
    assert _journal.read(again["path"])[1] == []


def _append(path: str, number: int) -> None:
    for _turn in range(20):
        _journal.note(path, {"number": number, "words": "x" * 20000})


def test_processes_that_write_at_the_same_time_do_not_mix_their_lines(tmp_path: pathlib.Path) -> None:
    path = begin(str(tmp_path), "verify", check=False)["path"]
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_append, args=(path, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    _head, steps = _journal.read(path)
    assert sorted(s["number"] for s in steps) == sorted(n for n in range(4) for _turn in range(20))


def test_a_line_that_was_cut_is_left_out(tmp_path: pathlib.Path) -> None:
    path = begin(str(tmp_path), "verify", check=False)["path"]
    _journal.note(path, step())
    whole = pathlib.Path(path).read_text()
    pathlib.Path(path).write_text(f"{whole}{'[' * 100_000}\n{whole.splitlines()[1][:40]}")
    assert len(_journal.read(path)[1]) == 1


@given(st.binary(max_size=200))
def test_a_journal_that_is_none_is_empty(content: bytes) -> None:
    path = pathlib.Path(os.environ.get("TMPDIR", "/tmp"), f"journal-{os.getpid()}")
    path.write_bytes(content)
    try:
        head, _steps = _journal.read(str(path))
    finally:
        path.unlink()
    assert head == {}


def test_a_document_of_another_run_does_not_count(tmp_path: pathlib.Path) -> None:
    run = begin(str(tmp_path), "uninstall", check=False)["run"]
    put(tmp_path, "result.json", reported.recorded("joined-as-second-id"), "an-older-one")
    assert write(str(tmp_path))["verdict"] == "unknown"
    put(tmp_path, "result.json", reported.recorded("joined-as-second-id"), run)
    assert write(str(tmp_path))["verdict"] == "fail"


def test_of_two_documents_the_newer_one_counts(tmp_path: pathlib.Path) -> None:
    put(tmp_path, "result.json", {"schema": 1, "verdict": "fail"})
    put(tmp_path, "preflight.json", {"schema": 1, "verdict": "degraded"})
    os.utime(tmp_path / "result.json", (1, 1))
    assert write(str(tmp_path))["verdict"] == "degraded"


def test_the_same_files_make_the_same_report(tmp_path: pathlib.Path) -> None:
    put(tmp_path, "result.json", reported.recorded("healthy-two-nodes"))
    assert write(str(tmp_path), dry=True)["changed"] is True
    assert not (tmp_path / "report.html").exists()
    assert write(str(tmp_path))["changed"] is True
    assert write(str(tmp_path))["changed"] is False
    assert sorted(p.name for p in tmp_path.iterdir()) == ["junit.xml", "report.html", "result.json"]
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o644


def test_steps_that_fail_at_the_same_time_make_one_report(tmp_path: pathlib.Path) -> None:
    path = begin(str(tmp_path), "uninstall", check=False)["path"]
    _journal.note(path, step())
    os.utime(path, (1, 1))
    write_once(str(tmp_path))
    page = tmp_path / "report.html"
    page.write_text("as it was")
    write_once(str(tmp_path))
    assert page.read_text() == "as it was"
    _journal.note(path, step())
    os.utime(page, (1, 1))
    write_once(str(tmp_path))
    assert "as it was" not in page.read_text()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("", "", "has no journal.jsonl"),
        ("result.json", "{", "is no JSON"),
        ("result.json", "[" * 100_000, "is no JSON"),
        ("result.json", "[]", "is not of this collection"),
        ("preflight.json", '{"schema": 9}', "or of another version"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: pathlib.Path, name: str, content: str, words: str) -> None:
    if name:
        (tmp_path / name).write_text(content)
    with pytest.raises(Unreadable, match=words):
        write(str(tmp_path))


def begun(folder: pathlib.Path, record: str = "", continued: bool = False, verb: str = "uninstall") -> str:
    path = str(begin(str(folder), verb, check=False)["path"])
    if record:
        recorded(str(folder), record, "2026-09-21T13:00:00Z", continued)
    for line in pathlib.Path(path).read_text().splitlines():
        jsonschema.validate(json.loads(line), SCHEMA)
    return path


def noted(path: str, cluster: str, **result: t.Any) -> None:
    head, _steps = _journal.read(path)
    known = {**KNOWN, "cluster": cluster, "began": head.get("resumed_epoch", head["epoch"])}
    _journal.note(
        path, _journal.step_of("submariner.lifecycle.cleanup", {"scope": ["member"]}, result, check=False, **known)
    )


def test_a_part_of_a_run_adds_to_its_journal_alone(tmp_path: pathlib.Path) -> None:
    assert joined(str(tmp_path), "one") == {}
    path = begun(tmp_path)
    assert joined(str(tmp_path), "one") == joined(str(tmp_path), "") == {}
    path = begun(tmp_path, "one", verb="reinstall")
    part = joined(str(tmp_path), "one")
    assert (part["path"], part["verb"], part["run"]) == (path, "reinstall", _journal.read(path)[0]["run"])
    assert joined(str(tmp_path), "another") == {}
    noted(part["path"], "west", removed=[{"kind": "Secret", "name": "of-the-part"}])
    # The job after it begins a journal, finds the record, and goes on with this one.
    noted(begun(tmp_path, "one", continued=True), "east", removed=[{"kind": "Secret", "name": "of-the-next"}])
    write(str(tmp_path))
    page = (tmp_path / "report.html").read_text()
    assert "of-the-part" in page
    assert "of-the-next" in page


def test_a_run_that_is_taken_up_again_goes_on_with_its_journal(tmp_path: pathlib.Path) -> None:
    noted(begun(tmp_path, "one"), "east", failed=True, msg="was ended", removed=[{"kind": "Secret", "name": "first"}])
    # Between them one that got to no record, and one that only looks.
    begun(tmp_path)
    begun(tmp_path, verb="verify")
    path = begun(tmp_path, "one", continued=True)
    noted(path, "west", removed=[{"kind": "Secret", "name": "second"}])
    head, steps = _journal.read(path)
    assert [s["cluster"] for s in steps] == ["east", "west"]
    assert (head["began"], len(head["resumed"]), head["earlier"]) == ("2026-09-21T13:00:00Z", 1, True)
    assert head["epoch"] <= head["resumed_epoch"]
    assert write(str(tmp_path))["verdict"] == "unknown"
    assert ended(str(tmp_path), head["run"])
    assert write(str(tmp_path))["verdict"] == "pass"
    page = (tmp_path / "report.html").read_text()
    assert all(word in page for word in ("first", "second", "Taken up again", "2026-09-21T13:00:00Z"))
    assert "not in this folder" not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.jsonl", "junit.xml", "report.html"]
    # And once more: what fails now is what counts, and an end of before is none.
    path = begun(tmp_path, "one", continued=True)
    assert write(str(tmp_path))["verdict"] == "unknown"
    noted(path, "west", failed=True, msg="again")
    assert len(_journal.read(path)[0]["resumed"]) == 2
    assert len(_journal.read(path)[1]) == 3
    assert write(str(tmp_path))["verdict"] == "fail"


def test_only_the_journal_of_its_own_run_is_marked_as_ended(tmp_path: pathlib.Path) -> None:
    assert not ended(str(tmp_path), "")
    path = begun(tmp_path, "one")
    noted(path, "east")
    run = _journal.read(path)[0]["run"]
    assert not ended(str(tmp_path), "of-another")
    assert ended(str(tmp_path), run)
    head, steps = _journal.read(path)
    jsonschema.validate(head, SCHEMA)
    assert (len(steps), head["ended"] >= head["began"]) == (1, True)
    # The next run, which waits for the lock, has begun its own.
    begun(tmp_path)
    assert not ended(str(tmp_path), run)


def test_what_another_run_did_is_not_taken_up(tmp_path: pathlib.Path) -> None:
    noted(begun(tmp_path, "one"), "east")
    path = begun(tmp_path, "two")
    assert _journal.read(path)[1] == []
    noted(path, "east")
    path = begun(tmp_path, "three", continued=True)
    head, steps = _journal.read(path)
    assert (steps, head["earlier"]) == ([], False)
    noted(path, "west")
    write(str(tmp_path))
    assert "not in this folder" in (tmp_path / "report.html").read_text()
    # What is missing at the beginning stays missing.
    assert _journal.read(begun(tmp_path, "three", continued=True))[0]["earlier"] is False
