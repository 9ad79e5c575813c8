"""Every line has a stable name; the document has them all, and every logger that can be set exists."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from alertd.config.loggers import LOGGERS, LogEntry
from alertd.telemetry import facts, logs
from alertd.telemetry.facts import FACTS, Fact
from tests.telemetry.documented import events, loggers

DOC = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text()


def test_the_document_has_every_logger_and_every_event() -> None:
    assert loggers() in DOC
    assert events() in DOC


def test_names_are_snake_case_and_given_once() -> None:
    made = [one for one in vars(facts).values() if isinstance(one, Fact)]
    assert len(made) == len(FACTS)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in FACTS)


def test_every_fact_is_told_by_somebody() -> None:
    home = Path(logs.__file__).parents[1]
    source = "".join(path.read_text() for path in home.rglob("*.py") if path.name != "facts.py")
    told = {name.lower() for name in re.findall(r"facts\.([A-Z_]+)", source)} - {"facts"}
    by_state = {name for name in FACTS if name.startswith(("alert_", "silence_"))}  # looked up by the state
    assert told | by_state == set(FACTS)
    assert {name.lower() for name, one in vars(facts).items() if isinstance(one, Fact)} == set(FACTS)


def test_loggers_of_facts_can_be_set() -> None:
    assert {fact.logger for fact in FACTS.values()} <= set(LOGGERS)


def test_a_logger_that_nobody_has_is_refused() -> None:
    assert LogEntry(levels={"httpx": "debug", "uvicorn.error": "info"}).levels["uvicorn.error"] == "info"
    with pytest.raises(ValidationError, match=r'did you mean "alertd\.engine"'):
        LogEntry(levels={"alertd.enigne": "debug"})
    with pytest.raises(ValidationError):
        LogEntry(levels={"alertd": "loud"})
