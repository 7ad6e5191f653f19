# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Docker engine: one that runs already, or our own beside the machine's firewall and sysctls."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lab.config import DATA, LabError, Places
from tests.lab.host import has_capability, program, require_programs
from tests.lab.process import Done, background, end, last_line, run, running, wait_until
from tests.lab.steps import say, step

_CAP_SYS_RESOURCE = 24
_START_LIMIT = 60.0
# A restart ends all containers: on a busy machine a slow answer is no reason for it.
_PATIENCE = 60.0
# Set for everything that our engine starts, so that its processes are known by it.
MARK = "SUBMARINER_LAB_INSTANCE"


@dataclass(frozen=True)
class Engine:
    host: str
    own: bool
    docker_path: str

    def environment(self) -> dict[str, str]:
        environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
        if self.host:
            environment["DOCKER_HOST"] = self.host
        # kind looks for `docker` on the PATH; it must be the one that fits the engine
        environment["PATH"] = f"{Path(self.docker_path).parent}:{environment.get('PATH', '')}"
        return environment

    def docker(self, *arguments: str, check: bool = True, timeout: float = 120) -> Done:
        return run([self.docker_path, *arguments], env=self.environment(), check=check, timeout=timeout)

    def answers(self) -> bool:
        return self.docker("version", "--format", "{{.Server.Version}}", check=False, timeout=15).rc == 0


def _socket(places: Places) -> Path:
    return places.run / "docker.sock"


def own(places: Places) -> Engine:
    """Our engine's client: Debian's, because it fits Debian's dockerd."""
    path = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else program("docker")
    return Engine(f"unix://{_socket(places)}", True, path)


def running_one() -> Engine | None:
    """An engine that the machine runs anyway (DOCKER_HOST or the default socket)."""
    client = shutil.which("docker")
    if client is None:
        return None
    engine = Engine(os.environ.get("DOCKER_HOST", ""), False, client)
    return engine if engine.answers() else None


def find(places: Places, remembered_own: bool | None) -> Engine:
    """The engine of an earlier command, else a running one, else our own (started by `ensure`)."""
    if remembered_own is not True:
        engine = running_one()
        if engine is not None:
            return engine
        if remembered_own is False:
            raise LabError("the Docker engine that runs the lab's clusters does not answer; start it again")
    require_programs(["dockerd", "containerd", "runc", "ip"])
    return own(places)


def is_up(places: Places) -> bool:
    return running(places.run / "dockerd.pid", str(places.engine)) is not None


def ensure(places: Places, engine: Engine) -> None:
    """Start our own engine if it does not run. What a killed one left is picked up or cleared by dockerd itself."""
    if not engine.own or (is_up(places) and wait_until(engine.answers, _PATIENCE)):
        return
    stop(places)
    with step("engine: start"):
        try:
            _start(places, engine)
        except LabError as error:
            data = places.engine / "data"
            if not data.exists():
                raise
            # everything in there can be made again; only a second failure is the user's matter
            say(f"engine: {error}; starting again with an empty store")
            stop(places)
            shutil.rmtree(data, ignore_errors=True)
            _start(places, engine)


def _start(places: Places, engine: Engine) -> None:
    places.run.mkdir(parents=True, exist_ok=True)
    places.engine.mkdir(parents=True, exist_ok=True)
    configuration = places.engine / "daemon.json"
    configuration.write_text(json.dumps(_configuration(places), indent=1))
    log = places.logs / "dockerd.log"
    pid = background(
        [program("dockerd"), "--config-file", str(configuration)],
        env={**os.environ, MARK: places.instance, "LAB_RUNC": program("runc")},
        log=log,
    )

    def settled() -> bool:
        return engine.answers() or _ended(pid)

    wait_until(settled, _START_LIMIT)
    if not engine.answers():
        raise LabError(f"dockerd does not start: {_reason(log)} (log: {log})")


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True


def _reason(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if "level=info" not in line]
    return last_line("\n".join(lines))


def _configuration(places: Places) -> dict[str, object]:
    configuration: dict[str, object] = {
        "data-root": str(places.engine / "data"),
        "exec-root": str(places.run / "exec"),
        "pidfile": str(places.run / "dockerd.pid"),
        "hosts": [f"unix://{_socket(places)}"],
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "ip-forward": False,
        "ip-masq": False,
        "cgroup-parent": f"/{places.name}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
    }
    if _version() < 25:
        # these lower their own oom score, which needs CAP_SYS_RESOURCE; later ones do not touch it
        configuration["oom-score-adjust"] = 0
    if not has_capability(_CAP_SYS_RESOURCE):
        runtime = places.engine / "oci-runtime"
        source = (DATA / "oci_runtime.py").read_text()
        runtime.write_text(f"#!{os.path.realpath(sys.executable)} -IS\n{source}")
        runtime.chmod(0o755)
        configuration["runtimes"] = {"lab": {"path": str(runtime)}}
        configuration["default-runtime"] = "lab"
    return configuration


def _version() -> int:
    words = run([program("dockerd"), "--version"]).out.split()
    digits = words[2].split(".")[0] if len(words) > 2 else ""
    return int(digits) if digits.isdigit() else 0


def stop(places: Places) -> None:
    """End our dockerd; containers that run are ended by it."""
    pid = running(places.run / "dockerd.pid", str(places.engine))
    if pid is not None:
        end([pid], grace=20)
    (places.run / "dockerd.pid").unlink(missing_ok=True)
