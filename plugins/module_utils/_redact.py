# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of text that others wrote. Pure. Private to this collection, may change at any time."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence

HIDDEN = "<hidden>"

# Shorter words are no secrets, and hiding them would make text unreadable.
_SHORTEST = 6

# What follows these is secret; what follows the others after "name: " may be a sentence.
_ALWAYS = r"passw(?:or)?d|psk|pre-?shared-?key|api[-_]?key|private[-_]?key"
_ALWAYS += r"|(?:client-)?(?:key|certificate)(?:-authority)?-data|ca\.crt|tls\.(?:key|crt)"
_MOSTLY = r"token|secret|authorization|credentials?"
_NO_WORD = r"(?=[\"']|\S*\d)(?=\S{12})"


def _assignment(names: str, after_blank: str) -> t.Pattern[str]:
    """name=value, name:value, and name: value where `after_blank` holds."""
    key = r"((?:" + names + r")[\w-]{0,40}[\\\"']{0,2}(?:\s?=\s?|:|:\s" + after_blank + r"))"
    return re.compile(key + r"(?:\\?\"[^\"]*\"?|'[^']*'?|[^\s,;}\"'\]]{3,})", re.IGNORECASE)


_PATTERNS: tuple[tuple[t.Pattern[str], str], ...] = (
    # PEM, on one line or on many, with real or with written line ends; a cut one reaches to the end.
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), HIDDEN),
    # The Data of a Secret as Go prints it.
    (re.compile(r"\[\]u?(?:int8|byte)\{[^}]*\}?"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 " + HIDDEN),
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*)*"), HIDDEN),
    (re.compile(r"(://)[^/@\s:\"']*:[^/@\s\"']*@"), r"\1" + HIDDEN + "@"),
    (_assignment(_ALWAYS, ""), r"\1" + HIDDEN),
    (_assignment(_MOSTLY, _NO_WORD), r"\1" + HIDDEN),
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")


def hide(words: str, secrets: Sequence[str]) -> str:
    """`words` without any of `secrets`; the longest first, as one may hold another."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            words = words.replace(secret, HIDDEN)
    return words


def redact(words: str, secrets: Sequence[str] = ()) -> str:
    """`words` without `secrets`, and without what looks like a token, a key, a certificate or a password."""
    words = hide(words, secrets)
    for pattern, instead in _PATTERNS:
        words = pattern.sub(instead, words)
    return _ENCODED.sub(_unless_a_name, words)


def _unless_a_name(match: t.Match[str]) -> str:
    """Encoded bytes mix upper case, lower case and digits; names, paths and checksums of images do not."""
    run = match.group(0)
    mixed = any(c.isupper() for c in run) and any(c.islower() for c in run) and any(c.isdigit() for c in run)
    return HIDDEN if mixed else run
