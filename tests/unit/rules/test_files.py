# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every file of the repository."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[3]
HEADER = (
    "# Copyright (c) 2026, submariner.lifecycle contributors",
    "# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)
LONGEST = 600
FORBIDDEN = {
    # Written with brackets so that this table does not find itself.
    "an unfinished place": r"\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b",
    "a path of one machine": r"(?<![\w.])/(wor[k]|roo[t])/[a-z]",
    "the host of a package registry": r"py[p]i\.org|python[h]osted\.org|(proxy|sum)\.golang\.org|npm[j]s\.org",
    "a test that is left out": r"pytest\.(mark\.)?(ski[p]|xfai[l])|unittest\.ski[p]",
}


def files() -> list[pathlib.Path]:
    """Files that are committed, or would be, less recorded data, the licence and lists of Go modules."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    left_out = ("tests/fixtures/", "tests/lab/modules/", "playbooks/collections/", "LICENSE")
    found = [ROOT / name for name in names if name and not name.startswith(left_out)]
    return [path for path in found if path.is_file() and not path.is_symlink()]


FILES = files()
PROGRAMS = [path for path in FILES if path.suffix in (".py", ".sh")]


def name(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_files() -> None:
    assert len(PROGRAMS) > 50


def test_licence_header() -> None:
    missing = []
    for path in PROGRAMS:
        lines = path.read_text().splitlines()
        lines = lines[1:] if lines and lines[0].startswith("#!") else lines
        if tuple(lines[:3]) != HEADER and lines:
            missing.append(name(path))
    assert missing == []


def test_annotations_are_not_evaluated() -> None:
    """Python 3.9 is the oldest that runs our modules."""
    bare = [
        name(path)
        for path in PROGRAMS
        if path.suffix == ".py"
        and re.search(r"^(import|from) ", path.read_text(), re.MULTILINE)
        and "from __future__ import annotations" not in path.read_text()
    ]
    assert bare == []


def test_length() -> None:
    long = {name(path): len(path.read_text().splitlines()) for path in PROGRAMS}
    assert {path: lines for path, lines in long.items() if lines > LONGEST} == {}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_forbidden(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in FILES:
        text = path.read_text(errors="replace")
        found += [f"{name(path)}:{text.count(chr(10), 0, m.start()) + 1}: {m[0]}" for m in pattern.finditer(text)]
    assert found == [], f"{what} in {found}"
