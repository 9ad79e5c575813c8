"""One request through a transport of httpx, and what comes of it in alertd's words."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from anyio.lowlevel import checkpoint

from alertd.http import HttpError, Reply
from alertd.http.bodies import read
from alertd.http.faults import explain
from alertd.http.transport import Direct

Outcome = Reply | tuple[str, str]  # or the kind of an error, and its sentence
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

MOST = 10_000_000


@asynccontextmanager
async def talking(talk: Talk, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The URL of a server that talks like this, as long as the context lasts; what it leaves open is closed."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        talks.add(task)
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            talks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0)
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.sockets[0].getsockname()[1]}/x"
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await turns()


def sockets() -> list[str]:
    """What sockets this process has open."""
    links = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder's own
            links.append(str(one.readlink()))
    return sorted(name for name in links if name.startswith("socket:"))


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """What happens in it leaves no socket open, and no task at work."""
    before, tasks = sockets(), asyncio.all_tasks()
    yield
    await turns(20)
    assert sockets() == before
    assert asyncio.all_tasks() == tasks


async def turns(count: int = 5) -> None:
    """Let everything happen that can happen now: what loopback was given is there at the next look."""
    for _ in range(count):
        await checkpoint()


def saying(*parts: bytes, stays: bool = False) -> Talk:
    """Answer the first request with these bytes, part by part, and hang up, or stay."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        for part in parts:
            writer.write(part)
            await turns()
        if stays:
            await asyncio.Event().wait()
        writer.close()
        await turns()

    return talk


async def heard(reader: asyncio.StreamReader) -> bytes:
    """The next request, which says how long it is."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, after = head.lower().partition(b"content-length: ")
    return head + await reader.readexactly(int(after.partition(b"\r\n")[0] or 0))


def request(url: str, method: str = "POST", body: bytes = b"said", **headers: str) -> httpx.Request:
    return httpx.Request(method, url, headers=headers, content=body)


async def outcome(way: httpx.AsyncBaseTransport, asked: httpx.Request, seconds: float = 10.0) -> Outcome:
    """What comes of it; the way stays open."""
    try:
        async with asyncio.timeout(seconds):
            answer = await way.handle_async_request(asked)
            try:
                return Reply(answer.status_code, dict(answer.headers.items()), await read(answer, MOST))
            finally:
                await answer.aclose()
    except HttpError as error:
        return error.kind, str(error)
    except TimeoutError:
        return "timeout", ""
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
        told = explain(problem)
        return told.kind, str(told)


@asynccontextmanager
async def way_to(talk: Talk) -> AsyncIterator[tuple[Direct, str]]:
    """A way to a server that talks like this, and its URL; nothing is left of it."""
    async with nothing_left(), talking(talk) as url, Direct(ssl.create_default_context()) as way:
        yield way, url
