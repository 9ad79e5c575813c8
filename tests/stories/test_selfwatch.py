"""alertd tells of its own troubles, through the same receivers as of everything else."""

from dataclasses import replace
from datetime import timedelta

from alertd.core.matchers import Matcher
from alertd.core.receivers import Integration
from alertd.core.routes import Route
from alertd.core.rules import RuleGroup
from alertd.engine.selfrules import DEAD, GROUP
from alertd.engine.selfwatch import Selfwatch
from alertd.errors import DeliveryError
from alertd.events import GroupEvaluated, Kind, Reloaded, Restored, Trouble
from tests.stories.world import START, World, rule

AT_ONCE = Route("{}", "ops", group_by=("alertname",), group_wait=timedelta(0), group_interval=timedelta(minutes=1))


def world(*rules: object, **more: object) -> World:
    return World(*rules, *GROUP.rules, **{"route": AT_ONCE, **more})


async def test_a_blind_alertd_says_so_once_and_says_when_it_sees_again() -> None:
    there = world(rule("JobDown"), rule("DiskFull"))
    there.at("1m").prometheus(down=True)
    there.at("10m").prometheus(down=False)
    await there.run_until("15m")
    assert there.story == [
        "2m ops: AlertdDatasourceDown{datasource=main,severity=critical} (first notification)",
        "10m ops: -AlertdDatasourceDown{datasource=main,severity=critical} (all alerts resolved)",
    ]
    (told, _) = there.heard
    assert told.alerts[0].annotations["error"] == "connection refused"


async def test_a_datasource_that_is_down_for_less_than_a_minute_is_no_news() -> None:
    there = world(rule("JobDown"))
    there.at("1m").prometheus(down=True)
    there.at("1m45s").prometheus(down=False)
    await there.run_until("10m")
    assert there.story == []


async def test_a_rule_that_cannot_be_evaluated_is_named() -> None:
    there = world(rule("TooMany"), limit=1)
    there.at("1m").fires("TooMany", zone="a")
    there.at("1m").fires("TooMany", zone="b")
    there.at("8m").resolves("TooMany", zone="b")
    await there.run_until("9m")
    labels = "{file=story.yml,group=story,rule=TooMany,severity=warning}"
    assert there.story[0] == f"6m10s ops: AlertdRuleFailing{labels} (first notification)"
    assert there.story[-1] == f"8m10s ops: -AlertdRuleFailing{labels} (all alerts resolved)"


async def test_a_receiver_that_refuses_and_at_last_accepts() -> None:
    there = world(rule("JobDown"))
    there.at("1m").refuses("ops/webhook[0]", DeliveryError("the receiver answered 503"))
    there.at("1m").fires("JobDown")
    await there.run_until("8m")
    assert "AlertdReceiverFailing{integration=ops/webhook[0],receiver=ops,severity=warning}" in there.alerts
    there.at("9m").refuses("ops/webhook[0]", None)
    await there.run_until("40m")
    assert set(there.alerts) == {"JobDown"}


async def test_a_message_that_was_given_up_is_told_elsewhere() -> None:
    own = replace(AT_ONCE, key="{}/own", receiver="backup", matchers=(Matcher("alertname", "=~", "Alertd.*"),))
    receivers = {name: (Integration(f"{name}/webhook[0]", name),) for name in ("ops", "backup")}
    there = world(rule("JobDown"), route=replace(AT_ONCE, routes=(own,)), integrations=receivers)
    there.at("1m").refuses("ops/webhook[0]", DeliveryError("no such channel", permanent=True))
    there.at("1m").fires("JobDown")
    there.at("1m30s").refuses("ops/webhook[0]", None)
    await there.run_until("5m")
    labels = "{integration=ops/webhook[0],receiver=ops,severity=critical}"
    assert there.story == [
        f"1m10s backup: AlertdDeliveryFailed{labels} (first notification)",
        "2m ops: JobDown (first notification)",
        f"2m10s backup: -AlertdDeliveryFailed{labels} (all alerts resolved)",
    ]


async def test_what_was_given_up_is_known_after_a_restart() -> None:
    there = world(rule("JobDown"))
    there.at("1m").refuses("ops/webhook[0]", DeliveryError("no such channel", permanent=True))
    there.at("1m").fires("JobDown")
    await there.run_until("2m")
    given_up = [one for one in there.engine.board.all() if one.labels["alertname"] == "AlertdDeliveryFailed"]
    anew = Selfwatch()
    anew.notice(Restored(there.clock.now(), None, given_up))
    (answer,) = await anew.query([DEAD], there.clock.now())
    (sample,) = answer.samples
    assert dict(sample.labels) == {"integration": "ops/webhook[0]", "receiver": "ops"}
    assert sample.annotations == {"error": "no such channel"}


async def test_a_state_that_could_not_be_written_is_told_once_it_can() -> None:
    there = world(rule("JobDown"))
    there.at("1m").do(lambda: there.break_disk(3))
    there.at("1m").fires("JobDown")
    await there.run_until("10m")
    assert [line.partition(" (")[0] for line in there.story if "AlertdState" in line] == [
        "1m30s ops: AlertdStateNotWritable{severity=critical}",
        "6m30s ops: -AlertdStateNotWritable{severity=critical}",
    ]


async def test_a_clock_that_was_set_is_told_for_five_minutes() -> None:
    there = world(rule("JobDown"))
    there.at("1m").do(lambda: there.notice(Trouble("the clock", "by 60 s", Kind.CLOCK)))
    await there.run_until("10m")
    assert [line.partition(" ")[0] for line in there.story] == ["1m", "6m"]
    assert there.heard[0].alerts[0].annotations["error"] == "the clock: by 60 s"


async def test_a_reload_that_failed_is_told_until_one_does_not() -> None:
    there = world(rule("JobDown"))
    there.at("1m").do(lambda: there.notice(Reloaded(there.clock.now(), 1, "rules.yml:7: no such key")))
    there.at("5m").do(lambda: there.notice(Reloaded(there.clock.now(), 1)))
    await there.run_until("10m")
    assert [line.partition(" (")[0] for line in there.story] == [
        "1m ops: AlertdReloadFailed{severity=warning}",
        "5m ops: -AlertdReloadFailed{severity=warning}",
    ]
    assert there.heard[0].alerts[0].annotations["error"] == "rules.yml:7: no such key"


async def test_evaluations_that_were_missed_are_told_for_five_minutes() -> None:
    there = world(rule("JobDown"))
    group = RuleGroup("slow", "slow.yml", (), timedelta(seconds=10))
    late = GroupEvaluated(group, START, 31.0, timedelta(seconds=30), 3)
    there.at("1m").do(lambda: there.notice(late))
    await there.run_until("10m")
    labels = "AlertdEvaluationMissed{file=slow.yml,group=slow,severity=warning}"
    assert [line.partition(" (")[0] for line in there.story] == [f"1m ops: {labels}", f"6m ops: -{labels}"]


async def test_a_state_that_was_damaged_is_told() -> None:
    there = world(rule("JobDown"))
    there.at("1m").do(lambda: there.notice(Trouble("alertd.db", "kept as alertd.db.damaged-1", Kind.DAMAGE)))
    await there.run_until("10m")
    assert there.story[0] == "1m ops: AlertdStateDamaged{severity=critical} (first notification)"
    assert there.heard[0].alerts[0].annotations["error"] == "alertd.db: kept as alertd.db.damaged-1"
