"""Odd answers mean the same to alertd's transport as to httpx's own, but for a few, each with its reason."""

import gzip
import ssl
from dataclasses import dataclass

import httpx
import pytest

from alertd.http import Reply
from alertd.http.transport import Direct
from tests.http.asking import Outcome, outcome, request, saying, talking

pytestmark = pytest.mark.anyio

CONTEXT = ssl.create_default_context()
OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ZIPPED = gzip.compress(b"ok" * 500)
FAR = b"x" * 70_000


@dataclass(frozen=True)
class Odd:
    """What a server says to a request; `stays`: it does not hang up afterwards."""

    says: bytes
    method: str = "POST"
    stays: bool = False


ODD = {
    "plain": Odd(OK + TWO + b"\r\nok"),
    "plain, the server stays": Odd(OK + TWO + b"\r\nok", stays=True),
    "nothing": Odd(b""),
    "not HTTP": Odd(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "not HTTP, the server stays": Odd(b"220 mail ESMTP\r\n", stays=True),
    "HTML without HTTP": Odd(b"<html>hello</html>"),
    "an alert of TLS": Odd(b"\x15\x03\x01\x00\x02\x02\x46"),
    "a part of the status line": Odd(b"HTTP/1.1 2"),
    "a part of the headers": Odd(OK + b"Content-Le"),
    "no reason": Odd(b"HTTP/1.1 200\r\n" + TWO + b"\r\nok"),
    "an empty reason": Odd(b"HTTP/1.1 200 \r\n" + TWO + b"\r\nok"),
    "a reason beyond ASCII": Odd(b"HTTP/1.1 200 Pr\xc3\xa4chtig\r\n" + TWO + b"\r\nok"),
    "a reason with a NUL": Odd(b"HTTP/1.1 200 O\0K\r\n" + TWO + b"\r\nok"),
    "two blanks before the status": Odd(b"HTTP/1.1  200 OK\r\n" + TWO + b"\r\nok"),
    "a status of two digits": Odd(b"HTTP/1.1 20 OK\r\n" + TWO + b"\r\nok"),
    "a status of four digits": Odd(b"HTTP/1.1 2000 OK\r\n" + TWO + b"\r\nok"),
    "a status in words": Odd(b"HTTP/1.1 OK\r\n" + TWO + b"\r\nok"),
    "the status 099": Odd(b"HTTP/1.1 099 X\r\n" + TWO + b"\r\nok"),
    "the status 999": Odd(b"HTTP/1.1 999 X\r\n" + TWO + b"\r\nok"),
    "a status of none": Odd(b"HTTP/1.1\r\n" + TWO + b"\r\nok"),
    "small letters": Odd(b"http/1.1 200 OK\r\n" + TWO + b"\r\nok"),
    "an empty line first": Odd(b"\r\n" + OK + TWO + b"\r\nok"),
    "HTTP/1.0 with a length": Odd(b"HTTP/1.0 200 OK\r\n" + TWO + b"\r\nok"),
    "HTTP/1.0 without a length": Odd(b"HTTP/1.0 200 OK\r\n\r\nok"),
    "HTTP/1.0 that keeps": Odd(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TWO + b"\r\nok", stays=True),
    "HTTP/1.0 with chunks": Odd(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "HTTP/0.9": Odd(b"HTTP/0.9 200 OK\r\n" + TWO + b"\r\nok"),
    "HTTP/2.0": Odd(b"HTTP/2.0 200 OK\r\n" + TWO + b"\r\nok"),
    "HTTP/1.2": Odd(b"HTTP/1.2 200 OK\r\n" + TWO + b"\r\nok"),
    "HTTP/11": Odd(b"HTTP/11 200 OK\r\n" + TWO + b"\r\nok"),
    "RTSP": Odd(b"RTSP/1.0 200 OK\r\n" + TWO + b"\r\nok"),
    "an internet radio": Odd(b"ICY 200 OK\r\n\r\nok"),
    "lines that end with LF": Odd(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    "a continued header": Odd(OK + b"X: a\r\n  b\r\n" + TWO + b"\r\nok"),
    "a continued first header": Odd(OK + b" X: a\r\n" + TWO + b"\r\nok"),
    "a header without a value": Odd(OK + b"X:\r\n" + TWO + b"\r\nok"),
    "a header without a name": Odd(OK + b": x\r\n" + TWO + b"\r\nok"),
    "a header without a colon": Odd(OK + b"hello\r\n" + TWO + b"\r\nok"),
    "a blank before the colon": Odd(OK + b"X : a\r\n" + TWO + b"\r\nok"),
    "a blank before the colon of the length": Odd(OK + b"Content-Length : 2\r\n\r\nok"),
    "blanks around a value": Odd(OK + b"X: \t a \t \r\n" + TWO + b"\r\nok"),
    "a name with an @": Odd(OK + b"X@y: a\r\n" + TWO + b"\r\nok"),
    "a value beyond ASCII": Odd(OK + b"X: \xe4\xff\r\n" + TWO + b"\r\nok"),
    "a value with a control character": Odd(OK + b"X: a\x01b\r\n" + TWO + b"\r\nok"),
    "a value with a NUL": Odd(OK + b"X: a\0b\r\n" + TWO + b"\r\nok"),
    "a value with a CR": Odd(OK + b"X: a\rb\r\n" + TWO + b"\r\nok"),
    "a value with a vertical tab": Odd(OK + b"X: a\x0bb\r\n" + TWO + b"\r\nok"),
    "a header twice": Odd(OK + b"X: a\r\nx: b\r\n" + TWO + b"\r\nok"),
    "99 kB of headers": Odd(OK + b"X: " + b"y" * 99_000 + b"\r\n" + TWO + b"\r\nok"),
    "200 kB of headers": Odd(OK + b"X: " + b"y" * 200_000 + b"\r\n" + TWO + b"\r\nok"),
    "200 kB of a status line": Odd(b"HTTP/1.1 200 " + b"y" * 200_000 + b"\r\n" + TWO + b"\r\nok"),
    "20,000 headers": Odd(OK + b"X: y\r\n" * 20_000 + TWO + b"\r\nok"),
    "headers without end": Odd(OK + b"X: y\r\n" * 100_000, stays=True),
    "a body without a length": Odd(OK + b"\r\nok"),
    "an empty body without a length": Odd(OK + b"\r\n"),
    "a long body without a length": Odd(OK + b"\r\n" + FAR * 20),
    "a body that is too short": Odd(OK + b"Content-Length: 9\r\n\r\nok"),
    "no body where there is a length": Odd(OK + TWO + b"\r\n"),
    "the length 0": Odd(OK + b"Content-Length: 0\r\n\r\n", stays=True),
    "the length twice": Odd(OK + TWO + TWO + b"\r\nok"),
    "the length twice in one line": Odd(OK + b"Content-Length: 2, 2\r\n\r\nok"),
    "two lengths": Odd(OK + TWO + b"Content-Length: 3\r\n\r\nok!"),
    "a length with a sign": Odd(OK + b"Content-Length: +2\r\n\r\nok"),
    "a continued length": Odd(OK + b"Content-Length: 2\r\n\t\r\n\r\nok"),
    "a negative length": Odd(OK + b"Content-Length: -2\r\n\r\nok"),
    "a length in hex": Odd(OK + b"Content-Length: 0x2\r\n\r\nok"),
    "an empty length": Odd(OK + b"Content-Length:\r\n\r\nok"),
    "a length of 23 digits": Odd(OK + b"Content-Length: " + b"9" * 23 + b"\r\n\r\nok"),
    "a length of 19 digits": Odd(OK + b"Content-Length: " + b"9" * 19 + b"\r\n\r\nok"),
    "chunks": Odd(CHUNKS + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", stays=True),
    "chunks in capitals": Odd(OK + b"Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "chunks with extensions": Odd(CHUNKS + b'2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n'),
    "a chunk extension of odd characters": Odd(CHUNKS + b"2;\x01=(\r\nok\r\n0\r\n\r\n"),
    "a chunk extension that ends with LF": Odd(CHUNKS + b"2;a\nok\r\n0\r\n\r\n"),
    "a blank after a chunk's size": Odd(CHUNKS + b"2 \r\nok\r\n0\r\n\r\n"),
    "a blank before a chunk's size": Odd(CHUNKS + b" 2\r\nok\r\n0\r\n\r\n"),
    "trailers": Odd(CHUNKS + b"2\r\nok\r\n0\r\nX: late\r\n\r\n", stays=True),
    "a broken trailer": Odd(CHUNKS + b"2\r\nok\r\n0\r\nlate\r\n\r\n"),
    "a trailer with a NUL": Odd(CHUNKS + b"2\r\nok\r\n0\r\nX: a\0\r\n\r\n"),
    "trailers without end": Odd(CHUNKS + b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * 100_000, stays=True),
    "no last chunk": Odd(CHUNKS + b"2\r\nok\r\n"),
    "half a chunk": Odd(CHUNKS + b"8\r\nok"),
    "no empty line after the last chunk": Odd(CHUNKS + b"2\r\nok\r\n0\r\n"),
    "a chunk that is longer than it says": Odd(CHUNKS + b"2\r\nokay\r\n0\r\n\r\n"),
    "a chunk's size that is none": Odd(CHUNKS + b"zz\r\nok\r\n0\r\n\r\n"),
    "a negative chunk": Odd(CHUNKS + b"-2\r\nok\r\n0\r\n\r\n"),
    "a chunk's size of 21 digits": Odd(CHUNKS + b"0" * 20 + b"2\r\nok\r\n0\r\n\r\n"),
    "chunks with LF": Odd(CHUNKS + b"2\nok\n0\n\n"),
    "chunks and a length": Odd(OK + b"Transfer-Encoding: chunked\r\n" + TWO + b"\r\n2\r\nok\r\n0\r\n\r\n"),
    "a length and chunks": Odd(OK + TWO + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "chunks twice": Odd(OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n2\r\nok\r\n0\r\n\r\n"),
    "gzip and chunks as one coding": Odd(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "the coding identity": Odd(OK + b"Transfer-Encoding: identity\r\n" + TWO + b"\r\nok"),
    "packed": Odd(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED, stays=True),
    "packed and cut": Odd(OK + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + ZIPPED[:20]),
    "packed as nobody asked": Odd(OK + b"Content-Encoding: br\r\n" + TWO + b"\r\nok"),
    "not packed though it says so": Odd(OK + b"Content-Encoding: gzip\r\n" + TWO + b"\r\nok"),
    "go on": Odd(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + TWO + b"\r\nok"),
    "go on, many times": Odd(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK + TWO + b"\r\nok"),
    "early hints": Odd(b"HTTP/1.1 103 Early\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n" + OK + TWO + b"\r\nok"),
    "go on, and then nothing": Odd(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "go on for ever": Odd(b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000, stays=True),
    "go on, and close": Odd(b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + OK + TWO + b"\r\nok", stays=True),
    "early hints of HTTP/1.0": Odd(b"HTTP/1.0 103 Early\r\n\r\n" + OK + TWO + b"\r\nok", stays=True),
    "an interim answer that nobody knows, with a length": Odd(
        b"HTTP/1.1 199 X\r\n" + TWO + b"\r\n" + OK + TWO + b"\r\nok"
    ),
    "an interim answer with chunks": Odd(
        b"HTTP/1.1 104 X\r\nTransfer-Encoding: chunked\r\n\r\n" + OK + TWO + b"\r\nok"
    ),
    "another protocol": Odd(b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPRI", stays=True),
    "another protocol is offered": Odd(OK + b"Upgrade: h2\r\nConnection: upgrade\r\n" + TWO + b"\r\nok"),
    "no content": Odd(b"HTTP/1.1 204 X\r\n\r\n", stays=True),
    "no content with a length": Odd(b"HTTP/1.1 204 X\r\n" + TWO + b"\r\n", stays=True),
    "no content, and content": Odd(b"HTTP/1.1 204 X\r\n" + TWO + b"\r\nok"),
    "not modified": Odd(b"HTTP/1.1 304 X\r\nContent-Length: 99\r\n\r\n", stays=True),
    "HEAD": Odd(OK + b"Content-Length: 99\r\n\r\n", "HEAD", stays=True),
    "HEAD with chunks": Odd(CHUNKS, "HEAD", stays=True),
    "HEAD without a length": Odd(OK + b"\r\n", "HEAD", stays=True),
    "HEAD with a body": Odd(OK + TWO + b"\r\nok", "HEAD"),
    "GET": Odd(OK + TWO + b"\r\nok", "GET"),
    "close": Odd(OK + b"Connection: close\r\n" + TWO + b"\r\nok"),
    "close, but stay": Odd(OK + b"Connection: close\r\n" + TWO + b"\r\nok", stays=True),
    "close, and then more": Odd(OK + b"Connection: close\r\n" + TWO + b"\r\nokmore"),
    "a second answer": Odd(OK + TWO + b"\r\nok" + b"HTTP/1.1 500 No\r\n" + TWO + b"\r\nno", stays=True),
    "rubbish afterwards": Odd(OK + TWO + b"\r\nokrubbish", stays=True),
    "a line too many": Odd(OK + TWO + b"\r\nok\r\n", stays=True),
    "an error": Odd(b"HTTP/1.1 500 X\r\n" + TWO + b"\r\nno"),
    "a redirect": Odd(b"HTTP/1.1 302 X\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"),
}  # fmt: skip

NOT_HTTP = "what the server sends is not HTTP: is the port right?"

DIFFERENT: dict[str, tuple[Outcome, str]] = {
    "not HTTP": (("unreachable", NOT_HTTP), "said by the first bytes, and not only that the connection ended"),
    "not HTTP, the server stays": (("unreachable", NOT_HTTP), "no need to wait for the deadline"),
    "HTML without HTTP": (("unreachable", NOT_HTTP), "said by the first bytes, too"),
    "a continued header": (
        Reply(200, {"x": "a  b", "content-length": "2"}, b"ok"),
        "the blanks stay; nobody continues the headers that are read",
    ),
    "a continued first header": (Reply(200, {"x": "a", "content-length": "2"}, b"ok"), "the blank is left out"),
    "the length twice": (("unreachable", NOT_HTTP), "refused by llhttp, so by all that is made with Node.js"),
    "the length twice in one line": (("unreachable", NOT_HTTP), "the same"),
    "chunks in capitals": (Reply(200, {"transfer-encoding": "CHUNKED"}, b"ok"), "h11 writes it anew"),
    "a chunk extension of odd characters": (("unreachable", NOT_HTTP), "RFC 9112 §7.1.1 has no such extensions"),
    "a chunk's size of 21 digits": (Reply(200, {"transfer-encoding": "chunked"}, b"ok"), "the size is no larger"),
    "a value with a vertical tab": (
        Reply(200, {"x": "a\x0bb", "content-length": "2"}, b"ok"),
        "as all other control characters, which h11 takes, too",
    ),
    "a reason with a NUL": (Reply(200, {"content-length": "2"}, b"ok"), "nobody reads the reason"),
    "a continued length": (("unreachable", NOT_HTTP), "nothing that the end depends on is to be guessed"),
    "a chunk extension that ends with LF": (
        Reply(200, {"transfer-encoding": "chunked"}, b"ok"),
        "lines may end so, and extensions mean nothing here",
    ),
    "an interim answer that nobody knows, with a length": (
        ("unreachable", NOT_HTTP),
        "whether a body follows is not to be guessed",
    ),
    "an interim answer with chunks": (("unreachable", NOT_HTTP), "the same"),
    "go on for ever": (("unreachable", NOT_HTTP), "bounded, and not only by the deadline"),
}


@pytest.mark.parametrize("name", [name for name in ODD if name not in DIFFERENT])
async def test_it_means_the_same(name: str) -> None:
    odd = ODD[name]
    async with talking(saying(odd.says, stays=odd.stays)) as url:
        assert await once(Direct(CONTEXT), url, odd) == await once(httpxs(), url, odd)


@pytest.mark.parametrize("name", DIFFERENT)
async def test_it_means_something_else(name: str) -> None:
    odd, (meant, _) = ODD[name], DIFFERENT[name]
    async with talking(saying(odd.says, stays=odd.stays)) as url:
        assert await once(Direct(CONTEXT), url, odd) == meant
        assert await once(httpxs(), url, odd, 0.5) != meant


def httpxs() -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=CONTEXT, trust_env=False)


async def once(way: httpx.AsyncBaseTransport, url: str, odd: Odd, seconds: float = 10.0) -> Outcome:
    async with way:
        asked = request(url, odd.method, b"" if odd.method in ("HEAD", "GET") else b"said")
        return await outcome(way, asked, seconds)
