# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside the pods of the port probe: shell, as data. Private to this collection, may change at any time.

The scripts need a POSIX shell, and one of several programs to answer (python3, socat, ncat, nc, busybox) and to ask (these,
and bash). That a port is held, by us or by something else, is found in the kernel's own tables, so that needs none of them.
Of the clients that come in several kinds one is used after it has fetched the answer of a port of its own node. Scripts travel
in the pod's environment, targets come by standard input, so that one exec with a short address serves any number of targets.

Environment: PORTS (lines C(protocol number)), NONCE (the word of every answer), FOLDER (where notes are kept).
"""

from __future__ import annotations

import shlex

AT_ONCE = 16
"""Targets that one pod asks at the same time."""

# What the kernel knows, whatever a firewall hides: who holds a port, which of Submariner's links and programs are on this node.
LOOK = """
net=${NET:-/proc/net}
held() {
  hex=$(printf '%04X' "$2")
  for table in "$net/$1" "$net/${1}6"; do
    [ -r "$table" ] || continue
    while read -r slot local remote state queues timers retransmits user timeout inode rest; do
      case "$local" in *:"$hex") ;; *) continue ;; esac
      [ "$1" != tcp ] || [ "$state" = 0A ] || continue
      printf '%s\\n' "$inode"
      return 0
    done < "$table"
  done
  return 1
}
holder() {
  for directory in /proc/[0-9]*; do
    case "$(ls -l "$directory/fd" 2>/dev/null)" in
      *"socket:[$1]"*)
        IFS= read -r name < "$directory/comm"
        printf '%s %s' "${directory#/proc/}" "$name"
        return ;;
    esac
  done
  # What no program holds is the kernel's own, if all programs could be looked at.
  if ls /proc/1/fd/ >/dev/null 2>&1; then printf '0 kernel'; else printf -- '- unknown'; fi
}
links() {
  while read -r name rest; do
    case "$name" in vx-submariner:*|vxlan-tunnel:*|submariner:*) printf '%s link %s\\n' "$mark" "${name%%:*}" ;; esac
  done < "$net/dev"
}
agents() {
  for file in /proc/[0-9]*/comm; do
    if IFS= read -r name 2>/dev/null < "$file"; then
      # The kernel keeps 15 characters of a program's name.
      case "$name" in submariner-gate*|submariner-rout*) printf '%s agent %s\\n' "$mark" "$name" ;; esac
    fi
  done
}
"""

SERVE = """
mkdir -p "$FOLDER"
eval "$LOOK"
PORTS=$(printf '%s\\n' "$PORTS" | while read -r protocol number; do
  [ -n "$protocol" ] || continue
  if [ "$protocol" != esp ] && inode=$(held "$protocol" "$number"); then
    printf 'taken %s\\n' "$(holder "$inode")" > "$FOLDER/state-$protocol-$number"
  else
    : > "$FOLDER/heard-$protocol-$number"
    printf '%s %s\\n' "$protocol" "$number"
  fi
done); export PORTS
state() { printf '%s\\n' "$3" > "$FOLDER/state-$1-$2"; }
# A packet has to be taken in one piece, which no shell's own read does.
HEAR='dd bs=2048 count=1 2>/dev/null >> "$FILE"; printf "%s\\n" "$NONCE"'; export HEAR NONCE FOLDER
if command -v python3 >/dev/null 2>&1; then
  printf '%s\\n' "$PORTS" | while read -r protocol number; do
    [ -z "$protocol" ] || state "$protocol" "$number" serving
  done
  exec python3 -c '
import os, selectors, socket, time
folder, nonce = os.environ["FOLDER"], os.environ["NONCE"].encode() + b"\\n"
poll = selectors.DefaultSelector()

def note(path, asked):
    if asked.startswith(b"ask ") and os.path.getsize(path) < 1000000:
        with open(path, "ab") as out:
            out.write(asked.split(b"\\n")[0] + b"\\n")
    return asked.startswith(b"ask ")

def packets(sock, path, header):
    asked, sender = sock.recvfrom(2048)
    if header:
        asked = asked[(asked[0] & 15) * 4:]
    if note(path, asked):
        sock.sendto(nonce, sender)

def calls(sock, path, header):
    call, _sender = sock.accept()
    with call:
        call.settimeout(2)
        if note(path, call.recv(2048)):
            call.sendall(nonce)

def bound(kind, number, protocol=0):
    for family, address in ((socket.AF_INET6, "::"), (socket.AF_INET, "")):
        if protocol and family == socket.AF_INET6:
            continue
        try:
            sock = socket.socket(family, kind, protocol)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, number))
            return sock
        except OSError as error:
            trouble = error
    raise trouble

for line in os.environ["PORTS"].splitlines():
    protocol, number = line.split()
    path = os.path.join(folder, "heard-%s-%s" % (protocol, number))
    try:
        if protocol == "esp":
            poll.register(bound(socket.SOCK_RAW, 0, 50), selectors.EVENT_READ, (packets, path, True))
        elif protocol == "udp":
            poll.register(bound(socket.SOCK_DGRAM, int(number)), selectors.EVENT_READ, (packets, path, False))
        else:
            sock = bound(socket.SOCK_STREAM, int(number))
            sock.listen(16)
            poll.register(sock, selectors.EVENT_READ, (calls, path, False))
    except OSError as error:
        with open(os.path.join(folder, "state-%s-%s" % (protocol, number)), "w") as out:
            out.write("cannot %s\\n" % error)
while True:
    if not poll.get_map():
        time.sleep(3600)
    for key, _events in poll.select():
        try:
            key.data[0](key.fileobj, key.data[1], key.data[2])
        except OSError:
            pass'
fi
one() {
  FILE="$FOLDER/heard-$1-$2"; export FILE
  u= listen=TCP6-LISTEN receive=TCP4-LISTEN
  if [ "$1" = udp ]; then u=-u listen=UDP6-RECVFROM receive=UDP4-RECVFROM; fi
  if command -v socat >/dev/null 2>&1; then
    state "$1" "$2" serving
    socat -T 3 "$listen:$2,ipv6only=0,fork,reuseaddr" SYSTEM:'eval \\"$HEAR\\"' 2>/dev/null ||
      socat -T 3 "$receive:$2,fork,reuseaddr" SYSTEM:'eval \\"$HEAR\\"' 2>/dev/null
  fi
  if command -v ncat >/dev/null 2>&1; then
    state "$1" "$2" serving
    ncat $u -l -k --sh-exec 'eval "$HEAR"' "$2" 2>/dev/null
  fi
  # One caller at a time, a second long: an asker tries more than once.
  while :; do
    for tool in "nc $u -w 1 -l -p $2" "nc $u -w 1 -l $2" "busybox nc $u -w 1 -l -p $2"; do
      command -v "${tool%% *}" >/dev/null 2>&1 || continue
      state "$1" "$2" serving
      while printf '%s\\n' "$NONCE" | $tool >> "$FILE" 2>/dev/null; do :; done
    done
    sleep 1
  done
}
printf '%s\\n' "$PORTS" | {
  while read -r protocol number; do
    case "$protocol" in
      '') ;;
      esp) state esp "$number" 'cannot no python3 in the image' ;;
      *) one "$protocol" "$number" & ;;
    esac
  done
  wait
}
while :; do sleep 3600; done
"""

CLIENT = """
with_python3() {
  python3 -c '
import socket, sys
kind, address, port, word, nonce = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5].encode()
family = socket.AF_INET6 if ":" in address else socket.AF_INET
kinds = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM, "esp": socket.SOCK_RAW}
try:
    with socket.socket(family, kinds[kind], 50 if kind == "esp" else 0) as asking:
        asking.settimeout(1)
        asking.connect((address, port))
        asking.sendall(b"ask " + word.encode() + b"\\n")
        for _packet in range(100):
            said = asking.recv(2048)
            if kind == "esp":
                said = said[(said[0] & 15) * 4:] if family == socket.AF_INET else said
                if not said.startswith(nonce):
                    continue
            sys.stdout.write(said.decode("ascii", "replace"))
            break
except socket.timeout:
    pass
except OSError as error:
    sys.exit(str(error))' "$@"
}
with_bash() {
  bash -c '
    exec 3<>"/dev/$0/$1/$2" || exit
    printf "ask %s\\n" "$3" >&3
    dd bs=2048 count=1 <&3 & job=$!
    ( sleep 1; kill $job ) >/dev/null 2>&1 & guard=$!
    wait $job 2>/dev/null
    kill $guard 2>/dev/null' "$@"
}
with_socat() {
  kind=$(printf '%s' "$1" | tr a-z A-Z)
  printf 'ask %s\\n' "$4" | socat -t 1 -T 1 - "$kind:$(bracketed "$2"):$3,connect-timeout=1"
}
# This one leaves with the end of its input, whether the answer has come or not.
with_ncat() { { printf 'ask %s\\n' "$4"; sleep 1; } | ncat $(u "$1") -w 1 "$2" "$3"; }
with_nc() { printf 'ask %s\\n' "$4" | nc $(u "$1") -w 1 "$2" "$3"; }
with_busybox() { printf 'ask %s\\n' "$4" | busybox nc $(u "$1") -w 1 "$2" "$3"; }
u() { [ "$1" != udp ] || printf -- -u; }
bracketed() { case "$1" in *:*) printf '[%s]' "$1" ;; *) printf '%s' "$1" ;; esac; }
once() {
  "with_$tool" "$@" > "$FOLDER/out-$number" 2> "$FOLDER/err-$number" & job=$!
  ( sleep 4; kill $job ) >/dev/null 2>&1 & guard=$!
  wait $job
  kill $guard 2>/dev/null
}
brief() { tr -c '[:print:]' ' ' < "$1" | tr -s ' ' | cut -c 1-160; }
fetch() {
  got=none refusal=
  for attempt in 1 2 3; do
    once "$2" "$3" "$4" "$6" "$5"
    case "$(brief "$FOLDER/out-$number")" in
      *"$5"*) got=ours; return ;;
      *[!\\ ]*) got=other ;;
    esac
    said=$(brief "$FOLDER/err-$number")
    case "$said" in
      # Believed the second time: a responder that takes a packet is deaf for a moment before it hears the next one.
      *efused*) [ -z "$refusal" ] || return; refusal=$said; sleep 1 ;;
      # Hosts send few of these in a second, and one says it all.
      *route*) return ;;
    esac
  done
  # An answer that hosts leave out to save packets does not take back what was said.
  [ -z "$refusal" ] || printf '%s\\n' "$refusal" > "$FOLDER/err-$number"
}
find_tool() {
  # These do what they say; of the others there are several kinds, and a firewall that closes the loopback hides their answer.
  tool=python3
  command -v python3 >/dev/null 2>&1 && return 0
  tool=bash
  command -v bash >/dev/null 2>&1 && command -v dd >/dev/null 2>&1 && bash -c 'exec 3<>/dev/udp/127.0.0.1/9' 2>/dev/null && return 0
  number=own
  for tool in socat ncat nc busybox; do
    [ -n "$own" ] && command -v $tool >/dev/null 2>&1 || continue
    for attempt in 1 2; do
      once $own own "$NONCE"
      case "$(brief "$FOLDER/out-$number")" in *"$NONCE"*) return 0 ;; esac
    done
  done
  tool=
  return 1
}
own=
for file in "$FOLDER"/state-udp-* "$FOLDER"/state-tcp-*; do
  if [ -r "$file" ] && IFS= read -r line < "$file" && [ "$line" = serving ]; then
    place=${file##*/state-}
    own="${place%%-*} 127.0.0.1 ${place#*-}"
    break
  fi
done
"""

# Targets as lines C(number protocol port address nonce word), a full stop ends them.
TARGETS = """
ask() {
  if [ "$2" = esp ] && [ "$tool" != python3 ]; then
    printf '%s target %s %s untried no python3 in the image\\n' "$mark" "$number" "$tool"
    return
  fi
  fetch "$1" "$2" "$4" "$3" "$5" "$6"
  printf '%s target %s %s %s %s\\n' "$mark" "$number" "$tool" "$got" "$(brief "$FOLDER/err-$number")"
}
count=0
while read -r number protocol port address nonce word && [ "$number" != . ]; do
  ask "$number" "$protocol" "$port" "$address" "$nonce" "$word" &
  count=$((count + 1))
  [ $((count % $at_once)) -ne 0 ] || wait
done
wait
printf '%s done\\n' "$mark"
"""

STATE = """
for file in "$FOLDER"/state-*; do
  [ -r "$file" ] || continue
  IFS= read -r line < "$file"
  place=${file##*/state-}
  if [ "$line" = serving ]; then
    case "$place" in
      esp-*) held raw 50 ;;
      *) held "${place%%-*}" "${place#*-}" ;;
    esac >/dev/null || line=starting
  fi
  printf '%s port %s %s %s\\n' "$mark" "${place%%-*}" "${place#*-}" "$line"
done
links
agents
printf '%s done\\n' "$mark"
"""

HEARD = """
for file in "$FOLDER"/heard-*; do
  [ -r "$file" ] || continue
  while read -r ask word rest; do
    [ "$ask" != ask ] || printf '%s heard %s\\n' "$mark" "$word"
  done < "$file"
done
printf '%s done\\n' "$mark"
"""

IN_POD = {"LOOK": LOOK, "SERVE": SERVE, "CLIENT": CLIENT, "TARGETS": TARGETS, "STATE": STATE, "HEARD": HEARD}
"""The environment of the pods."""


def state_script(mark: str) -> str:
    """What became of each port here, and what of Submariner is on the node."""
    return f"""mark={shlex.quote(mark)}
eval "$LOOK"
eval "$STATE" """


def ask_script(mark: str) -> str:
    """Ask all targets, each with a bound of its own."""
    return f"""mark={shlex.quote(mark)} at_once={AT_ONCE}
eval "$CLIENT"
find_tool || {{ printf '%s no-tool\\n' "$mark"; exit 0; }}
eval "$TARGETS" """


def heard_script(mark: str) -> str:
    """Whose questions came in here."""
    return f"""mark={shlex.quote(mark)}
eval "$HEARD" """
