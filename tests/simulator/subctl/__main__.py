# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `subctl COMMAND`."""

from __future__ import annotations

import importlib
import io
import signal
import sys
from collections.abc import Callable, Sequence

from ..names import BANNER
from .flags import Flag, UsageError, Values, parse, usage
from .status import SUBCTL_VERSION, ApiError, Failed, Reporter, show_version

HELP = Flag("help", "bool", short="h", usage="help for this command")
# Command to the module that knows it; its FLAGS and run() are all that is used.
COMMANDS = {
    "deploy-broker": "deploybroker",
    "join": "join",
    "uninstall": "uninstall",
    "show": "show",
    "diagnose": "diagnose",
    "export": "export",
    "unexport": "unexport",
    "recover-broker-info": "recover",
}
GROUPS = ("show", "diagnose", "export", "unexport")


def main(argv: Sequence[str]) -> int:
    """Run a command; the exit code."""
    _set_up()
    print(f"# {BANNER}", file=sys.stderr, flush=True)
    command = argv[0] if argv else ""
    if command in ("version", "--version", "-v"):
        print(f"subctl version: {SUBCTL_VERSION}" if command == "version" else f"subctl version {SUBCTL_VERSION}")
        return 0
    if command in ("", "-h", "--help", "help"):
        print("Usage:\n  subctl [command]\n\nAvailable Commands:\n  " + "\n  ".join([*sorted(COMMANDS), "version"]))
        return 0
    if command not in COMMANDS:
        return _misused(f'unknown command "{command}" for "subctl" (the simulated one knows {", ".join(COMMANDS)})', "")
    module = importlib.import_module(f".{COMMANDS[command]}", __package__)
    flags: tuple[Flag, ...] = module.FLAGS
    known = (*flags, HELP)
    try:
        values = parse(known, argv[1:])
        if values.on("help") or (command in GROUPS and not values.arguments):
            print(usage(f"subctl {command}", known))
            return 0
        return _run(module.run, values)
    except UsageError as exc:
        return _misused(str(exc), usage(f"subctl {command}", known))


def _run(action: Callable[[Values, Reporter], None], values: Values) -> int:
    status = Reporter()
    try:
        action(values, status)
    except Failed:
        status.end()
        show_version()
        return 1
    except ApiError as exc:
        status.error("", exc)
        show_version()
        return 1
    return 0


def _misused(message: str, text: str) -> int:
    """Argument errors go to both streams."""
    print(f"Error: {message}\n{text}", file=sys.stderr)
    print(message)
    return 1


def _set_up() -> None:
    """End by signals as a Go program does, and print its marks whatever the locale."""
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
