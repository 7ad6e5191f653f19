# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated lighthouse DNS server: answers the clusterset's names by UDP and TCP."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from pathlib import Path
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.simulator import component, crds, names
from tests.simulator.component import Fatal
from tests.simulator.kube import Follower, Kube, Object, custom, path
from tests.simulator.lighthouse import records
from tests.simulator.lighthouse.resolver import Directory, asked_for

COREFILE = "/etc/coredns/Corefile"
PORT = 53
TTL = 5
TCP_SECONDS = 10
TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.SRV)

log = logging.getLogger("dns")


def zones_of(corefile: str) -> list[dns.name.Name]:
    """The zones that a Corefile has stanzas for."""
    return [dns.name.from_text(zone) for zone in re.findall(r"^(\S+?)(?::\d+)? *{", corefile, re.MULTILINE)]


def answer(query: dns.message.Message, zones: list[dns.name.Name], directory: Directory) -> dns.message.Message:
    """The reply to one question. Of the types that exist for a service only A has something to say."""
    reply = dns.message.make_response(query)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        reply.set_rcode(dns.rcode.NOTIMP)
        return reply
    question = query.question[0]
    zone = next((zone for zone in zones if question.name.is_subdomain(zone)), None)
    if zone is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return reply
    reply.flags |= dns.flags.AA
    if question.rdtype not in TYPES:
        reply.set_rcode(dns.rcode.NOTIMP)
        return reply
    labels = [label.decode().lower() for label in question.name.relativize(zone).labels]
    asked = asked_for(labels)
    found = directory.resolve(asked) if asked else None
    if found is None or not found.found:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    elif found.address and question.rdtype == dns.rdatatype.A:
        reply.answer.append(dns.rrset.from_text(question.name, TTL, dns.rdataclass.IN, dns.rdatatype.A, found.address))
    return reply


class Server(asyncio.DatagramProtocol):
    """Datagrams are answered as they come, streams question by question."""

    def __init__(self, zones: list[dns.name.Name], directory: Directory) -> None:
        self.zones = zones
        self.directory = directory
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self.reply(data)
        if reply and self.transport:
            self.transport.sendto(reply, addr)

    def reply(self, data: bytes) -> bytes:
        """Nothing where the question cannot be read."""
        try:
            return answer(dns.message.from_wire(data), self.zones, self.directory).to_wire()
        except (dns.exception.DNSException, UnicodeDecodeError) as error:
            log.warning("unreadable question: %s", error)
            return b""

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(TCP_SECONDS):
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    reply = self.reply(await reader.readexactly(size))
                if not reply:
                    break
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        finally:
            writer.close()


def follow(kube: Kube, directory: Directory) -> list[Follower]:
    """Keep the directory as the cluster is."""

    async def imports(kind: str, item: Object) -> None:
        directory.import_changed(kind, item)

    async def slices(kind: str, item: Object) -> None:
        if records.is_ours(item):
            directory.slice_changed(kind, item)

    async def gateways(kind: str, item: Object) -> None:
        if kind != "DELETED":
            directory.gateway_changed(item)

    return [
        Follower(kube, custom(crds.SERVICE_IMPORTS), imports),
        Follower(kube, path(records.SLICES, "endpointslices"), slices),
        Follower(kube, custom(crds.GATEWAYS, names.OPERATOR_NAMESPACE), gateways),
    ]


async def main() -> None:
    arguments = sys.argv[1:]
    file = Path(arguments[arguments.index("-conf") + 1] if "-conf" in arguments else COREFILE)
    zones = zones_of(file.read_text())
    if not zones:
        raise Fatal(f"{file} has no zone")
    kube = Kube.in_cluster()
    members = await kube.list(custom(crds.SUBMARINERS, names.OPERATOR_NAMESPACE))
    directory = Directory(os.environ["SUBMARINER_CLUSTERID"], all_connected=not members)
    server = Server(zones, directory)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: server, local_addr=("0.0.0.0", PORT))
    streams = await asyncio.start_server(server.stream, "0.0.0.0", PORT)
    log.info("serving %s", ", ".join(zone.to_text() for zone in zones))
    async with streams:
        await asyncio.gather(*(follower.run() for follower in follow(kube, directory)))


if __name__ == "__main__":
    component.banner(names.LIGHTHOUSE_COREDNS)
    component.run(main())
