"""The Protocols through which the engine reaches the outside; the fakes beside them are in alertd.testing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self, runtime_checkable

from alertd.core.alerts import Alert, Transition
from alertd.core.delivery import Delivery, Outcome
from alertd.core.flapping import Spell
from alertd.core.history import Entry, Seen
from alertd.core.labels import Labels
from alertd.core.notification import Notification
from alertd.core.rules import Rule
from alertd.core.samples import Answer, Skipped
from alertd.core.silences import Silence
from alertd.errors import QueryError
from alertd.events import Event


class Wake(Protocol):
    """Something that cuts a sleep short; asyncio.Event is one."""

    def is_set(self) -> bool: ...
    def clear(self) -> None: ...
    async def wait(self) -> Any: ...


class Clock(Protocol):
    """The time: the only source of `now` and the only way to wait."""

    def now(self) -> datetime:
        """The wall clock, as an aware UTC datetime."""

    def elapsed(self) -> float:
        """Seconds on a clock that never jumps, for durations."""

    def worked(self, thread: int | None = None) -> float:
        """Seconds of processor time used by the process, or by a thread of it (its native id); 0 if that has ended."""

    async def sleep_until(self, at: datetime | None, wake: Wake | None = None) -> None:
        """Return at that instant (None: never), or as soon as `wake` is set; `wake` is cleared."""


class Datasource(Protocol):
    """A server that answers PromQL."""

    name: str

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        """One answer an expression, in order, all for the same instant. Errors are returned, not raised."""

    async def aclose(self) -> None: ...


class Conditions(Protocol):
    """The functions in Python that decide in place of a query."""

    async def call(self, rule: Rule, at: datetime) -> Answer | Skipped | QueryError:
        """What `rule.script` says of this instant: its samples are the alerts. Errors are returned, not raised."""

    async def aclose(self) -> None: ...


Attributes = Mapping[str, str | bool | int | float]
Place = Literal["internal", "client", "server"]
NOTHING: Attributes = MappingProxyType({})


class Span(Protocol):
    """A piece of work that is traced, while it lasts. Names of attributes follow OpenTelemetry's conventions."""

    def rename(self, name: str) -> None:
        """Call it so from now on: what it is about may be known late."""

    def note(self, attributes: Attributes) -> None:
        """Say more about it."""

    def event(self, name: str, attributes: Attributes = NOTHING) -> None:
        """Say what happened just now."""

    def fail(self, error: str, kind: str = "") -> None:
        """It did not do what it was to; `kind` is one of few words. An exception that leaves it says so itself."""

    def keep(self) -> None:
        """Its trace is of interest, however few traces are taken."""


class Tracer(Protocol):
    """Who follows work from its cause to its end. Must not raise and must not block.

    A cause is named by a string, which is the W3C's `traceparent`; "" names none. `follows`: whether it does at all.
    """

    @property
    def follows(self) -> bool: ...

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
        """A piece of work, for as long as it is entered. `name` is one of few.

        `parent` is what caused it, or the headers that say so; "": nobody; None: the span that is entered. `links` are
        other causes. `keep`: see Span.
        """

    def here(self) -> str:
        """The span that is entered, to be remembered as a cause."""

    def headers(self) -> Mapping[str, str]:
        """What to send along with a request, so that the other side can go on with the trace."""


class Untraced:
    """A tracer, its only span, and how that is entered, in one object that does nothing."""

    follows = False

    def span(
        self,
        name: str,  # noqa: ARG002
        attributes: Attributes = NOTHING,  # noqa: ARG002
        *,
        place: Place = "internal",  # noqa: ARG002
        parent: str | Mapping[str, str] | None = None,  # noqa: ARG002
        links: Iterable[str] = (),  # noqa: ARG002
        keep: bool = False,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        return self

    def here(self) -> str:
        return ""

    def headers(self) -> Mapping[str, str]:
        return {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was begun."""

    def rename(self, name: str) -> None:
        """Nobody asks for it."""

    def note(self, attributes: Attributes) -> None:
        """Nobody listens."""

    def event(self, name: str, attributes: Attributes = NOTHING) -> None:
        """Nobody listens."""

    def fail(self, error: str, kind: str = "") -> None:
        """Nobody listens."""

    def keep(self) -> None:
        """Nothing is taken."""


UNTRACED = Untraced()


class Notifier(Protocol):
    """A way to tell people. Implementations have a pydantic model `Config` and are built as `cls(config, context)`."""

    async def send(self, notification: Notification) -> str:
        """Deliver one notification and return what the other side said. Raises DeliveryError, nothing else."""

    async def aclose(self) -> None: ...


Render = Callable[[str, Notification], str]


def _verbatim(text: str, _: Notification) -> str:
    return text


@dataclass(frozen=True)
class Context:
    """What a notifier is given besides its configuration.

    `render` expands a template in one of its fields, `render_html` one whose result is HTML; both raise TemplateError.
    `defined` are the templates that the user's own files define. `tracer` follows the requests it makes.
    """

    clock: Clock
    external_url: str = ""
    hostname: str = "localhost"
    version: str = ""
    render: Render = _verbatim
    render_html: Render = _verbatim
    defined: Collection[str] = ()
    tracer: Tracer = UNTRACED


@dataclass(frozen=True)
class Snapshot:
    """What survived the restart.

    `alerts` holds those alive and, apart from them, those that ended but of which somebody is still to be told. `told`
    holds, for every group and integration, the newest delivery that was sent or silent, and the pending one if there
    is one; what was accepted is as `Delivery.remembered`, without its message. `alive_at` is when the daemon last said
    that it was alive; None on a new store. `silences` are all that were not pruned. `damage` says what could not be
    read, one sentence each; it is not there any more.
    `spells` are those that ended within a day before that.
    """

    alerts: tuple[Alert, ...] = ()
    told: tuple[Delivery, ...] = ()
    alive_at: datetime | None = None
    silences: tuple[Silence, ...] = ()
    damage: tuple[str, ...] = ()
    spells: tuple[Spell, ...] = ()


class History(Protocol):
    """What was decided, kept for a while so that somebody can ask why. Raises StoreError."""

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        """Add rows, in order; and the alerts they are about, each in place of what was known of it."""

    async def recall(self, subjects: Collection[str], since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
        """The newest rows of each of these from `since` to `until`, at most `limit` a subject; in order, oldest first.

        Rows of one instant are in the order in which they were written.
        """

    async def seen(self, name: str | None, limit: int) -> Sequence[Seen]:
        """The alerts of this name, or of any, that rows are about: those heard of last come first."""

    async def forget(self, before: datetime, rows: int, limit: int) -> int:
        """Of the `limit` oldest rows delete those before that instant, and those that are more than `rows`; how many.

        With them go alerts that were heard of last before the oldest row that is left.
        """


class Store(History, Protocol):
    """What must survive a restart. Every method is one transaction, durable when it returns; raises StoreError."""

    async def load(self) -> Snapshot: ...

    async def record(self, transitions: Sequence[Transition]) -> None:
        """Write `after` of each transition, or delete `before` where there is none; and the spells that are over.

        An alert that ended is kept apart from one of the same rule and labels that begins anew, until it is forgotten.
        """

    async def commit(self, deliveries: Sequence[Delivery], forgotten: Collection[tuple[str, Labels]]) -> None:
        """Add outbox rows, supersede what they make obsolete, forget the ends everybody has been told of.

        A row whose id is known is left as it is. Obsolete are the older rows of the same group and integration that
        are dead, or pending and not under way.
        """

    async def silence(self, silences: Sequence[Silence]) -> None:
        """Keep these silences, each in place of what was kept under its id."""

    async def claim(self, integration: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Lease due rows of this integration until that instant, urgent and then old ones first, at most one a group.

        A row is due when `next_at` has come, it is not leased, and no other row of its group is under way.
        """

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """End the leases of rows that were claimed and not tried; one that a newer row made obsolete is superseded."""

    async def settle(self, delivery: Delivery, outcome: Outcome) -> Delivery:
        """End the lease and write what became of it. A retry that a newer row made obsolete becomes superseded."""

    async def shift(self, by: timedelta) -> None:
        """The clock was set by that much: the times of what waits, and of every lease, follow it."""

    async def due(self) -> Mapping[str, datetime]:
        """For every integration with pending rows, the earliest `next_at` (or end of lease)."""

    async def counts(self) -> Mapping[str, int]:
        """Outbox rows by status."""

    async def prune(self, before: datetime) -> int:
        """Delete finished rows older than that on which nothing depends, and silences and spells that ended before; how
        many rows.
        """

    async def touch(self, now: datetime) -> None:
        """Remember that the daemon was alive."""

    async def close(self) -> None: ...


class Listener(Protocol):
    """Who hears of everything that happens. Must not raise and must not block."""

    def notice(self, event: Event) -> None: ...


@runtime_checkable
class Selective(Listener, Protocol):
    """A Listener who says what to do with events of which kind, and hears of no others."""

    actions: Mapping[type[Event], Callable[[Any], None]]

    def notice(self, event: Event) -> None:
        """Do it."""
        action = self.actions.get(type(event))
        if action:
            action(event)


class Observer(Listener, Tracer, Protocol):
    """Who watches the engine: hears what happened, and follows what goes on."""
