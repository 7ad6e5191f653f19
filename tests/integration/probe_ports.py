# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts and the judgement of port_probe between two containers: python -m tests.integration.probe_ports ASKER ANSWERER.

Prints a line for each port: its name, the verdict and where the question was lost.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import time

from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_probe as port_probe
from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_scripts as scripts
from ansible_collections.submariner.lifecycle.plugins.module_utils import _ports as ports
from ansible_collections.submariner.lifecycle.plugins.module_utils._port_probe import Listener, Question, Responder

FOLDER = "/tmp/submariner-lifecycle"
PROBED = ("natt", "nat-discovery", "esp", "metrics")
READY_WITHIN = 15.0


class Machine:
    """A container that asks or answers; what a pod has in its environment is given to every command."""

    def __init__(self, container: str, role: str, cluster: str) -> None:
        self.container = container
        inspected = ["docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"]
        address = subprocess.run([*inspected, container], check=True, capture_output=True, text=True).stdout.split()[0]
        listeners = [Listener(n, ports.BY_NAME[n].protocol, ports.BY_NAME[n].number) for n in PROBED]
        self.here = Responder(cluster, container, role, (address,), secrets.token_hex(6), tuple(listeners))

    def run(self, script: str, stdin: str = "", detach: bool = False) -> str:
        table = "".join(f"{item.protocol} {item.port}\n" for item in self.here.listeners)
        given = {**scripts.IN_POD, "NONCE": self.here.nonce, "PORTS": table, "FOLDER": FOLDER}
        words = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        how = ["--detach"] if detach else ["--interactive"]
        command = ["docker", "exec", *how, *words, self.container, "/bin/sh", "-c", script]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=stdin, timeout=60).stdout

    def serve(self) -> None:
        self.run(f'echo $$ > {FOLDER}.pid; eval "$SERVE"', detach=True)
        end = time.monotonic() + READY_WITHIN
        while True:
            seen = port_probe.state(self.run(scripts.state_script("m")), "m", self.here.listeners)
            if seen.ended and not seen.starting:
                return
            if time.monotonic() > end:
                raise SystemExit(f"{self.container} does not answer itself: {seen.listeners}")
            time.sleep(0.5)

    def end(self) -> None:
        self.run(f"kill $(cat {FOLDER}.pid); rm -rf {FOLDER} {FOLDER}.pid")


def probe(asker: Machine, answerer: Machine) -> list[str]:
    """A line for each port, in the order of the table."""
    target = answerer.here
    asked = [Question(target, item, target.addresses[0], f"w{secrets.token_hex(5)}") for item in target.listeners]
    table = "".join(question.line(number) for number, question in enumerate(asked)) + ".\n"
    found, cause = port_probe.answers(asker.run(scripts.ask_script("m"), table), "m")
    heard = port_probe.heard(answerer.run(scripts.heard_script("m")), "m")
    if cause or heard is None:
        raise SystemExit(cause or "what arrived is not known")
    lines = []
    for number, question in enumerate(asked):
        _tool, got, said = found[number]
        verdict = port_probe.classify(got, said)
        judged = port_probe.findings([port_probe.one_result(asker.here, [(question, verdict, said)])], None, heard)
        where = "lost on the way there" if judged and "did not arrive" in judged[0].cause else ""
        where = "lost on the way back" if judged and "arrived;" in judged[0].cause else where
        lines.append(" ".join([question.listener.name, *(item.id for item in judged), where or verdict]))
    return lines


def main() -> None:
    asker, answerer = (
        Machine(name, ports.GATEWAY, cluster) for name, cluster in zip(sys.argv[1:3], ("here", "there"), strict=True)
    )
    for machine in (answerer, asker):
        machine.serve()
    try:
        print("\n".join(probe(asker, answerer)))
    finally:
        for machine in (answerer, asker):
            machine.end()


if __name__ == "__main__":
    main()
