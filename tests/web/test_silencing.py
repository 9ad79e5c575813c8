"""The endpoints about silences. The statuses are Alertmanager's."""

from typing import Any

import httpx
import pytest

from tests.web.daemon import Daemon

pytestmark = pytest.mark.anyio

A = {"name": "a", "value": "1", "isRegex": False}
GOOD = {
    "matchers": [A, {"name": "b", "value": "x|y", "isRegex": True, "isEqual": False}],
    "startsAt": "2026-01-01T11:00:00Z",
    "endsAt": "2026-01-01T14:00:00Z",
    "createdBy": "me",
    "comment": "because",
}
UNKNOWN = "11111111-1111-1111-1111-111111111111"


async def put(daemon: Daemon, **changes: Any) -> httpx.Response:
    return await daemon.ask("POST", "/api/v2/silences", json={**GOOD, **changes})


async def made(daemon: Daemon, **changes: Any) -> str:
    answer = await put(daemon, **changes)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["silenceID"])


async def listed(daemon: Daemon, query: str = "") -> list[str]:
    return [one["comment"] for one in (await daemon.ask("GET", f"/api/v2/silences{query}")).json()]


async def test_a_silence_s_life() -> None:
    daemon = Daemon()
    name = await made(daemon, annotations={"ticket": "T-1"})
    page = (await daemon.ask("GET", f"/api/v2/silence/{name}")).json()
    assert page == {
        "id": name,
        "status": {"state": "active"},
        "updatedAt": "2026-01-01T12:00:00.500Z",
        "comment": "because",
        "createdBy": "me",
        "startsAt": "2026-01-01T12:00:00.500Z",
        "endsAt": "2026-01-01T14:00:00.000Z",
        "annotations": {"ticket": "T-1"},
        "matchers": [
            {"isEqual": True, "isRegex": False, "name": "a", "value": "1"},
            {"isEqual": False, "isRegex": True, "name": "b", "value": "x|y"},
        ],
    }
    changed = await made(daemon, id=name, startsAt=page["startsAt"], comment="still")
    assert changed == name
    for _ in range(2):
        gone = await daemon.ask("DELETE", f"/api/v2/silence/{name}")
        assert (gone.status_code, gone.content) == (200, b"")
    page = (await daemon.ask("GET", f"/api/v2/silence/{name}")).json()
    assert (page["status"]["state"], page["comment"]) == ("expired", "still")


async def test_which_are_listed() -> None:
    daemon = Daemon()
    await made(daemon, comment="active")
    await made(daemon, comment="pending", startsAt="2026-01-01T13:00:00Z", matchers=[{**A, "value": "2"}])
    over = await made(daemon, comment="expired")
    await daemon.ask("DELETE", f"/api/v2/silence/{over}")
    assert await listed(daemon) == ["active", "pending", "expired"]
    assert await listed(daemon, "?active=false&expired=false") == ["pending"]
    assert await listed(daemon, "?filter=a=2") == ["pending"]
    assert await listed(daemon, '?filter=a="1"&filter=c=""') == ["active", "expired"]
    assert (await daemon.ask("GET", "/api/v2/silences?filter=(")).status_code == 400


WRONG_SHAPES = {
    "comment in body is required": {"comment": None},
    "createdBy in body is required": {"createdBy": None},
    "startsAt in body is required": {"startsAt": None},
    "endsAt in body is required": {"endsAt": "0001-01-01T00:00:00Z"},
    "matchers in body is required": {"matchers": None},
    "matchers in body should have at least 1 items": {"matchers": []},
    "matchers.0.isRegex in body is required": {"matchers": [{"name": "a", "value": "1"}]},
    "matchers.1.name in body is required": {"matchers": [A, {"value": "1", "isRegex": False}]},
    "matchers.0.value in body is required": {"matchers": [{"name": "a", "isRegex": False}]},
}


@pytest.mark.parametrize("message", WRONG_SHAPES)
async def test_what_has_the_wrong_shape(message: str) -> None:
    answer = await put(Daemon(), **WRONG_SHAPES[message])
    assert (answer.status_code, answer.json()["message"]) == (422, message)


SENSELESS: list[tuple[int, str, dict[str, Any]]] = [
    (400, "endsAt is not a time", {"endsAt": "soon"}),
    (400, "at least one matcher must not match the empty string", {"matchers": [{**A, "value": ""}]}),
    (400, "silence invalid", {"matchers": [{**A, "value": "(", "isRegex": True}]}),
    (400, "silence invalid", {"matchers": [{**A, "name": ""}]}),
    (400, "in the past", {"endsAt": "2026-01-01T11:30:00Z"}),
    (400, "must start before it ends", {"startsAt": "2026-01-01T15:00:00Z"}),
    (404, "there is no silence", {"id": UNKNOWN}),
    (404, "there is no silence", {"id": "nope"}),
    (400, "the body is not", {"matchers": "a=1"}),
]


@pytest.mark.parametrize(("status", "message", "changes"), SENSELESS)
async def test_what_makes_no_sense(status: int, message: str, changes: dict[str, Any]) -> None:
    answer = await put(Daemon(), **changes)
    assert answer.status_code == status
    assert message in answer.text


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_silences_that_are_not_there(method: str) -> None:
    assert (await Daemon().ask(method, f"/api/v2/silence/{UNKNOWN}")).status_code == 404
    answer = await Daemon().ask(method, "/api/v2/silence/nope")
    assert (answer.status_code, answer.json()["code"]) == (422, 601)
