"""`/api/v1/why`: what can be asked, and the form of the answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.story import Chapter, Kind, Question, Sentence, Story
from alertd.errors import StoreError
from alertd.web import endpoints, why

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LABELS = Labels({"alertname": "A", "job": "x"})
SENTENCE = Sentence(NOON, Kind.TOLD, "somebody was told")


class Historian:
    """Tells a story, and keeps what it was asked."""

    def __init__(self, story: Story = Story(), *, damaged: bool = False) -> None:  # noqa: B008 - it is frozen
        self.story, self.damaged = story, damaged
        self.asked: list[Question] = []

    async def tell(self, question: Question) -> Story:
        self.asked.append(question)
        if self.damaged:
            raise StoreError("it is damaged")
        return self.story

    async def ask(self, query: str) -> httpx.Response:
        app = Starlette(routes=endpoints.routes(why.endpoints(self.tell)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alertd") as client:
            return await client.get(f"/api/v1/why?{query}")


NAMED = Matcher("alertname", "=", "A")


@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("alert=A", Question((NAMED,))),
        ("alert=A&filter=job=x&filter=a!=b,c=d", Question(
            (NAMED, Matcher("job", "=", "x"), Matcher("a", "!=", "b"), Matcher("c", "=", "d")))),
        ("fingerprint=ABCDEF0123456789", Question(fingerprint="abcdef0123456789")),
        ("rule=R&since=1h30m", Question(rule="R", since=timedelta(minutes=90))),
        ("alert=A&at=2026-01-31T12:00:00Z", Question((NAMED,), at=NOON)),
        ("alert=A&at=2026-01-31T13:00:00%2B01:00", Question((NAMED,), at=NOON)),
        ("alert=A&at=1769860800", Question((NAMED,), at=NOON)),
    ],
)  # fmt: skip
async def test_questions(query: str, question: Question) -> None:
    historian = Historian()
    assert (await historian.ask(query)).status_code == 200
    assert historian.asked == [question]


@pytest.mark.parametrize(
    "query",
    ["", "alert=", "filter=job", 'filter=job=~"("', "alert=A&at=noon", "alert=A&at=2026-01-31T12:00:00",
     "alert=A&at=1e99", "alert=A&at=99999999999999999999", "alert=A&at=0001-01-01T00:00:00Z", "alert=A&since=1x"],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(query: str) -> None:
    historian = Historian()
    answer = await historian.ask(query)
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
    assert len(answer.json()["error"]) > 10
    assert historian.asked == []


async def test_the_answer() -> None:
    rule = Chapter("rule R", None, (SENTENCE,))
    historian = Historian(Story((Chapter("", LABELS, (SENTENCE,)), rule), ("and this",), 3))
    told = {"at": "2026-01-31T12:00:00Z", "kind": "told", "text": "somebody was told"}
    page: dict[str, Any] = (await historian.ask("alert=A")).json()
    assert page == {
        "status": "success",
        "data": {
            "found": True,
            "alerts": [{"labels": {"alertname": "A", "job": "x"}, "fingerprint": LABELS.fingerprint, "story": [told]}],
            "rules": [{"title": "rule R", "story": [told]}],
            "answer": ["and this"],
            "more": 3,
        },
    }


async def test_nothing_is_found() -> None:
    page = (await Historian(Story(answer=("there is none",))).ask("alert=A")).json()["data"]
    assert (page["found"], page["answer"]) == (False, ["there is none"])


async def test_a_history_that_cannot_be_read() -> None:
    answer = await Historian(damaged=True).ask("alert=A")
    assert (answer.status_code, answer.json()["errorType"]) == (500, "internal")
    assert "damaged" in answer.json()["error"]
