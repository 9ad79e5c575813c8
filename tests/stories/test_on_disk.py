"""The longest stories once more, with the state in a real SQLite file that is closed and opened at every restart."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.errors import DeliveryError
from tests.stories.world import ROUTE, World, rule

pytestmark = pytest.mark.anyio
HOOK = "ops/webhook[0]"


async def test_a_day_in_the_life(tmp_path: Path) -> None:
    route = replace(ROUTE, repeat_interval=timedelta(minutes=20))
    world = World(rule("JobDown", for_="1m", cooldown="30m"), route=route, path=tmp_path / "alertd.db")
    world.at("1m").fires("JobDown", job="a")
    world.at("2m10s").restarts()
    world.at("3m").fires("JobDown", job="b")
    world.at("5m").refuses(HOOK, DeliveryError("503"))
    world.at("8m").restarts()
    world.at("9m").refuses(HOOK, None)
    world.at("40m").resolves("JobDown", job="a")
    world.at("41m").restarts()
    world.at("43m").fires("JobDown", job="a")
    world.at("50m").prometheus(down=True)
    world.at("55m").restarts()
    world.at("58m").prometheus(down=False)
    world.at("1h30m").resolves("JobDown", job="a")
    world.at("1h30m").resolves("JobDown", job="b")
    await world.run_until("2h")
    assert world.story == [
        "2m30s ops: JobDown{job=a} (first notification)",
        "7m30s ops: JobDown{job=a} JobDown{job=b} (new alerts added)",
        "39m32s ops: JobDown{job=a} JobDown{job=b} (repeat interval elapsed)",
        "1h9m32s ops: JobDown{job=a} JobDown{job=b} (cooldown over)",
        "1h34m32s ops: -JobDown{job=a} -JobDown{job=b} (all alerts resolved)",
    ]
    await world.store.close()
