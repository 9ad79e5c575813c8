"""A lane: what one integration has to do, what it has taken for that, and when it takes more.

    outbox ─ claim ─▶ waiting ─ so many at once ─▶ being sent

A lane takes more than it can send at once, as much as it lately sent in a moment, so that the next message goes out as
soon as one is through. What does not get its turn soon goes back: perhaps it is not true any more by then.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alertd.core.delivery import Delivery
from alertd.ports import Clock, Notifier

WIDTH = 16  # deliveries under way at once, an integration
_AHEAD = 2  # times as many wait at most
_MOMENT = 0.1  # seconds that it may be ahead
_GATHER = 0.01  # seconds between two claims
_PATIENCE = 1.0  # seconds until what was taken goes back


@dataclass
class Lane:
    """A lane that hangs hinders no other; `due_at` None: nothing waits in the outbox.

    `busy`: so many are being sent. `claimed_at`: when, by the steady clock, it took some last; while it is busy, the
    next ones gather. `through`: so many it has sent since. `waiting`: what it took, each after when that was.
    """

    notifier: Notifier
    due_at: datetime | None
    busy: int = 0
    claimed_at: float = -_GATHER
    through: int = 0
    waiting: deque[tuple[float, Delivery]] = field(default_factory=deque)
    width: int = WIDTH

    def next_claim(self, clock: Clock) -> datetime | None:
        """When it has something to do and room for it."""
        ahead = self.ahead(clock)
        if self.due_at is None or self._room(ahead) <= ahead // 2:
            return None
        wait = self.claimed_at + _GATHER - clock.elapsed() if self.busy else 0.0
        return self.due_at if wait <= 0 else max(self.due_at, clock.now() + timedelta(seconds=wait))

    def ask(self, clock: Clock) -> int:
        """How many it would take now; what is through is counted anew from here on."""
        room = self._room(self.ahead(clock))
        self.claimed_at, self.through = clock.elapsed(), 0
        return room

    def _room(self, ahead: int) -> int:
        return max(0, self.width + ahead - self.busy - len(self.waiting))

    def ahead(self, clock: Clock) -> int:
        """How many may wait beyond those that are being sent."""
        passed = max(clock.elapsed() - self.claimed_at, _GATHER)
        return min(int(self.through * _MOMENT / passed), _AHEAD * self.width)

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """These were claimed."""
        self.waiting.extend((self.claimed_at, delivery) for delivery in deliveries)

    def begin(self) -> Delivery | None:
        """The next to be sent, if there is one and room for it."""
        if not self.waiting or self.busy >= self.width:
            return None
        self.busy += 1
        return self.waiting.popleft()[1]

    def end(self) -> None:
        """One is through, whatever became of it."""
        self.busy -= 1
        self.through += 1

    def stuck_at(self, clock: Clock) -> datetime | None:
        """When what waits will have waited for too long."""
        if not self.waiting:
            return None
        return clock.now() + timedelta(seconds=self.waiting[0][0] + _PATIENCE - clock.elapsed())

    def is_stuck(self, clock: Clock) -> bool:
        """True if it has, by the same reckoning: who wakes up at that instant finds it so."""
        at = self.stuck_at(clock)
        return at is not None and at <= clock.now()

    def give_up(self) -> list[Delivery]:
        """What waits, and does so no longer."""
        given_up = [delivery for _, delivery in self.waiting]
        self.waiting.clear()
        return given_up
