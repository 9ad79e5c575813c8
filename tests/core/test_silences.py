"""Silences: what may be asked for, what a change makes of them, and that the index says what trying them all says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.selectors import Selectors, satisfies
from alertd.core.silences import Draft, Silence, Silences, State, expired, ordered, settle
from alertd.errors import SilenceError
from tests.core.counting import Counted, Tally

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
JOB_A = (Matcher("job", "=", "a"),)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def silence(start: float = 0, end: float = 60, *matchers: Matcher, name: str = "old") -> Silence:
    return Silence(name, matchers or JOB_A, after(start), after(end), after(start))


def draft(start: float | None = 0, end: float = 60, *matchers: Matcher, name: str = "") -> Draft:
    return Draft(matchers or JOB_A, after(end), None if start is None else after(start), name, "ann", "why", {"a": "b"})


# Making and changing.


def test_a_new_one_gets_the_id_and_all_that_was_asked() -> None:
    (made,) = settle(draft(10), None, "new", NOON)
    assert made == Silence("new", JOB_A, after(10), after(60), NOON, "ann", "why", {"a": "b"})


@pytest.mark.parametrize("start", [None, -30, 0])
def test_a_new_one_never_begins_in_the_past(start: float | None) -> None:
    (made,) = settle(draft(start), None, "new", NOON)
    assert made.starts_at == NOON


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Draft((), after(1)), "needs a matcher"),
        (draft(0, 60, Matcher("a", "=", "")), "must not match the empty string"),
        (draft(0, 60, Matcher("a", "=~", ".*"), Matcher("b", "!=", "x")), "must not match the empty string"),
        (draft(0, 60, Matcher("a", "=", "\ud800")), "UTF-8"),
        (draft(0, 60, Matcher("\ud800", "=", "a")), "UTF-8"),
        (draft(5, 5), "start before it ends"),
        (draft(6, 5), "start before it ends"),
        (draft(-6, -5), "in the past"),
        (draft(-6, 0), "in the past"),
        (draft(name="nobody"), "there is no silence 'nobody'"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Draft, why: str) -> None:
    with pytest.raises(SilenceError, match=why) as refusal:
        settle(wrong, None, "new", NOON)
    assert refusal.value.missing == ("no silence" in why)


def test_one_matcher_that_wants_a_value_is_enough() -> None:
    assert settle(draft(0, 60, Matcher("a", "=~", ".*"), Matcher("b", "=~", ".+")), None, "new", NOON)


OTHER = Matcher("job", "=", "b")


@pytest.mark.parametrize(
    ("before", "wanted", "keeps"),
    [
        (silence(-10, 60), draft(-10, 90), True),  # active: another end
        (silence(-10, 60), draft(-10, 5), True),
        (silence(-10, 60), replace(draft(-10, 90), starts_at=after(-10) + timedelta(milliseconds=300)), True),
        (silence(-10, 60), draft(-9, 90), False),  # the past cannot be changed
        (silence(-10, 60), draft(None, 90), False),
        (silence(-10, 60), draft(-10, 60, OTHER), False),
        (silence(10, 60), draft(20, 90), True),  # pending: any time from now on
        (silence(10, 60), draft(0, 90), True),
        (silence(10, 60), draft(-1, 90), False),
        (silence(10, 60), draft(10, 60, OTHER), False),
        (silence(10, 60), draft(10, 60, *JOB_A, *JOB_A), False),
        (silence(-10, -5), draft(-10, 60), False),  # expired: never
    ],
)
def test_which_changes_keep_the_id(before: Silence, wanted: Draft, keeps: bool) -> None:
    wanted = replace(wanted, id="old")
    *closed, made = settle(wanted, before, "new", NOON)
    assert made.id == ("old" if keeps else "new")
    assert made.updated_at == NOON
    assert (made.ends_at, made.matchers, made.comment) == (wanted.ends_at, wanted.matchers, "why")
    assert [one.id for one in closed] == ([] if keeps or before.ends_at < NOON else ["old"])
    assert all(one.state(NOON) is State.EXPIRED and one.matchers == before.matchers for one in closed)


def test_a_change_that_makes_no_sense_changes_nothing() -> None:
    with pytest.raises(SilenceError):
        settle(draft(-10, -5, name="old"), silence(-10, 60), "new", NOON)


@pytest.mark.parametrize(("before", "start"), [(silence(-10, 60), -10), (silence(10, 60), 0)])
def test_ending_one(before: Silence, start: float) -> None:
    over = expired(before, NOON)
    assert (over.starts_at, over.ends_at, over.updated_at) == (after(start), NOON, NOON)
    assert over.state(NOON) is State.EXPIRED
    with pytest.raises(SilenceError, match="already expired"):
        expired(over, NOON)


@pytest.mark.parametrize(
    ("minutes", "state"), [(9, "pending"), (10, "active"), (59.99, "active"), (60, "expired"), (61, "expired")]
)
def test_states(minutes: float, state: str) -> None:
    assert silence(10, 60).state(after(minutes)) == state


def test_the_order_of_a_list() -> None:
    given = [
        silence(-9, -2, name="over long"), silence(-9, -1, name="over"), silence(9, 99, name="later"),
        silence(5, 99, name="soon"), silence(-1, 50, name="long"), silence(-1, 5, name="short"),
    ]  # fmt: skip
    assert [one.id for one in ordered(given, NOON)] == ["short", "long", "soon", "later", "over", "over long"]


# Finding.


def kept(*silences: Silence) -> Silences:
    found = Silences()
    found.put(silences)
    return found


A, B = Labels({"job": "a"}), Labels({"job": "b"})


def test_only_what_is_in_force_mutes_and_all_of_it() -> None:
    silences = kept(silence(0, 10, name="1"), silence(5, 20, name="2"), silence(5, 20, OTHER, name="3"))
    assert [silences.muting(A, after(minute)) for minute in (-1, 0, 7, 10, 20)] == [(), ("1",), ("1", "2"), ("2",), ()]
    assert [silences.concern(A, after(minute)) for minute in (-1, 19, 20)] == [True, True, False]
    assert not silences.concern(Labels({"job": "c"}), NOON)


def test_a_change_counts_at_once_also_for_alerts_asked_about_before() -> None:
    silences = kept(silence(0, 10))
    assert silences.muting(A, NOON) == ("old",)
    silences.put([expired(silence(0, 10), after(1))])
    assert silences.muting(A, after(1)) == ()
    silences.put([silence(0, 10, name="new")])
    assert silences.muting(A, after(2)) == ("new",)
    assert len(silences) == 2


def test_what_ended_long_ago_is_forgotten() -> None:
    silences = kept(silence(0, 10), silence(0, 20, name="new"))
    silences.forget(after(11))
    assert [one.id for one in silences] == ["new"]
    assert (silences.get("old"), silences.get("new")) == (None, silence(0, 20, name="new"))
    assert silences.muting(A, NOON) == ("new",)


def test_a_clock_that_is_set_back_brings_a_silence_back() -> None:
    silences = kept(silence(0, 10), silence(0, 99, OTHER, name="other"))
    assert silences.muting(A, NOON) == ("old",)
    silences.tidy(after(30))
    assert silences.muting(B, after(5)) == ("other",)
    assert silences.muting(Labels({"job": "a", "x": "y"}), after(5)) == ()
    silences.look_again()
    assert silences.muting(Labels({"job": "a", "x": "y"}), after(5)) == ("old",)


def test_a_longer_end_outlives_the_first_one() -> None:
    silences = kept(silence(0, 10))
    silences.put([silence(0, 99)])
    silences.tidy(after(50))
    assert silences.muting(A, after(50)) == ("old",)


values = st.sampled_from(["", "a", "b", "a.b", "a|b"])
matchers = st.builds(
    Matcher,
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(["=", "!=", "=~", "!~"]),
    st.sampled_from(["", "a", "b", "a|b", "a|", "a.b", ".+", "a|b|c", "(a|b)"]),
)
sets = st.lists(st.lists(matchers, max_size=3), max_size=12)
label_sets = st.dictionaries(st.sampled_from(["x", "y", "z"]), values).map(Labels)


@given(sets, st.lists(label_sets, max_size=5), st.lists(st.integers(0, 11), max_size=6))
def test_the_index_finds_what_trying_all_finds(
    given: Sequence[Sequence[Matcher]], alerts: Sequence[Labels], gone: Sequence[int]
) -> None:
    selectors = Selectors(enumerate(given))
    for key in gone:
        selectors.remove(key)
    for labels in alerts:
        wanted = [key for key, one in enumerate(given) if key not in gone and satisfies(labels, one)]
        assert selectors.find(labels) == wanted
    assert [key in selectors for key in range(len(given))] == [key not in gone for key in range(len(given))]


moments = st.integers(0, 9)
steps = st.lists(
    st.tuples(st.sampled_from(["put", "expire", "tidy", "forget", "jump"]), st.integers(0, 60), st.lists(matchers)),
    max_size=70,
)


@given(steps, st.lists(label_sets, min_size=1, max_size=4))
def test_whatever_happens_the_same_are_muted_as_without_an_index(
    steps: Sequence[tuple[str, int, list[Matcher]]], alerts: Sequence[Labels]
) -> None:
    silences, naive, now = Silences(), dict[str, Silence](), NOON
    for number, (what, minutes, wants) in enumerate(steps):
        if what == "put":
            one = silence(0, minutes + number, *wants, name=str(number))
            naive[one.id] = one
            silences.put([one])
        elif what == "expire" and (alive := [one for one in naive.values() if one.state(now) is not State.EXPIRED]):
            over = expired(alive[minutes % len(alive)], now)
            naive[over.id] = over
            silences.put([over])
        elif what == "tidy":
            now = max(now, after(number))
            silences.tidy(now)
        elif what == "forget":
            naive = {key: one for key, one in naive.items() if one.ends_at >= after(minutes - 30)}
            silences.forget(after(minutes - 30))
        elif what == "jump":
            now = after(number / 2)
            silences.look_again()
        for labels in alerts:
            wanted = {one.id for one in naive.values() if one.matches(labels) and one.state(now) is State.ACTIVE}
            assert set(silences.muting(labels, now)) == wanted
            assert silences.concern(labels, now) == any(
                one.matches(labels) and one.state(now) is not State.EXPIRED for one in naive.values()
            )


def test_thousands_of_silences_and_alerts_are_not_tried_on_each_other() -> None:
    tally, silences = Tally(), Silences()
    hosts = [Labels({"alertname": "Down", "job": "node", "instance": f"host-{number}"}) for number in range(5000)]
    silences.put(
        silence(
            0,
            60,
            Counted("job", "=~", "n.*", tally),
            Counted("instance", "=", f"host-{number}", tally),
            name=f"{number}",
        )
        for number in range(2000)
    )
    assert sum(bool(silences.muting(labels, NOON)) for labels in hosts) == 2000
    assert tally.read() <= 2 * 2000, "only those about this instance"
    assert sum(bool(silences.muting(labels, NOON)) for labels in hosts) == 2000
    assert tally.read() == 0, "what was found is remembered"
    silences.put([silence(0, 60, Counted("instance", "=~", "host-4.*", tally), name="wide")])
    assert sum(bool(silences.muting(labels, NOON)) for labels in hosts) == 3000
    assert tally.read() == 5000, "a new one is tried on each alert, the others are not"
