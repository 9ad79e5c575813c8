"""Whatever happens at whatever moment, all who should know of an alert have heard of it, and every firing is closed.

Each seed is a day of trouble: alerts come and go, also in the middle of a commit or a send, routes change, receivers
refuse, the disk is full, the process dies. Then the world heals, and what was said is compared with what is.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.receivers import Integration
from alertd.core.routes import Route, routes_of
from alertd.errors import DeliveryError
from tests.stories.world import OPS, ROUTE, START, World, rule

pytestmark = pytest.mark.anyio
HEALED = timedelta(minutes=40)
JOBS = "abc"
INTEGRATIONS = {**OPS, "db": (Integration("db/webhook[0]", "db"),)}
NAMES = [one.id for some in INTEGRATIONS.values() for one in some]


def trees() -> list[Route]:
    """Routing trees that tell the same alerts in other groups, or other receivers."""
    base = replace(ROUTE, group_wait=timedelta(seconds=20), group_interval=timedelta(minutes=1))
    found = []
    for group_by in (("alertname",), ("job",), None, ()):
        root = replace(base, group_by=group_by)
        job_a = replace(root, key='{}/{job="a"}', matchers=(Matcher("job", "=", "a"),))
        rest = replace(root, key="{}/x")
        for children in ((), (job_a,), (replace(job_a, receiver="db"),)):
            found.append(replace(root, routes=children))
        found.append(replace(root, routes=(replace(job_a, receiver="db", continue_=True), rest)))
    return found


class Chaos:
    """What goes wrong, and when, by one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.trees = trees()
        self.world = World(
            rule("JobDown", cooldown=self.dice.choice(["0s", "10m"]), for_=self.dice.choice(["0s", "1m"])),
            route=self.dice.choice(self.trees),
            integrations=INTEGRATIONS,
            interval=timedelta(seconds=20),
        )
        self._busy = False

    async def live(self) -> None:
        self._plan()
        for name in ("commit", "claim", "settle"):
            setattr(self.world.store, name, self._interrupted(getattr(self.world.store, name)))
        await self.world._start()
        for receiver in self.world.receivers.values():
            receiver.send = self._interrupted(receiver.send)
        await self.world.run_until("2h")

    def _plan(self) -> None:
        for _ in range(self.dice.randint(3, 20)):
            moment = self.world.at(f"{self.dice.randint(1, 2400)}s")
            self.dice.choices(
                [
                    lambda at=moment: at.fires("JobDown", job=self.dice.choice(JOBS)),
                    lambda at=moment: at.resolves("JobDown", job=self.dice.choice(JOBS)),
                    lambda at=moment: at.restarts(),
                    lambda at=moment: at.refuses(self.dice.choice(NAMES), DeliveryError("503")),
                    lambda at=moment: at.do(lambda: self.world.break_disk(3)),
                    lambda at=moment: at.reloads(route=self.dice.choice(self.trees)),
                ],
                weights=[40, 30, 8, 8, 6, 8],
            )[0]()
        self._heal()

    def _heal(self) -> None:
        end, fires = self.world.at("40m"), self.dice.random() < 0.5
        for name in NAMES:
            end.refuses(name, None)
        for job in JOBS:
            (end.fires if fires else end.resolves)("JobDown", job=job)

    def _interrupted(self, act: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def run(*arguments: object) -> object:
            await self._meanwhile()
            result = await act(*arguments)
            await self._meanwhile()
            return result

        return run

    async def _meanwhile(self) -> None:
        """Something else happens while somebody waits for the disk or a receiver."""
        world = self.world
        if self._busy or world.engine is None or world.clock.now() >= START + HEALED or self.dice.random() > 0.2:
            return
        self._busy = True
        job, true = Labels({"job": self.dice.choice(JOBS)}), world.prometheus.true.setdefault("JobDown", {})
        what = self.dice.random()
        if what < 0.45:
            true[job] = 1.0
        elif what < 0.8:
            true.pop(job, None)
        elif what < 0.9 and not world.engine.dispatcher._door.locked():
            world.reload(route=self.dice.choice(self.trees))
            await world._settle_changes()
        await world.engine.evaluator.step(world.engine.board.groups[0], world.clock.now())
        self._busy = False

    def heard(self) -> set[tuple[str, Labels]]:
        """Who believes what to be firing: the last word of every receiver on every alert."""
        last: dict[tuple[str, Labels], bool] = {}
        seen: set[str] = set()
        for message in self.world.heard:
            if message.id not in seen:
                last |= {(message.integration, alert.labels): alert.firing for alert in message.alerts}
            seen.add(message.id)
        return {who for who, fires in last.items() if fires}

    def true(self) -> set[tuple[str, Labels]]:
        """Who should believe so."""
        return {
            (integration.id, alert.labels)
            for alert in self.world.engine.board.alive()
            for route in routes_of(self.world.route, alert)
            for integration in INTEGRATIONS[route.receiver]
        }


@pytest.mark.parametrize("seed", range(80))
async def test_in_the_end_everybody_knows_what_is(seed: int) -> None:
    chaos = Chaos(seed)
    await chaos.live()
    assert chaos.heard() == chaos.true()
    assert chaos.true() or list(chaos.world.engine.board.all()) == [], "an end was remembered that nobody waits for"
