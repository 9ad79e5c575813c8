"""No query walks through the finished rows, save the one that counts them."""

import re
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest

from alertd.store import queries
from alertd.store.sqlite import _connect

NAMED = {name: text for name, text in vars(queries).items() if name.isupper() and "PRAGMA" not in text}
SMALL = ("deliveries_current", "deliveries_waiting", "deliveries_leased")  # none holds what is finished and spoken over


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    db = _connect(tmp_path / "alertd.db")
    yield db
    db.close()


def about_two(text: str) -> str:
    """A statement about many things, about two of them."""
    columns = re.search(r"\(([^)]*)\)\s+VALUES \{many\}", text)
    row = ", ".join("?" * len(columns[1].split(",") if columns else re.findall(r"column\d", text)))
    return text.replace("VALUES {many}", f"VALUES ({row}), ({row})").replace("{many}", "?, ?")


def plan(db: Connection, text: str) -> list[str]:
    text = about_two(text)
    parameters = dict.fromkeys(re.findall(r":(\w+)", text), 0) or [0] * text.count("?")
    return [detail for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {text}", parameters)]


@pytest.mark.parametrize(
    "name", sorted(NAMED.keys() - {"ALERTS", "SILENCES", "COUNTS", "PRUNE", "SEEN", "FORGET", "OLDEST"})
)
def test_only_small_indexes_are_walked(db: Connection, name: str) -> None:
    for step in plan(db, NAMED[name]):
        if (
            step.startswith("SCAN")
            and not {"waiting", "ranks", "sent", "(subquery-2)"} & set(step.split()[1:2])
            and "CONSTANT" not in step
        ):
            assert step.split()[-1] in SMALL
        assert "deliveries_finished" not in step


def test_claim_and_due_go_by_what_waits(db: Connection) -> None:
    assert "SEARCH d USING INDEX deliveries_waiting (integration=? AND urgency=? AND next_at<?)" in plan(
        db, queries.CLAIM
    )
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan(db, queries.CLAIM)
    assert "SEARCH d USING INDEX deliveries_waiting (integration=? AND urgency=?)" in plan(db, queries.DUE)


def test_what_was_sent_and_what_is_new_is_looked_up(db: Connection) -> None:
    assert "SEARCH deliveries USING INDEX sqlite_autoindex_deliveries_1 (id=?)" in plan(db, queries.SEND)
    siblings = "SEARCH older USING INDEX deliveries_current (grp=? AND integration=? AND rowid<?)"
    for name in ("SUPERSEDE", "OUTDATE_SINCE", "OUTDATE_BEFORE"):
        steps = plan(db, NAMED[name])
        assert siblings in steps
        assert steps.index(siblings) > 0


def test_counting_reads_an_index_only(db: Connection) -> None:
    assert plan(db, queries.COUNTS) == ["SCAN deliveries USING COVERING INDEX deliveries_finished"]


def test_a_long_history_is_searched_by_its_index(db: Connection) -> None:
    searched = "SEARCH history USING INDEX history_subject (subject=? AND at>? AND at<?)"
    assert plan(db, queries.RECALL) == [searched]
    assert plan(db, queries.SEEN) == ["SCAN history_alerts USING INDEX history_alerts_at"]
    assert any("history_alerts_name (name=?)" in step for step in plan(db, queries.SEEN_BY_NAME))


def test_history_is_forgotten_without_a_walk_through_it(db: Connection) -> None:
    steps = plan(db, queries.FORGET)
    assert "SEARCH history USING INTEGER PRIMARY KEY (rowid=?)" in steps
    assert [step for step in steps if "TEMP B-TREE" in step] == []
    assert any("history_alerts_at (at<?)" in step for step in plan(db, queries.FORGET_ALERTS))


def test_prune_finds_what_is_old(db: Connection) -> None:
    assert any("deliveries_finished (status=? AND finished_at<?)" in step for step in plan(db, queries.PRUNE))
    assert any("silences_ended (ends_at<?)" in step for step in plan(db, queries.PRUNE_SILENCES))
