# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains in memory, changed by the arguments of iptables."""

from __future__ import annotations

import re

BUILT_IN = {"nat": ("PREROUTING", "POSTROUTING")}


class FakeIptables:
    """One table or several; rules are kept as text."""

    def __init__(self) -> None:
        self.chains: dict[tuple[str, str], list[str]] = {
            (table, chain): [] for table, chains in BUILT_IN.items() for chain in chains
        }

    def __call__(self, *argv: str) -> bool:
        _t, table, verb, chain, *words = argv
        key, rule = (table, chain), " ".join(words)
        if verb == "-N":
            new = key not in self.chains
            self.chains.setdefault(key, [])
            return new
        if key not in self.chains:
            return False
        rules = self.chains[key]
        if verb == "-A":
            rules.append(rule)
        elif verb == "-I":
            rules.insert(0, rule)
        elif verb == "-F":
            rules.clear()
        elif verb == "-X":
            return self._delete_chain(key)
        elif rule not in rules:
            return False
        elif verb == "-D":
            rules.remove(rule)
        return True

    def _delete_chain(self, key: tuple[str, str]) -> bool:
        """Refused while the chain has rules or is jumped to, as the kernel does."""
        jumped = any(re.search(rf"-j {re.escape(key[1])}$", rule) for rules in self.chains.values() for rule in rules)
        if jumped or self.chains[key]:
            return False
        del self.chains[key]
        return True

    def saved(self, table: str, words: str) -> list[str]:
        """Rules in the form of iptables-save of every chain that has one of the words in its name or rules."""
        lines = [
            f"-A {chain} {rule}" for (where, chain), rules in self.chains.items() if where == table for rule in rules
        ]
        return [line for line in lines if re.search(words, line)]
