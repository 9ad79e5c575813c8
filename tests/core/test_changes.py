"""What a reload changed, as people read it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.changes import compare
from alertd.core.labels import Labels
from alertd.core.rules import Rule, RuleGroup
from alertd.core.when import compile_condition

FULL = Rule("DiskFull", "free < 0.1", "disks.yml", "disks", line=4)
SLOW = Rule("DiskSlow", "latency > 1", "disks.yml", "disks", line=9)
GROUP = RuleGroup("disks", "disks.yml", (FULL, SLOW))


def alerts(*states: State) -> list[Alert]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [Alert("", Labels({"id": str(index)}), state, now) for index, state in enumerate(states)]


def told(before: RuleGroup, after: RuleGroup, *states: State) -> list[str]:
    return [str(change) for change in compare([before], [after], lambda _: alerts(*states))]


def test_nothing_changed() -> None:
    moved = replace(GROUP, rules=(replace(FULL, line=40, source_url="http://elsewhere"), SLOW))
    assert told(GROUP, GROUP) == told(GROUP, moved) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"expr": "free < 0.2"}, "expr"),
        ({"for_": timedelta(minutes=1)}, "for"),
        ({"when": compile_condition("value > 1"), "annotations": {"summary": "x"}}, "annotations, when"),
        ({"cooldown": timedelta(hours=1)}, "cooldown"),
    ],
)
def test_a_rule_that_changed_keeps_its_alerts(changed: dict[str, object], what: str) -> None:
    after = replace(GROUP, rules=(replace(FULL, **changed), SLOW))
    assert told(GROUP, after) == [f'~ disks.yml, group "disks": DiskFull: {what}']
    assert told(GROUP, after, State.FIRING, State.PENDING, State.PENDING) == [
        f'~ disks.yml, group "disks": DiskFull: {what} (1 firing and 2 pending go on)'
    ]


def test_rules_that_come_and_go() -> None:
    hot = Rule("DiskHot", "heat > 50", "disks.yml", "disks", line=6)
    after = replace(GROUP, rules=(FULL, hot))
    assert told(GROUP, after, State.FIRING) == [
        '+ disks.yml, group "disks": DiskHot',
        '- disks.yml, group "disks": DiskSlow (1 firing end)',
    ]


def test_a_rule_switched_off_ends_its_alerts() -> None:
    after = replace(GROUP, rules=(replace(FULL, enabled=False), SLOW))
    assert told(GROUP, after, State.FIRING) == ['~ disks.yml, group "disks": DiskFull: enabled (1 firing end)']


def test_a_group_that_changed_is_told_for_each_of_its_rules() -> None:
    after = replace(GROUP, interval=timedelta(seconds=30), limit=5)
    assert told(GROUP, after) == [
        '~ disks.yml, group "disks": DiskFull: interval, limit',
        '~ disks.yml, group "disks": DiskSlow: interval, limit',
    ]
