# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the data-path test on real sockets, and what their outcomes are taken for."""

from __future__ import annotations

import dataclasses
import http.server
import os
import signal
import socket
import socketserver
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath as datapath
from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_scripts as scripts
from ansible_collections.submariner.lifecycle.plugins.module_utils._datapath import Mtu, Outcome, Server

MARK, NONCE = "mark-1", "n0nce"
BASIC = ("sh", "sleep", "cut", "tr", "cat")
# run.sh installs what is no part of Debian's base.
CLIENTS = ("python3", "nc", "busybox", "ncat", "socat", "bash", "curl")
SERVERS = ("python3", "socat", "nc", "busybox", "ncat")
Image = t.Callable[..., Path]
Serve = t.Callable[..., int]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """A folder that holds nothing but a shell, some small programs and those named."""

    def make(*tools: str) -> Path:
        folder = tmp_path / "-".join(tools or ("empty",))
        folder.mkdir(exist_ok=True)
        for tool in (*BASIC, *tools):
            found = subprocess.run(["/bin/sh", "-c", f"command -v {tool}"], capture_output=True, text=True, check=True)
            target = Path(found.stdout.strip())
            if tool == "python3":
                target = Path(os.path.realpath("/proc/self/exe"))
            if not (folder / tool).exists():
                (folder / tool).symlink_to(target)
        return folder

    return make


def in_image(script: str, folder: Path, port: int, *targets: Server) -> str:
    env = {**scripts.IN_POD, "PATH": str(folder), "PORT": str(port), "NONCE": NONCE}
    command, read = ["/bin/sh", "-c", script], datapath.lines(enumerate(targets))
    return subprocess.run(command, env=env, input=read, capture_output=True, text=True, timeout=120, check=False).stdout


@pytest.fixture
def serve(image: Image) -> t.Iterator[Serve]:
    """Start the pod's server with one program only and return its port."""
    running: list[subprocess.Popen[bytes]] = []

    def start(tool: str, nonce: str = NONCE) -> int:
        port = free_port()
        env = {"PATH": str(image(tool)), "PORT": str(port), "NONCE": nonce}
        running.append(subprocess.Popen(["/bin/sh", "-c", scripts.SERVE], env=env, start_new_session=True))
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.1)
        raise AssertionError(f"no server with {tool}")

    yield start
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Raw:
    """A server that says what a test wants, then closes."""

    def __init__(self, text: str) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.sendall(text.encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return self.port

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def ask(folder: Path, own_port: int, *targets: Server) -> tuple[dict[int, tuple[str, str]], str]:
    return datapath.outcomes(in_image(scripts.ask_script(MARK), folder, own_port, *targets), MARK)


def at(port: int, nonce: str = NONCE, address: str = "127.0.0.1") -> Server:
    return Server("node", "other", address, port, nonce)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_fetches_the_whole_answer(client: str, image: Image, serve: Serve) -> None:
    port = serve("python3")
    verdicts, cause = ask(image(client), port, at(port), at(port), at(free_port()))
    assert cause == ""
    assert [verdicts[number][0] for number in range(3)] == [datapath.WORKS, datapath.WORKS, datapath.SILENT]


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_answers_again_and_again(server: str, image: Image, serve: Serve) -> None:
    port = serve(server)
    for _attempt in range(3):
        end = time.monotonic() + 10
        while ask(image("python3"), port, at(port))[0].get(0, ("",))[0] != datapath.WORKS:
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.mark.parametrize("server", ["python3", "socat", "ncat"])
def test_the_beginning_of_an_answer_travels_in_a_packet_of_its_own(server: str, image: Image, serve: Serve) -> None:
    with socket.create_connection(("127.0.0.1", serve(server)), 10) as asking:
        assert asking.recv(65536).decode() == f"{NONCE} begin "


def test_cut_answers_and_strangers_are_told_apart(image: Image, serve: Serve) -> None:
    port = serve("python3")
    with Raw(f"{NONCE} begin " + 200 * " ") as cut, Raw("other begin . other end") as stranger, Raw("SSH-2.0") as ssh:
        verdicts, _cause = ask(image("python3"), port, at(cut), at(stranger), at(ssh))
    assert [verdicts[n][0] for n in range(3)] == [datapath.CUT, datapath.STRANGER, datapath.SILENT]
    assert "SSH-2.0" in verdicts[2][1]
    assert NONCE not in verdicts[0][1]


def test_more_targets_than_are_asked_at_once(image: Image, serve: Serve) -> None:
    port = serve("python3")
    targets = [at(port, "other" if number % 7 == 0 else NONCE) for number in range(2 * scripts.AT_ONCE + 3)]
    verdicts, cause = ask(image("bash"), port, *targets)
    assert cause == ""
    assert [verdicts[number][0] for number in range(len(targets))] == [
        datapath.WORKS if target.nonce == NONCE else datapath.STRANGER for target in targets
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_whoever_takes_a_call_and_says_nothing_is_waited_for_with_a_bound(
    client: str, image: Image, serve: Serve
) -> None:
    port = serve("python3")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        verdicts, cause = ask(image(client), port, at(mute.getsockname()[1]), at(port))
    assert cause == ""
    assert [verdicts[number][0] for number in range(2)] == [datapath.SILENT, datapath.WORKS]


def test_a_name_is_asked_like_an_address(image: Image, serve: Serve) -> None:
    port = serve("python3")
    for client in CLIENTS:
        verdicts, _cause = ask(image(client), port, at(port, address="localhost"))
        assert verdicts[0][0] == datapath.WORKS, client


def test_the_length_of_a_command_does_not_grow_with_the_targets() -> None:
    assert max(len(scripts.ask_script(MARK)), len(scripts.mtu_script(MARK))) < 500


def test_without_any_program_nothing_is_claimed(image: Image) -> None:
    verdicts, cause = ask(image(), 1, at(1))
    assert verdicts == {}
    assert "no program" in cause


def test_output_cut_short_is_named() -> None:
    verdicts, cause = datapath.outcomes(f"{MARK} target 0 works x\nnoise\n{MARK} target x\n", MARK)
    assert verdicts == {0: ("works", "x")}
    assert "ended early" in cause


def reach(folder: Path, host: str, port: int, scheme: str = "https") -> tuple[str, str, str]:
    script = scripts.reach_script(MARK, f"{scheme}://{host}:{port}", host, port)
    return datapath.reached(in_image(script, folder, port), MARK)


@pytest.mark.parametrize("tool", ["curl", "python3", "bash"])
def test_reach(tool: str, image: Image) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(403)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        level, used, _said = reach(image(tool), "127.0.0.1", server.server_address[1])
        server.shutdown()
    assert (level, used) == ("tcp", tool)
    assert reach(image(tool), "127.0.0.1", free_port())[0] == "no"


def test_reach_without_any_program_is_unknown(image: Image) -> None:
    level, _tool, said = reach(image(), "127.0.0.1", 1)
    assert level == "unknown"
    assert "no program" in said
    assert datapath.reached("", MARK)[0] == "unknown"


# -- packet sizes -----------------------------------------------------------------------------------------------------

PING = """#!/bin/sh
# Stands for iputils: knows -M do; the address says what becomes of a packet of more than 1200 bytes of data.
while [ $# -gt 0 ]; do
  case $1 in
    -s) size=$2; shift ;;
    -c|-i|-W) shift ;;
    -M) [ "$2" = do ] || exit 2; shift ;;
    -n) ;;
    *) address=$1 ;;
  esac
  shift
done
case $address in
  127.0.0.1|10.0.0.1) exit 0 ;;
  10.0.0.2) [ "$size" -le 1200 ] || { echo "ping: local error: message too long, mtu=1228"; exit 1; } ;;
  10.0.0.3) [ "$size" -le 1200 ] || { echo "From 10.0.0.254 icmp_seq=1 Frag needed and DF set (mtu = 1300)"; exit 1; } ;;
  10.0.0.4) [ "$size" -le 1200 ] || { echo "2 packets transmitted, 0 received, 100% packet loss"; exit 1; } ;;
  *) exit 1 ;;
esac
"""
BUSYBOX_PING = """#!/bin/sh
case $* in *-M*) echo "ping: invalid option -- 'M'"; exit 1 ;; esac
"""


def measure(folder: Path, *targets: Server) -> tuple[dict[int, Mtu], str]:
    return datapath.mtus(in_image(scripts.mtu_script(MARK), folder, free_port(), *targets), MARK)


def with_ping(folder: Path, text: str) -> Path:
    (folder / "ping").write_text(text)
    (folder / "ping").chmod(0o755)
    return folder


def test_packet_sizes_by_ping(image: Image) -> None:
    addresses = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5")
    found, cause = measure(with_ping(image(), PING), *(at(1, address=address) for address in addresses))
    assert cause == ""
    assert [found[number].state for number in range(5)] == ["full", "told", "lost", "lost", "untried"]
    assert found[0].packet == found[0].full
    assert found[1].packet == 1228
    assert 1220 <= found[2].packet <= 1228, "the path said 1300, and larger ones than 1228 vanish all the same"
    assert 1220 <= found[3].packet <= 1228


class Udp(threading.Thread):
    """Answers every datagram of at most C(limit) bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(daemon=True)
        self.limit = limit
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])

    def run(self) -> None:
        while True:
            data, sender = self.socket.recvfrom(65536)
            if not data.strip(b"\0"):
                if len(data) <= self.limit:
                    self.socket.sendto(b"x", sender)
            else:
                return

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()


def test_packet_sizes_by_python(image: Image) -> None:
    own = int(in_image('eval "$MTU"; own_mtu; echo $mtu', image(), 1))
    udp = Udp(own - 60)  # near the largest, so that few packets are lost and waited for
    udp.start()
    found, cause = measure(with_ping(image("python3"), BUSYBOX_PING), at(udp.port), at(free_port()))
    udp.stop()
    assert cause == ""
    assert (found[0].state, found[1].state) == ("lost", "full")
    assert own - 40 <= found[0].packet <= own - 32
    assert found[1].packet == found[1].full == own


def test_packet_sizes_without_a_tool(image: Image) -> None:
    found, cause = measure(with_ping(image(), BUSYBOX_PING), at(1))
    assert found == {}
    assert "no tool in the image" in cause


# -- findings ---------------------------------------------------------------------------------------------------------

GATEWAY = Server("west-worker", "gateway", "10.2.0.1", 1, NONCE)
OTHER = Server("west-control-plane", "other", "10.2.0.2", 1, NONCE)
REMOTE_GATEWAY = Server("east-worker", "gateway", "10.1.0.1", 1, NONCE, "east")
REMOTE_OTHER = Server("east-control-plane", "other", "10.1.0.2", 1, NONCE, "east")


def matrix(silent: t.Callable[[Server, Server], bool]) -> list[Outcome]:
    return [
        Outcome(source, target, datapath.SILENT if silent(source, target) else datapath.WORKS)
        for source in (GATEWAY, OTHER)
        for target in (REMOTE_GATEWAY, REMOTE_OTHER)
    ]


def test_no_finding_when_all_directions_work() -> None:
    assert datapath.findings(matrix(lambda source, target: False)) == []


def test_rp_filter_is_suspected_when_only_gateways_talk() -> None:
    found = datapath.findings(matrix(lambda source, target: (source, target) != (GATEWAY, REMOTE_GATEWAY)))
    assert len(found) == 3
    assert {finding.id for finding in found} == {"datapath.no-answer"}
    assert all("rp_filter" in finding.hint and "UDP 4800" in finding.hint for finding in found)
    assert found[0].subject == "gateway node west-worker -> node east-control-plane of east"


def test_the_tunnel_is_suspected_when_nothing_passes() -> None:
    found = datapath.findings(matrix(lambda source, target: True))
    assert len(found) == 4
    assert all("UDP 4500" in finding.hint for finding in found)


@pytest.mark.parametrize(
    ("verdict", "id", "severity", "hint"),
    [
        (datapath.CUT, "datapath.cut-answer", "error", "MTU"),
        (datapath.STRANGER, "datapath.wrong-answer", "error", "CIDRs overlap"),
        (datapath.UNTRIED, "datapath.not-tested", "unknown", "image"),
        ("nonsense", "datapath.not-tested", "unknown", "image"),
    ],
)
def test_other_verdicts(verdict: str, id: str, severity: str, hint: str) -> None:  # noqa: A002  as the field is called
    (found,) = datapath.findings([Outcome(GATEWAY, REMOTE_GATEWAY, verdict, "said")])
    assert (found.id, found.severity) == (id, severity)
    assert hint in found.hint


def by(way: str, target: Server, address: str) -> Server:
    return dataclasses.replace(target, by=way, address=address)


NAME = by(datapath.BY_NAME, REMOTE_GATEWAY, "x.submariner-lifecycle.svc.clusterset.local")


@pytest.mark.parametrize(
    "said",
    [
        "nc: bad address 'x.y'",
        'nc: getaddrinfo for host "x.y" port 18080: Name or service not known',
        'Ncat: Could not resolve hostname "x.y": Name or service not known. QUITTING.',
        "curl: (6) Could not resolve host: x.y",
        "[Errno -2] Name does not resolve",
        "[Errno -3] Temporary failure in name resolution",
    ],
)
def test_a_name_without_an_address(said: str) -> None:
    (found,) = datapath.findings([Outcome(GATEWAY, NAME, datapath.SILENT, said)])
    assert (found.id, found.severity) == ("datapath.name-not-resolved", "error")
    assert "lighthouse" in found.hint
    assert found.subject == "gateway node west-worker -> gateway node east-worker of east by name"


@pytest.mark.parametrize(("addresses", "hint"), [(datapath.WORKS, "lighthouse"), (datapath.SILENT, "UDP 4500")])
def test_a_name_that_does_not_answer_is_dns_only_when_addresses_answer(addresses: str, hint: str) -> None:
    results = [Outcome(GATEWAY, REMOTE_GATEWAY, addresses), Outcome(GATEWAY, NAME, datapath.SILENT, "timed out")]
    found = datapath.findings(results)[-1]
    assert found.id == "datapath.no-answer"
    assert hint in found.hint


def test_what_was_wrong_with_an_export_is_the_cause() -> None:
    noted = dataclasses.replace(NAME, note="its ServiceExport is not ready")
    (found,) = datapath.findings([Outcome(GATEWAY, noted, datapath.SILENT, "timed out")])
    assert found.cause == "its ServiceExport is not ready; timed out"


def test_larger_packets_that_vanish_are_a_warning() -> None:
    lost = Outcome(GATEWAY, REMOTE_GATEWAY, datapath.WORKS, mtu=Mtu("lost", 1400, 1500))
    told = Outcome(GATEWAY, REMOTE_OTHER, datapath.WORKS, mtu=Mtu("told", 1400, 1500))
    (found,) = datapath.findings([lost, told])
    assert (found.id, found.severity) == ("datapath.mtu-lost", "warning")
    assert "over 1400 bytes" in found.observed
    assert "tcp-clamp-mss=1360" in found.hint


def test_sizes_that_were_not_tried_are_said_once_for_each_reason() -> None:
    results = [
        Outcome(source, target, datapath.WORKS, mtu=Mtu("untried", said="no tool"))
        for source in (GATEWAY, OTHER)
        for target in (REMOTE_GATEWAY, REMOTE_OTHER)
    ]
    (found,) = datapath.findings(results)
    assert (found.id, found.severity) == ("datapath.mtu-not-tested", "info")
    assert "4 directions" in found.subject
