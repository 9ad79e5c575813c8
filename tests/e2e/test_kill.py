"""alertd is killed again and again while alerts come and go; then what was said is compared with what is.

`ALERTD_KILLS=300` is for those who want to be sure.
"""

import os
import random
import time
from collections import Counter

import pytest

from tests.e2e.conftest import CONFIG, RULES, Rig
from tests.e2e.rig import until

KILLS = int(os.environ.get("ALERTD_KILLS", "15"))
JOBS = ("api", "db", "web", "queue")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + 10 * KILLS)]


def test_kill_9_at_any_instant_loses_nothing(rig: Rig) -> None:
    dice = random.Random(KILLS)
    rig.hook.pause = 0.3  # so that it dies while it waits for an answer, too
    config = CONFIG.replace("group_by: [alertname]", "group_by: [job]") + "flapping: {{window: 0s}}\n"
    alertd = rig.start(RULES.replace("for: 2s", "for: 1s"), "repeat_interval: 1h", config)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.2, 4))
        alertd.kill()
        rig.exporter.set_all({f'broken{{job="{job}"}}': dice.choice([0, 1]) for job in JOBS})
        alertd.spawn()
    rig.exporter.set_all({f'broken{{job="{job}"}}': 1 for job in JOBS})
    until("everybody to be told of everything", lambda: believed(rig) == set(JOBS))
    rig.exporter.set_all({f'broken{{job="{job}"}}': 0 for job in JOBS})
    until("everything to be closed", lambda: not believed(rig))
    until("alertd to have written it down", lambda: not alertd.metric("alertd_outbox_pending"))
    assert alertd.stop() == 0
    check_closings(rig)
    print(f"{KILLS} kills, {len(rig.hook.ids)} messages, {repeated(rig)} of them again, with the same id")


def believed(rig: Rig) -> set[str]:
    """The jobs that the webhook was told are broken, and that were not closed since."""
    fires: dict[str, bool] = {}
    for _, message in once(rig):
        fires |= {alert["labels"]["job"]: alert["status"] == "firing" for alert in message["alerts"]}
    return {job for job, fire in fires.items() if fire}


def check_closings(rig: Rig) -> None:
    """Nothing is closed that was not open, and what has one id says one thing."""
    open_, contents = set[str](), dict[str, object]()
    for id_, message in zip(rig.hook.ids, rig.hook.messages, strict=True):
        content = [(alert["labels"]["job"], alert["status"], alert["startsAt"]) for alert in message["alerts"]]
        assert contents.setdefault(id_, content) == content
    for _, message in once(rig):
        for alert in message["alerts"]:
            job = alert["labels"]["job"]
            if alert["status"] == "firing":
                open_.add(job)
            elif job in open_:
                open_.remove(job)
            else:
                assert alert["startsAt"] < alert["endsAt"], "what nobody had heard of is told with its end"
    assert not open_


def once(rig: Rig) -> list[tuple[str, dict[str, object]]]:
    """The messages, as a receiver has them that drops what it knows by its id."""
    return list({id_: (id_, message) for id_, message in zip(rig.hook.ids, rig.hook.messages, strict=True)}.values())


def repeated(rig: Rig) -> int:
    """How many messages came again."""
    return sum(count - 1 for count in Counter(rig.hook.ids).values())
