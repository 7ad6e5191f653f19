# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does traffic really pass? The scripts that answer and ask inside pods, and what the outcome means.

Private to this collection, may change at any time. Pure. Gateways that call themselves connected have been seen while
no pod on another node had traffic, so the question is put with TCP from pod to pod, for gateway and other nodes alike.

An answer is longer than one packet and framed by a word of this run: another server at the same address, a cut answer
and a working path are three different things. The scripts need a POSIX shell and one of several programs; a client is
only used after it has fetched the answer of the pod's own server.
"""

from __future__ import annotations

import shlex
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, UNKNOWN, Finding

Json = dict[str, t.Any]

PORT = 18080
GATEWAY, OTHER = "gateway", "other"
MARK = "submariner-lifecycle"
WORKS, SILENT, CUT, STRANGER, UNTRIED = "works", "silent", "cut", "stranger", "untried"

# The filler makes the answer longer than any usual MTU, so that a path which drops full packets shows.
SERVE = """
ANSWER=$(printf '%s begin %4000s %s end' "$NONCE" . "$NONCE"); export ANSWER
if command -v python3 >/dev/null 2>&1; then
  exec python3 -c '
import os, socketserver
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(os.environ["ANSWER"].encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(("", int(os.environ["PORT"])), Answer).serve_forever()'
fi
if command -v socat >/dev/null 2>&1; then
  exec socat "TCP-LISTEN:$PORT,fork,reuseaddr" SYSTEM:'printf %s "$ANSWER"'
fi
# One caller at a time: -N (OpenBSD) and -q 0 (traditional) let go of it at once instead of after its time-out.
while :; do
  for listen in "nc -N -l -p $PORT" "nc -N -l $PORT" "nc -q 0 -l -p $PORT" "nc -l -p $PORT" "nc -l $PORT" \
    "busybox nc -l -p $PORT" "ncat -l $PORT"; do
    while printf '%s' "$ANSWER" | $listen >/dev/null 2>&1; do :; done
  done
  sleep 1
done
"""

CLIENT = """
bounded() {
  "$@" & job=$!
  ( sleep 5; kill $job ) >/dev/null 2>&1 & guard=$!
  wait $job; rc=$?
  kill $guard 2>/dev/null
  return $rc
}
with_python3() {
  python3 -c '
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 3) as connection:
    while True:
        piece = connection.recv(65536)
        if not piece:
            break
        sys.stdout.write(piece.decode("ascii", "replace"))
        sys.stdout.flush()' "$1" "$2"
}
with_nc() { nc -w 3 "$1" "$2" < /dev/null; }
with_busybox() { busybox nc -w 3 "$1" "$2" < /dev/null; }
with_ncat() { ncat -w 3 "$1" "$2" < /dev/null; }
with_socat() { socat -t 3 - "TCP:$1:$2,connect-timeout=3" < /dev/null; }
with_bash() { bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat <&3' "$1" "$2"; }
with_curl() { curl -s --max-time 4 "telnet://$1:$2" < /dev/null; }
fetch() {
  tool=$1; shift
  text=$(bounded "with_$tool" "$@" 2>&1)
}
judge() {
  case "$text" in
    *"$1 begin "*" $1 end"*) verdict=works ;;
    *"$1 begin "*) verdict=cut ;;
    *" begin "*" end"*) verdict=stranger ;;
    *) verdict=silent ;;
  esac
}
find_tool() {
  for candidate in python3 nc busybox ncat socat bash curl; do
    if command -v $candidate >/dev/null 2>&1; then
      fetch $candidate 127.0.0.1 "$PORT"; judge "$NONCE"
      if [ $verdict = works ]; then tool=$candidate; return 0; fi
    fi
  done
  return 1
}
brief() { printf '%s' "$text" | tr -c '[:print:]' ' ' | tr -s ' ' | cut -c 1-120; }
ask() {
  number=$1 nonce=$2; shift 2
  fetch "$tool" "$@"; judge "$nonce"
  printf '%s target %s %s %s\\n' "$mark" "$number" "$verdict" "$(brief 2>/dev/null)"
}
"""

REACH = """
say() { printf '%s reach %s %s %s\\n' "$mark" "$1" "$2" "$3"; }
if command -v curl >/dev/null 2>&1; then
  code=$(curl -k -s -o /dev/null --connect-timeout 5 --max-time 8 -w '%{http_code}' "$URL" 2>/dev/null); rc=$?
  case $rc in
    0) say curl tls "HTTP $code" ;;
    6) say curl no "the name cannot be resolved" ;;
    7) say curl no "the connection is refused or has no route" ;;
    28) say curl no "no answer in time" ;;
    35|52|56) say curl tcp "connected, but TLS failed" ;;
    *) say curl no "curl exit code $rc" ;;
  esac
elif command -v python3 >/dev/null 2>&1; then
  said=$(python3 -c '
import socket, ssl, sys
host, port = sys.argv[1], int(sys.argv[2])
try:
    connection = socket.create_connection((host, port), 5)
except OSError as error:
    print("no", error)
    sys.exit()
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
try:
    with context.wrap_socket(connection, server_hostname=host) as secure:
        print("tls", secure.version())
except OSError as error:
    print("tcp", "connected, but TLS failed:", error)' "$HOST" "$PORT" 2>&1)
  say python3 "${said%% *}" "${said#* }"
else
  tried=
  for tool in nc busybox socat bash; do
    command -v $tool >/dev/null 2>&1 || continue
    case $tool in
      nc) bounded nc -z -w 4 "$HOST" "$PORT" || bounded nc -w 4 "$HOST" "$PORT" ;;
      busybox) bounded busybox nc -z -w 4 "$HOST" "$PORT" || bounded busybox nc -w 4 "$HOST" "$PORT" ;;
      socat) bounded socat -u OPEN:/dev/null "TCP:$HOST:$PORT,connect-timeout=4" ;;
      bash) bounded bash -c ': <>"/dev/tcp/$0/$1"' "$HOST" "$PORT" ;;
    esac > /dev/null 2>&1 < /dev/null
    if [ $? -eq 0 ]; then say $tool tcp connected; tried=; break; fi
    tried="$tried $tool"
  done
  if [ -n "$tried" ]; then say "${tried# }" no "no connection"; fi
fi
printf '%s done\\n' "$mark"
"""


@dataclass(frozen=True)
class Server:
    """A pod that answers: where it is, and the word that its answer carries."""

    node: str
    role: str
    address: str
    port: int
    nonce: str
    cluster: str = ""

    @classmethod
    def of(cls, value: Json) -> Server:
        return cls(
            node=str(value.get("node") or value["address"]),
            role=str(value.get("role") or OTHER),
            address=str(value["address"]),
            port=int(value.get("port") or PORT),
            nonce=str(value["nonce"]),
            cluster=str(value.get("cluster") or ""),
        )

    @property
    def label(self) -> str:
        kind = "gateway " if self.role == GATEWAY else ""
        where = f" of {self.cluster}" if self.cluster else ""
        return f"{kind}node {self.node}{where}"


@dataclass(frozen=True)
class Outcome:
    """One direction: from our pod on a node to a server."""

    source: Server
    target: Server
    verdict: str
    said: str = ""

    def as_dict(self) -> Json:
        return {
            "from_node": self.source.node,
            "from_role": self.source.role,
            "to_node": self.target.node,
            "to_role": self.target.role,
            "to_cluster": self.target.cluster,
            "address": self.target.address,
            "verdict": self.verdict,
            "said": self.said,
        }


def ask_script(mark: str, targets: t.Sequence[tuple[int, Server]]) -> str:
    """Ask all targets at once, each with a bound of its own; follows CLIENT, with PORT and NONCE in the environment."""
    lines = [f"mark={shlex.quote(mark)}", "if ! find_tool; then printf '%s no-tool\\n' \"$mark\"; exit 0; fi"]
    for number, target in targets:
        words = (str(number), target.nonce, target.address, str(target.port))
        lines.append("ask {} &".format(" ".join(shlex.quote(word) for word in words)))
    return "\n".join([*lines, "wait", "printf '%s done\\n' \"$mark\""])


def outcomes(text: str, mark: str) -> tuple[dict[int, tuple[str, str]], str]:
    """Verdict and words by target number; the second answer says why nothing could be asked."""
    found: dict[int, tuple[str, str]] = {}
    ended = False
    for line in text.splitlines():
        words = line.split(" ", 4)
        if words[0] != mark:
            continue
        if words[1:2] == ["no-tool"]:
            return {}, "no program of the image could fetch the answer of the pod's own server"
        if words[1:2] == ["done"]:
            ended = True
        if words[1:2] == ["target"] and len(words) >= 4 and words[2].isdigit():
            found[int(words[2])] = (words[3], words[4].strip() if len(words) > 4 else "")
    return found, "" if ended else "the script in the pod ended early"


def reached(text: str, mark: str) -> tuple[str, str, str]:
    """How far a connection came (V(tls), V(tcp), V(no) or V(unknown)), with which program, and its words."""
    for line in text.splitlines():
        words = line.split(" ")
        for level in ("tls", "tcp", "no"):
            if words[:2] == [mark, "reach"] and level in words[3:]:
                cut = words.index(level, 3)
                return level, " ".join(words[2:cut]), " ".join(words[cut + 1 :])
    if f"{mark} done" in text:
        return "unknown", "", "no program of the image can open a connection"
    return "unknown", "", "the script in the pod ended early"


IDS = {SILENT: "datapath.no-answer", CUT: "datapath.cut-answer", STRANGER: "datapath.wrong-answer"}
OBSERVED = {
    SILENT: "no answer",
    CUT: "the answer ends before its end",
    STRANGER: "another server answers",
}


def findings(results: t.Sequence[Outcome]) -> list[Finding]:
    """One finding per direction that does not work, with what the pattern of all of them suggests."""
    found = []
    for item in results:
        if item.verdict == WORKS:
            continue
        untried = item.verdict not in OBSERVED
        found.append(
            Finding(
                id="datapath.not-tested" if untried else IDS[item.verdict],
                severity=UNKNOWN if untried else ERROR,
                subject=f"{item.source.label} -> {item.target.label}",
                observed=(item.said or "not asked")
                if untried
                else f"{OBSERVED[item.verdict]} from {item.target.address}",
                expected="a pod on each of the two nodes reaches a pod on the other",
                cause="" if untried else item.said,
                hint=_hint(item, results),
                evidence=item.as_dict(),
            )
        )
    return found


def _hint(item: Outcome, results: t.Sequence[Outcome]) -> str:
    if item.verdict == CUT:
        return "full packets are dropped on the way: lower the MTU of the pods or of the tunnel, or set its MSS clamp"
    if item.verdict == STRANGER:
        return (
            "the address belongs to something else: the clusters' CIDRs overlap, or a record leads to another cluster"
        )
    if item.verdict not in OBSERVED:
        return "see that the image can be pulled and has python3, nc, socat, bash or curl"
    working = [other for other in results if other.verdict == WORKS]
    between_gateways = [o for o in results if (o.source.role, o.target.role) == (GATEWAY, GATEWAY)]
    if not working:
        return "nothing passes: see the connections, and let UDP 4500 (and ESP for IPsec) pass between the gateways"
    if between_gateways and all(o.verdict == WORKS for o in between_gateways):
        return (
            "gateways reach each other, other nodes do not: set net.ipv4.conf.all.rp_filter to 0 or 2 on the nodes, "
            "and let UDP 4800 pass between the nodes of a cluster"
        )
    return "some directions work: compare rp_filter, host firewalls and NetworkPolicies of the nodes named"
