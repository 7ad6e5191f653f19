# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each scenario, kept from run to run so that a long pass can be taken up again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Result:
    outcome: str
    seconds: float
    notes: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    log: str = ""
    ended: str = ""


@dataclass
class Results:
    """A torn or foreign file counts as none: then everything is done again."""

    path: Path
    found: dict[str, Result] = field(default_factory=dict)

    def load(self) -> None:
        try:
            raw = json.loads(self.path.read_text())
            self.found = {
                name: Result(**{**entry, "notes": tuple(entry["notes"]), "causes": tuple(entry["causes"])})
                for name, entry in raw.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self.found = {}

    def passed(self, name: str) -> bool:
        return name in self.found and self.found[name].outcome == PASSED

    def record(self, name: str, result: Result) -> None:
        self.found[name] = result
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({key: asdict(value) for key, value in self.found.items()}, indent=1))
        os.replace(fresh, self.path)
