"""What is too much, and who is too slow."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from anyio.lowlevel import checkpoint

from alertd.clock import SystemClock
from alertd.config.webmodels import LimitsEntry, RateLimit, WebConfigFile
from tests.web.listener import Listener, said

SOON = timedelta(milliseconds=50)
GET = b"GET /x HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: x\r\n"


def limited(**limits: object) -> Listener:
    one = Listener()
    one.configure(limits=LimitsEntry(**{"max_body_bytes": 1000, "max_header_bytes": 2000, **limits}))
    return one


async def test_a_body_that_says_it_is_too_large() -> None:
    one = limited()
    async with one.client() as client:
        assert (await client.post("/x", content=b"a" * 1000)).text == "a" * 1000
        answer = await client.post("/x", content=b"a" * 1001)
    assert answer.status_code == 413
    assert answer.json() == {"code": 413, "message": "a body may have 1000 bytes"}
    assert one.served == 1


async def test_a_body_that_does_not_say_how_large_it_is() -> None:
    async with limited().running() as port:
        head = POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert b" 413 " in await said(port, head, b"1000\r\n" + b"a" * 0x1000 + b"\r\n0\r\n\r\n")
        assert (await said(port, head, b"3\r\nabc\r\n0\r\n\r\n")).endswith(b"abc")


async def test_a_connection_whose_body_was_too_large_but_has_come_stays_open() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a" * 2000

    async with limited().client() as client:
        answer = await client.post("/x", content=parts())
    assert (answer.status_code, answer.headers.get("connection")) == (413, None)


async def test_who_asks_before_sending_too_much_is_not_told_to_go_on() -> None:
    async with limited().running() as port:
        answer = await said(port, POST + b"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413 ")
        wanted = POST + b"Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        assert (await said(port, wanted, b"abc")).startswith(b"HTTP/1.1 100 Continue")


async def test_many_large_bodies_at_once_do_not_fill_the_memory() -> None:
    one = limited()
    one.hold = asyncio.Event()
    async with one.client() as client, asyncio.TaskGroup() as tasks:
        held = [tasks.create_task(client.post("/x", content=b"a" * 1000)) for _ in range(4)]
        while one.served < 4:
            await checkpoint()
        assert (await client.post("/x", content=b"a" * 1000)).status_code == 503
        assert one.served == 4
        one.hold.set()
        assert {(await task).status_code for task in held} == {200}
        assert (await client.post("/x", content=b"a" * 1000)).status_code == 200


async def test_headers_that_are_too_large() -> None:
    async with limited().client() as client:
        assert (await client.get("/x", headers={"X-A": "a" * 3000})).status_code == 431
        assert (await client.get("/x?" + "a" * 3000)).status_code == 431
        assert (await client.get("/x", headers={"X-A": "a" * 1000})).status_code == 200


async def test_headers_without_an_end() -> None:
    async with limited().running() as port:
        assert b" 431 " in await said(port, GET + b"X-A: " + b"a" * 5000)


async def test_too_many_requests_at_once() -> None:
    one = limited(max_requests=2)
    one.hold = asyncio.Event()
    async with one.client() as client, asyncio.TaskGroup() as tasks:
        served = [tasks.create_task(client.get("/x")) for _ in range(2)]
        while one.served < 2:
            await checkpoint()
        turned_away = await client.get("/x")
        assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
        one.hold.set()
        assert {(await task).status_code for task in served} == {200}
        assert (await client.get("/x")).status_code == 200


async def test_too_many_connections() -> None:
    async with limited(max_connections=1).running() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        assert b" 503 " in await said(port)
        writer.close()


async def test_a_rate() -> None:
    one = Listener()
    one.configure(WebConfigFile(rate_limit=RateLimit(interval=timedelta(seconds=1), burst=2)))
    async with one.client() as client:

        async def asked(times: int) -> list[int]:
            return [(await client.get("/x")).status_code for _ in range(times)]

        assert await asked(3) == [200, 200, 429]
        one.now += 1
        assert await asked(2) == [200, 429]
        one.now += 100
        assert await asked(3) == [200, 200, 429]


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET", GET, GET + b"X: a\r\n"])
async def test_a_slow_loris_is_cut_off(sent: bytes) -> None:
    async with limited(header_timeout=SOON).running() as port:
        answer = await said(port, sent)
        assert answer == b"" if not sent else answer.startswith(b"HTTP/1.1 408 ")


async def test_more_bytes_gain_no_more_time() -> None:
    async with limited(header_timeout=SOON, max_header_bytes=1 << 30).running() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        answer = asyncio.ensure_future(reader.read())
        while not answer.done():  # it ends, or the test does not
            writer.write(b"X: a\r\n")
            await checkpoint()
        assert isinstance(answer.exception(), ConnectionError) or answer.result().startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_slow_body_is_cut_off() -> None:
    one = limited(body_timeout=SOON)
    async with one.running() as port:
        answer = await said(port, POST + b"Content-Length: 10\r\n\r\nabc")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert one.served == 0


async def test_an_idle_connection_is_closed_and_a_second_request_must_hurry_too() -> None:
    async with limited(idle_timeout=SOON).running() as port:
        assert (await said(port, GET + b"\r\n")).endswith(b"nothing")
    async with limited(header_timeout=SOON).running() as port:
        answer = await said(port, GET + b"\r\n" + b"GET /")
        assert b" 200 " in answer


async def test_who_does_not_read_an_answer_is_cut_off() -> None:
    one = limited(max_body_bytes=64 << 20, body_timeout=timedelta(milliseconds=300))
    async with one.running() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)  # it reads a byte or two
        body = b"a" * (16 << 20)
        writer.write(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        while one.open:
            await checkpoint()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(body))
        writer.close()


async def test_nonsense_is_refused_and_the_next_one_is_served() -> None:
    async with limited().running() as port:
        for nonsense in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
            b"GET /x HTTP/1.1\r\nX-A : b\r\n\r\n",
        ):
            assert (await said(port, nonsense)).startswith(b"HTTP/1.1 400 ")
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/x")).status_code == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [(GET + b"Connection: close\r\n\r\n", 200), (b"\0\r\n\r\n", 400), (GET + b"X-A: " + b"a" * 5000, 431)],
)
async def test_every_answer_has_a_date_of_its_own(request_: bytes, status: int) -> None:
    async with limited().running() as port:
        answer = await said(port, request_)
    head = answer.partition(b"\r\n\r\n")[0].decode()
    assert head.startswith(f"HTTP/1.1 {status} ")
    (date,) = [line.partition(": ")[2] for line in head.splitlines() if line.lower().startswith("date: ")]
    assert abs(parsedate_to_datetime(date) - SystemClock().now()) < timedelta(minutes=1)
