"""The functions that Go itself gives to every template, but for the comparisons and for escaping."""

from typing import Any

from alertd.errors import TemplateError
from alertd.templating import comparison, escaping
from alertd.templating.bytestrings import decode, encode, size
from alertd.templating.fmt import printed, sprint, sprintf, sprintln
from alertd.templating.functions import ANY, STRING, Function, Functions, type_name
from alertd.templating.values import Map, Slice, Uint8, truth


def _length(value: Any) -> int:
    if isinstance(value, str):
        return size(value)
    if isinstance(value, (Map, Slice)):
        return len(value)
    raise TemplateError(f"a value of type {type_name(value)} has no length")


def _index(value: Any, *indices: Any) -> Any:
    """`index x 1 2` is x[1][2]; a missing key is the zero of its map."""
    for index in indices:
        value = _item(value, index)
    return value


def _item(value: Any, index: Any) -> Any:
    if isinstance(value, Map):
        if index.__class__ is not str:
            raise TemplateError(f"a map is indexed by text, not by {type_name(index)}")
        return value.get(index, value.zero)
    if isinstance(value, str):
        data = encode(value)
        return Uint8(data[_place(index, len(data) - 1)])
    if isinstance(value, Slice):
        return value[_place(index, len(value) - 1)]
    raise TemplateError(f"a value of type {type_name(value)} cannot be indexed")


def _place(index: Any, last: int) -> int:
    """An index that lies inside."""
    if not isinstance(index, int) or isinstance(index, bool):
        raise TemplateError(f"an index must be a whole number, not {type_name(index)}")
    if not 0 <= index <= last:
        raise TemplateError(f"index out of range: {int(index)}")
    return int(index)


def _slice(value: Any, *bounds: Any) -> Any:
    """`slice x 1 2` is x[1:2]; text is cut by bytes."""
    if not isinstance(value, (str, Slice)):
        raise TemplateError(f"a value of type {type_name(value)} cannot be sliced")
    if len(bounds) > (2 if isinstance(value, str) else 3):
        raise TemplateError(f"too many bounds: {len(bounds)}")
    items: Any = encode(value) if isinstance(value, str) else value
    places = [_place(bound, len(items)) for bound in bounds]
    if places != sorted(places):
        raise TemplateError(f"bounds in the wrong order: {places[0]} > {places[-1]}")
    first, end = (*places, 0)[0], (*places[1:2], len(items))[0]
    return decode(items[first:end]) if isinstance(value, str) else value.__class__(items[first:end])


def _call(function: Any, *_: Any) -> Any:
    raise TemplateError(f"a value of type {type_name(function)} is no function")


def _joined(values: tuple[Any, ...]) -> str:
    """The arguments of an escaping function as one text."""
    if len(values) == 1:
        return values[0] if values[0].__class__ is str else printed(values[0])
    return sprint(values)


def _first_or_last(*values: Any) -> Any:
    """`and` and `or` are compiled, for they do not evaluate all of their arguments; this only lends a signature."""
    return values[-1]


GO_FUNCTIONS: Functions = {
    "and": Function(_first_or_last, (ANY,), ANY),
    "or": Function(_first_or_last, (ANY,), ANY),
    "not": Function(lambda value: not truth(value), (ANY,)),
    "len": Function(_length, (ANY,)),
    "index": Function(_index, (ANY,), ANY),
    "slice": Function(_slice, (ANY,), ANY),
    "call": Function(_call, (ANY,), ANY),
    "print": Function(lambda *values: sprint(values), (), ANY),
    "println": Function(lambda *values: sprintln(values), (), ANY),
    "printf": Function(lambda pattern, *values: sprintf(pattern, values), (STRING,), ANY),
    "html": Function(lambda *values: escaping.html(_joined(values)), (), ANY),
    "js": Function(lambda *values: escaping.javascript(_joined(values)), (), ANY),
    "urlquery": Function(lambda *values: escaping.url_query(_joined(values)), (), ANY),
    "eq": Function(comparison.equal_to_any, (ANY,), ANY),
    "ne": Function(lambda left, right: not comparison.equal_to_any(left, right), (ANY, ANY)),
    "lt": Function(comparison.less, (ANY, ANY)),
    "le": Function(comparison.less_or_equal, (ANY, ANY)),
    "gt": Function(lambda left, right: not comparison.less_or_equal(left, right), (ANY, ANY)),
    "ge": Function(lambda left, right: not comparison.less(left, right), (ANY, ANY)),
}
