"""Annotations are a mapping as any other, only smaller."""

import sys

import pytest

from alertd.core.annotations import Annotations

TEXTS = {"summary": "it is down", "empty": "", "description": "and has been for long"}


def test_they_are_what_they_were_made_of_in_that_order() -> None:
    made = Annotations(TEXTS)
    assert dict(made) == dict(made.pairs()) == TEXTS
    assert list(made) == list(TEXTS)
    assert (len(made), made["empty"], made.get("none")) == (3, "", None)
    assert repr(made) == repr(TEXTS)
    with pytest.raises(KeyError):
        made["none"]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (TEXTS, True),
        (Annotations(TEXTS), True),
        (Annotations(dict(reversed(TEXTS.items()))), True),
        (Annotations({**TEXTS, "empty": "no more"}), False),
        (Annotations({"summary": "it is down"}), False),
        ({}, False),
        (None, False),
    ],
)
def test_two_are_equal_if_they_say_the_same_whatever_their_order(other: object, *, same: bool) -> None:
    assert (Annotations(TEXTS) == other) is same
    assert (other == Annotations(TEXTS)) is same


def test_they_cannot_be_hashed_as_a_dictionary_cannot() -> None:
    with pytest.raises(TypeError):
        hash(Annotations(TEXTS))


def test_one_of_many_is_a_good_deal_smaller_than_a_dictionary() -> None:
    one = Annotations({"summary": "it is down"})
    own = sys.getsizeof(one) + sys.getsizeof(one._texts)
    assert own < sys.getsizeof({"summary": "it is down"}) * 2 / 3
