"""Numbers: quantiles, ratios, what a metrics page says, and tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float | None]
_EQUAL = 15  # characters


@dataclass(frozen=True)
class Row:
    """A line of a table: which figure it shows, under which name, and with how many digits after the point."""

    key: str
    label: str
    digits: int = 2


def quantile(values: Sequence[float], part: float) -> float | None:
    """The smallest value that at least this part of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-part * len(ordered) // 1) - 1)] if ordered else None


def total(*values: float | None) -> float | None:
    """The sum, if all are known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def ratio(ours: float | None, theirs: float | None) -> str:
    """How many times theirs ours is."""
    return f"{ours / theirs:.2f}x" if ours is not None and theirs else "-"


def metric(page: str, name: str) -> float:
    """The sum of all samples of a metric; 0 before there is one."""
    samples = re.findall(rf"^{re.escape(name)}(?:\{{.*\}})? (\S+)", page, re.MULTILINE)
    return sum(map(float, samples))


def table(rows: Sequence[Row], results: Mapping[str, Figures]) -> str:
    """Markdown: a column for each contestant, and for each but the first how many times its figure the first's is."""
    first, *peers = results
    lines = [["", *results, *(f"{first} : {peer}" for peer in peers)]]
    for row in rows:
        values = [figures.get(row.key) for figures in results.values()]
        ratios = [ratio(values[0], value) for value in values[1:]]
        lines.append([row.label, *(_number(value, row.digits) for value in values), *ratios])
    return aligned(lines)


def plot(rows: Sequence[Row], results: Mapping[str, Figures]) -> str:
    """Bars: how many times a peer's figure the first's is; where the line stands they are equal."""
    first, *peers = results
    lines = []
    for row in rows:
        for peer in peers:
            ours, theirs = results[first].get(row.key), results[peer].get(row.key)
            if ours is not None and theirs:
                lines.append(f"{row.label:46} {peer:11} {_bar(ours / theirs)} {ratio(ours, theirs)}")
    return "\n".join(lines)


def _bar(times: float) -> str:
    filled = min(round(times * _EQUAL), 2 * _EQUAL)
    bar = ("█" * filled).ljust(2 * _EQUAL)
    return bar[:_EQUAL] + ("┃" if filled <= _EQUAL else "█") + bar[_EQUAL:]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Markdown, as it is nice to read: the first line is the head, and all but the first column are figures."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *body = [
        "| " + " | ".join([line[0].ljust(widths[0]), *(map(str.rjust, line[1:], widths[1:]))]) + " |" for line in lines
    ]
    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([head, rule, *body])
