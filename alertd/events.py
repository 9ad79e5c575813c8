"""What happened, as frozen values; telemetry turns each into a log line, a metric, a span."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alertd.core.alerts import Alert, Transition
from alertd.core.changes import Change
from alertd.core.dedup import Line
from alertd.core.delivery import Delivery, Outcome
from alertd.core.flush import Verdict
from alertd.core.labels import Labels
from alertd.core.mutes import Verdict as Muted
from alertd.core.routes import Route
from alertd.core.rules import Rule, RuleGroup
from alertd.core.silences import Silence, State
from alertd.errors import DeliveryError, QueryFailure


@dataclass(frozen=True, slots=True)
class RuleEvaluated:
    """What came of one rule; `error` is empty if it went well. `blind`: it is not the rule's, but nobody answered."""

    rule: Rule
    samples: int = 0
    error: str = ""
    warnings: tuple[str, ...] = ()
    blind: bool = False


@dataclass(frozen=True, slots=True)
class RulesEvaluated:
    """Rules of one group, evaluated for `at`; `seconds` is the share of each in the group's time.

    `loud` are those of which there is something to tell; the others had no samples, no alerts, and nothing went wrong.
    """

    rules: Sequence[Rule]
    at: datetime
    seconds: float
    loud: Sequence[RuleEvaluated] = ()

    @property
    def is_troubled(self) -> bool:
        """Whether there is an error, or a remark."""
        return any(one.error or one.warnings for one in self.loud)

    def each(self) -> Iterator[RuleEvaluated]:
        """What came of every rule, in order."""
        loud = {one.rule.key: one for one in self.loud}
        return (loud.get(rule.key) or RuleEvaluated(rule) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class GroupEvaluated:
    """One group, evaluated for `at`, begun `late` after it, in this trace; `missed` instants before it were skipped."""

    group: RuleGroup
    at: datetime
    seconds: float
    late: timedelta
    missed: int = 0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class DatasourceAnswered:
    """A datasource was asked; `error` is empty unless it was blind (unreachable, refusing, malformed)."""

    datasource: str
    seconds: float
    queries: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Queried:
    """Queries went to a datasource, and some failed: those of several rules in one, or one that tries something."""

    datasource: str
    queries: int
    failures: tuple[QueryFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreUsed:
    """The store was asked to do something, and did it unless it `failed`."""

    operation: str  # a method of the port
    seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class AlertsPosted:
    """Others have posted alerts: how many that fire, that have ended, and that make no sense."""

    firing: int = 0
    resolved: int = 0
    invalid: int = 0


@dataclass(frozen=True, slots=True)
class AlertChanged:
    """An alert changed its state."""

    transition: Transition
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertGrouped:
    """An alert that began or ended is in this group, which is to be looked at at `due_at`; or a reload put it there."""

    alert: Alert
    route: Route
    group: str
    labels: Labels
    at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Considered:
    """What a flush had before it, and what it left: the audible members, and the line of one integration."""

    route: Route
    alerts: tuple[Alert, ...]
    before: Line
    after: Line
    delivery: Delivery | None


@dataclass(frozen=True, slots=True)
class GroupFlushed:
    """An aggregation group was looked at for one integration; `verdict.reason` is None where nobody had to be told.

    `last`: nobody is left in the group.
    """

    group: str
    at: datetime
    verdict: Verdict
    considered: Considered | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class AlertMuted:
    """What mutes an alert in a group is not what it was at the last flush; `verdict` is falsy if nothing does now.

    `receiver` is who is told of the group.
    """

    group: str
    labels: Labels
    verdict: Muted
    at: datetime
    receiver: str


@dataclass(frozen=True, slots=True)
class SilenceChanged:
    """A silence was made, changed or ended by somebody; `state` is where it is now."""

    silence: Silence
    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryTried:
    """One attempt at a delivery; `error` is None if it was accepted. `latency` counts from the newest alert's start."""

    delivery: Delivery
    outcome: Outcome
    seconds: float
    error: DeliveryError | None = None
    latency: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """The daemon has started with these alerts; the one before it was alive at `alive_at`, if there was one."""

    at: datetime
    alive_at: datetime | None
    alerts: Sequence[Alert]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Configuration and rules were read again; `error` is empty if everything was taken over."""

    at: datetime
    rules: int
    error: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesMissing:
    """A pattern of `rule_files` matches no file, at the start or at a reload; `hint` is advice."""

    pattern: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """A line that a condition in Python wrote. `rule` is the one it was called for; None while it was imported."""

    path: str
    rule: Rule | None
    stream: str  # stdout, stderr
    text: str


class Kind(StrEnum):
    """What a trouble is about."""

    STATE = "state"  # it could not be written or read
    DAMAGE = "damage"  # some of it was lost
    CLOCK = "clock"
    WEB = "web"  # the listener goes on with older settings than those written
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that should not happen did (a store that cannot be written, a clock that jumped); life goes on."""

    where: str
    error: str
    kind: Kind = Kind.BUG


@dataclass(frozen=True, slots=True)
class Beat:
    """The sign of life for the outside was given; or it was not, because of `ailments`; or it failed, with `error`."""

    at: datetime
    ailments: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class SamplesWritten:
    """Samples were sent to a server by remote write, or are not any more; `result` says what became of them."""

    samples: int
    result: str  # accepted, retried, refused, dropped
    error: str = ""


@dataclass(frozen=True, slots=True)
class MetricsExported:
    """Metrics were sent to a collector; `error` is empty if it took them, all but `rejected` data points.

    `remark`: what it has to say about those it took, and why it did not take the others.
    """

    error: str = ""
    rejected: int = 0
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """A request was answered; `route` is the path as it is documented, empty if there is none such."""

    method: str
    route: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Called:
    """A gRPC call ended; `method` is empty if there is none such, `seconds` is how long a stream lasted, too."""

    method: str
    code: str  # gRPC's word, such as OK
    seconds: float
    stream: bool = False


@dataclass(frozen=True, slots=True)
class HealthTold:
    """What gRPC's health service says is another than before: alertd does its work, or it does not, with `ailments`."""

    at: datetime
    ailments: tuple[str, ...] = ()


Event = (
    RulesEvaluated
    | GroupEvaluated
    | DatasourceAnswered
    | Queried
    | StoreUsed
    | AlertsPosted
    | AlertChanged
    | AlertGrouped
    | GroupFlushed
    | AlertMuted
    | SilenceChanged
    | DeliveryTried
    | Restored
    | Reloaded
    | FilesMissing
    | Printed
    | Beat
    | SamplesWritten
    | MetricsExported
    | Served
    | Called
    | HealthTold
    | Trouble
)
