# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's side of a command in a container: a WebSocket with a channel for each stream and one for the end."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import typing as t

PROTOCOL = "v4.channel.k8s.io"
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
STDIN, STDOUT, STDERR, STATUS = 0, 1, 2, 3
BINARY, CLOSE = 2, 8

Command = t.Callable[[list[str], str], "tuple[int, str, str]"]
"""Gets the words of a command and its input, gives exit code, output and error output."""


def accept(key: str) -> dict[str, str]:
    """Headers of the answer that makes the connection a WebSocket."""
    digest = hashlib.sha1(f"{key}{MAGIC}".encode(), usedforsecurity=False).digest()
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
        "Sec-WebSocket-Protocol": PROTOCOL,
    }


def _frame(opcode: int, payload: bytes) -> bytes:
    head = 0x80 | opcode  # the only frame of its message
    if len(payload) < 126:
        return struct.pack("!BB", head, len(payload)) + payload
    return struct.pack("!BBH", head, 126, len(payload)) + payload


def message(stream: t.BinaryIO) -> str:
    """The input in one message of a client, which masks it."""
    _opcode, size = struct.unpack("!BB", stream.read(2))
    length = size & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", stream.read(2))
    mask = stream.read(4)
    data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(stream.read(length)))
    assert data[0] == STDIN
    return data[1:].decode()


def frames(command: Command, argv: list[str], stdin: str) -> t.Iterator[bytes]:
    """What the server sends: output in pieces, the status, and goodbye."""
    code, out, err = command(argv, stdin)
    for channel, text in ((STDOUT, out), (STDERR, err)):
        data = text.encode()
        for start in range(0, len(data), 1000):
            yield _frame(BINARY, bytes([channel]) + data[start : start + 1000])
    status: dict[str, t.Any] = {"metadata": {}, "status": "Success"}
    if code:
        causes = [{"reason": "ExitCode", "message": str(code)}]
        status = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
        status["message"] = f"command terminated with non-zero exit code: exit status {code}"
    yield _frame(BINARY, bytes([STATUS]) + json.dumps(status).encode())
    yield _frame(CLOSE, struct.pack("!H", 1000))
