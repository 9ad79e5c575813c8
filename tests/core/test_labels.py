"""Label sets: immutable, sorted, without empty values, with Alertmanager's fingerprint."""

from hypothesis import given
from hypothesis import strategies as st

from alertd.core.labels import Labels, Overlay, common
from alertd.core.shapes import _MOST, _shapes

SETS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text())


def test_an_empty_value_is_no_label() -> None:
    assert Labels({"a": "", "b": "1"}) == Labels({"b": "1"})
    assert "a" not in Labels({"a": ""})
    assert Labels({"b": "1"}).get("a", "") == ""


def test_sorted_and_shown() -> None:
    labels = Labels([("b", "2"), ("a", "1")])
    assert list(labels) == ["a", "b"]
    assert repr(labels) == '{a="1", b="2"}'
    assert Labels({"a": "1"}) < labels


def test_changes_make_new_sets() -> None:
    labels = Labels({"a": "1", "b": "2"})
    assert labels.merged({"a": "", "c": "3"}) == Labels({"b": "2", "c": "3"})
    assert labels.without("a") == labels.only(["b", "z"]) == Labels({"b": "2"})
    assert labels == Labels({"a": "1", "b": "2"})


def test_equal_only_to_label_sets() -> None:
    assert Labels({"a": "1"}) != {"a": "1"}


@given(SETS, SETS)
def test_equality_hash_and_key_agree(one: dict[str, str], other: dict[str, str]) -> None:
    left, right = Labels(one), Labels(other)
    assert (left == right) == (left.key == right.key)
    if left == right:
        assert hash(left) == hash(right)


@given(st.lists(SETS, min_size=1))
def test_what_is_common_is_in_each(sets: list[dict[str, str]]) -> None:
    for name, value in common(sets).items():
        assert all(one[name] == value for one in sets)


def test_nothing_is_common_to_nothing() -> None:
    assert common([]) == Labels()


def test_the_fingerprint_of_nothing_is_the_offset_of_fnv() -> None:
    assert Labels().fingerprint == "cbf29ce484222325"


@given(st.lists(SETS, max_size=4))
def test_the_fingerprint_is_fnv_1a(sets: list[dict[str, str]]) -> None:
    for labels in map(Labels, sets):
        state = 0xCBF29CE484222325
        for part in (part for pair in labels.items() for part in pair):
            for byte in part.encode("utf-8", "surrogatepass") + b"\xff":
                state = (state ^ byte) * 0x100000001B3 % 2**64
        assert labels.fingerprint == f"{state:016x}"


@given(st.lists(SETS), SETS)
def test_an_overlay_is_a_merge(sets: list[dict[str, str]], over: dict[str, str]) -> None:
    overlay = Overlay(over)
    for labels in map(Labels, sets):
        assert labels.under(overlay) == labels.merged(over) == Labels({**labels, **over})
        assert hash(labels.under(overlay)) == hash(labels.merged(over))


@given(SETS)
def test_a_mapping_of_what_is_not_empty(pairs: dict[str, str]) -> None:
    labels, kept = Labels(pairs), {name: value for name, value in pairs.items() if value}
    assert dict(labels) == dict(labels.items()) == dict(labels.pairs()) == kept
    assert (len(labels), sorted(labels.values()), sorted(labels)) == (len(kept), sorted(kept.values()), sorted(kept))
    assert labels.get("no such label") is None


def test_equal_also_when_very_many_names_were_seen_meanwhile() -> None:
    before = Labels({"a": "1"})
    for number in range(20_000):
        Labels({f"n{number}": "1"})
    assert before == Labels({"a": "1"})
    assert hash(before) == hash(Labels({"a": "1"}))


@given(SETS, SETS)
def test_they_are_in_the_order_of_their_pairs(one: dict[str, str], other: dict[str, str]) -> None:
    left, right = Labels(one), Labels(other)
    assert (left < right) == (list(left.items()) < list(right.items()))
    same = Labels(dict.fromkeys(left, "x"))
    assert (left < same) == (list(left.items()) < list(same.items()))


def test_of_names_that_come_and_go_not_all_are_remembered() -> None:
    for number in range(_MOST + 1):
        Labels({f"once_{number}": "x"})
    assert len(_shapes) <= _MOST
    assert Labels({"once_0": "x"}) == Labels({"once_0": "x"})
