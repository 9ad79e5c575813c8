"""Takes out of every line what must not be in it: the secrets of the configuration, and what looks like one."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from alertd.config.confidential import HIDDEN, Confidential, hide, shapes
from alertd.config.watching import Stamp, stamp

_SUSPICIOUS = re.compile(r"://|authorization|basic|bearer|/bot\d|/api/webhooks/|[?&][\w.-]+=", re.IGNORECASE)
# In a header or a URL there are secrets that no configuration holds, such as tokens that were fetched.
_PATTERNS = (
    (re.compile(r"(?<=://)[^/\s@]+@"), "***@"),
    (re.compile(r"(authorization[\"']?\s*[:=]\s*(?:[bu]?[\"'])?)[^\"'\r\n,;]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b(basic|bearer)\s+(?=\S*[\d=._])[^\s'\",;<>]{4,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"(/bot)\d+:[\w-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(hooks\.slack\.com/\w+/)[^\s\"'<>]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(/api/webhooks/\d+/)[\w-]+"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"([?&][\w.-]{0,64}(?:token|secret|passw|pwd|key|sig|auth|credential)[\w.-]{0,64}=)[^&\s\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)
_KEPT = 3  # configurations, or contents of a file, that are remembered: what they hid may still be on its way


def without_tokens(text: str) -> str:
    """The text without what looks like a secret."""
    if _SUSPICIOUS.search(text):
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
    return text


class Redaction:
    """Told which configuration is in force, it hides what that holds, and what the one before it held."""

    def __init__(self, *things: Confidential) -> None:
        # Whoever logs reads these, in whatever thread: each is replaced as a whole.
        self._past: tuple[Confidential, ...] = things
        self._contents: Mapping[str, tuple[str, ...]] = {}
        self._stamp: Stamp = frozenset()
        self._shapes: tuple[str, ...] = ()
        self._looked_at = 0.0
        self._learn()

    def follow(self, confidential: Confidential) -> None:
        """This is in force from now on."""
        self._past = (*self._past, confidential)[-_KEPT:]
        self._learn()

    def look(self, at: float) -> None:
        """Read files with secrets anew that have changed; `at`, in seconds, is now. Looks once a second at most."""
        if 0 <= at - self._looked_at < 1:
            return
        self._looked_at = at
        if self._files() and stamp(map(Path, self._files())) != self._stamp:
            self._learn()

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        return without_tokens(hide(text, self._shapes))

    def _files(self) -> list[str]:
        return sorted({path for one in self._past for path in one.files})

    def _learn(self) -> None:
        files = self._files()
        self._stamp = stamp(map(Path, files))
        self._contents = {path: _remembered(self._contents.get(path, ()), _read(path)) for path in files}
        self._shapes = shapes(self._known())

    def _known(self) -> Iterable[str]:
        yield from (value for one in self._past for value in one.values)
        yield from (content for known in self._contents.values() for content in known)


def _remembered(known: tuple[str, ...], content: str) -> tuple[str, ...]:
    return known if not content or content in known else (*known, content)[-_KEPT:]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
