# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside the pods of the data-path test: shell, as data. Private to this collection, may change at any time.

The scripts need a POSIX shell and one of several programs; a client is only used after it has fetched the answer of
the pod's own server. They travel in the pod's environment and C(ask_script) and C(mtu_script) read their targets from
standard input, so that one exec with a short address serves any number of targets.
"""

from __future__ import annotations

import shlex

AT_ONCE = 16
"""Targets that one pod asks at the same time."""

# The filler makes the answer longer than any usual MTU, and its beginning goes alone: on a path that drops full packets that
# much arrives. Many clusters ask at once: whom a short queue turns away believes to be connected and hears nothing.
SERVE = """
BEGIN="$NONCE begin " REST=$(printf '%4000s %s end' . "$NONCE"); export BEGIN REST
if command -v python3 >/dev/null 2>&1; then
  exec python3 -c '
import os, socketserver, time
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(os.environ["BEGIN"].encode())
        time.sleep(0.2)
        self.request.sendall(os.environ["REST"].encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256
Server(("", int(os.environ["PORT"])), Answer).serve_forever()'
fi
ANSWER='printf %s "$BEGIN"; sleep 0.2 2>/dev/null || sleep 1; printf %s "$REST"'; export ANSWER
if command -v socat >/dev/null 2>&1; then
  exec socat "TCP-LISTEN:$PORT,fork,reuseaddr,backlog=256" SYSTEM:'eval \\"$ANSWER\\"'
fi
if command -v ncat >/dev/null 2>&1; then
  ncat -l -k --sh-exec 'eval "$ANSWER"' "$PORT" >/dev/null 2>&1
fi
# BusyBox's, as in Submariner's own image, can run a program for each caller.
while nc -l -k -p "$PORT" -e /bin/sh -c 'eval "$ANSWER"' >/dev/null 2>&1; do :; done
# One caller at a time: -N (OpenBSD) and -q 0 (traditional) let go of it at once instead of after its time-out.
while :; do
  for listen in "nc -N -l -p $PORT" "nc -N -l $PORT" "nc -q 0 -l -p $PORT" "nc -l -p $PORT" "nc -l $PORT" \
    "busybox nc -l -p $PORT"; do
    while printf '%s%s' "$BEGIN" "$REST" | $listen >/dev/null 2>&1; do :; done
  done
  sleep 1
done
"""

# Each client takes the place of the shell that C(bounded) ends: a child of that shell would live on and keep the output open.
CLIENT = """
bounded() {
  "$@" & job=$!
  ( sleep 5; kill $job ) >/dev/null 2>&1 & guard=$!
  wait $job; rc=$?
  kill $guard 2>/dev/null
  return $rc
}
with_python3() {
  exec python3 -c '
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 3) as connection:
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            sys.stdout.write(piece.decode("ascii", "replace"))
            sys.stdout.flush()
except OSError as error:
    sys.exit(str(error))' "$1" "$2"
}
with_nc() { exec nc -w 3 "$1" "$2" < /dev/null; }
with_busybox() { exec busybox nc -w 3 "$1" "$2" < /dev/null; }
with_ncat() { exec ncat -w 3 "$1" "$2" < /dev/null; }
with_socat() { exec socat -t 3 - "TCP:$1:$2,connect-timeout=3" < /dev/null; }
with_bash() { exec bash -c 'exec 3<>"/dev/tcp/$0/$1" && exec cat <&3' "$1" "$2"; }
with_curl() { exec curl -sS --max-time 4 "telnet://$1:$2" < /dev/null; }
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
brief() {
  case $verdict in cut) text=${text#*" begin "} ;; esac
  said=$(printf '%s' "$text" | tr -c '[:print:]' ' ' | tr -s ' ' | cut -c 1-120)
  # BusyBox's way to say it, and the shell's.
  case "${said# }" in 'punt!'*|Terminated*) said='timed out' ;; esac
  printf '%s' "$said"
}
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

# Targets as lines C(number nonce port address), a full stop ends them.
TARGETS = """
each() {
  count=0
  while read -r number nonce port address && [ "$number" != . ]; do
    "$1" "$number" "$nonce" "$address" "$port" &
    count=$((count + 1))
    [ $((count % $2)) -ne 0 ] || wait
  done
  wait
  printf '%s done\\n' "$mark"
}
"""

# A packet that must not be fragmented: V(passes), V(told) (the path says how much it takes), V(lost).
MTU = """
try_ping() {
  if text=$(ping -n -c 2 -i 0.3 -W 2 -M do -s "$3" "$1" 2>&1); then verdict=passes; return; fi
  case "$text" in
    *mtu*) verdict=told; set -- $(printf '%s' "${text##*mtu}" | tr -c '0-9' ' '); told=${1:-0} ;;
    *) verdict=lost ;;
  esac
}
try_python3() {
  set -- $(python3 -c '
import errno, socket, sys
address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
family, level, discover, known = (socket.AF_INET, socket.IPPROTO_IP, 10, 14)
if ":" in address:
    family, level, discover, known = (socket.AF_INET6, socket.IPPROTO_IPV6, 23, 24)
with socket.socket(family, socket.SOCK_DGRAM) as asking:
    asking.setsockopt(level, discover, 2)
    asking.settimeout(1)
    asking.connect((address, port))
    said = "lost"
    for _attempt in range(2):
        try:
            asking.send(bytes(size))
            asking.recv(1)
            said = "passes"
        except ConnectionRefusedError:
            said = "passes"
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                said = "told %d" % asking.getsockopt(level, known)
        if said != "lost":
            break
print(said)' "$@" 2>/dev/null)
  verdict=${1:-lost} told=${2:-0}
}
find_way() {
  for way in ping python3; do
    if command -v $way >/dev/null 2>&1; then
      try_$way 127.0.0.1 "$PORT" 16
      [ $verdict != passes ] || return 0
    fi
  done
  return 1
}
own_mtu() {
  mtu=1500
  while read -r device destination rest; do
    if [ "$destination" = 00000000 ] && [ -r "/sys/class/net/$device/mtu" ]; then
      read -r mtu < "/sys/class/net/$device/mtu"
      return
    fi
  done < /proc/net/route
}
measure() {
  number=$1 address=$3 port=$4 state=untried
  case "$address" in *:*) header=48 ;; *) header=28 ;; esac
  size=16
  try_$way "$address" "$port" $size
  if [ $verdict = passes ]; then
    low=$size size=$((mtu - header)) state=full
    try_$way "$address" "$port" $size
    while [ $verdict = told ] && [ $((told - header)) -gt $low ] && [ $((told - header)) -lt $size ]; do
      state=told size=$((told - header))
      try_$way "$address" "$port" $size
    done
    if [ $verdict != passes ]; then
      state=lost high=$size
      while [ $((high - low)) -gt 8 ]; do
        middle=$(((high + low) / 2))
        try_$way "$address" "$port" $middle
        if [ $verdict = passes ]; then low=$middle; else high=$middle; fi
      done
      size=$low
    fi
  fi
  printf '%s mtu %s %s %s %s\\n' "$mark" "$number" $state $((size + header)) "$mtu"
}
"""

IN_POD = {"SERVE": SERVE, "CLIENT": CLIENT, "REACH": REACH, "TARGETS": TARGETS, "MTU": MTU}
"""The environment of the pods."""

NO_TOOL = "printf '%s no-tool\\n' \"$mark\"; exit 0"


def ask_script(mark: str) -> str:
    """Ask all targets, each with a bound of its own; with C(IN_POD), PORT and NONCE in the environment."""
    return f"""mark={shlex.quote(mark)}
eval "$CLIENT"
eval "$TARGETS"
find_tool || {{ {NO_TOOL}; }}
each ask {AT_ONCE}"""


def mtu_script(mark: str) -> str:
    """Find out for each target how large a packet reaches it in one piece; environment as for C(ask_script)."""
    return f"""mark={shlex.quote(mark)}
eval "$MTU"
eval "$TARGETS"
find_way || {{ {NO_TOOL}; }}
own_mtu
each measure {AT_ONCE}"""


def reach_script(mark: str, url: str, host: str, port: int) -> str:
    """Open a connection to C(url); environment as for C(ask_script)."""
    settings = {"URL": url, "HOST": host, "PORT": str(port), "mark": mark}
    lines = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    return "\n".join([*lines, 'eval "$CLIENT"', 'eval "$REACH"'])
