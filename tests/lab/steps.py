# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress on the terminal: every step with its time, and a sign of life while a long one runs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SIGN_OF_LIFE = 30.0
_print_lock = threading.Lock()


def say(text: str) -> None:
    with _print_lock:
        print(f"lab: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    start = time.monotonic()
    done = threading.Event()

    def sign_of_life() -> None:
        while not done.wait(_SIGN_OF_LIFE):
            say(f"{text}: still running after {time.monotonic() - start:.0f} s")

    say(f"{text} ...")
    threading.Thread(target=sign_of_life, daemon=True).start()
    try:
        yield
    except BaseException:
        done.set()
        say(f"{text}: stopped after {time.monotonic() - start:.1f} s")
        raise
    done.set()
    say(f"{text}: {time.monotonic() - start:.1f} s")
