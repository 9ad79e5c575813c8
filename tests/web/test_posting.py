"""`POST /api/v2/alerts`: what is taken, and what is answered to the rest. Statuses are Alertmanager's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from alertd.core.labels import Labels
from tests.web.daemon import NOW, Daemon

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json; charset=utf-8"}
A = Labels({"a": "1"})


async def post(daemon: Daemon, content: Any, **headers: str) -> httpx.Response:
    body = {"json": content} if not isinstance(content, str) else {"content": content}
    return await daemon.ask("POST", "/api/v2/alerts", headers=JSON | headers, **body)


async def test_alerts_are_taken() -> None:
    daemon = Daemon()
    answer = await post(daemon, [
        {"labels": {"a": "1", "empty": "", "none": None}, "annotations": {"summary": "s"}, "more": 5,
         "startsAt": "2026-01-01T12:00:00.123456789+01:00", "endsAt": "2026-01-01T13:00:00Z",
         "generatorURL": "http://p/graph?g0.expr=up"},
        {"labels": {"a": "2"}, "annotations": None, "startsAt": "0001-01-01T00:00:00.000Z", "endsAt": None},
        {"labels": {"a": "3"}, "endsAt": "2026-01-01T11:00:00"},
    ])  # fmt: skip
    assert (answer.status_code, answer.content) == (200, b"")
    first, second, third = daemon.taken
    assert (first.labels, first.annotations) == (A, {"summary": "s"})
    assert first.active_at == datetime(2026, 1, 1, 11, 0, 0, 123456, tzinfo=UTC)
    assert first.generator_url == "http://p/graph?g0.expr=up"
    assert second.posted
    assert (second.active_at, second.posted.ends_at) == (NOW, NOW + timedelta(minutes=5))
    assert third.resolved


@pytest.mark.parametrize("content", ["[]", "null"])
async def test_nothing_is_nothing(content: str) -> None:
    daemon = Daemon()
    assert (await post(daemon, content)).status_code == 200
    assert daemon.taken == []


REFUSED = {
    "nonsense": (400, "the body is not"),
    "{}": (400, "the body is not"),
    "[null]": (400, "the body is not"),
    "[{}": (400, "the body is not"),
    "[" * 100_000: (400, "the body is not"),
    "": (422, "alerts in body is required"),
    "[{}]": (422, "0.labels in body is required"),
    '[{"labels":{"a":1}}]': (400, "labels"),
    '[{"labels":{"a":"\\ud800"}}]': (400, "the body is not"),
    '[{"labels":{"a":"1"}},{"labels":{"a":"1"},"generatorURL":"no url"}]': (422, "1.generatorURL in body must be"),
    '[{"labels":{"a":"1"},"generatorURL":"//[x"}]': (422, "0.generatorURL"),
    '[{"labels":{"a":"1"},"startsAt":"yesterday"}]': (400, "0.startsAt is not a time: 'yesterday'"),
    '[{"labels":{"a":"1"},"startsAt":"0001-01-01T00:00:00+14:00"}]': (400, "0.startsAt is not a time"),
    '[{"labels":{"a":"1"},"startsAt":"2026-13-01T00:00:00Z"}]': (400, "0.startsAt is not a time"),
}


@pytest.mark.parametrize("content", REFUSED)
async def test_what_has_the_wrong_shape(content: str) -> None:
    daemon, (status, message) = Daemon(), REFUSED[content]
    answer = await post(daemon, content)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert len(answer.content) < 1_000
    assert daemon.taken == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_is_not_json(kind: str) -> None:
    answer = await Daemon().ask("POST", "/api/v2/alerts", headers={"Content-Type": kind}, content="[]")
    assert answer.status_code == 415


async def test_what_makes_no_sense_does_not_keep_the_rest_from_being_taken() -> None:
    daemon = Daemon()
    answer = await post(daemon, [
        {"labels": {}},
        {"labels": {"a": "1"}},
        {"labels": {"__name__": "up"}},
        {"labels": {"b": "1"}, "startsAt": "2026-01-01T10:00:00Z", "endsAt": "2025-01-01T00:00:00Z"},
        {"labels": {"c": "1"}, "annotations": {"": "x"}},
    ])  # fmt: skip
    assert answer.status_code == 400
    assert answer.json().split("; ") == [
        "at least one label pair required",
        'invalid label set: invalid name "__name__"',
        "start time must be before end time",
        'invalid annotations: invalid name ""',
    ]
    assert [alert.labels for alert in daemon.taken] == [A]


async def test_many_problems_are_counted() -> None:
    answer = await post(Daemon(), [{"labels": {}}] * 1000)
    assert answer.json().endswith("; and 980 more")


async def test_a_full_disk_is_said() -> None:
    answer = await post(Daemon(full=True), [{"labels": {"a": "1"}}])
    assert (answer.status_code, answer.json()) == (500, "the alerts were not stored: disk full")


async def test_other_methods_are_not_allowed() -> None:
    answer = await Daemon().ask("PUT", "/api/v2/alerts", headers=JSON, content="[]")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET,HEAD,POST")
