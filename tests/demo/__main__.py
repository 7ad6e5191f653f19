# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m tests.demo: lab up, damage, look, reinstall, look again."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from tests.demo import tables
from tests.lab.config import REPOSITORY, LabError, Places, places
from tests.scenarios.fleet import Fleet, now
from tests.scenarios.inventory import Inventory
from tests.scenarios.playbook import environment

STATE = "3411"


def main() -> int:
    begin = time.monotonic()
    here = places()
    try:
        _step("Two clusters", ["-m", "tests.lab", "up"])
        _step(f"The state of submariner#{STATE}", ["-m", "tests.lab", "damage", STATE])
        fleet = Fleet(here)
        _look(fleet, "As the user of submariner#3411 found it")
        since = now()
        code, seconds = _reinstall(fleet, here)
        _look(fleet, "After the reinstall")
        complaints = fleet.complaints(since)
    except LabError as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; `make demo` starts anew, `make lab-down` removes everything", file=sys.stderr)
        return 130
    _verdict(code, seconds, complaints)
    _goodbye(here, time.monotonic() - begin)
    return 1 if code or complaints else 0


def _headline(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _step(text: str, arguments: list[str]) -> None:
    _headline(text)
    if subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, check=False).returncode:
        raise LabError(f"{text}: failed, see above")


def _look(fleet: Fleet, text: str) -> None:
    """With kubectl: what the collection says of its work is not asked here."""
    _headline(text)
    print("\n".join(tables.everything(fleet.objects())), flush=True)


def _reinstall(fleet: Fleet, here: Places) -> tuple[int, float]:
    folder = here.home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    inventory = Inventory(here.kubeconfig, here.bin / "subctl", fleet.state.version).write(folder)
    program = str(Path(sys.executable).parent / "ansible-playbook")
    playbook = str(REPOSITORY / "playbooks" / "reinstall.yml")
    argv = [program, playbook, "-i", str(inventory), "-e", "submariner_confirm=reinstall"]
    _headline("The reinstall")
    print(f"$ {shlex.join(['ansible-playbook', *argv[1:]])}", flush=True)
    begin = time.monotonic()
    env = environment(os.environ)
    if sys.stdout.isatty():
        env.pop("ANSIBLE_NOCOLOR")
    code = subprocess.run(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, check=False).returncode
    return code, time.monotonic() - begin


def _verdict(code: int, seconds: float, complaints: list[str]) -> None:
    _headline("Verdict")
    print(f"ansible-playbook ended with {code} after {seconds:.0f} s.")
    if complaints:
        print("Read with kubectl, the clusterset is not whole:")
        print("\n".join(f"  {text}" for text in complaints))
    else:
        print(
            "Read with kubectl: exactly one Endpoint per cluster everywhere, both gateways connected to each other,"
            " no uninstall workload, no second broker, nothing older than the run."
        )


def _goodbye(here: Places, seconds: float) -> None:
    print(f"\nThe demo took {seconds / 60:.1f} minutes. The clusters are still there:")
    print(f"  export KUBECONFIG={here.kubeconfig} PATH={here.bin}:$PATH   # contexts east and west")
    print("  make lab-down                          # removes the clusters and all that the lab started")
    print("  python3 -m tests.lab down --purge      # and the cache, too")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
