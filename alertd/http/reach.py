"""Connections to whichever address of a host answers first, and TLS on them."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import httpx

from alertd.http.connection import Connection

_HEAD_START = 0.25  # seconds that an address has before the next one is tried, too (RFC 8305)

Address = tuple[int, Any]  # its family, and how that family writes it


async def reach(host: bytes, port: int, context: ssl.SSLContext | None) -> Connection:
    """A connection, with TLS if there is a context for it. Raises httpx.ConnectError with the OSError as its cause."""
    try:
        door = await first(list(_in_turn(await _addresses(host, port))))
        connection = await _opened(door)
        return await _secured(connection, context, host.decode()) if context else connection
    except OSError as problem:
        raise httpx.ConnectError("cannot connect") from problem


async def first(addresses: Sequence[Address]) -> socket.socket:
    """Connected to the one that answers first, while they begin one after the other. Raises OSError."""
    if len(addresses) == 1:
        return await _connected(addresses[0])
    tries: list[asyncio.Task[socket.socket | OSError]] = []
    door = kept = None
    try:
        async with asyncio.TaskGroup() as group:
            for number, address in enumerate(addresses, 1):
                tries.append(group.create_task(_try(address)))
                door = await _winner(tries, _HEAD_START if number < len(addresses) else None)
                if door:
                    break
            for late in tries:
                late.cancel()
        kept = door
    finally:
        ends = [one.result() for one in tries if not one.cancelled()]
        for end in ends:
            if isinstance(end, socket.socket) and end is not kept:
                end.close()
    if not kept:
        raise OSError("no address answers") from ExceptionGroup(
            "each", [one for one in ends if isinstance(one, OSError)]
        )
    return kept


async def _winner(tries: list[asyncio.Task[socket.socket | OSError]], patience: float | None) -> socket.socket | None:
    """Whoever connects before one fails or patience ends; without patience, before all fail."""
    running = {one for one in tries if not one.done()}
    while running:
        done, running = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for end in (one.result() for one in done):
            if isinstance(end, socket.socket):
                return end
        if patience:
            break
    return None


async def _try(address: Address) -> socket.socket | OSError:
    try:
        return await _connected(address)
    except OSError as problem:
        return problem


async def _connected(address: Address) -> socket.socket:
    family, place = address
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # only then does asyncio set TCP_NODELAY
    try:
        door.settimeout(0)
        await asyncio.get_running_loop().sock_connect(door, place)
    except BaseException:
        door.close()
        raise
    return door


async def _addresses(host: bytes, port: int) -> list[Address]:
    """What the host is called, in the order of preference. Raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)  # asks nobody
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, place) for family, *_, place in found]


def _in_turn(addresses: list[Address]) -> Iterator[Address]:
    """One of each family after the other, because one of the two may lead nowhere at all."""
    preferred = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    for pair in zip_longest(preferred, others):
        yield from filter(None, pair)


async def _opened(door: socket.socket) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, sock=door)
    return connection


async def _secured(connection: Connection, context: ssl.SSLContext, host: str) -> Connection:
    """The same with TLS. A server that ends the connection in the middle has its reasons in TLS, as a rule."""
    try:
        await connection.secure(context, host)
    except BaseException as problem:
        if isinstance(problem, ConnectionResetError) and not problem.errno:  # asyncio's word for an end
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "UNEXPECTED_EOF while TLS began") from None
        raise
    return connection
