"""Standard output: one line an alert, or one document a message."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.notifiers.stdout import StdoutConfig, StdoutNotifier
from alertd.ports import Context
from alertd.testing import START, ManualClock

pytestmark = pytest.mark.anyio

FIRING = NotifiedAlert(Labels({"alertname": "A", "job": "api"}), {"summary": "It is down"}, START)
ENDED = replace(FIRING, ends_at=START + timedelta(minutes=1), because="rule removed")
MESSAGE = Notification("0a1b", "team", "team/stdout[0]", Reason.FIRST, START, (FIRING, ENDED))


async def shown(capsys: pytest.CaptureFixture[str], message: Notification, **config: str) -> str:
    await StdoutNotifier(StdoutConfig(**config), Context(ManualClock())).send(message)
    return capsys.readouterr().out


async def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert await shown(capsys, MESSAGE) == (
        "00:00:00Z FIRING   A job=api  It is down\n00:00:00Z RESOLVED A job=api [rule removed]  It is down\n"
    )


async def test_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(await shown(capsys, MESSAGE, format="json"))
    assert (document["id"], document["version"], len(document["alerts"])) == ("0a1b", "4", 2)


async def test_a_line_is_not_endless_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    alert = replace(FIRING, annotations={"summary": "\x1b[31m\n" + "x" * 100_000})
    line = await shown(capsys, replace(MESSAGE, alerts=(alert,)))
    assert line.endswith("\n")
    assert len(line) <= 4_001
    assert line[:-1].isprintable()
