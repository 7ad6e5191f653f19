# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a request ends: within its time, or with an error in a few words. Private to this collection, may change at any time."""

from __future__ import annotations

import queue
import threading
import typing as t

TIMED_OUT = "timed out"


def within(seconds: float, act: t.Callable[[], t.Any]) -> t.Any:
    """What C(act) returns or raises; TimeoutError if it takes longer. Its thread then ends with the process, at the latest."""
    done: queue.SimpleQueue[tuple[t.Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((act(), None))
        except BaseException as error:  # noqa: BLE001 it is raised where it is waited for
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(TIMED_OUT) from None
    if error is not None:
        raise error
    return value


def in_words(error: BaseException) -> str:
    """A transport error in a few words, without object addresses and class prefixes."""
    text = " ".join(str(getattr(error, "reason", None) or error).split())
    known = (
        ("CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted"),
        ("Connection refused", "connection refused"),
        ("Name or service not known", "the host name is unknown"),
        ("Temporary failure in name resolution", "the host name cannot be resolved"),
        ("No route to host", "no route to host"),
        ("timed out", TIMED_OUT),
        ("Connection reset", "the connection was reset"),
        ("Remote end closed", "the connection was closed"),
        ("UNEXPECTED_EOF", "the connection was closed"),
    )
    for sign, words in known:
        if sign.lower() in text.lower():
            return words
    return text[:200] or type(error).__name__
