"""The engine: evaluator, dispatcher and courier around one board and one store, and how they follow a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alertd.core import lifecycle, posted
from alertd.core.alerts import Alert, Transition
from alertd.core.board import Board
from alertd.core.labels import Labels
from alertd.core.mutes import Mutes
from alertd.core.rules import RuleGroup
from alertd.core.silences import Silences
from alertd.engine.asking import Sources
from alertd.engine.courier import Courier
from alertd.engine.dispatcher import Dispatcher
from alertd.engine.evaluator import Evaluator
from alertd.engine.expansion import Expander
from alertd.engine.posted import Intake
from alertd.engine.routing import Routing
from alertd.engine.silences import Silencer
from alertd.errors import StoreError
from alertd.events import Kind, Restored, Trouble
from alertd.ports import Clock, Notifier, Observer, Store

OUTAGE_TOLERANCE = timedelta(hours=1)
_HISTORY = timedelta(days=5)
_MOST_NAMED = 5  # of what could not be read


@dataclass(frozen=True)
class Plan:
    """A configuration, as far as the engine acts on it."""

    groups: Sequence[RuleGroup]
    sources: Sources
    routing: Routing
    notifiers: Mapping[str, Notifier]
    external_labels: Labels = field(default_factory=Labels)
    outage_tolerance: timedelta = OUTAGE_TOLERANCE


class Engine:
    """The loops, wired. `restore` once, `follow` at start and at every reload."""

    def __init__(self, plan: Plan, store: Store, observer: Observer, clock: Clock) -> None:
        self._store, self._observer, self._clock, self._plan = store, observer, clock, plan
        self.board, silences = Board(), Silences()
        self.dispatcher = Dispatcher(plan.routing, self.board, silences, store, observer, clock)
        self.silencer = Silencer(silences, self.dispatcher.silenced, store, observer, clock)
        self.courier = Courier(self.dispatcher, store, observer, clock)
        self.intake = Intake(self.board, store, self.dispatcher.receive, observer, clock)
        self.evaluator = Evaluator(self.board, store, self.dispatcher.receive, observer, clock)

    async def restore(self) -> None:
        """Go on where the last process stopped: states, what was told, and what is still to be said."""
        snapshot, now = await self._store.load(), self._clock.now()
        passed = now - snapshot.alive_at if snapshot.alive_at else timedelta(0)
        downtime = max(timedelta(0), passed)
        if passed < timedelta(0):  # the clock was set back meanwhile
            self.courier.clock_jumped(passed)
        tolerance = self._plan.outage_tolerance
        resumed = [
            posted.resumed(alert, downtime) if alert.posted else lifecycle.resumed(alert, downtime, tolerance, now)
            for alert in snapshot.alerts
        ]
        await self._keep_resumed(snapshot.alerts, resumed)
        self._tell_damage(snapshot.damage)
        self.board.restore(resumed)
        self.intake.restore()
        self.silencer.restore(snapshot.silences)
        self.dispatcher.restore(snapshot.told, snapshot.spells)
        self._observer.notice(Restored(now, snapshot.alive_at, resumed))
        await self.follow(self._plan)

    def _tell_damage(self, damage: Sequence[str]) -> None:
        if damage:
            more = f" and {len(damage) - _MOST_NAMED} more" if len(damage) > _MOST_NAMED else ""
            text = f"{'; '.join(damage[:_MOST_NAMED])}{more}"
            self._observer.notice(Trouble("some of the state was lost", text, Kind.DAMAGE))

    async def _keep_resumed(self, before: Sequence[Alert], after: Sequence[Alert]) -> None:
        """Store what the downtime changed, so that another restart does not begin from what was before this one."""
        moved = [Transition(*pair) for pair in zip(before, after, strict=True) if pair[0] is not pair[1]]
        if not moved:
            return
        try:
            await self._store.record(moved)
            await self._store.touch(self._clock.now())
        except StoreError as error:
            self._observer.notice(Trouble("new states were not stored", str(error), Kind.STATE))

    async def follow(self, plan: Plan) -> None:
        """Take over a configuration: timers, deliveries under way and states go on; alerts of lost rules end."""
        self.board.follow(plan.groups)
        self.courier.serve(plan.notifiers)
        if plan.routing is not self._plan.routing:
            await self.dispatcher.reroute(plan.routing)
        self._plan = plan
        expander = Expander(plan.sources, plan.external_labels, plan.routing.external_url)
        await self.evaluator.use(plan.groups, plan.sources, expander)
        self.board.keep({rule.key for group in plan.groups for rule in group.rules})

    @property
    def sources(self) -> Sources:
        """Whoever is asked now."""
        return self._plan.sources

    @property
    def mutes(self) -> Mutes:
        """Whoever can mute an alert now."""
        return self.dispatcher.mutes

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set: nothing waits for an hour that may be far off."""
        for loop in (self.intake, self.dispatcher, self.courier):
            loop.clock_jumped(by)

    async def touch(self, *, prune: bool = False) -> None:
        """Remember that the daemon is alive, for the length of the next downtime, and drop old history if asked."""
        now = self._clock.now()
        await self._store.touch(now)
        self.silencer.tidy(now)
        if prune:
            self.dispatcher.forget_finished(now)
            await self._store.prune(now - _HISTORY)
            self.silencer.tidy(now, now - _HISTORY)
