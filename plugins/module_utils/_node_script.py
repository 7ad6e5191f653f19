# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell script that reads a node in one pass, the one that undoes a plan there, and what their output means.

Private to this collection, may change at any time. Pure. The scripts assume nothing but a POSIX shell: every tool is
looked for among the node's own (through nsenter, else chroot) and then beside the script; one that is nowhere is
reported, so that what could not be inspected is never taken for clean.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils import _dataplane as dataplane
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import NodeReading, Unreadable

Json = dict[str, t.Any]

MARK = "submariner-lifecycle"
NOT_FOUND = 127
ALARM = 128 + 14
NORTHBOUND = "OVN northbound database"
HOST_ROOT = "/host"

# How the script gets at the node's own tools: from a pod that shares the node's process table and mounts its root.
ENTER_NODE = f"""
enter=
if nsenter -t 1 -m -- sh -c : 2>/dev/null; then enter='nsenter -t 1 -m --'
elif chroot {HOST_ROOT} sh -c : 2>/dev/null; then enter='chroot {HOST_ROOT}'
fi
# The image's own iptables takes the lock that the node's takes.
XTABLES_LOCKFILE={HOST_ROOT}/run/xtables.lock; export XTABLES_LOCKFILE
"""
ON_NODE = """
enter=
"""

FUNCTIONS = """
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH
exec 4>&1
theirs() { [ -n "$enter" ] && $enter sh -c 'PATH=$PATH:/usr/sbin:/sbin; command -v "$1" >/dev/null 2>&1' sh "$1"; }
ours() { command -v "$1" >/dev/null 2>&1; }
has() { theirs "$1" || ours "$1"; }
there() { $enter sh -c 'PATH=$PATH:/usr/sbin:/sbin; exec "$@"' sh "$@"; }
here() { "$@"; }
attempt() {
  way=$1; name=$2; shift 2
  printf '%s begin %s\\n' "$mark" "$name"
  err=$( { $way "$@" >&4; } 2>&1 ); rc=$?
  printf '\\n%s end %s %s\\n' "$mark" "$name" "$rc"
  [ -z "$err" ] || printf '%s\\n' "$err" |
    while IFS= read -r line; do printf '%s note %s %s\\n' "$mark" "$name" "$line"; done
  return $rc
}
reach() {
  name=$1; shift; failed=127
  if theirs "$1"; then attempt there "$name" "$@" && return 0; failed=$?; fi
  if ours "$1"; then attempt here "$name" "$@" && return 0; failed=$?; fi
  [ $failed -ne 127 ] || printf '%s begin %s\\n\\n%s end %s 127\\n' "$mark" "$name" "$mark" "$name"
  return $failed
}
ovn_sought= ovn_socket= ovn_server= ovn_address=
# OVN's database is served in a container: its socket, its process, and the address that the process gave it there.
seek_ovn() {
  ovn_sought=yes
  for file in /proc/1/root/run/ovn-ic /proc/1/root/run/ovn /proc/1/root/run/openvswitch; do
    if [ -e $file/ovnnb_db.sock ]; then ovn_socket=$file/ovnnb_db.sock; break; fi
  done
  [ "$ovn_socket" ] || [ -e /proc/sys/net/ipv4/conf/ovn-k8s-mp0 ] || return 0
  for file in /proc/[0-9]*; do
    value=
    IFS= read -r value 2>/dev/null < "$file/comm"
    [ "$value" = ovsdb-server ] || continue
    value=
    # The words come without what parts them, and without a newline at the end.
    IFS= read -r value 2>/dev/null < "$file/cmdline"
    case "$value" in *ovnnb_db*) ;; *) continue ;; esac
    ovn_server="$ovn_server ${file##*/}" ovn_address=/var/run/ovn/ovnnb_db.sock
    case "$value" in *--remote=punix:*ovnnb_db.sock*)
      ovn_address=${value#*--remote=punix:} ovn_address=${ovn_address%%ovnnb_db.sock*}ovnnb_db.sock ;;
    esac
  done
  ovn_server=${ovn_server# }
}
no_ovn() { printf '%s\\n' "$1" >&2; return 1; }
# By the ovn-nbctl of the node, else by the one beside the server. Where OVN's database is not, nothing is said.
northbound() {
  name=$1; shift 2
  [ "$ovn_sought" ] || seek_ovn
  [ "$ovn_socket$ovn_server" ] || return 127
  if [ "$ovn_socket" ] && has ovn-nbctl; then reach "$name" ovn-nbctl "--db=unix:$ovn_socket" "$@" && return 0; fi
  case "$ovn_server" in
    '') has ovn-nbctl || attempt here "$name" no_ovn 'its socket is here, but no process serves it'; return 1 ;;
    *' '*) attempt here "$name" no_ovn "several processes serve one: $ovn_server"; return 1 ;;
  esac
  if has nsenter; then set -- nsenter -t "$ovn_server" -m -- ovn-nbctl "--db=unix:$ovn_address" "$@"
  else set -- chroot "/proc/$ovn_server/root" ovn-nbctl "--db=unix:$ovn_address" "$@"
  fi
  reach "$name" "$@"
}
run() { if [ "$2" = ovn-nbctl ]; then northbound "$@"; else reach "$@"; fi; }
"""

# Reads everything in one pass.
READ = """
run link ip -details -json link
for family in 4 6; do
  run rule$family ip -N -json -$family rule || run rule$family ip -json -$family rule
  run route$family ip -N -json -$family route show table all || run route$family ip -json -$family route show table all
done
run xfrm ip xfrm policy
run xfrm-states ip xfrm state list nokeys
for tool in iptables ip6tables; do
  found=
  for variant in $tool-nft $tool-legacy; do
    if has $variant-save; then found="$found $variant"; run $variant $variant-save; fi
  done
  case "$found" in *-nft*-legacy*) ;; *) run $tool $tool-save ;; esac
done
names() { [ ! -r "$1" ] || while IFS= read -r value; do printf '%s\\n' "$value"; done < "$1"; }
attempt here legacy4 names /proc/net/ip_tables_names
attempt here legacy6 names /proc/net/ip6_tables_names
run ipset ipset save
run nft-tables nft -j list tables
run nft-chains nft -j list chains
run nft-sets nft -j list sets
settings() {
  net=/proc/sys/net/ipv4
  for file in $net/ip_forward $net/tcp_mtu_probing $net/conf/*/rp_filter $net/conf/*/send_redirects; do
    if [ -r "$file" ]; then IFS= read -r value < "$file"; printf '%s = %s\\n' "${file#/proc/sys/}" "$value"; fi
  done
}
agents() {
  for file in /proc/[0-9]*/comm; do
    if IFS= read -r value 2>/dev/null < "$file"; then
      # The kernel keeps 15 characters of a program's name.
      case "$value" in submariner-gate*|submariner-rout*|submariner-glob*) printf '%s\\n' "$value" ;; esac
    fi
  done
}
attempt here sysctl settings
attempt here agents agents
ids=external_ids marked='external_ids:submariner!=[]'
run northbound ovn-nbctl --timeout=5 --no-leader-only --format=json \\
  -- --columns=_uuid,match,nexthop,$ids find logical_router_policy "$marked" \\
  -- --columns=_uuid,match,nexthop,$ids find logical_router_policy priority=20000 \\
  -- --columns=_uuid,ip_prefix,nexthop,$ids find logical_router_static_route "$marked" \\
  -- --columns=policies,static_routes find logical_router name=ovn_cluster_router
printf '%s done\\n' "$mark"
"""


@dataclass
class Section:
    """What one tool printed; C(rc) is its exit code, 127 when it is nowhere."""

    rc: int = NOT_FOUND
    text: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def cause(self) -> str:
        if self.rc == NOT_FOUND:
            return "not found on the node or in the image"
        if self.rc == ALARM:  # by which ovn-nbctl ends itself
            return "no answer in time"
        return (self.notes[0] if self.notes else f"exit code {self.rc}").strip()


def preamble(nonce: str, from_pod: bool) -> str:
    """What every script on a node begins with; C(nonce) keeps its marks apart from anything a tool prints."""
    return f"mark={shlex.quote(f'{MARK}-{nonce}')}\n{ENTER_NODE if from_pod else ON_NODE}{FUNCTIONS}"


def command_lines(commands: t.Sequence[t.Sequence[str]], first: int = 0) -> str:
    """Runs each command once, in order, whatever became of the ones before; section I(n) tells of the n-th."""
    lines = [
        f"run {number} {' '.join(shlex.quote(word) for word in argv)}" for number, argv in enumerate(commands, first)
    ]
    return "\n".join([*lines, "printf '%s done\\n' \"$mark\"\n"])


def sections(output: str, nonce: str) -> dict[str, Section]:
    """The output cut into sections; of several attempts the one that succeeded counts, else the last.

    Raises Unreadable when the script did not get to its end.
    """
    mark = f"{MARK}-{nonce}"
    found: dict[str, Section] = {}
    open_name, lines = "", []
    finished = False
    for line in output.replace("\r\n", "\n").split("\n"):
        words = line.split(" ", 3)
        if words[0] != mark:
            lines.append(line)
        elif words[1:2] == ["done"]:
            finished = True
        elif words[1:2] == ["begin"] and len(words) == 3:
            open_name, lines = words[2], []
        elif words[1:2] == ["end"] and len(words) == 4 and words[2] == open_name and words[3].isdigit():
            if open_name not in found or found[open_name].rc != 0:
                found[open_name] = Section(int(words[3]), "\n".join(lines[:-1] if lines[-1:] == [""] else lines))
            open_name = ""
        elif words[1:2] == ["note"] and len(words) == 4 and words[2] in found:
            found[words[2]].notes.append(words[3])
    if not finished:
        raise Unreadable("the script on the node ended early")
    return found


def reading(found: dict[str, Section]) -> NodeReading:
    """The sections of read_script() as one NodeReading; what is missing stands in C(unread)."""
    unread: dict[str, str] = {}

    def layer(name: str, section: str, parse: t.Callable[[str], t.Any], *none: str) -> t.Any:
        part = found.get(section, Section())
        if part.rc != 0 and not (none and re.search("|".join(none), "\n".join(part.notes), re.I)):
            unread.setdefault(name, part.cause)
            return ()
        try:
            return parse(part.text if part.rc == 0 else "")
        except Unreadable as error:
            unread.setdefault(name, str(error))
            return ()

    no_ipv6 = "address family not supported|unknown family"
    links = layer("links", "link", dataplane.links)
    rules = (
        *layer("rules", "rule4", dataplane.rules),
        *layer("rules", "rule6", lambda text: dataplane.rules(text, 6), no_ipv6),
    )
    routes = (
        *layer("routes", "route4", dataplane.routes),
        *layer("routes", "route6", lambda text: dataplane.routes(text, 6), no_ipv6),
    )
    rulesets = [ruleset for family in (4, 6) for ruleset in _rulesets(found, family, unread)]
    nft = [
        entry
        for section in ("nft-tables", "nft-chains", "nft-sets")
        for entry in layer("nftables", section, dataplane.nft_entries)
    ]
    return NodeReading(
        links=links,
        rules=rules,
        routes=routes,
        rulesets=tuple(rulesets),
        ipsets=layer("ipsets", "ipset", dataplane.ipsets, "module.* not found|protocol not supported"),
        nft_tables=dataplane.nft_tables(nft),
        xfrm=layer("xfrm", "xfrm", dataplane.xfrm_policies, "protocol not supported"),
        xfrm_states=layer("xfrm", "xfrm-states", dataplane.xfrm_states, "protocol not supported"),
        sysctls=layer("sysctls", "sysctl", dataplane.sysctls),
        agents=tuple(sorted(set(found.get("agents", Section()).text.split()))),
        # Only a node that serves it says anything of it.
        northbound=layer(NORTHBOUND, "northbound", dataplane.northbound) if "northbound" in found else None,
        unread=unread,
    )


def _rulesets(found: dict[str, Section], family: int, unread: dict[str, str]) -> list[dataplane.Ruleset]:
    """Both backends of one family. Each is read by its own tool, or by the plain one when that is of this backend."""
    tool = "iptables" if family == 4 else "ip6tables"
    seen: dict[str, dataplane.Ruleset] = {}
    trouble: dict[str, str] = {}
    for name in (f"{tool}-nft", f"{tool}-legacy", tool):
        part = found.get(name)
        if part is None:
            continue
        try:
            if part.rc != 0:
                raise Unreadable(f"{name}-save: {part.cause}")
            parsed = dataplane.ruleset(part.text, name, family)
        except Unreadable as error:
            trouble[name] = str(error)
            continue
        seen.setdefault(parsed.backend, parsed)
    legacy_tables = found.get(f"legacy{family}", Section())
    # The kernel itself says which tables of the legacy backend exist; no file means none.
    if "legacy" not in seen and legacy_tables.rc == 0 and legacy_tables.text.strip():
        nowhere = f"{tool}-legacy-save not found on the node or in the image"
        unread[f"{tool} (legacy)"] = trouble.get(f"{tool}-legacy", nowhere)
    if "nft" not in seen and (trouble or found.get("nft-chains", Section()).rc != 0) and "legacy" not in seen:
        unread[tool] = next(iter(trouble.values()), f"{tool}-save not found on the node or in the image")
    return list(seen.values())
