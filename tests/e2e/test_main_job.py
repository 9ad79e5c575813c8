"""The main job with nothing faked: a rule file and a Prometheus URL in, the right e-mail and webhook out."""

import signal
import time

import pytest

from tests.e2e.conftest import RULES, Rig
from tests.e2e.rig import until

pytestmark = pytest.mark.e2e
BROKEN = 'broken{job="api"}'


def break_(rig: Rig) -> None:
    rig.exporter.set(BROKEN, 1)


def mend(rig: Rig) -> None:
    rig.exporter.set(BROKEN, 0)


def test_fire_repeat_resolve(rig: Rig) -> None:
    alertd = rig.start(route="repeat_interval: 4s")
    break_(rig)
    until("pending", lambda: alertd.alerts().get("Broken") == "pending")
    until("firing", lambda: alertd.alerts().get("Broken") == "firing")
    until("a repeat", lambda: len(rig.hook.messages) >= 2)
    mend(rig)
    until("the end by webhook", lambda: rig.hook.story[-1][0] == "resolved")
    until(
        "the end by mail",
        lambda: "resolved" in rig.mailbox.mails[-1].as_string().lower() and len(rig.mailbox.mails) > 2,
    )
    assert rig.hook.story[:2] == [("firing", "first notification"), ("firing", "repeat interval elapsed")]
    (alert,) = rig.hook.messages[0]["alerts"]
    labels = {name: value for name, value in alert["labels"].items() if name != "instance"}
    assert labels == {"alertname": "Broken", "job": "api", "severity": "critical"}
    assert alert["annotations"] == {"summary": "api is broken"}
    assert len({mail["Message-ID"] for mail in rig.mailbox.mails}) == len(rig.mailbox.mails)
    assert alertd.stop() == 0


def test_cooldown(rig: Rig) -> None:
    rules = RULES.replace("    for: 2s", "    cooldown: 12s")
    rig.start(rules, route="repeat_interval: 1h")
    break_(rig)
    until("told", lambda: rig.hook.messages)
    began = time.monotonic()
    mend(rig)
    until("closed", lambda: len(rig.hook.messages) == 2)
    break_(rig)
    until("told again", lambda: len(rig.hook.messages) == 3)
    assert time.monotonic() - began > 9
    assert rig.hook.story[-1] == ("firing", "cooldown over")


def test_a_receiver_that_is_down_and_comes_back(rig: Rig) -> None:
    rig.hook.status = 503
    rig.start()
    break_(rig)
    until("attempts", lambda: rig.hook.attempts >= 2)
    until("the mail, which does not wait for the webhook", lambda: rig.mailbox.mails)
    rig.hook.status = 200
    until("the webhook", lambda: rig.hook.messages)
    time.sleep(3)
    assert rig.hook.story == [("firing", "first notification")]


def test_a_prometheus_that_is_down_resolves_nothing(rig: Rig) -> None:
    alertd = rig.start(route="repeat_interval: 1h")
    break_(rig)
    until("told", lambda: rig.hook.messages)
    rig.prometheus.stop()
    until("blind", lambda: alertd.metric("alertd_datasource_up") == 0)
    time.sleep(5)
    assert alertd.alerts()["Broken"] == "firing"
    rig.prometheus.start()
    until("seeing again", lambda: alertd.metric("alertd_datasource_up") == 1)
    time.sleep(4)
    assert [one for one in rig.hook.story if one[0] == "resolved"] == []
    assert len(rig.hook.messages) == 1


@pytest.mark.parametrize("kill", [True, False], ids=["kill -9", "SIGTERM"])
def test_a_restart_in_the_middle_tells_nobody_twice(rig: Rig, kill: bool) -> None:
    alertd = rig.start(route="repeat_interval: 1h")
    break_(rig)
    until("told", lambda: rig.hook.messages and rig.mailbox.mails)
    until("written down", lambda: not alertd.metric("alertd_outbox_pending"))
    alertd.kill() if kill else alertd.stop()
    alertd.start()
    until("firing still", lambda: alertd.alerts().get("Broken") == "firing")
    time.sleep(5)
    assert len(rig.hook.messages) == len(rig.mailbox.mails) == 1
    mend(rig)
    until("closed", lambda: len(rig.hook.messages) == 2)
    assert rig.hook.story[-1] == ("resolved", "all alerts resolved")


def test_what_resolves_while_alertd_is_down_is_told(rig: Rig) -> None:
    alertd = rig.start()
    break_(rig)
    until("told", lambda: rig.hook.messages)
    until("written down", lambda: not alertd.metric("alertd_outbox_pending"))
    alertd.kill()
    mend(rig)
    time.sleep(2)
    alertd.start()
    until("closed", lambda: len(rig.hook.messages) == 2)
    assert rig.hook.story[-1][0] == "resolved"


def test_sighup_with_a_broken_file_keeps_the_last_good_one_and_says_so(rig: Rig) -> None:
    alertd = rig.start(route="repeat_interval: 1h")
    break_(rig)
    until("told", lambda: rig.hook.messages)
    alertd.rules.write_text(RULES.replace("expr: broken > 0", "expr: broken >"))
    alertd.process.signal(signal.SIGHUP)
    until("the failure in the metric", lambda: alertd.metric("alertd_config_last_reload_successful") == 0)
    time.sleep(3)
    assert alertd.alerts()["Broken"] == "firing"
    assert "rules.yml:7" in alertd.process.tail()
    assert not [one for one in rig.hook.story if one[0] == "resolved"]
    alertd.rules.write_text(RULES.replace("Broken", "Renamed"))
    alertd.process.signal(signal.SIGHUP)
    until("the new rule", lambda: "Renamed" in alertd.alerts())
    until("the end of the old one", lambda: ("resolved", "all alerts resolved") in rig.hook.story)
    assert alertd.metric("alertd_config_last_reload_successful") == 1


def test_files_that_change_are_noticed(rig: Rig) -> None:
    alertd = rig.start(route="repeat_interval: 1h")
    alertd.rules.write_text(RULES + RULES.split("rules:\n")[1].replace("Broken", "Another"))
    until("the change in the log", lambda: '+ rules.yml, group \\"demo\\": Another' in alertd.process.tail())
    break_(rig)
    until("the new rule", lambda: "Another" in alertd.alerts())


def told(rig: Rig) -> list[dict[str, str]]:
    return [alert["labels"] for message in list(rig.hook.messages) for alert in message["alerts"]]


def test_ten_thousand_alerts_at_once_none_lost_none_twice(rig: Rig) -> None:
    rules = RULES.replace("broken > 0\n    for: 2s", "storm > 0")
    rig.start(rules, route="repeat_interval: 1h")
    rig.exporter.set_all({f'storm{{id="{index:05}"}}': 1 for index in range(10_000)})
    heard = lambda: [labels["id"] for labels in told(rig) if "id" in labels]  # noqa: E731 - others are alertd's own
    until("all of them", lambda: len(set(heard())) == 10_000)
    time.sleep(3)
    assert len(heard()) == 10_000
