# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions on the terminal. Without an answer they end with EOF, as Go's do."""

from __future__ import annotations


class NoAnswer(ValueError):
    """Standard input ended."""

    def __init__(self) -> None:
        super().__init__("EOF")


def ask(question: str) -> str:
    try:
        return input(f"? {question} ").strip()
    except EOFError:
        print(flush=True)
        raise NoAnswer from None


def choose(question: str, options: list[str]) -> str:
    """One of the options, by name or number."""
    print(f"? {question}  [Use arrows to move, type to filter]", flush=True)
    for number, option in enumerate(options, 1):
        print(f"  {number}) {option}", flush=True)
    while True:
        answer = ask("Name or number:")
        if answer in options:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(options):
            return options[int(answer) - 1]


def confirm(question: str) -> bool:
    """Whether the answer was yes; no answer is no."""
    try:
        return ask(f"{question} (y/N)").lower() in ("y", "yes")
    except NoAnswer:
        return False
