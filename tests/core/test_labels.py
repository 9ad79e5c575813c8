"""Label sets: immutable, sorted, without empty values, with Alertmanager's fingerprint."""

from hypothesis import given
from hypothesis import strategies as st

from alertd.core.labels import Labels, common

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
