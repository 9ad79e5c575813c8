"""What alertd does most often, one thing at a time: each work is made ready once, and done again and again."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from alertd.core import lifecycle
from alertd.core.alerts import Alert, State
from alertd.core.board import Board
from alertd.core.dedup import Line
from alertd.core.delivery import Sent
from alertd.core.flush import flush
from alertd.core.groups import Group
from alertd.core.inhibition import Inhibitor
from alertd.core.instantiate import instantiate
from alertd.core.intervals import Calendar
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.mutes import Muting
from alertd.core.receivers import Integration
from alertd.core.routes import Route, match
from alertd.core.rules import Rule, RuleGroup
from alertd.core.samples import Answer, Sample
from alertd.core.silences import Silences
from alertd.datasources.decoding import decode
from alertd.datasources.fusion import MARK, fuse, take_apart
from alertd.engine.asking import Sources
from alertd.engine.evaluator import Evaluator
from alertd.engine.expansion import Expander
from alertd.engine.selfwatch import Selfwatch
from alertd.engine.watched import Counted, Watched
from alertd.notifiers.payload import payload
from alertd.store import open_store, tables
from alertd.store.schema import migrate
from alertd.telemetry.logs import Logs
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.observers import Observers
from alertd.telemetry.readings import Readings
from alertd.telemetry.vitals import Vitals
from alertd.templating.rules import RuleData, expand
from alertd.testing import ManualClock

Work = Callable[[], object]

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALERTS, SAMPLES, FUSED, GROUP, TICKS = 100, 1000, 50, 20, 10
OPS = Integration("ops/webhook[0]", "ops")
ROUTE = Route("{}", "ops", group_by=("alertname",))
RULE = Rule(
    "JobDown", "up == 0", labels={"severity": "critical"}, annotations={"summary": "{{ $labels.instance }} is down"}
)


def labels(number: int) -> dict[str, str]:
    return {"__name__": "up", "instance": f"host-{number:04}:9100", "job": "node", "zone": f"eu-{number % 3}"}


def samples(count: int) -> list[Sample]:
    return [Sample(Labels(labels(number)), 0.0) for number in range(count)]


def decoding() -> Work:
    series = [{"metric": labels(number), "value": [1767225600.123, "0"]} for number in range(SAMPLES)]
    body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": series}}).encode()
    return lambda: decode(200, body)


def fusing() -> Work:
    exprs = [f'up{{instance="host-{number:04}:9100"}} == 0' for number in range(FUSED)]
    return lambda: fuse(exprs)


def taking_apart() -> Work:
    marked = [
        replace(one, labels=one.labels.merged({MARK: str(number % FUSED)}))
        for number, one in enumerate(samples(SAMPLES))
    ]
    answer = Answer(tuple(marked))
    return lambda: take_apart(answer, FUSED)


def instantiating() -> Work:
    found = samples(SAMPLES)
    return lambda: instantiate(RULE, found, _expand)


def advancing() -> Work:
    """Nothing has changed."""
    instances = instantiate(RULE, samples(SAMPLES), _expand).found
    alerts = lifecycle.advance(RULE, {}, instances, NOW).alerts
    again = instantiate(RULE, samples(SAMPLES), _expand).found
    return lambda: lifecycle.advance(RULE, alerts, again, NOW + timedelta(seconds=15))


def beginning() -> Work:
    instances = instantiate(RULE, samples(SAMPLES), _expand).found
    return lambda: lifecycle.advance(RULE, {}, instances, NOW)


def routing() -> Work:
    children = tuple(
        replace(ROUTE, key=f"{{}}/{team}", matchers=(Matcher("team", "=", str(team)),)) for team in range(50)
    )
    root = replace(ROUTE, routes=children)
    alert = Labels({"alertname": "JobDown", "team": "49", "severity": "critical"})
    return lambda: match(root, alert)


def flushing() -> Work:
    alerts = [_firing(number) for number in range(ALERTS)]
    group = Group(ROUTE, Labels({"alertname": "JobDown"}), members=dict.fromkeys(one.id for one in alerts))
    mutes = Muting(Silences(), Inhibitor(), Calendar())
    return lambda: flush(group, alerts, [OPS], {OPS.id: Line()}, mutes, "http://alertd.example", NOW)


def storing() -> Work:
    """A message of a hundred alerts: written, claimed, settled."""
    (delivery,) = flushing()().deliveries  # type: ignore[attr-defined]
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, Path(":memory:"))
    numbers = iter(range(1_000_000))

    def store() -> None:
        tables.commit(db, [replace(delivery, id=str(next(numbers)))], ())
        (claimed,) = tables.claim(db, OPS.id, NOW + timedelta(1), NOW + timedelta(2), 1)
        tables.settle(db, claimed, Sent(NOW, "200"))

    return store


def saying() -> Work:
    """The body of a webhook about a hundred alerts."""
    (delivery,) = flushing()().deliveries  # type: ignore[attr-defined]
    return lambda: json.dumps(payload(delivery.notification))


class _Decoding:
    """A datasource whose answers are empty, and read like those of a Prometheus."""

    name = "main"

    async def query(self, exprs: Sequence[str], _: datetime) -> list[Answer]:
        body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
        return [decode(200, body) for _ in exprs]

    async def aclose(self) -> None:
        """Nothing is open."""


def evaluating(*, counted: bool) -> Work:
    """A group of quiet rules, without anything on the wire; counted or not, but for that as in the daemon."""
    clock, metrics = ManualClock(NOW), [Metrics(Readings(dict, dict, int))] if counted else []
    observer = Observers(Logs(), *metrics, Selfwatch(), Vitals(clock))
    source = Watched(Counted(_Decoding(), observer), observer, clock)
    group = RuleGroup("g", rules=tuple(replace(RULE, name=f"Rule{number}", group="g") for number in range(GROUP)))
    evaluator = Evaluator(Board(), open_store("memory"), lambda *_: None, observer, clock)
    sources = Sources({"": source})

    async def evaluate() -> None:
        await evaluator.use([group], sources, Expander(sources, Labels(), ""))
        for _ in range(TICKS):
            clock.advance(group.interval)
            await evaluator.tick(group)

    return lambda: asyncio.run(evaluate())


WORKS: Mapping[str, Callable[[], Work]] = {
    f"decode {SAMPLES:,} series": decoding,
    f"fuse {FUSED} expressions": fusing,
    f"take {SAMPLES:,} samples apart": taking_apart,
    f"expand the texts of {SAMPLES:,} samples": instantiating,
    f"{SAMPLES:,} alerts go on": advancing,
    f"{SAMPLES:,} alerts begin": beginning,
    "route an alert past 50 routes": routing,
    f"decide about a group of {ALERTS}": flushing,
    f"write, claim and settle a message of {ALERTS}": storing,
    f"the body of a webhook of {ALERTS}": saying,
    f"evaluate {GROUP} quiet rules {TICKS} times, nothing counted": partial(evaluating, counted=False),
    f"evaluate {GROUP} quiet rules {TICKS} times, all counted": partial(evaluating, counted=True),
}


def _expand(text: str, sample: Sample) -> str:
    data: dict[str, Any] = {"labels": sample.labels, "value": sample.value, "external_labels": Labels()}
    return expand(text, RuleData(**data, external_url="", now=NOW))


def _firing(number: int) -> Alert:
    found = Labels({**labels(number), "__name__": "", "alertname": "JobDown", "severity": "critical"})
    return Alert("rule", found, State.FIRING, NOW, {"summary": f"host-{number} is down"}, 0.0, fired_at=NOW)
