"""What a server answers, from the bytes as they come: status and headers first, then the body piece by piece.

waiting ─ interim answers ─▶ begun ─ pieces ─▶ complete, or cut off
"""

from contextlib import suppress

import httptools

from alertd.http.faults import UNANSWERED, UNFINISHED

_MOST_BESIDES = 100 * 1024  # bytes that may come besides the body: headers, trailers, chunk extensions
_MOST_OF_HEADERS = 128 * 1024  # bytes, also if they come at once with some of the body
_ALLOWED = 64  # of them come with each byte of the body
_AROUND = 4  # bytes of a header that are neither its name nor its value
_PROTOCOL = b"HTTP/"
_LENIENT = {  # what h11 takes, too; whoever sends a length and chunks is not asked again
    "lenient_headers": True,  # continued lines, control characters
    "lenient_chunked_length": True,
    "lenient_keep_alive": True,  # interim answers which say that they are the last
    "lenient_version": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}

Headers = list[tuple[bytes, bytes]]


class Answers:
    """The answers of one connection, one at a time.

    `keeps`: whether another one can follow; `last`: this one has a length, and says that none does; `reason`: why it
    can never be complete, or nothing.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENT)
        self.status, self.headers = 0, Headers()
        self.begun, self.complete, self.keeps, self.last, self.reason = False, True, True, False, ""
        self.size = 0  # bytes of the body that nobody has taken
        self._pieces: list[bytes] = []
        self._start = b""
        self._without_body = self._interim = self._sized = False
        self._coded: bytes | None = None  # the one transfer coding
        self._length = self._besides = 0  # bytes of headers; and of anything that bytes of the body do not make up for

    def expect(self, *, without_body: bool) -> None:
        """Another one comes; `without_body`: whatever its headers say."""
        self.status, self.headers = 0, []
        self.begun = self.complete = self.last = False
        self.size, self._start = 0, b""
        self._pieces.clear()
        self._without_body, self._sized, self._coded = without_body, False, None
        self._length = self._besides = 0

    def feed(self, data: bytes) -> None:
        """More bytes. What comes after the end makes the connection one that does not keep."""
        if self.reason or not self._begins(data):
            return
        size = self.size
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.cut_off("no answer looks like this")
        self._besides = max(0, self._besides + len(data) - _ALLOWED * (self.size - size))
        if self._besides > _MOST_BESIDES:
            self.cut_off("too much comes that is none of the body")

    def end(self) -> None:
        """No more bytes come; an answer without a length ends so."""
        if self.complete or self.reason:
            self.keeps = False
        elif not self.begun:
            self.cut_off(f"{UNANSWERED} without sending a response.")
        elif self._sized or self._coded:
            self.cut_off(f"{UNFINISHED} in the middle of its answer")
        else:
            self.complete, self.keeps = True, False

    def cut_off(self, reason: str) -> None:
        """The answer is not to be completed, unless it is already."""
        self.keeps = False
        if not self.complete and not self.reason:
            self.reason = reason

    def take(self) -> bytes:
        """What has come of the body since."""
        pieces, self._pieces, self.size = self._pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Let go of the parser, which holds on to this, too. Nothing can be fed any more."""
        with suppress(AttributeError):
            del self._parser

    # What the parser calls

    def on_message_begin(self) -> None:
        if self.complete:
            self.keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.reason:
            return
        if b"\0" in value or name.endswith(b" "):
            self.cut_off("a header has a character it cannot have")
        if self.begun:  # a trailer
            return
        self._length += len(name) + len(value) + _AROUND
        if self._length > _MOST_OF_HEADERS:
            self.cut_off("the headers are too long")
        value = value.rstrip(b" \t")
        self.headers.append((name, value))
        self._frame(name.lower(), value)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self.complete:
            return
        if status < 200:
            self._goes_on(status)
            return
        if self.reason:
            return
        self.status, self.begun = status, True
        self.last = bool(self._sized or self._coded) and not self._parser.should_keep_alive()
        if self._without_body:
            self.complete, self.keeps = True, False  # the parser waits for it
        elif self._coded and self._sized:
            self.keeps = False

    def on_body(self, piece: bytes) -> None:
        if not self.complete and not self.reason:
            self._pieces.append(piece)
            self.size += len(piece)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif not self.complete and not self.reason:
            self.complete = True
            self.keeps = self.keeps and self._parser.should_keep_alive()

    def _begins(self, data: bytes) -> bool:
        """Whether it is HTTP so far; the parser knows more protocols."""
        if len(self._start) < len(_PROTOCOL):
            self._start += data[: len(_PROTOCOL) - len(self._start)]
            if not _PROTOCOL.startswith(self._start):
                self.cut_off("no answer begins like this")
                return False
        return True

    def _goes_on(self, status: int) -> None:
        self.headers, self._interim, self._sized, self._coded = [], True, False, None
        self.keeps = self.keeps and self._parser.should_keep_alive()
        if status < 100 or status == 101:  # nobody asks for another protocol
            self.cut_off("the status of the answer is none")

    def _frame(self, name: bytes, value: bytes) -> None:
        """How the end of the body is to be found: the parser knows, but takes codings that nobody takes off."""
        if name == b"content-length":
            self._sized = True
        elif name == b"transfer-encoding":
            if self._coded or value.lower() != b"chunked":
                self.cut_off("the body is coded in a way that nobody asked for")
            self._coded = value
