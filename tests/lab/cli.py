# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line of the lab: python -m tests.lab VERB."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from tests.lab import damage, lab
from tests.lab.config import LabError, places
from tests.lab.steps import say


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="kind clusters with Submariner at hand, on this machine")
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="start the lab, repair it, or change it to what the options say")
    up.add_argument("--clusters", type=int, metavar="N", help="number of clusters, named east, west, ... (default 2)")
    up.add_argument("--workers", type=int, metavar="N", help="worker nodes of each cluster (default 1)")
    up.add_argument(
        "--submariner",
        metavar="SOURCE",
        help="simulated (default) or simulated:VERSION, release or release:VERSION, or a folder",
    )
    up.add_argument("--subnet", metavar="CIDR", help="network of the nodes (default: a free one)")
    up.add_argument("--rp-filter", choices=("off", "keep"), help="reverse path filter in the nodes (default off)")
    down = verbs.add_parser("down", help="remove everything but the cache")
    down.add_argument("--purge", action="store_true", help="remove the cache as well")
    verbs.add_parser("status", help="what runs; exit code 0 if all of it is well")
    kubeconfig = verbs.add_parser("kubeconfig", help="print the path of the kubeconfig")
    kubeconfig.add_argument("cluster", nargs="?", help="the one of this cluster alone")
    execute = verbs.add_parser("exec", help="run a command in a node, or here with the lab's environment")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="[NODE] COMMAND")
    state = verbs.add_parser(
        "damage", help="bring Submariner into a state", epilog=f"States: {', '.join(damage.STATES)}"
    )
    state.add_argument("state", metavar="STATE")
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(options)
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"lab: error: {error.filename or 'system'}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        say("interrupted; `up` or `down` repairs what is left")
        return 130
    return 1


def _run(options: argparse.Namespace) -> int:
    here = places()
    if options.verb == "up":
        request = lab.Request(options.clusters, options.workers, options.submariner, options.subnet, options.rp_filter)
        lab.up(here, request)
    elif options.verb == "down":
        lab.down(here, options.purge)
    elif options.verb == "status":
        status = lab.status(here)
        print("\n".join(status.lines))
        return 0 if status.healthy else 1
    elif options.verb == "kubeconfig":
        path = here.kubeconfig_of(options.cluster) if options.cluster else here.kubeconfig
        if not path.exists():
            raise LabError(f"{path} does not exist; `status` says what runs")
        print(path)
    elif options.verb == "exec":
        command = options.command[1:] if options.command[:1] == ["--"] else options.command
        lab.execute(here, command)
    else:
        damage.bring_about(here, options.state)
    return 0
