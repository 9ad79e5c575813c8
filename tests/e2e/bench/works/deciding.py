"""Works of the core: texts, the state machine, routes, groups, flushes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alertd.core import lifecycle
from alertd.core.alerts import Alert, State
from alertd.core.dedup import Line
from alertd.core.flush import Flush, flush
from alertd.core.groups import Group
from alertd.core.inhibition import Inhibitor
from alertd.core.instantiate import Instance, instantiate
from alertd.core.intervals import Calendar
from alertd.core.judging import always
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.mutes import Muting
from alertd.core.receivers import Integration
from alertd.core.routes import Route, match
from alertd.core.samples import Sample
from alertd.core.silences import Silences
from alertd.engine.groups import Groups
from alertd.templating.rules import RuleData, expand
from tests.e2e.bench.works.work import ALERTS, MANY, NOW, RULE, Do, Work, labels, plain, samples

OPS = Integration("ops/webhook[0]", "ops")
_ROUTE = Route("{}", "ops", group_by=("alertname",))
_SLOW = replace(RULE, for_=timedelta(minutes=1))
_LATER = NOW + timedelta(minutes=1)


def instances() -> tuple[Instance, ...]:
    return instantiate(RULE, samples(MANY), _expand).found


def instantiating() -> Do:
    found = samples(MANY)
    return lambda: instantiate(RULE, found, _expand)


def instantiating_again() -> Do:
    found, known = samples(MANY), lifecycle.advance(RULE, {}, instances(), NOW).alerts
    return lambda: instantiate(RULE, found, _expand, always, known)


def advancing() -> Do:
    alerts, again = lifecycle.advance(RULE, {}, instances(), NOW).alerts, instances()
    return lambda: lifecycle.advance(RULE, alerts, again, _LATER)


def beginning() -> Do:
    found = instances()
    return lambda: lifecycle.advance(_SLOW, {}, found, NOW)


def firing() -> Do:
    pending, again = lifecycle.advance(_SLOW, {}, instances(), NOW).alerts, instances()
    return lambda: lifecycle.advance(_SLOW, pending, again, _LATER)


def ending() -> Do:
    alerts = lifecycle.advance(RULE, {}, instances(), NOW).alerts
    return lambda: lifecycle.advance(RULE, alerts, (), _LATER)


def routing() -> Do:
    children = tuple(
        replace(_ROUTE, key=f"{{}}/{team}", matchers=(Matcher("team", "=", str(team)),)) for team in range(50)
    )
    root = replace(_ROUTE, routes=children)
    found = Labels({"alertname": "JobDown", "team": "49", "severity": "critical"})
    return lambda: match(root, found)


def grouping() -> Do:
    """Into groups that there are not yet."""
    alerts, route = [alert(number) for number in range(MANY)], replace(_ROUTE, group_by=("alertname", "zone"))

    def group() -> None:
        groups = Groups(route)
        for one in alerts:
            groups.insert(one, NOW)

    return group


def flushing() -> Callable[[], Flush]:
    alerts = [alert(number) for number in range(ALERTS)]
    group = Group(_ROUTE, Labels({"alertname": "JobDown"}), members=dict.fromkeys(one.id for one in alerts))
    mutes = Muting(Silences(), Inhibitor(), Calendar())
    return lambda: flush(group, alerts, [OPS], {OPS.id: Line()}, mutes, "http://alertd.example", NOW)


WORKS: Mapping[str, Work] = {
    f"expand the texts of {MANY:,} samples": plain(instantiating, MANY, "sample"),
    f"the same texts of {MANY:,} samples again": plain(instantiating_again, MANY, "sample"),
    f"{MANY:,} alerts go on": plain(advancing, MANY, "alert"),
    f"{MANY:,} alerts begin": plain(beginning, MANY, "alert"),
    f"{MANY:,} pending alerts fire": plain(firing, MANY, "alert"),
    f"{MANY:,} alerts end": plain(ending, MANY, "alert"),
    "route an alert past 50 routes": plain(routing, 1, "alert"),
    f"group {MANY:,} alerts": plain(grouping, MANY, "alert"),
    f"decide about a group of {ALERTS}": plain(flushing, ALERTS, "alert"),
}


def _expand(text: str, sample: Sample) -> str:
    data: dict[str, Any] = {"labels": sample.labels, "value": sample.value, "external_labels": Labels()}
    return expand(text, RuleData(**data, external_url="", now=NOW))


def alert(number: int) -> Alert:
    found = Labels({**labels(number), "__name__": "", "alertname": "JobDown", "severity": "critical"})
    return Alert("rule", found, State.FIRING, NOW, {"summary": f"host-{number} is down"}, 0.0, fired_at=NOW)
