"""The series that rules need in order to have something to say."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from tests.e2e.differential.selectors import Reading, Selector, reading

VARIANTS = 3
Labels = tuple[tuple[str, str], ...]
_QUERY = re.compile(r"query\s+(?:`([^`]*)`|\"((?:[^\"\\]|\\.)*)\")")
_PRINTF = re.compile(r"printf\s+(?:`([^`]*)`|\"((?:[^\"\\]|\\.)*)\")")
_SHOWN = re.compile(r"(?:\$l|[\s({]\.L)abels\.(\w+)")
_MANY = {"le": ("0.1", "1", "10", "+Inf"), "quantile": ("0.5", "0.99")}
_ODD = (
    'say "hi" \\ there',
    "two\nlines\tand a tab",
    "<b>a & b</b> 'q'",
    "Grüße, 世界 🎉",
    "{{ $value }} %s %d",
    " blanks ",
)


@dataclass
class Wanted:
    """What the rules of a file say about one metric."""

    selectors: set[Selector] = field(default_factory=set)
    labels: set[str] = field(default_factory=lambda: {"job", "instance"})
    numbers: set[float] = field(default_factory=lambda: {0.0, 1.0})
    clock: bool = False

    @property
    def ranged(self) -> bool:
        return any(selector.ranged for selector in self.selectors)


def wanted(groups: list[dict[str, Any]]) -> dict[str, Wanted]:
    """The metrics that these groups read."""
    found: dict[str, Wanted] = defaultdict(Wanted)
    for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
        texts = " ".join(map(str, [*rule.get("labels", {}).values(), *rule.get("annotations", {}).values()]))
        readings = [reading(rule["expr"]), *map(reading, _queries(texts))]
        shown = set(_SHOWN.findall(texts)) - {"alertname", "severity", "__name__"}
        for one in readings:
            _note(found, one, shown)
    return found


def _queries(texts: str) -> Iterator[str]:
    for match in (*_QUERY.finditer(texts), *_PRINTF.finditer(texts)):
        text = match[1] or (match[2] or "").replace('\\"', '"')
        yield re.sub(r"%\w", "x", text.replace('"%s"', '"x"').replace("'%s'", "'x'").replace("%q", '"x"'))


def _note(found: dict[str, Wanted], one: Reading, shown: set[str]) -> None:
    matched = {label for selector in one.selectors for label, *_ in selector.matchers}
    for selector in one.selectors:
        metric = found[selector.name]
        metric.selectors.add(selector)
        metric.labels |= one.labels | (shown - matched)
        metric.numbers |= set(one.numbers)
        metric.clock |= one.clock


def all_series(groups: list[dict[str, Any]]) -> dict[Labels, Wanted]:
    """The series for the groups of all files, each with what the first file that needs it wants of it."""
    found: dict[Labels, Wanted] = {}
    for file in dict.fromkeys(group["file"] for group in groups):
        for name, metric in wanted([group for group in groups if group["file"] == file]).items():
            for labels in sorted(label_sets(name, metric)):
                found.setdefault(labels, metric)
    return found


def label_sets(name: str, metric: Wanted) -> set[Labels]:
    """A few label sets for every selector of a metric."""
    found: set[Labels] = set()
    for selector, variant in product(metric.selectors, range(VARIANTS)):
        found |= set(_label_sets(name, metric, selector, variant))
    return found


def _label_sets(name: str, metric: Wanted, selector: Selector, variant: int) -> Iterator[Labels]:
    names = sorted(metric.labels | {label for label, *_ in selector.matchers})
    values = [[selector.value(label, default, variant) for default in _defaults(label, variant)] for label in names]
    if name.endswith("_bucket") and "le" not in names:
        names, values = [*names, "le"], [*values, list(_MANY["le"])]
    for combination in product(*values):
        if None not in combination:
            labels = {"__name__": name, **dict(zip(names, combination, strict=True))}
            yield tuple(sorted((label, value) for label, value in labels.items() if value))


def _defaults(label: str, variant: int) -> tuple[str, ...]:
    if label in _MANY:
        return _MANY[label]
    if label == "instance":
        return (("db-1.example:9100", "[2001:db8::1]:80", "10.0.0.3")[variant],)
    if variant == 1:
        return (_ODD[sum(map(ord, label)) % len(_ODD)],)
    return (f"{label}-{variant}",)
