# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line flags as Go's pflag reads them: `--name value`, `--name=value`, `--bool`, `-n value`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["bool", "string", "int", "uint", "list"]
Value = bool | str | int | list[str]
DEFAULTS: dict[Kind, Value] = {"bool": False, "string": "", "int": 0, "uint": 0, "list": []}
TRUE = ("1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")


class UsageError(Exception):
    """The command line cannot be understood."""


@dataclass(frozen=True)
class Flag:
    """One flag of a command."""

    name: str
    kind: Kind = "string"
    default: Value | None = None
    short: str = ""
    usage: str = ""

    @property
    def initial(self) -> Value:
        value = DEFAULTS[self.kind] if self.default is None else self.default
        return list(value) if isinstance(value, list) else value

    def read(self, text: str) -> Value:
        """The value that a text stands for."""
        if self.kind == "bool":
            if text not in TRUE + FALSE:
                raise self._invalid(text, "ParseBool")
            return text in TRUE
        if self.kind in ("int", "uint"):
            digits = text.removeprefix("-") if self.kind == "int" else text
            if not (digits.isascii() and digits.isdigit()):
                raise self._invalid(text, "ParseInt" if self.kind == "int" else "ParseUint")
            return int(text)
        if self.kind == "list":
            return [item for item in text.split(",") if item]
        return text

    def _invalid(self, text: str, function: str) -> UsageError:
        shown = f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"
        return UsageError(
            f'invalid argument "{text}" for "{shown}" flag: strconv.{function}: parsing "{text}": invalid syntax'
        )


@dataclass
class Values:
    """What the command line said, or the defaults."""

    values: dict[str, Value]
    given: set[str] = field(default_factory=set)
    arguments: list[str] = field(default_factory=list)

    def on(self, name: str) -> bool:
        return bool(self.values[name])

    def text(self, name: str) -> str:
        return str(self.values[name])

    def number(self, name: str) -> int:
        value = self.values[name]
        if not isinstance(value, int):
            raise TypeError(f"--{name} is no number")
        return value

    def items(self, name: str) -> list[str]:
        value = self.values[name]
        if not isinstance(value, list):
            raise TypeError(f"--{name} is no list")
        return value


def parse(flags: Sequence[Flag], argv: Sequence[str]) -> Values:
    """Read a command line; positional arguments may stand anywhere."""
    long = {flag.name: flag for flag in flags}
    short = {flag.short: flag for flag in flags if flag.short}
    result = Values({flag.name: flag.initial for flag in flags})
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            result.arguments += words
            break
        if word.startswith("--"):
            name, separator, text = word[2:].partition("=")
            flag = long.get(name)
            if flag is None:
                raise UsageError(f"unknown flag: --{name}")
            shown = f"--{name}"
        elif word.startswith("-") and word != "-":
            flag = short.get(word[1])
            if flag is None:
                raise UsageError(f"unknown shorthand flag: '{word[1]}' in {word}")
            text = word[2:].removeprefix("=")
            separator = "=" if word[2:] else ""
            shown = f"'{word[1]}' in {word}"
        else:
            result.arguments.append(word)
            continue
        if not separator:
            if flag.kind == "bool":
                text = "true"
            elif words:
                text = words.pop(0)
            else:
                raise UsageError(f"flag needs an argument: {shown}")
        _store(result, flag, text)
    return result


def _store(result: Values, flag: Flag, text: str) -> None:
    value = flag.read(text)
    before = result.values[flag.name]
    # The first use of a list flag replaces the default, later ones add to it.
    if isinstance(value, list) and isinstance(before, list) and flag.name in result.given:
        value = before + value
    result.values[flag.name] = value
    result.given.add(flag.name)


def usage(command: str, flags: Sequence[Flag]) -> str:
    """The usage text of a command."""
    lines = [f"Usage:\n  {command} [flags]\n\nFlags:"]
    for flag in sorted(flags, key=lambda f: f.name):
        shown = f"-{flag.short}, --{flag.name}" if flag.short else f"    --{flag.name}"
        kind = "" if flag.kind == "bool" else f" {'strings' if flag.kind == 'list' else flag.kind}"
        initial = flag.initial
        default = "" if initial in (False, "", 0, []) else f" (default {initial})"
        lines.append(f"  {shown + kind:<44} {flag.usage}{default}".rstrip())
    return "\n".join(lines) + "\n"
