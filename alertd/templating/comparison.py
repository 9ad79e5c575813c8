"""`eq`, `lt` and their kin: Go compares values of one kind only, and says so."""

from typing import Any

from alertd.errors import TemplateError
from alertd.templating.functions import type_name
from alertd.templating.values import Map, Slice, Struct

_KINDS = ((bool, "bool"), (int, "int"), (float, "float"), (complex, "complex"), (str, "string"))


def equal_to_any(first: Any, *others: Any) -> bool:
    """Whether the first is equal to one of the others. Raises TemplateError."""
    if not others:
        raise TemplateError("there is nothing to compare with")
    return any(_equal(first, other) for other in others)


def less(left: Any, right: Any) -> bool:
    """Whether one number or text comes before another. Raises TemplateError."""
    kinds = {_kind(left), _kind(right)}
    if len(kinds) > 1 or not kinds <= {"int", "float", "string"}:
        raise TemplateError(f"a {type_name(left)} has no order with a {type_name(right)}")
    return bool(left < right)


def less_or_equal(left: Any, right: Any) -> bool:
    return less(left, right) or bool(left == right)


def _kind(value: Any) -> str:
    """Numbers of all sizes are of one kind, with a sign or without."""
    return next((kind for family, kind in _KINDS if isinstance(value, family)), "")


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if _comparable(left) != _comparable(right):
        raise TemplateError(f"a {type_name(left)} cannot be compared with a {type_name(right)}")
    return bool(left == right)


def _comparable(value: Any) -> str:
    """The kind of a value that has an equality."""
    if isinstance(value, (Map, Slice)) or (isinstance(value, Struct) and not value.comparable):
        raise TemplateError(f"values of type {type_name(value)} cannot be compared")
    return _kind(value) or type_name(value)
