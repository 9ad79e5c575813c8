"""Sentences that stories in virtual time do not reach: each row says what it knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertd.core.history import ITSELF, Entry, What, of_alert, of_group, of_rule, of_silence
from alertd.core.labels import Labels
from alertd.core.story import Past, clock, several, tell

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LABELS = Labels({"alertname": "A"})
ALERT = of_alert(LABELS)
FIRING = {"state": "firing", "value": "1"}
MESSAGE = {"id": "m", "integration": "ops/x[0]", "reason": "first notification", "closing": [], "belated": False}
SILENCE = {"by": "", "comment": "", "starts": "2026-01-31T13:00:00+00:00", "ends": "2026-02-01T13:00:00+00:00"}
GROUPED: dict[str, Any] = {"group": "g", "labels": {}, "receiver": "ops", "due": None, "ended": False}


def entry(subject: str, what: What, **facts: Any) -> Entry:
    return Entry(NOON, subject, what, facts)


def told(*entries: Entry, rule: str = "A") -> list[str]:
    return [one.text for one in tell(Past(LABELS, entries, rule=rule), NOON - timedelta(days=1))]


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (entry(ALERT, What.STATE, state="firing", value="0", posted=True), "firing: somebody posted it"),
        (
            entry(ALERT, What.STATE, state="resolved", value="0", posted=True),
            "resolved: its sender said so, or was not heard of",
        ),
        (entry(ALERT, What.STATE, state="back", value="0.5"), "the condition is true again, the value is 0.5"),
        (
            entry(ALERT, What.GROUPED, route="{}/notify:ops", **GROUPED),
            "named by its rule → ops; its group {}",
        ),
        (
            entry(ALERT, What.GROUPED, route='{}/{a="b"}', **GROUPED),
            'matched the route {}/{a="b"} → ops; its group {}',
        ),
        (
            entry(ALERT, What.MUTED, group="g", silenced=["1f"], inhibited=[], muted=[], outside=[]),
            "silenced by the silence 1f",
        ),
        (
            entry(of_silence("1f"), What.SILENCE, state="pending", **SILENCE),
            "a silence of somebody until 2026-02-01 13:00:00, beginning at 13:00:00 is in place",
        ),
        (entry(of_silence("1f"), What.SILENCE, state="expired", **SILENCE), "the silence of somebody was ended"),
        (entry(of_rule("r"), What.RULE, error="parse error", kind="failed"), "the evaluation failed: parse error"),
        (entry(of_rule("r"), What.RULE, error="", kind="remark"), "the rule is evaluated again without trouble"),
        (entry(ITSELF, What.STARTED, alive=None, alerts=0), "alertd started"),
        (entry(ITSELF, What.LOST, rows=7), "7 decisions of about this time could not be kept"),
        (
            entry(ITSELF, What.RELOADED, error="x.yml:3: bad", rules=1, changes=[]),
            "the configuration was read again, not all of it could be used: x.yml:3: bad",
        ),
        (
            entry(ITSELF, What.RELOADED, error="", rules=1, changes=['~ f, group "g": A: expr', '~ f, group "g": AB']),
            'the configuration was read again: ~ f, group "g": A: expr',
        ),
    ],
)
def test_sentence(one: Entry, text: str) -> None:
    assert text in told(entry(ALERT, What.STATE, **FIRING), one)


@pytest.mark.parametrize(
    "one",
    [
        entry(ITSELF, What.RELOADED, error="", rules=1, changes=['~ f, group "g": AB']),
        entry(of_group("g"), What.MESSAGE, firing=["somebody"], **MESSAGE),
        entry(of_group("g"), What.TRIED, id="m", integration="x", outcome="sent", attempts=1, answer="", again=None),
        entry(of_group("g"), What.QUIET, integration="x", why="unclosed", until=None, alerts=["somebody"]),
        Entry(NOON - timedelta(days=2), ALERT, What.STATE, FIRING),
    ],
)
def test_what_concerns_others_or_was_long_ago_is_not_told(one: Entry) -> None:
    first = entry(ALERT, What.STATE, **FIRING)
    assert told(first, one) == told(first)


def test_nothing_is_told_before_there_was_an_alert() -> None:
    early = Entry(NOON - timedelta(minutes=1), ITSELF, What.STARTED, {"alive": None, "alerts": 0})
    assert told(early, entry(ALERT, What.STATE, **FIRING)) == ["firing, the value is 1"]
    assert told(early) == []


def test_a_message_that_was_written_twice_is_told_once() -> None:
    message = entry(of_group("g"), What.MESSAGE, firing=[LABELS.key], **MESSAGE)
    said = told(entry(ALERT, What.STATE, **FIRING), message, message)
    assert said[1:] == ["ops/x[0] is to be told that it fires (first notification)"]


def test_a_refused_message_that_a_newer_one_replaced() -> None:
    message = entry(of_group("g"), What.MESSAGE, firing=[LABELS.key], **MESSAGE)
    answer = {"integration": "ops/x[0]", "outcome": "superseded", "attempts": 2, "answer": "503", "again": None}
    said = told(entry(ALERT, What.STATE, **FIRING), message, entry(of_group("g"), What.TRIED, id="m", **answer))
    assert said[-1] == "ops/x[0] did not accept attempt 2: “503”; a newer message takes its place"


def test_a_silence_says_what_it_was_then() -> None:
    made = entry(of_silence("1f"), What.SILENCE, state="active", **{**SILENCE, "by": "ann", "comment": "moving"})
    muted = entry(ALERT, What.MUTED, group="g", silenced=["1f"], inhibited=[], muted=[], outside=[])
    assert told(made, muted)[-1] == "silenced by ann until 2026-02-01 13:00:00 “moving”"


def test_words() -> None:
    assert [several(names) for names in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
    assert clock(NOON, NOON) == "12:00:00"
    assert clock(NOON, NOON + timedelta(days=1)) == "2026-01-31 12:00:00"
