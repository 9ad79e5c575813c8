"""Answers from their bytes: the same however they are cut, bounded, and never an exception."""

from dataclasses import dataclass

import hypothesis
import pytest
from hypothesis import strategies as st

from alertd.http.answers import Answers
from tests.http.test_differential import ODD

OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True)
class Seen:
    """What became of an answer after its last byte, or the end of the connection."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    complete: bool
    keeps: bool
    reason: str


def seen(answers: Answers, pieces: list[bytes], *, ends: bool = False, without_body: bool = False) -> Seen:
    answers.expect(without_body=without_body)
    body = b""
    for piece in pieces:
        answers.feed(piece)
        body += answers.take()
    if ends:
        answers.end()
    status, headers = answers.status, tuple(answers.headers) if answers.begun else ()
    return Seen(status, headers, body, answers.complete, answers.keeps, answers.reason)


WHOLE = {
    "a length": OK + b"Content-Length: 5\r\nX: y\r\n\r\nhello",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nLate: 1\r\n\r\n",
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK
    + b"Content-Length: 5\r\n\r\nhello",
    "no content": b"HTTP/1.1 204 No\r\nX: y\r\n\r\n",
    "LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "continued": OK + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
}  # fmt: skip
ENDED = {
    "no length": OK + b"X: y\r\n\r\nhello",
    "cut": OK + b"Content-Length: 9\r\n\r\nhello",
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "a NUL": OK + b"X: a\0\r\nContent-Length: 5\r\n\r\nhello",
    "a broken chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nx\r\nlo\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_answers_wherever_they_are_cut(name: str) -> None:
    said = WHOLE[name]
    whole = seen(Answers(), [said])
    assert (whole.complete, whole.keeps, whole.reason) == (True, True, "")
    assert whole.body == (b"" if name == "no content" else b"hello")
    for place in range(1, len(said)):
        assert seen(Answers(), [said[:place], said[place:]]) == whole, said[:place]
    assert seen(Answers(), [bytes([byte]) for byte in said]) == whole


@pytest.mark.parametrize("name", ENDED)
def test_ended_answers_wherever_they_are_cut(name: str) -> None:
    said = ENDED[name]
    whole = seen(Answers(), [said], ends=True)
    assert not whole.keeps
    assert whole.complete == (name == "no length")
    for place in range(1, len(said)):
        assert seen(Answers(), [said[:place], said[place:]], ends=True) == whole, said[:place]


@pytest.mark.parametrize("name", WHOLE)
def test_a_part_is_not_the_whole(name: str) -> None:
    for place in range(len(WHOLE[name])):
        part = seen(Answers(), [WHOLE[name][:place]], ends=True)
        assert not part.complete
        assert part.reason.startswith(("Server disconnected", "peer closed connection"))


def test_one_after_the_other() -> None:
    answers = Answers()
    for _ in range(2):
        for name, said in WHOLE.items():
            assert seen(answers, [said]) == seen(Answers(), [said]), name


def test_what_comes_second_is_to_be_http_too() -> None:
    answers = Answers()
    assert seen(answers, [WHOLE["a length"]]).complete
    assert seen(answers, [b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"]).reason


@pytest.mark.parametrize("more", [b"H", b"x", b"HTTP/1.1 200 OK\r\n\r\n", OK + b"Content-Length: 3\r\n\r\nbad"])
@pytest.mark.parametrize("name", [name for name in WHOLE if name != "LF"])
def test_what_comes_after_the_end_is_not_the_next_answer(name: str, more: bytes) -> None:
    alone = seen(Answers(), [WHOLE[name]])
    for pieces in ([WHOLE[name] + more], [WHOLE[name], more]):
        after = seen(Answers(), pieces)
        assert (after.status, after.body, after.complete, after.keeps) == (alone.status, alone.body, True, False)


def test_a_head_alone_is_the_whole_answer_to_HEAD() -> None:  # noqa: N802 - its name
    for said in (OK + b"Content-Length: 5\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"\r\n"):
        answer = seen(Answers(), [said, b"hello"], without_body=True)
        assert (answer.status, answer.body, answer.complete, answer.keeps) == (200, b"", True, False)


def test_a_length_and_chunks_make_the_last_answer() -> None:
    said = OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    answer = seen(Answers(), [said])
    assert (answer.body, answer.complete, answer.keeps) == (b"ok", True, False)


@pytest.mark.parametrize(
    "begin",
    [OK + b"X: ", OK + b"X", b"HTTP/1.1 200 ", OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=",
     OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "],
)  # fmt: skip
@pytest.mark.parametrize("size", [1_000, 100_000, 1_000_000])
def test_what_is_none_of_the_body_is_bounded(begin: bytes, size: int) -> None:
    answers = Answers()
    answers.expect(without_body=False)
    answers.feed(begin)
    fed = 0
    while not answers.reason and fed < 10_000_000:
        answers.feed(b"y" * size)
        fed += size
    assert answers.reason
    assert fed <= 100 * 1024 + size


def test_headers_are_bounded_also_in_one_piece() -> None:
    many = OK + b"X: 12345\r\n" * 20_000 + b"Content-Length: 2\r\n\r\nok"
    assert not seen(Answers(), [many]).complete
    assert seen(Answers(), [many.replace(b"X: 12345\r\n", b"", 10_000)]).complete


@pytest.mark.parametrize("count", [30_000, 80_000])
def test_headers_are_bounded_however_short(count: int) -> None:
    answer = seen(Answers(), [OK + b"X:\n" * count + b"Content-Length: 2\r\n\r\nok"])
    assert answer.reason
    assert not answer.complete


def test_a_byte_of_the_body_allows_for_a_few_others() -> None:
    answers = Answers()
    answers.expect(without_body=False)
    answers.feed(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    fed = 0
    while not answers.reason and fed < 10_000_000:
        answers.feed(b"1;x=" + b"y" * 10_000 + b"\r\nx\r\n")
        fed += 10_000
    assert fed < 200_000


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n", b"HTTP/1.0 103 Early\r\n\r\n"]
)
def test_an_interim_answer_that_says_it_is_the_last_makes_the_next_one_the_last(interim: bytes) -> None:
    answer = seen(Answers(), [interim + WHOLE["a length"]])
    assert (answer.body, answer.complete, answer.keeps) == (b"hello", True, False)


def test_what_is_let_go_of_twice() -> None:
    answers = Answers()
    answers.close()
    answers.close()


def test_a_long_body_is_not() -> None:
    pieces = [OK + b"Content-Length: 1000000\r\n\r\n"] + [b"x" * 1_000] * 1_000
    assert seen(Answers(), pieces).complete
    pieces = [OK + b"Transfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 50_000 + [b"0\r\n\r\n"]
    assert seen(Answers(), pieces).complete


@st.composite
def cuts(draw: st.DrawFn, said: bytes) -> list[bytes]:
    places = sorted(draw(st.sets(st.integers(1, len(said) - 1), max_size=20)))
    return [said[start:end] for start, end in zip([0, *places], [*places, len(said)], strict=True)]


@hypothesis.given(st.data(), st.lists(st.binary(min_size=1, max_size=300), max_size=10))
def test_chunks_however_they_are_cut(data: st.DataObject, chunks: list[bytes]) -> None:
    said = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    said = OK + b"Transfer-Encoding: chunked\r\n\r\n" + said + b"0\r\n\r\n"
    answer = seen(Answers(), data.draw(cuts(said)))
    assert (answer.body, answer.complete, answer.keeps) == (b"".join(chunks), True, True)


SHORT = [odd.says for odd in ODD.values() if 10 < len(odd.says) < 1_000]


@hypothesis.given(st.data(), st.sampled_from(SHORT), st.booleans(), st.binary(max_size=10))
def test_odd_answers_are_the_same_however_they_are_cut(
    data: st.DataObject, said: bytes, ends: bool, more: bytes
) -> None:
    place = data.draw(st.integers(0, len(said)))
    said = said[:place] + more + said[place:]
    one, other = (seen(Answers(), pieces, ends=ends) for pieces in ([said], data.draw(cuts(said))))
    assert (one.status, one.complete, one.keeps) == (other.status, other.complete, other.keeps)
    assert bool(one.reason) == bool(other.reason)
    assert one.reason or one.body == other.body
