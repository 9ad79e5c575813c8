"""What every store must do, whatever it keeps its rows in; the semantics are those of ports.Store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alertd.core.alerts import Alert, State, Transition
from alertd.core.delivery import Dead, Delivery, Retry, Sent, Status, identify
from alertd.core.history import Entry, Seen, What
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.severity import Severity
from alertd.core.silences import Silence, expired
from alertd.core.told import NOTHING, Cooling, Mark, Told
from alertd.engine.watchedstore import WatchedStore
from alertd.errors import StoreError
from alertd.ports import Store
from alertd.store import open_store
from alertd.testing import ManualClock

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MAIL, HOOK = "team/email[0]", "team/webhook[0]"
CAUSE = f"00-{1:032x}-{2:016x}-01"


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def alert(name: str = "JobDown", state: State = State.FIRING, **labels: str) -> Alert:
    told = {"summary": f"{name} ✓"}
    return Alert("rule", Labels({"alertname": name, **labels}), state, NOON, told, 1.5, after(5), trace=CAUSE)


def opened(*names: str) -> Told:
    return Told(NOON, {name: Mark(NOON, "incident", Severity.ERROR) for name in names})


def delivery(
    minutes: float, group: str = "g", integration: str = HOOK, told: Told = NOTHING, severity: str = "error"
) -> Delivery:
    at = after(minutes)
    id_ = identify(group, integration, at)
    labels = Labels({"alertname": "JobDown", "severity": severity})
    shown = NotifiedAlert(labels, {"summary": "down"}, NOON)
    notification = Notification(id_, "team", integration, Reason.FIRST, at, (shown,), group)
    return Delivery(id_, group, integration, at, told, notification, next_at=at, trace=CAUSE)


def silent(minutes: float, group: str = "g", told: Told = NOTHING) -> Delivery:
    return replace(delivery(minutes, group, told=told), notification=None, status=Status.SILENT, next_at=None)


@pytest.fixture(params=["memory", "sqlite", "watched"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/state/alertd.db" if request.param == "sqlite" else "memory")
    if request.param == "watched":
        store = WatchedStore(store, lambda _: None, ManualClock())
    yield store
    await store.close()


async def claim(store: Store, minutes: float, integration: str = HOOK, limit: int = 10) -> list[Delivery]:
    return list(await store.claim(integration, after(minutes), after(minutes + 2), limit))


async def add(store: Store, *deliveries: Delivery) -> None:
    await store.commit(deliveries, ())


async def statuses(store: Store) -> dict[str, int]:
    return dict(await store.counts())


async def test_a_new_store_is_empty(store: Store) -> None:
    snapshot = await store.load()
    assert (snapshot.alerts, snapshot.told, snapshot.alive_at) == ((), (), None)
    assert await claim(store, 0) == []
    assert dict(await store.due()) == {}
    assert (await store.counts())["pending"] == 0
    assert await store.prune(NOON) == 0


async def test_alerts_are_written_and_deleted(store: Store) -> None:
    down, slow = alert(zone="aa"), alert("Slow", State.PENDING)
    await store.record([Transition(None, down), Transition(None, slow)])
    resolved = replace(down, state=State.RESOLVED, resolved_at=after(9), because="rule removed")
    await store.record([Transition(down, resolved), Transition(slow, None), Transition(None, None)])
    assert (await store.load()).alerts == (resolved,)


async def test_alerts_of_two_rules_may_share_their_labels(store: Store) -> None:
    one, two = alert(), replace(alert(), rule="other")
    await store.record([Transition(None, one), Transition(None, two)])
    await store.record([Transition(one, None)])
    assert (await store.load()).alerts == (two,)


async def test_later_transitions_of_one_alert_stand(store: Store) -> None:
    await store.record([Transition(None, alert()), Transition(alert(), None)])
    assert (await store.load()).alerts == ()


async def test_forgotten_alerts_go_with_the_commit(store: Store) -> None:
    down, slow = alert(), alert("Slow")
    await store.record([Transition(None, down), Transition(None, slow), Transition(down, over(down))])
    await store.commit([delivery(0)], {down.id})
    assert (await store.load()).alerts == (slow,)


async def test_an_end_is_kept_beside_an_alert_that_begins_anew(store: Store) -> None:
    first, again = alert(), alert(state=State.PENDING)
    await store.record([Transition(None, first), Transition(first, over(first)), Transition(None, again)])
    assert sorted((await store.load()).alerts, key=lambda one: one.state) == [again, over(first)]
    await store.commit([], {first.id})
    assert (await store.load()).alerts == (again,)


def over(one: Alert) -> Alert:
    return replace(one, state=State.RESOLVED, resolved_at=after(9))


async def test_what_was_committed_is_claimed(store: Store) -> None:
    told = replace(opened("a"), cooling={"i": Cooling(after(60), Severity.CRITICAL)})
    await add(store, delivery(0, told=told))
    assert await claim(store, 0) == [delivery(0, told=told)]


async def test_a_delivery_without_next_at_is_due_at_once(store: Store) -> None:
    await add(store, replace(delivery(1), next_at=None))
    assert dict(await store.due()) == {HOOK: after(1)}
    assert await claim(store, 1) == [delivery(1)]


async def test_a_known_delivery_is_left_as_it_is(store: Store) -> None:
    await add(store, delivery(0))
    [claimed] = await claim(store, 0)
    sent = await store.settle(claimed, Sent(after(1)))
    await add(store, delivery(0, told=opened("other")))
    assert (await store.load()).told == (sent.remembered,)


async def test_deliveries_are_claimed_when_due_and_oldest_first(store: Store) -> None:
    await add(store, delivery(3, "late"), delivery(2, "b"), delivery(1, "a"), delivery(0, "mail", MAIL))
    assert [one.group for one in await claim(store, 2, limit=1)] == ["a"]
    assert [one.group for one in await claim(store, 2)] == ["b"]
    assert [one.group for one in await claim(store, 2, MAIL)] == ["mail"]
    assert await claim(store, 2) == []


async def test_what_is_urgent_is_claimed_before_what_has_waited_for_longer(store: Store) -> None:
    severities = ["info", "warning", "page", "critical", "error", "info"]
    await add(store, *(delivery(at, str(at), severity=severity) for at, severity in enumerate(severities)))
    assert [one.at for one in await claim(store, 9, limit=3)] == [after(3), after(4), after(1)]
    assert [one.at for one in await claim(store, 9)] == [after(2), after(0), after(5)]


async def test_a_lease_that_ended_is_claimed_again(store: Store) -> None:
    await add(store, delivery(0))
    await claim(store, 0)
    assert dict(await store.due()) == {HOOK: after(2)}
    assert await claim(store, 1.9) == []
    assert await claim(store, 2) == [replace(delivery(0), attempts=1)]


async def test_many_are_told_and_then_told_of_the_end(store: Store) -> None:
    names = [f"group {number}" for number in range(150)]
    for minute in (0, 1):
        await add(store, *(delivery(minute, name) for name in names))
        claimed = await claim(store, minute, limit=200)
        assert [one.group for one in claimed] == names
        sent = await asyncio.gather(*(store.settle(one, Sent(after(minute), "ok")) for one in claimed))
        assert sent == [
            replace(one, status=Status.SENT, attempts=1, next_at=None, accepted_at=after(minute)) for one in claimed
        ]
        told = (await store.load()).told
        assert sorted(told, key=lambda one: one.id) == sorted([one.remembered for one in sent], key=lambda one: one.id)
    assert await statuses(store) == {"sent": 300}


async def test_of_many_that_are_settled_at_once_each_is_what_became_of_it(store: Store) -> None:
    names = [f"group {number}" for number in range(20)]
    await add(store, *(delivery(0, name) for name in names))
    sent, retried, dead, obsolete, spoken, *others = await claim(store, 0, limit=20)
    await add(store, delivery(1, obsolete.group), silent(1, spoken.group))
    outcomes = {
        retried.id: Retry(after(5), "503"),
        dead.id: Dead(after(2), "404"),
        obsolete.id: Retry(after(5), "503"),
    }
    some = (sent, retried, dead, obsolete, spoken, delivery(9, "unknown"), *others)
    done = await asyncio.gather(
        *(store.settle(one, outcomes.get(one.id, Sent(after(0)))) for one in some), return_exceptions=True
    )
    assert isinstance(done[5], StoreError)
    became = [one.status for one in done if isinstance(one, Delivery)]
    expected = [Status.SENT, Status.PENDING, Status.DEAD, Status.SUPERSEDED, Status.SENT, *[Status.SENT] * 15]
    assert became == expected
    assert await statuses(store) == {"sent": 17, "pending": 2, "dead": 1, "superseded": 1, "silent": 1}
    told = {one.group: one.status for one in (await store.load()).told}
    assert told[spoken.group] is Status.SILENT
    assert told[obsolete.group] is Status.PENDING


async def test_of_many_that_were_sent_at_once_one_was_spoken_over(store: Store) -> None:
    await add(store, *(delivery(0, name) for name in "abc"))
    claimed = await claim(store, 0)
    await add(store, silent(1, "b"))
    await asyncio.gather(*(store.settle(one, Sent(after(0))) for one in claimed))
    told = sorted((one.group, one.status) for one in (await store.load()).told)
    assert told == [("a", "sent"), ("b", "silent"), ("c", "sent")]


async def test_what_is_not_under_way_any_more_is_settled_as_it_is(store: Store) -> None:
    await add(store, *(delivery(0, name) for name in "abc"))
    claimed = await claim(store, 0)
    await store.settle(claimed[1], Sent(after(0)))
    await asyncio.gather(*(store.settle(one, Sent(after(1))) for one in claimed))
    accepted = {one.group: one.accepted_at for one in (await store.load()).told}
    assert accepted == {"a": after(1), "b": after(1), "c": after(1)}


async def test_of_many_in_one_commit_those_that_are_known_stay(store: Store) -> None:
    await add(store, delivery(0, "a", told=opened("x")), silent(0, "b"))
    many = [delivery(number / 100, f"group {number}") for number in range(70)]
    await add(store, *many, delivery(0, "a"), delivery(1, "b"), *many, delivery(2, "b"))
    assert await statuses(store) == {"pending": 72, "silent": 1, "superseded": 1}
    claimed = await claim(store, 9, limit=100)
    assert {one.group: one.at for one in claimed}["b"] == after(2)
    assert [one.told for one in claimed if one.group == "a"] == [opened("x")]


async def test_what_is_given_back_was_not_tried(store: Store) -> None:
    await add(store, delivery(0, "a"), delivery(0, "b"), delivery(0, "c"))
    first, second, third = await claim(store, 0)
    await store.settle(third, Sent(after(0)))
    await store.give_back([second, third, delivery(9, "unknown")])
    assert await claim(store, 1) == [second]
    assert await claim(store, 2) == [replace(first, attempts=1)]  # whose lease ended
    assert await statuses(store) == {"pending": 2, "sent": 1}


async def test_what_is_given_back_and_no_longer_true_is_superseded(store: Store) -> None:
    await add(store, delivery(0))
    claimed = await claim(store, 0)
    await add(store, delivery(1))
    await store.give_back(claimed)
    assert await statuses(store) == {"superseded": 1, "pending": 1}
    assert await claim(store, 1) == [delivery(1)]


async def test_a_newer_row_supersedes_what_waits(store: Store) -> None:
    await add(store, delivery(0))
    await add(store, delivery(1))
    assert await statuses(store) == {"superseded": 1, "pending": 1}
    assert await claim(store, 1) == [delivery(1)]


async def test_of_two_in_one_commit_the_last_is_the_newest(store: Store) -> None:
    await add(store, delivery(5), delivery(1))
    assert await claim(store, 9) == [delivery(1)]


async def test_other_groups_and_integrations_are_left_alone(store: Store) -> None:
    await add(store, delivery(0), delivery(0, "h"), delivery(0, integration=MAIL))
    await add(store, delivery(1))
    assert await statuses(store) == {"superseded": 1, "pending": 3}


async def test_silence_supersedes_what_waits(store: Store) -> None:
    await add(store, delivery(0))
    await add(store, silent(1))
    assert await claim(store, 9) == []
    assert dict(await store.due()) == {}
    assert (await store.load()).told == (silent(1),)


async def test_what_is_under_way_is_not_superseded_and_holds_the_newer_one_back(store: Store) -> None:
    await add(store, delivery(0), delivery(0, "h"))
    first, _ = await claim(store, 0)
    await add(store, delivery(1))
    assert await claim(store, 1) == []
    assert dict(await store.due()) == {HOOK: after(2)}  # not the newer one, which nobody can claim yet
    await store.settle(first, Sent(after(1)))
    assert dict(await store.due()) == {HOOK: after(1)}
    assert await claim(store, 1) == [delivery(1)]


async def test_a_retry_waits_its_time(store: Store) -> None:
    await add(store, delivery(0))
    [claimed] = await claim(store, 0)
    retried = await store.settle(claimed, Retry(after(5), "503"))
    assert retried == replace(claimed, attempts=1, next_at=after(5), error="503")
    assert await claim(store, 4) == []
    assert dict(await store.due()) == {HOOK: after(5)}
    assert await claim(store, 5) == [retried]


async def test_what_waits_follows_the_clock(store: Store) -> None:
    await add(store, delivery(0), delivery(5, "h"), delivery(0, "i", MAIL))
    await claim(store, 0)
    await store.shift(timedelta(minutes=-60))
    assert dict(await store.due()) == {HOOK: after(-58), MAIL: after(-60)}
    assert [one.group for one in await claim(store, -55, limit=9)] == ["g", "h"]


async def test_a_retry_that_a_newer_row_made_obsolete_is_superseded(store: Store) -> None:
    await add(store, delivery(0))
    [claimed] = await claim(store, 0)
    await add(store, delivery(1))
    retried = await store.settle(claimed, Retry(after(5), "503"))
    assert (retried.status, retried.attempts, retried.error) == (Status.SUPERSEDED, 1, "503")
    assert await claim(store, 1) == [delivery(1)]


async def test_an_expired_lease_that_a_newer_row_made_obsolete_is_superseded(store: Store) -> None:
    await add(store, delivery(0))
    await claim(store, 0)
    await add(store, delivery(1))
    assert await claim(store, 2) == [delivery(1)]
    assert await statuses(store) == {"superseded": 1, "pending": 1}


async def test_sent_is_remembered(store: Store) -> None:
    await add(store, delivery(0, told=opened("a")))
    [claimed] = await claim(store, 0)
    sent = await store.settle(claimed, Sent(after(1), "250 queued"))
    assert sent == replace(claimed, status=Status.SENT, attempts=1, next_at=None, accepted_at=after(1))
    assert (await store.load()).told == (sent.remembered,)
    assert dict(await store.due()) == {}


async def test_of_what_was_sent_is_left_what_is_told(store: Store) -> None:
    key = Labels({"alertname": "JobDown", "severity": "error"}).key
    mark = Mark(NOON, "incident", Severity.ERROR, timedelta(hours=1))
    await add(store, delivery(0, told=Told(None, {key: mark})))
    await store.settle((await claim(store, 0))[0], Sent(after(1)))
    (loaded,) = (await store.load()).told
    assert (loaded.status, loaded.accepted_at, loaded.notification) == (Status.SENT, after(1), None)
    cooling = {"incident": Cooling(after(61), Severity.ERROR)}
    assert loaded.told == Told(after(1), {key: replace(mark, told_at=after(1))}, cooling)


async def test_dead_does_not_count_as_told(store: Store) -> None:
    await add(store, delivery(0, told=opened("a")))
    sent = await store.settle((await claim(store, 0))[0], Sent(after(0)))
    await add(store, delivery(1))
    dead = await store.settle((await claim(store, 1))[0], Dead(after(2), "404"))
    assert (dead.status, dead.error, dead.next_at) == (Status.DEAD, "404", None)
    assert (await store.load()).told == (sent.remembered,)


async def test_dead_rows_are_superseded_by_newer_ones(store: Store) -> None:
    await add(store, delivery(0))
    await store.settle((await claim(store, 0))[0], Dead(after(1), "404"))
    await add(store, delivery(2))
    assert await statuses(store) == {"superseded": 1, "pending": 1}


async def test_what_was_told_is_loaded_beside_what_is_to_be_told(store: Store) -> None:
    await add(store, delivery(0, told=opened("a")))
    sent = await store.settle((await claim(store, 0))[0], Sent(after(0)))
    await add(store, delivery(1))
    await add(store, delivery(2))
    assert (await store.load()).told == (sent.remembered, delivery(2))


async def test_sent_is_recorded_even_if_a_newer_row_exists(store: Store) -> None:
    await add(store, delivery(0))
    [claimed] = await claim(store, 0)
    await add(store, delivery(1))
    sent = await store.settle(claimed, Sent(after(1)))
    assert sent.status is Status.SENT
    assert (await store.load()).told == (sent.remembered, delivery(1))


async def test_sent_is_recorded_even_if_the_row_was_given_up(store: Store) -> None:
    await add(store, delivery(0, told=opened("a")))
    [claimed] = await claim(store, 0)
    await add(store, delivery(1))
    await claim(store, 2)  # the lease is over: superseded, and its payload is gone
    sent = await store.settle(claimed, Sent(after(3)))
    assert (await store.load()).told == (sent.remembered, delivery(1))


async def test_what_was_sent_first_is_not_told_last(store: Store) -> None:
    await add(store, delivery(0))
    [claimed] = await claim(store, 0)
    await add(store, silent(1))
    await store.settle(claimed, Sent(after(3)))
    assert (await store.load()).told == (silent(1),)


async def test_a_failure_reported_too_late_changes_nothing(store: Store) -> None:
    await add(store, delivery(0))
    [claimed] = await claim(store, 0)
    sent = await store.settle(claimed, Sent(after(0)))
    for late in (Retry(after(5), "timeout"), Dead(after(5), "too old")):
        assert (await store.settle(claimed, late)).status is Status.SENT
    assert (await store.load()).told == (sent.remembered,)
    assert dict(await store.due()) == {}


async def test_an_unknown_delivery_cannot_be_settled(store: Store) -> None:
    with pytest.raises(StoreError, match="not in the outbox"):
        await store.settle(delivery(0), Sent(after(0)))


async def test_due_names_every_integration_that_waits(store: Store) -> None:
    await add(store, delivery(3), delivery(1, "h"), delivery(2, integration=MAIL), delivery(5, integration="z"))
    assert dict(await store.due()) == {HOOK: after(1), MAIL: after(2), "z": after(5)}


async def _finish(store: Store, group: str, minutes: Sequence[float], told: Told = NOTHING) -> None:
    for minute in minutes:
        await add(store, delivery(minute, group, told=told))
        await store.settle((await claim(store, minute))[0], Sent(after(minute)))


async def test_prune_deletes_finished_rows_that_nothing_depends_on(store: Store) -> None:
    await _finish(store, "closed", [0, 1, 2])
    await add(store, silent(3), delivery(4, "waits"), delivery(5, "dead"))
    await store.settle((await claim(store, 5))[1], Dead(after(5), "404"))
    assert await store.prune(after(1)) == 1  # strictly older
    assert await store.prune(after(9)) == 4
    assert await statuses(store) == {"pending": 1}


async def test_prune_keeps_what_an_open_alert_depends_on(store: Store) -> None:
    await _finish(store, "open", [0, 1, 2], opened("a"))
    await add(store, delivery(3, "open"))
    assert await store.prune(after(99)) == 2
    assert [one.at for one in (await store.load()).told] == [after(2), after(3)]


async def test_prune_keeps_what_a_cooldown_depends_on(store: Store) -> None:
    cooling = {name: Cooling(after(until), Severity.INFO) for name, until in (("i", 60), ("j", 30))}
    await _finish(store, "cooling", [0], replace(NOTHING, cooling=cooling))
    assert await store.prune(after(59)) == 0
    assert await store.prune(after(60)) == 1


def silence(name: str, ends: float, **more: str) -> Silence:
    matchers = (Matcher("alertname", "=~", 'Job.*|"✓'), Matcher("zone", "!=", ""))
    return Silence(name, matchers, NOON, after(ends), NOON, **more, annotations={"ticket": "1"})


async def test_silences_are_kept_by_id(store: Store) -> None:
    one, other = silence("one", 60, created_by="ann", comment="\ud800 why"), silence("other", 90)
    await store.silence([one, other])
    assert (await store.load()).silences == (one, other)
    assert one.matches({"alertname": "JobDown", "zone": "a"})  # whatever that leaves behind is not written
    over = expired(one, after(1))
    await store.silence([over])
    await store.silence([])
    assert (await store.load()).silences == (over, other)


async def test_prune_deletes_silences_that_ended_long_ago(store: Store) -> None:
    await store.silence([silence(str(minutes), minutes) for minutes in (1, 2, 3)])
    assert await store.prune(after(1)) == 0  # strictly older
    assert await store.prune(after(2.5)) == 2
    assert [one.id for one in (await store.load()).silences] == ["3"]


def entry(minutes: float, subject: str = "alert a", **facts: object) -> Entry:
    return Entry(after(minutes), subject, What.STATE, facts)


def seen(minutes: float, name: str = "JobDown", rule: str = "rule", **labels: str) -> Seen:
    return Seen(Labels({"alertname": name, **labels}), rule, after(minutes))


async def recalled(store: Store, *subjects: str, since: float = 0, until: float = 99, limit: int = 99) -> list[Entry]:
    return list(await store.recall(subjects, after(since), after(until), limit))


async def test_history_is_recalled_by_subject_and_time_in_order(store: Store) -> None:
    facts = {"text": "lone\ud800 ✓ nul\x00", "list": [1, 2.5, None, True], "map": {"a": "b"}}
    rows = [entry(3), entry(1, **facts), entry(1, "group b"), entry(1), entry(5, "other")]
    await store.remember(rows, ())
    three, first, other, again, _ = rows
    assert await recalled(store, "alert a", "group b", "alert a") == [first, other, again, three]
    assert await recalled(store, "alert a", since=1, until=1) == [first, again]
    assert await recalled(store, "alert a", since=1.5, until=2.5) == []
    assert await recalled(store, "alert a", "group b", limit=1) == [other, three]
    assert await recalled(store) == []


async def test_alerts_in_the_history_are_found_by_name_the_last_first(store: Store) -> None:
    old, new, slow = seen(1, zone="a"), seen(2, zone="b"), seen(3, "Slow")
    await store.remember((), [old, new, slow])
    assert list(await store.seen("JobDown", 9)) == [new, old]
    assert list(await store.seen(None, 2)) == [slow, new]
    again = seen(4, rule="other", zone="a")
    await store.remember((), [again])
    assert list(await store.seen(None, 9)) == [again, slow, new]
    assert list(await store.seen("nobody", 9)) == []


async def test_history_is_forgotten_from_the_oldest_on_in_small_steps(store: Store) -> None:
    await store.remember([entry(minute) for minute in range(6)], [seen(0, "A"), seen(2, "B"), seen(5, "C")])
    assert await store.forget(after(3), 100, 2) == 2
    assert await store.forget(after(3), 100, 2) == 1
    assert await store.forget(after(3), 100, 2) == 0
    assert [one.at for one in await recalled(store, "alert a")] == [after(3), after(4), after(5)]
    assert [one.labels["alertname"] for one in await store.seen(None, 9)] == ["C"]
    assert await store.forget(after(3), 1, 100) == 2
    assert [one.at for one in await recalled(store, "alert a")] == [after(5)]
    assert await store.forget(after(9), 1, 100) == 1
    assert list(await store.seen(None, 9)) == []


async def test_the_daemon_was_alive(store: Store) -> None:
    await store.touch(after(1))
    await store.touch(after(2))
    assert (await store.load()).alive_at == after(2)


async def test_hostile_text_survives(store: Store) -> None:
    text = "nul\x00 lone\ud800 line\nquote'\"; DROP TABLE alerts; -- 💥"
    hostile = replace(alert(zone=text), rule=text, annotations={text: text}, because=text)
    told = Told(NOON, {text: Mark(NOON, text, Severity.INFO)})
    held = replace(delivery(0, told=told), group=text, integration=text)
    await store.record([Transition(None, hostile)])
    await add(store, held)
    [claimed] = await claim(store, 0, text)
    retried = await store.settle(claimed, Retry(after(1), text))
    assert claimed == held
    snapshot = await store.load()
    assert (snapshot.alerts, snapshot.told) == ((hostile,), (retried,))
    assert dict(await store.due()) == {text: after(1)}
    await store.record([Transition(hostile, None)])
    assert (await store.load()).alerts == ()


async def test_a_large_notification_survives(store: Store) -> None:
    alerts = tuple(
        NotifiedAlert(Labels({"alertname": "A", "n": str(n)}), {"text": "x" * 50}, NOON, value=float("inf"))
        for n in range(3000)
    )
    large = delivery(0)
    assert large.notification
    large = replace(large, notification=replace(large.notification, alerts=alerts))
    await add(store, large, replace(large, id="other", integration=MAIL))
    assert await claim(store, 0) == [large]
