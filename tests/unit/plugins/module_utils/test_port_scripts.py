# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of the port probe, run as a pod runs them, with the programs that different images have."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_probe as port_probe
from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_scripts as scripts
from ansible_collections.submariner.lifecycle.plugins.module_utils._port_probe import Listener

BASE = ("sh", "ls", "tr", "cut", "sleep", "mkdir", "cat", "dd")
NONCE = "6f1d2a6f1d2a"
# What answers, and what asks: an image with python3, and upstream's nettest.
IMAGES = [("python3",), ("python3", "bash"), *([("ncat", "bash")] if shutil.which("ncat") else [])]


def programs(folder: pathlib.Path, *names: str) -> str:
    """A PATH with the named programs and those that every image has."""
    folder.mkdir(parents=True)
    for name in {*BASE, *names}:
        found = sys.executable if name == "python3" else shutil.which(name)
        assert found
        (folder / name).symlink_to(os.path.realpath(found))
    return str(folder)


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Pod:
    """A responder as a process; C(run) is what an exec in it does."""

    def __init__(self, folder: pathlib.Path, listeners: t.Sequence[Listener], *tools: str, net: str = "/proc/net"):
        table = "".join(f"{item.protocol} {item.port}\n" for item in listeners)
        self.listeners = listeners
        self.environment = {
            **scripts.IN_POD,
            "NONCE": NONCE,
            "PORTS": table,
            "FOLDER": str(folder / "notes"),
            "NET": net,
            "PATH": programs(folder / "bin", *tools[:1]),
        }
        self.asking = {**self.environment, "PATH": programs(folder / "asking", *tools[-1:])}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", 'eval "$SERVE"'], env=self.environment, start_new_session=True, stderr=subprocess.DEVNULL
        )

    def run(self, script: str, stdin: str = "") -> str:
        argv = ["/bin/sh", "-c", script]
        done = subprocess.run(argv, env=self.asking, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def state(self) -> port_probe.State:
        end = time.monotonic() + 15
        while True:
            found = port_probe.state(self.run(scripts.state_script("m")), "m", self.listeners)
            if (found.ended and not found.starting) or time.monotonic() > end:
                return found
            time.sleep(0.1)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.mark.parametrize("image", IMAGES, ids="+".join)
def test_answers_refusals_and_what_was_heard(tmp_path: pathlib.Path, image: tuple[str, ...]) -> None:
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    nobody = free_port(socket.SOCK_DGRAM)
    pod = Pod(tmp_path, [Listener("natt", "udp", udp), Listener("metrics", "tcp", tcp)], *image)
    try:
        assert [item.state for item in pod.state().listeners] == ["open", "open"]
        lines = [
            f"0 udp {udp} 127.0.0.1 {NONCE} w0",
            f"1 udp {udp} 127.0.0.1 other w1",
            f"2 udp {nobody} 127.0.0.1 {NONCE} w2",
            f"3 tcp {tcp} 127.0.0.1 {NONCE} w3",
            f"4 tcp {nobody} 127.0.0.1 {NONCE} w4",
            ".",
        ]
        found, cause = port_probe.answers(pod.run(scripts.ask_script("m"), "\n".join(lines) + "\n"), "m")
        assert cause == ""
        verdicts = [port_probe.classify(*found[number][1:]) for number in range(5)]
        assert verdicts == ["answered", "stranger", "refused", "answered", "refused"]
        heard = port_probe.heard(pod.run(scripts.heard_script("m")), "m")
        assert heard is not None
        assert {"w0", "w1", "w3"} <= heard
        assert not {"w2", "w4"} & heard
    finally:
        pod.end()


@pytest.mark.parametrize("tool", ["python3", "bash"])
def test_one_refusal_is_not_believed(tmp_path: pathlib.Path, tool: str) -> None:
    """A responder of another cluster may be deaf for a moment, while it takes up somebody else's packet."""
    pod = Pod(tmp_path, [], "python3", tool)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        port = free_port(socket.SOCK_DGRAM)

        def answer() -> None:
            time.sleep(0.7)
            late.bind(("127.0.0.1", port))
            late.settimeout(10)
            _asked, sender = late.recvfrom(2048)
            late.sendto(NONCE.encode(), sender)

        answering = threading.Thread(target=answer)
        answering.start()
        try:
            said = pod.run(scripts.ask_script("m"), f"0 udp {port} 127.0.0.1 {NONCE} w0\n.\n")
        finally:
            pod.end()
            answering.join()
    assert port_probe.answers(said, "m")[0][0][:2] == (tool, "ours")


def test_a_port_that_a_program_holds_is_taken_by_it(tmp_path: pathlib.Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        pod = Pod(tmp_path, [Listener("natt", "udp", port)], "python3")
        try:
            (item,) = pod.state().listeners
            name = pathlib.Path("/proc/self/comm").read_text().strip()
            assert (item.state, item.said) == ("taken", f"{os.getpid()} {name}")
        finally:
            pod.end()


def test_a_port_that_the_kernel_holds_beside_submariners_link(tmp_path: pathlib.Path) -> None:
    net = tmp_path / "net"
    net.mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
    row = "  1: 00000000:12C0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0 0\n"
    (net / "udp").write_text(head + row)
    (net / "dev").write_text("Inter-| Receive\n face |bytes\n    lo: 0 0\nvx-submariner: 7 7\n")
    pod = Pod(tmp_path, [Listener("vxlan", "udp", 4800)], "python3", net=str(net))
    try:
        found = pod.state()
        assert found.links == ["vx-submariner"]
        assert [(item.state, item.said) for item in found.listeners] == [("in-use", "0 kernel")]
    finally:
        pod.end()


def test_without_any_program_nothing_is_claimed(tmp_path: pathlib.Path) -> None:
    pod = Pod(tmp_path, [Listener("natt", "udp", free_port(socket.SOCK_DGRAM)), Listener("esp", "esp", 0)], "cat")
    try:
        time.sleep(0.3)
        found = port_probe.state(pod.run(scripts.state_script("m")), "m", pod.listeners)
        assert [item.state for item in found.listeners] == ["untried", "untried"]
        said = pod.run(scripts.ask_script("m"), f"0 udp 1 127.0.0.1 {NONCE} w0\n.\n")
        assert port_probe.answers(said, "m")[0] == {} or "w0" not in said
    finally:
        pod.end()
