"""A tracer that keeps what it followed, for tests that ask what was caused by what."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from alertd.ports import NOTHING, Attributes, Place, Span


@dataclass
class RecordedSpan:
    """What was said about a piece of work; `id` is its traceparent, `parent` that of what caused it ("": nothing)."""

    id: str
    name: str
    parent: str
    place: Place
    links: tuple[str, ...]
    kept: bool
    attributes: dict[str, str | bool | int | float]
    events: list[tuple[str, Attributes]] = field(default_factory=list)
    error: str = ""
    ended: bool = False

    @property
    def trace(self) -> str:
        """The id of its trace."""
        return self.id[3:35]

    def rename(self, name: str) -> None:
        self.name = name

    def note(self, attributes: Attributes) -> None:
        self.attributes |= attributes

    def event(self, name: str, attributes: Attributes = NOTHING) -> None:
        self.events.append((name, attributes))

    def fail(self, error: str, kind: str = "") -> None:
        self.error, self.kept = f"{kind}: {error}" if kind else error, True

    def keep(self) -> None:
        self.kept = True


class RecordingTracer:
    """`spans` are in the order in which they began. Ids count up, so that every run has the same."""

    follows = True

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []
        self._entered: ContextVar[str] = ContextVar("entered", default="")

    def span(
        self,
        name: str,
        attributes: Attributes = NOTHING,
        *,
        place: Place = "internal",
        parent: str | Mapping[str, str] | None = None,
        links: Iterable[str] = (),
        keep: bool = False,
    ) -> AbstractContextManager[Span]:
        carried = parent.get("traceparent", "") if isinstance(parent, Mapping) else parent
        cause = self.here() if carried is None else carried
        span = RecordedSpan(self._id(cause), name, cause, place, tuple(links), keep, dict(attributes))
        return self._entering(span)

    def here(self) -> str:
        return self._entered.get()

    def headers(self) -> Mapping[str, str]:
        return {"traceparent": self.here()} if self.here() else {}

    def named(self, name: str) -> list[RecordedSpan]:
        """Those of that name."""
        return [span for span in self.spans if span.name == name]

    def _id(self, cause: str) -> str:
        number = len(self.spans) + 1
        return f"00-{cause[3:35] or f'{number:032x}'}-{number:016x}-01"

    @contextmanager
    def _entering(self, span: RecordedSpan) -> Iterator[RecordedSpan]:
        self.spans.append(span)
        before = self._entered.set(span.id)
        try:
            yield span
        except Exception as error:
            if not span.error:
                span.fail(type(error).__name__)
            raise
        finally:
            span.ended = True
            self._entered.reset(before)
