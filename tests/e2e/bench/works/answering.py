"""A server that answers every query with nothing, in this process, at as little cost as can be."""

import asyncio
import json
from typing import Any

from alertd.datasources.fusion import MARK

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


def _answer(*series: dict[str, Any]) -> bytes:
    body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": series}}).encode()
    return _HEAD % (len(body), body)


_NOTHING = _answer()
_CANARY = _answer(*({"metric": {MARK: str(at)}, "value": [0, str(at + 1)]} for at in range(2)))


class Answering(asyncio.Protocol):
    """One connection. It understands fused queries, as it says when it is asked."""

    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, _, body = self._read.partition(b"\r\n\r\n")
        if len(body) < int(head.lower().partition(b"content-length:")[2].split(maxsplit=1)[0] if body else b"1"):
            return
        self._read = b""
        self._transport.write(_CANARY if b"vector%281%29" in body else _NOTHING)
