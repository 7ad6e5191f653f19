# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of a cluster's global network: single ones are taken from its end, blocks from its beginning."""

from __future__ import annotations

import ipaddress

from tests.simulator.workqueue import Again

SMALLEST = 4  # addresses, two of them unusable


class Exhausted(Again):
    """There are not enough addresses left."""


class Pool:
    """The addresses that are left."""

    def __init__(self, cidr: str) -> None:
        self.network = ipaddress.IPv4Network(cidr)
        if self.network.num_addresses < SMALLEST:
            raise ValueError(f"invalid prefix for CIDR {cidr}")
        self._first = int(self.network.network_address) + 1
        self._last = int(self.network.broadcast_address) - 1
        self._taken: set[int] = set()

    def allocate(self, count: int) -> list[str]:
        """Addresses one after the other."""
        numbers = self._single() if count == 1 else self._block(count)
        self._taken.update(numbers)
        return [str(ipaddress.IPv4Address(number)) for number in numbers]

    def _single(self) -> range:
        number = self._last
        while number in self._taken:
            number -= 1
        if number < self._first:
            raise Exhausted("insufficient IPs available for allocation")
        return range(number, number + 1)

    def _block(self, count: int) -> range:
        start = self._first
        while start + count - 1 <= self._last:
            hit = next((n for n in range(start + count - 1, start - 1, -1) if n in self._taken), None)
            if hit is None:
                return range(start, start + count)
            start = hit + 1
        raise Exhausted(f"unable to allocate a contiguous block of {count} IPs")

    def reserve(self, addresses: list[str]) -> bool:
        """Take exactly these; False where one is taken already or of another network."""
        numbers = {int(ipaddress.IPv4Address(address)) for address in addresses}
        if numbers & self._taken or any(not self._first <= number <= self._last for number in numbers):
            return False
        self._taken |= numbers
        return True

    def release(self, addresses: list[str]) -> None:
        self._taken -= {int(ipaddress.IPv4Address(address)) for address in addresses}
