"""An answer was lost, so nobody knows what the receiver heard. Whatever happens then, it hears how everything ended."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.core.alerts import Alert, State
from alertd.core.dedup import Line
from alertd.core.delivery import Status
from alertd.core.flush import flush
from alertd.core.groups import Group
from alertd.core.labels import Labels
from alertd.core.mutes import AUDIBLE, Verdict
from alertd.core.notification import Notification
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.severity import Severity
from alertd.core.told import Cooling, incident

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OPS, ROUTE = Integration("ops/webhook[0]", "ops"), Route("{}", "ops")
A, B = (Labels({"alertname": name, "severity": "warning"}) for name in "AB")


class Receiver:
    """One group of two alerts, one integration, and what that believes to fire."""

    def __init__(self) -> None:
        self.now, self.line, self.believed = NOW, Line(), set[Labels]()
        self._alerts: dict[Labels, Alert] = {}
        self._muted: dict[Labels, Verdict] = {}

    def verdict(self, alert: Alert, _route: Route, _now: datetime) -> Verdict:
        return self._muted.get(alert.labels, AUDIBLE)

    def concern(self, _alert: Alert, _route: Route, _now: datetime) -> bool:
        return False

    # What happens.

    def fires(self, labels: Labels) -> None:
        if labels not in self._alerts or self._alerts[labels].resolved:
            self._alerts[labels] = Alert("r", labels, State.FIRING, self.now, fired_at=self.now, cooldown=HOUR)

    def ends(self, labels: Labels) -> None:
        if labels in self._alerts and self._alerts[labels].firing:
            self._alerts[labels] = replace(self._alerts[labels], state=State.RESOLVED, resolved_at=self.now)

    def is_silenced(self, labels: Labels) -> None:
        self._muted[labels] = Verdict(silenced_by=("1",))

    def flaps(self, labels: Labels) -> None:
        self._muted[labels] = Verdict(flaps_since=NOW, changes=5)

    def is_audible(self, labels: Labels) -> None:
        self._muted.pop(labels, None)

    def cools(self, labels: Labels) -> None:
        """The same was told at a higher severity, in another group."""
        cooling = Cooling(self.now + HOUR, Severity.CRITICAL)
        self.line = replace(self.line, cooling={**self.line.cooling, incident(labels): cooling})

    def is_flushed(self) -> None:
        group = Group(ROUTE, Labels(), flushed_at=NOW)
        made = flush(group, list(self._alerts.values()), [OPS], {OPS.id: self.line}, self, "", self.now)
        self.line = made.lines[OPS.id]
        for alert in [one for one in self._alerts.values() if one.resolved and not self.line.knows(one.labels.key)]:
            del self._alerts[alert.labels]

    def answer_is_lost(self) -> None:
        self._hear()
        self.is_refused()

    def is_refused(self) -> None:
        if waiting := self.line.waiting:
            self.line = self.line.after(replace(waiting, attempts=waiting.attempts + 1))

    def is_accepted(self) -> None:
        self._hear()
        if waiting := self.line.waiting:
            sent = replace(waiting, status=Status.SENT, accepted_at=self.now, attempts=waiting.attempts + 1)
            self.line = Line(sent.told_now, None, sent.id, self.line.cooling)

    def _hear(self) -> None:
        message: Notification | None = self.line.waiting and self.line.waiting.notification
        for alert in message.alerts if message else ():
            (self.believed.add if alert.firing else self.believed.discard)(alert.labels)

    def all_is_well(self) -> None:
        """Nothing is muted, all ends, and the receiver answers."""
        for labels in (A, B):
            self.is_audible(labels)
            self.ends(labels)
        for _ in range(3):
            self.now += MINUTE
            self.is_flushed()
            self.is_accepted()


Story = list[tuple[Callable[..., None], Labels | None]]  # what happens, and to which alert
ABOUT_ONE = (Receiver.fires, Receiver.ends, Receiver.is_silenced, Receiver.flaps, Receiver.is_audible, Receiver.cools)
ABOUT_ALL = (Receiver.is_flushed, Receiver.answer_is_lost, Receiver.is_refused, Receiver.is_accepted)
steps = st.one_of(
    st.sampled_from((*ABOUT_ALL, Receiver.is_flushed, Receiver.is_flushed)).map(lambda do: (do, None)),
    st.tuples(st.sampled_from(ABOUT_ONE), st.sampled_from((A, B))),
)


R = Receiver
STORIES: Mapping[str, Story] = {
    "it is silenced": [(R.is_silenced, A), (R.is_flushed, None)],
    "it cools": [(R.cools, A), (R.is_flushed, None)],
    "another fires, and both cool": [
        *((R.fires, B), (R.is_flushed, None)),
        *((R.cools, A), (R.cools, B), (R.is_flushed, None)),
    ],
    "it flaps, and is silenced": [(R.flaps, A), (R.is_flushed, None), (R.is_silenced, A), (R.is_flushed, None)],
    "it ends, and is silenced": [(R.ends, A), (R.is_flushed, None), (R.is_silenced, A), (R.is_flushed, None)],
    "it ends, fires again, and cools": [
        *((R.ends, A), (R.is_flushed, None), (R.is_refused, None)),
        *((R.fires, A), (R.cools, A), (R.is_flushed, None)),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_may_have_been_heard_is_closed(story: Story) -> None:
    assert believed_after(story) == set()


@settings(max_examples=1000, derandomize=True)
@given(st.lists(steps, min_size=3, max_size=12))
def test_whatever_happens_it_is_closed(story: Story) -> None:
    assert believed_after(story) == set()


def believed_after(story: Story) -> set[Labels]:
    receiver = Receiver()
    receiver.fires(A)
    receiver.is_flushed()
    receiver.answer_is_lost()
    for do, labels in story:
        receiver.now += MINUTE
        do(receiver, labels) if labels else do(receiver)
    receiver.all_is_well()
    return receiver.believed
