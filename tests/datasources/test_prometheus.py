"""Prometheus at its worst, over real connections: every call ends in time, in bounds, and with a reason."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from alertd.config.http import HttpConfig
from alertd.core.samples import Answer
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.errors import QueryError, QueryFailure
from alertd.testing import START, ManualClock
from tests.servers import Behaviour, HttpServer, Request, answer, http_server, raw, silence

pytestmark = pytest.mark.anyio

GOOD = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"2"]}]}}'
PATIENT = timedelta(seconds=30)
SOON = timedelta(milliseconds=150)


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        one.otherwise = answer(200, GOOD)
        yield one


@asynccontextmanager
async def asking(url: str, **more: Any) -> AsyncIterator[PrometheusDatasource]:
    given = {"timeout": PATIENT, "http": HttpConfig(), **more}
    one = PrometheusDatasource(name="main", url=url, clock=ManualClock(), **given)
    try:
        yield one
    finally:
        await one.aclose()


async def ask(url: str, exprs: Sequence[str] = ("up",), **more: Any) -> Sequence[Answer | QueryError]:
    async with asking(url, **more) as one:
        return await one.query(exprs, START)


async def failure(server: HttpServer, **more: Any) -> QueryError:
    (error,) = await ask(server.url, **more)
    assert isinstance(error, QueryError), error
    return error


def form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def endless(head: bytes, chunk: bytes, first: bytes = b"") -> Behaviour:
    """An answer that never ends, until the client has had enough."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n")
        if first:
            writer.write(b"%x\r\n%b\r\n" % (len(first), first))
        while True:
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await writer.drain()

    return behave


async def test_what_is_asked(server: HttpServer) -> None:
    more = {"headers": {"X-Scope-OrgID": "team"}, "query_params": {"dedup": "true", "query": "no", "time": "0"}}
    (found,) = await ask(f"{server.url}/prom/", ['{"größe"=~"a&b"} > 0'], **more)
    assert isinstance(found, Answer)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/prom/api/v1/query")
    assert form(request) == {
        "query": '{"größe"=~"a&b"} > 0', "time": "1767225600.000", "timeout": "29", "dedup": "true",
    }  # fmt: skip
    assert request.headers["x-scope-orgid"] == "team"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_parameters_may_say_another_timeout(server: HttpServer) -> None:
    await ask(server.url, query_params={"timeout": "5s"})
    assert form(server.requests[0])["timeout"] == "5s"


async def test_nobody_listens() -> None:
    async with http_server() as gone:
        url = gone.url
    (error,) = await ask(url)
    assert isinstance(error, QueryError)
    assert error.failure is QueryFailure.UNREACHABLE
    assert "nothing listens there" in str(error)


async def test_a_host_nobody_knows() -> None:
    (error,) = await ask("http://no-such-host.invalid:9090")
    assert isinstance(error, QueryError)
    assert error.failure is QueryFailure.UNREACHABLE
    assert "is its name right?" in str(error)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "before its answer was complete"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "before its answer was complete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + GOOD, "before its answer was complete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + GOOD[:20], "before its answer was complete"),
        (b"220 mail.example.org ESMTP\r\n\r\n", "not HTTP"),
        (b"\0" * 1_000_000, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "not HTTP"),
    ],
    ids=range(7),
)
async def test_a_connection_that_ends(server: HttpServer, sent: bytes, words: str) -> None:
    server.otherwise = raw(sent)
    error = await failure(server)
    assert error.failure is QueryFailure.UNREACHABLE
    assert words in str(error)


NO_OUTPUT = (
    gzip.compress(b"", mtime=0)[:10],
    b"\0\0\0\xff\xff",
)  # the head of a packed answer, and a block with nothing in it


@pytest.mark.parametrize(
    "behaviour",
    [silence, endless(b"", b" " * 100), endless(b"Content-Encoding: gzip\r\n", NO_OUTPUT[1], NO_OUTPUT[0])],
    ids=["nothing", "blanks", "nothing, packed"],
)
async def test_never_an_answer(server: HttpServer, behaviour: Behaviour) -> None:
    server.otherwise = behaviour
    error = await failure(server, timeout=SOON, max_response_bytes=1 << 40)
    assert error.failure is QueryFailure.TIMEOUT
    assert str(error) == "no complete answer within 0.15 s"


async def test_headers_without_end(server: HttpServer) -> None:
    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: and more\r\n" * 1_000)
            await writer.drain()

    server.otherwise = behave
    assert (await failure(server)).failure is QueryFailure.UNREACHABLE


async def test_ten_million_samples_are_not_read_to_their_end(server: HttpServer) -> None:
    head = b'{"status":"success","data":{"resultType":"vector","result":['
    server.otherwise = endless(b"", head + b'{"metric":{},"value":[1,"2"]},' * 1_000)
    with at_most(8 << 20):
        error = await failure(server, max_response_bytes=1 << 20)
    assert error.failure is QueryFailure.TOO_LARGE
    assert "larger than 1048576 bytes" in str(error)
    assert not error.blind


async def test_a_bound_is_a_bound(server: HttpServer) -> None:
    (exact,) = await ask(server.url, max_response_bytes=len(GOOD))
    assert isinstance(exact, Answer)
    assert (await failure(server, max_response_bytes=len(GOOD) - 1)).failure is QueryFailure.TOO_LARGE


def packed(data: bytes, encoding: str) -> Behaviour:
    return answer(200, data, Content_Encoding=encoding)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (gzip.compress(GOOD, mtime=0), "gzip"), (zlib.compress(GOOD), "deflate"), (GOOD, "identity"), (b"", "gzip"),
        (gzip.compress(GOOD, mtime=0) + b"more", "GZIP"),
    ],
)  # fmt: skip
async def test_compressed_answers(server: HttpServer, data: bytes, encoding: str) -> None:
    server.otherwise = packed(data, encoding)
    (found,) = await ask(server.url)
    assert isinstance(found, Answer) or (not data and "with nothing" in str(found))
    assert server.requests[0].headers["accept-encoding"] == "identity"


BOMB = gzip.compress(bytes(32 << 20), compresslevel=9, mtime=0)


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No more memory than that is used meanwhile, in bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [BOMB, BOMB * 10], ids=["one", "ten"])
async def test_a_bomb_is_unpacked_no_further_than_the_bound(server: HttpServer, data: bytes) -> None:
    server.otherwise = packed(data, "gzip")
    with at_most(4 << 20):
        error = await failure(server, max_response_bytes=10_000)
    assert error.failure is QueryFailure.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (gzip.compress(gzip.compress(BOMB, mtime=0), mtime=0), "gzip, gzip, gzip", "nobody asked for"),
        (GOOD, "br", "nobody asked for"), (GOOD, "gzip", "damaged"),
        (gzip.compress(GOOD, mtime=0)[:-20], "gzip", "in the middle"),
    ],
)  # fmt: skip
async def test_compression_that_is_none(server: HttpServer, data: bytes, encoding: str, words: str) -> None:
    server.otherwise = packed(data, encoding)
    error = await failure(server)
    assert error.failure is QueryFailure.UNREACHABLE
    assert words in str(error)


async def test_a_redirect_is_told(server: HttpServer) -> None:
    server.script = [answer(301, b"", Location="https://elsewhere/api/v1/query")]
    error = await failure(server)
    assert "redirects (301) to https://elsewhere/api/v1/query" in str(error)
    assert error.failure is QueryFailure.MALFORMED


async def test_a_redirect_is_followed_with_the_query_where_the_configuration_says_so(server: HttpServer) -> None:
    server.script = [answer(301, b"", Location="/moved/api/v1/query")]
    (found,) = await ask(server.url, http=HttpConfig(follow_redirects=True))
    assert isinstance(found, Answer)
    assert [(one.method, one.path) for one in server.requests] == [
        ("POST", "/api/v1/query"), ("POST", "/moved/api/v1/query"),
    ]  # fmt: skip
    assert server.requests[1].body == server.requests[0].body


async def test_a_secret_that_cannot_be_sent_is_an_answer_too(server: HttpServer) -> None:
    for http in (
        HttpConfig(http_headers={"X-Key": {"secrets": ["hüsh"]}}),
        HttpConfig(bearer_token="hush\r\nX-Evil: 1"),
        HttpConfig(bearer_token_file="/no/such/file"),
    ):
        error = await failure(server, http=http)
        assert "hüsh" not in str(error)
        assert "hush" not in str(error)
    assert "/no/such/file" in str(error)
    assert server.requests == []


MANY = [f"up > {index}" for index in range(500)]


def failures(answers: Sequence[Answer | QueryError]) -> set[str]:
    return {str(one) for one in answers if isinstance(one, QueryError)}


async def test_answers_come_in_the_order_of_the_questions(server: HttpServer) -> None:
    async def echo(request: Request, writer: asyncio.StreamWriter) -> None:
        number = form(request)["query"].rpartition(" ")[2]
        said = {"status": "success", "data": {"resultType": "scalar", "result": [1, number]}}
        await answer(200, json.dumps(said).encode())(request, writer)

    server.otherwise = echo
    answers = await ask(server.url, MANY)
    assert [one.samples[0].value for one in answers if isinstance(one, Answer)] == list(range(500))
    assert {form(one)["time"] for one in server.requests} == {"1767225600.000"}


async def test_a_dead_server_is_not_asked_for_every_rule() -> None:
    connected = 0

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        writer.close()

    door = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    answers = await ask(f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}", MANY, concurrency=4)
    door.close()
    assert connected <= 4
    assert len(answers) == 500
    assert failures(answers) == {"the server ended the connection before its answer was complete"}


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_nor_is_one_that_refuses_everything(server: HttpServer, status: int) -> None:
    server.otherwise = answer(status, b"<html>")
    answers = await ask(server.url, MANY, concurrency=4)
    assert len(server.requests) <= 4
    assert len(failures(answers)) == 1


async def test_all_who_wait_for_a_silent_server_are_told_at_once(server: HttpServer) -> None:
    server.otherwise = silence
    async with asking(server.url, timeout=timedelta(seconds=2), concurrency=3) as one:
        calls = await asyncio.gather(*(one.query(MANY, START) for _ in range(10)))
    assert len(server.requests) == 3
    assert {len(answers) for answers in calls} == {500}
    assert set().union(*map(failures, calls)) == {"no complete answer within 2 s"}


async def test_half_a_server_does_not_cost_a_timeout_for_every_rule(server: HttpServer) -> None:
    server.script = [one for _ in MANY for one in (silence, answer(200, GOOD))]
    answers = await ask(server.url, MANY, timeout=SOON, concurrency=2)
    assert len(server.requests) < 10
    assert failures(answers) == {"no complete answer within 0.15 s"}
    assert sum(isinstance(one, Answer) for one in answers) >= 1


async def test_it_is_asked_again_next_time(server: HttpServer) -> None:
    server.script = [raw(b"")]
    async with asking(server.url, concurrency=1) as one:
        assert len(failures(await one.query(MANY, START))) == 1
        assert failures(await one.query(MANY[:3], START)) == set()
    assert len(server.requests) == 4


async def test_one_expression_that_breaks_the_server_does_not_hide_the_others(server: HttpServer) -> None:
    first_answered = asyncio.Event()

    async def choosy(request: Request, writer: asyncio.StreamWriter) -> None:
        if form(request)["query"] == "crash":
            await first_answered.wait()
            await raw(b"")(request, writer)
        else:
            await answer(200, GOOD)(request, writer)
            first_answered.set()

    server.otherwise = choosy
    first, *rest = await ask(server.url, ["crash", *MANY], concurrency=2)
    assert isinstance(first, QueryError)
    assert failures(rest) == set()


@pytest.mark.parametrize("kind", ["bad_data", "execution", "timeout", "canceled"])
async def test_what_the_server_says_of_one_expression_concerns_only_that_one(server: HttpServer, kind: str) -> None:
    said = json.dumps({"status": "error", "errorType": kind, "error": "because"}).encode()
    server.script = [answer(422, said)]
    first, *rest = await ask(server.url, MANY[:20], concurrency=1)
    assert str(first) == f"{kind}: because"
    assert failures(rest) == set()


async def test_an_answer_too_large_concerns_only_its_expression(server: HttpServer) -> None:
    server.script = [answer(200, GOOD + b" " * 1_000)]
    first, *rest = await ask(server.url, MANY[:20], concurrency=1, max_response_bytes=500)
    assert isinstance(first, QueryError)
    assert failures(rest) == set()


async def test_no_more_requests_at_once_than_configured(server: HttpServer) -> None:
    now = most = 0

    async def count(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        if now == 5:
            full.set()
        await full.wait()
        now -= 1
        await answer(200, GOOD)(request, writer)

    full = asyncio.Event()
    server.otherwise = count
    await ask(server.url, MANY[:60], concurrency=5)
    assert most == 5


async def test_a_call_that_is_given_up_leaves_nothing_behind(server: HttpServer) -> None:
    server.otherwise = silence
    async with asking(server.url, concurrency=2) as one:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await one.query(MANY, START)
        server.otherwise = answer(200, GOOD)
        assert failures(await one.query(MANY[:5], START)) == set()


async def test_a_hundred_thousand_samples(server: HttpServer) -> None:
    series = b",".join(b'{"metric":{"i":"%d"},"value":[1,"2"]}' % index for index in range(100_000))
    server.script = [answer(200, GOOD.replace(b'{"metric":{"a":"b"},"value":[1,"2"]}', series))]
    (found,) = await ask(server.url)
    assert isinstance(found, Answer)
    assert len(found.samples) == 100_000
    assert found.samples[-1].labels["i"] == "99999"


async def test_a_label_value_of_a_million_characters(server: HttpServer) -> None:
    text = "<&>\0\n" * 200_000
    server.script = [answer(200, GOOD.replace(b'"b"', json.dumps(text).encode()))]
    (found,) = await ask(server.url)
    assert isinstance(found, Answer)
    assert found.samples[0].labels["a"] == text
