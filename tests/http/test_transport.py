"""The way to a server: kept while it is good, closed once anything is odd, patient with the slow, and bounded."""

import asyncio
import ssl

import httpx
import pytest

from alertd.http import Reply, connection
from alertd.http.requests import Heads
from alertd.http.transport import Direct
from tests.http.asking import heard, outcome, request, saying, talking, turns, way_to

pytestmark = pytest.mark.anyio

CONTEXT = ssl.create_default_context()
OK = b"HTTP/1.1 200 OK\r\n"
FINE = OK + b"Content-Length: 2\r\n\r\nok"
SAID = Reply(200, {"content-length": "2"}, b"ok")
ENDED = ("unreachable", "the server ended the connection before its answer was complete")
LONG = b"x" * 20_000_000


class Counting:
    """Answers every request alike, and counts connections and requests."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.connections, self.requests = answers or (FINE,), 0, 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            await heard(reader)
            writer.write(self.answers[min(self.requests, len(self.answers) - 1)])
            self.requests += 1
            await writer.drain()


# What is kept


async def test_a_connection_is_kept() -> None:
    server = Counting()
    async with way_to(server) as (way, url):
        assert [await outcome(way, request(url)) for _ in range(5)] == [SAID] * 5
    assert (server.connections, server.requests) == (1, 5)


@pytest.mark.parametrize(
    "said",
    [
        FINE + b"more",
        FINE + FINE,
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_one_that_may_not_be_in_step_is_not(said: bytes) -> None:
    server = Counting(said)
    async with way_to(server) as (way, url):
        for _ in range(2):
            reply = await outcome(way, request(url))
            assert isinstance(reply, Reply)
            assert reply.body == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize("said", [b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"rubbish", b"\r\n"])
async def test_one_on_which_something_came_unasked_is_not(said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(writer)
        await Counting()(reader, writer)

    talks: list[asyncio.StreamWriter] = []
    async with way_to(talk) as (way, url):
        for seen in (False, True):  # by the loop, or only by who asks
            await outcome(way, request(url))
            talks[-1].write(said)
            await turns(5 * seen)
            assert await outcome(way, request(url)) == SAID
    assert len(talks) == 3


async def test_one_that_the_server_closed_is_not() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(writer)
        await Counting()(reader, writer)

    talks: list[asyncio.StreamWriter] = []
    async with way_to(talk) as (way, url):
        for seen in (False, True):
            await outcome(way, request(url))
            talks[-1].transport.abort()
            await turns(1 + 5 * seen)
            assert await outcome(way, request(url)) == SAID
    assert len(talks) == 3


async def test_a_request_whose_kept_connection_breaks_is_not_repeated() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (FINE, b""):
            requests.append(await heard(reader))
            writer.write(answer)

    requests: list[bytes] = []
    async with way_to(talk) as (way, url):
        assert await outcome(way, request(url)) == SAID
        assert await outcome(way, request(url)) == ENDED
        assert len(requests) == 2
        assert await outcome(way, request(url)) == SAID


async def test_an_idle_one_closes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(FINE)
        assert await reader.read() == b""
        ended.set()

    ended = asyncio.Event()
    monkeypatch.setattr(connection, "IDLE", 0.01)
    async with way_to(talk) as (way, url):
        await outcome(way, request(url))
        await ended.wait()


async def test_one_that_was_idle_for_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Counting()
    monkeypatch.setattr(connection, "IDLE", -1.0)
    async with way_to(server) as (way, url):
        for _ in range(3):
            await outcome(way, request(url))
    assert server.connections == 3


async def test_one_whose_answer_is_packed_is_kept() -> None:
    packed = bytes.fromhex("1f8b0800000000000003cbcf0600") + bytes.fromhex("47dddc7902000000")
    said = OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    server = Counting(said % (len(packed), packed))
    async with way_to(server) as (way, url):
        for _ in range(2):
            reply = await outcome(way, request(url))
            assert isinstance(reply, Reply)
            assert reply.body == b"ok"
    assert server.connections == 1


async def test_two_servers_are_kept_and_no_more() -> None:
    servers = [Counting() for _ in range(3)]
    async with (
        talking(servers[0]) as one,
        talking(servers[1]) as two,
        talking(servers[2]) as three,
        Direct(CONTEXT) as way,
    ):
        for url in (one, two, one, two, three, two, one):
            assert await outcome(way, request(url)) == SAID
    assert [server.connections for server in servers] == [2, 1, 1]


async def test_whoever_asks_while_another_reads_does_no_harm() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(writer)
        await heard(reader)
        writer.write(FINE[:-1])
        await rest.wait()
        writer.write(FINE[-1:])
        await asyncio.Event().wait()

    talks: list[asyncio.StreamWriter] = []
    rest = asyncio.Event()
    others = [Counting(), Counting()]
    async with way_to(talk) as (way, url), talking(others[0]) as one, talking(others[1]) as two:
        answers = [await way.handle_async_request(request(url)) for _ in range(2)]
        for other in (one, two, one):
            assert await outcome(way, request(other)) == SAID
        rest.set()
        for answer in answers:
            assert await answer.aread() == b"ok"
            await answer.aclose()
    assert len(talks) == 2


# What is not sent


@pytest.mark.parametrize(
    "odd",
    [
        {"X": "hush\r\nX-Evil: 1"}, {"X": "hush\n"}, {"X": " hush"}, {"X": "hush "}, {"X": "hush\0"}, {"X hush": "1"},
        {"X:": "hush"}, {"": "hush"}, {"X\r\nhush": "1"}, {"Content-Length": "3"}, {"Content-Length": "4, 4"},
        {"Transfer-Encoding": "chunked"},
    ],
)  # fmt: skip
async def test_what_could_be_read_as_something_else(odd: dict[str, str]) -> None:
    server = Counting()
    async with way_to(server) as (way, url):
        with pytest.raises(httpx.LocalProtocolError) as caught:
            await way.handle_async_request(request(url, **odd))
    assert "hush" not in str(caught.value)
    assert server.connections == 0


@pytest.mark.parametrize("method", ["", "GET /", "P\r\nOST", "PÖST"])
async def test_methods_that_are_none(method: str) -> None:
    server = Counting()
    async with way_to(server) as (way, url):
        assert await outcome(way, request(url, method)) == (
            "broken",
            "the URL, a secret or a header has a character it cannot have",
        )
    assert server.connections == 0


async def test_secrets_are_not_kept_for_longer_than_others_need_them() -> None:
    heads = Heads()
    for secret in (b"hush", b"psst"):
        assert secret in heads.head(request("http://a/", Authorization=secret.decode()), 4)
    assert b"psst" in repr(heads._lines).encode()
    assert b"hush" not in repr(heads._lines).encode()


async def test_a_second_host_or_none() -> None:
    server = Counting()
    async with way_to(server) as (way, url):
        for hosts in ([], [("Host", "a"), ("Host", "b")]):
            odd = request(url)
            odd.headers = httpx.Headers([*hosts, ("Content-Length", "4")])
            with pytest.raises(httpx.LocalProtocolError):
                await way.handle_async_request(odd)
    assert server.connections == 0


@pytest.mark.parametrize(
    "url", ["http://", "/x", "hush", "ftp://127.0.0.1/", "ws://127.0.0.1/", "http://127.0.0.1:65536/"]
)
async def test_urls_that_lead_nowhere(url: str) -> None:
    async with Direct(CONTEXT) as way:
        assert await outcome(way, request(url)) == ("broken", "not a usable URL")


async def test_what_is_sent() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await heard(reader))
        writer.write(FINE)

    sent: list[bytes] = []
    async with talking(talk, "::1") as url, Direct(CONTEXT) as way:
        place = httpx.URL(url).netloc
        await outcome(way, request(f"{url}/ä b?c=d&e=%20", **{"X-Y": "a\tb"}))
        await outcome(way, request(url, "GET", b""))
    assert sent == [
        b"POST /x/%%C3%%A4%%20b?c=d&e=%%20 HTTP/1.1\r\nHost: %b\r\nX-Y: a\tb\r\nContent-Length: 4\r\n\r\nsaid" % place,
        b"GET /x HTTP/1.1\r\nHost: %b\r\n\r\n" % place,
    ]


# Deadlines, wherever they come


@pytest.mark.parametrize("stops", ["sending", "waiting", "in the headers", "in the body", "in an endless body"])
async def test_a_deadline_closes_the_connection(stops: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if stops == "sending":
            await reader.read(1)
        else:
            await heard(reader)
        said = {"in the headers": OK, "in the body": FINE[:-1], "in an endless body": OK + b"\r\nhalf"}
        writer.write(said.get(stops, b""))
        begun.set()
        try:
            while await reader.read(1 << 20):
                pass
        finally:
            gone.set()

    begun, gone = asyncio.Event(), asyncio.Event()
    body = LONG if stops == "sending" else b"said"
    async with way_to(talk) as (way, url):
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(outcome(way, request(url, body=body)))
            await begun.wait()
            await turns()
            asking.cancel()
        await gone.wait()


async def test_whoever_stops_reading_need_not_close() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(FINE[:-1])
        while await reader.read():
            pass
        gone.set()

    gone = asyncio.Event()
    async with way_to(talk) as (way, url):
        answer = await way.handle_async_request(request(url))
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(answer.aread())
            await turns()
            reading.cancel()
        await gone.wait()


async def test_cancelled_at_every_turn() -> None:
    """Whatever a request waits for when it is cut off, the next one on the same way is not harmed."""
    server = Counting()
    async with way_to(server) as (way, url):
        for turn in range(40):
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(outcome(way, request(url)))
                await turns(turn % 20)
                asking.cancel()
            if turn % 3 == 0:
                assert await outcome(way, request(url)) == SAID


async def test_whoever_reads_while_the_way_is_closed_gets_no_half_an_answer() -> None:
    async with way_to(saying(OK + b"\r\nhalf", stays=True)) as (way, url):
        answer = await way.handle_async_request(request(url))
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(outcome_of(answer))
            await turns()
            await way.aclose()
        assert reading.result() == "RemoteProtocolError"


async def outcome_of(answer: httpx.Response) -> str:
    try:
        return (await answer.aread()).decode()
    except httpx.HTTPError as problem:
        return type(problem).__name__
