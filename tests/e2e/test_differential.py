"""On the same rules and the same data alertd makes of every instant what Prometheus makes of it."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.e2e.differential import rules, theirs
from tests.e2e.differential.compare import Ledger, differences
from tests.e2e.differential.histories import STEP, history
from tests.e2e.differential.ours import Alertd
from tests.e2e.differential.series import all_series
from tests.e2e.differential.watch import Shown, Watch, moment

pytestmark = pytest.mark.timeout(400)
SECONDS = 100
LEAST = {"pending": 1, "firing": 1, "resolved": 1, "withdrawn": 0.2, "kept firing": 0.5, "health err": 0.05}  # per rule


@pytest.fixture
def groups(tmp_path: Path) -> list[dict[str, Any]]:
    for side in ("ours", "theirs/rules"):
        (tmp_path / side).mkdir(parents=True)
    present = [path for path in rules.sources() if path.exists()]
    return rules.write(present, tmp_path / "ours", tmp_path / "theirs/rules")


@pytest.fixture
def prometheus(groups: list[dict[str, Any]], tmp_path: Path) -> Iterator[theirs.Prometheus]:
    if not shutil.which("prometheus"):
        pytest.skip("needs a real Prometheus: `make test` installs one")
    assert list(theirs.refused(tmp_path / "theirs/rules")) == []
    server = theirs.Prometheus(tmp_path / "theirs")
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.e2e
async def test_every_instant(groups: list[dict[str, Any]], prometheus: theirs.Prometheus, tmp_path: Path) -> None:
    alertd = Alertd(tmp_path / "ours", prometheus.url)
    assert alertd.rules.problems == ()
    feed(prometheus, groups)
    prometheus.evaluate("rules/*.yml")
    await alertd.start()
    course = Course(alertd, theirs.names(groups))
    with Watch(prometheus) as watch:
        await course.run(watch, time.time() + SECONDS)
    await course.catch_up(watch)
    await alertd.close()
    course.check()
    if missing := [path.name for path in rules.sources() if not path.exists()]:
        pytest.skip(f"all is the same for our own rules, but there is no corpus with {', '.join(missing)}")


def feed(prometheus: theirs.Prometheus, groups: list[dict[str, Any]]) -> None:
    """Hand over all data before the first evaluation, those of the time to come too, so that no instant sees half."""
    begin = int(time.time()) // STEP * STEP
    series = all_series(groups).items()
    prometheus.feed([(labels, list(history(labels, want, begin, SECONDS))) for labels, want in series])


class Course:
    """Let alertd evaluate what Prometheus has evaluated, instant by instant.

    The data never change, so alertd may be late; only what nobody saw in time at Prometheus cannot be compared.
    """

    def __init__(self, alertd: Alertd, groups: list[theirs.Group]) -> None:
        self.alertd, self.groups = alertd, groups
        self.ledger, self.missed, self.compared = Ledger(), 0, 0
        self._last = dict.fromkeys(groups, 0.0)

    async def run(self, watch: Watch, end: float) -> None:
        while time.time() < end:
            await self.catch_up(watch)
            await anyio.sleep(0.1)

    async def catch_up(self, watch: Watch) -> None:
        assert watch.failure is None
        for group in self.groups:
            for at, shown in watch.after(group, self._last[group]):
                await self._step(group, at, shown)

    async def _step(self, group: theirs.Group, at: float, shown: Shown | None) -> None:
        self._last[group] = at
        await self.alertd.step(group, moment(at))
        self.missed += shown is None
        if shown:
            self.compared += 1
            self.ledger.compare(group, moment(at), shown, await self.alertd.shown(group))

    def check(self) -> None:
        rules_there = sum(len(group.rules) for group in self.alertd.rules.groups)
        summary = (
            f"{len(self.groups)} groups, {rules_there} rules, {len(self.ledger.fired)} of them fired; "
            f"{self.compared} groups compared, {self.missed} missed: {self.ledger}"
        )
        print(summary)
        assert not self.ledger.wrong, self.ledger.report()
        assert self.missed < self.compared / 10, summary
        assert self.compared > len(self.groups) * SECONDS / rules.INTERVAL * 0.8, summary
        assert len(self.ledger.fired) > rules_there / 2, summary
        for what, least in LEAST.items():
            assert self.ledger.happened[what] > least * rules_there, f"hardly anything is {what}: {summary}"


def alert(**more: Any) -> dict[str, Any]:
    labels, active = {"alertname": "A", "x": "1"}, "2026-01-01T00:00:00.123456789Z"
    usual = {"labels": labels, "annotations": {"a": "b"}, "state": "firing", "activeAt": active, "value": "1e+00"}
    return {**usual, **more}


def rule(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "A", "state": "firing", "duration": 3, "keepFiringFor": 0, "health": "ok", "alerts": alerts, **more}


def test_the_same_is_the_same() -> None:
    ours = rule(alert(activeAt="2026-01-01T00:00:00.123Z"), health="err", lastError="a text cannot be made")
    assert list(differences(rule(alert()), ours)) == []
    failed = "<error expanding template: %s>"
    theirs, ours = rule(alert(annotations={"a": failed % "go"})), rule(alert(annotations={"a": failed % "us"}))
    assert list(differences(theirs, ours)) == []


@pytest.mark.parametrize(
    "other",
    [
        rule(),
        rule(alert(), alert(labels={"alertname": "A"})),
        rule(alert(labels={"alertname": "A", "x": "2"})),
        rule(alert(annotations={"a": "b "})),
        rule(alert(annotations={})),
        rule(alert(state="pending")),
        rule(alert(activeAt="2026-01-01T00:00:00.124Z")),
        rule(alert(value="1e+01")),
        rule(alert(keepFiringSince="2026-01-01T00:00:00Z")),
        rule(alert(), state="pending"),
        rule(alert(), duration=4),
    ],
)
def test_what_differs_is_seen(other: dict[str, Any]) -> None:
    assert list(differences(rule(alert()), other))
    assert list(differences(other, rule(alert())))


def test_that_only_prometheus_fails_is_seen() -> None:
    theirs = rule(alert(), health="err", lastError="many-to-many")
    assert list(differences(theirs, rule(alert())))
    assert not list(differences(theirs, rule(alert(), health="err", lastError="many")))
    assert not list(differences({**theirs, "lastError": "duplicate sample for timestamp"}, rule(alert())))
