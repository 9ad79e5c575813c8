"""Answers to the queries of golden templates that need no PromQL engine: a selector, a comparison, a count."""

import re
from collections.abc import Mapping, Sequence

_SELECTOR = r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<matchers>[^}]*)\})?(?:\s+offset\s+\w+)?"
_QUERY = re.compile(rf"(?P<count>count\s*\()?\s*{_SELECTOR}\s*(?:(?P<op>==|>)\s*(?P<number>[\d.]+))?\s*\)?")
_MATCHER = re.compile(r"""([a-zA-Z_]\w*)\s*=\s*(?:'([^']*)'|"([^"]*)")""")
_STEPS = 30  # the goldens are evaluated at 30m, their series have one sample a minute

Answer = Sequence[tuple[Mapping[str, str], float]]


class NeedsEngineError(Exception):
    """The query is more than this file can answer."""


def answer(expr: str, series: Mapping[str, str]) -> Answer:
    """The result of a query over series in promtool's notation `a+bxn`."""
    query = _QUERY.fullmatch(expr.strip())
    if not query or "\\" in expr:  # whether an escape is valid is for a parser of PromQL to say
        raise NeedsEngineError(expr)
    found = [sample for sample in map(_sample, series.items()) if _matches(sample[0], query)]
    if query["op"]:
        limit = float(query["number"])
        found = [
            (labels, value) for labels, value in found if (value == limit if query["op"] == "==" else value > limit)
        ]
    if query["count"]:
        return [({}, float(len(found)))] if found else []
    return found


def _sample(item: tuple[str, str]) -> tuple[dict[str, str], float]:
    selector = re.fullmatch(_SELECTOR, item[0])
    notation = re.fullmatch(r"(\d+)\+(\d+)x\d+", item[1])
    assert selector
    assert notation
    return {"__name__": selector["name"], **_labels(selector["matchers"])}, float(
        int(notation[1]) + _STEPS * int(notation[2])
    )


def _labels(matchers: str | None) -> dict[str, str]:
    return {name: single or double for name, single, double in _MATCHER.findall(matchers or "")}


def _matches(labels: Mapping[str, str], query: re.Match[str]) -> bool:
    wanted = {"__name__": query["name"], **_labels(query["matchers"])}
    return all(labels.get(name, "") == value for name, value in wanted.items())
