"""A range so short that it often holds one sample: `rate` and its like need two."""

from collections.abc import Iterator

from alertd.config.expressions import Call, Selector, Window, walk
from alertd.core import durations
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World

_NEED_TWO = frozenset(
    ("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "holt_winters",
     "double_exponential_smoothing")
)  # fmt: skip


def _find(subject: Subject, world: World) -> Iterator[Found]:
    for node in walk(subject.expr) if subject.expr else ():
        if not isinstance(node, Call) or node.function not in _NEED_TWO:
            continue
        window = next((one for one in node.arguments if isinstance(one, Window)), None)
        if window is not None and _scraped(window) and window.range < 2 * world.scrape:
            shown = durations.format(window.range), durations.format(world.scrape)
            message = (
                f"{node.function} over [{shown[0]}], with a scrape every {shown[1]}, often has one sample to go by"
            )
            hint = f"it needs two: take [{durations.format(4 * world.scrape)}] or more"
            yield subject.found(message, "expr", hint=hint)


def _scraped(window: Window) -> bool:
    """Whether its samples come as often as there are scrapes: recorded ones and subqueries have steps of their own."""
    return isinstance(window.inner, Selector) and ":" not in window.inner.name


CHECK = Check("rate-window", Severity.WARNING, "a range is shorter than two scrapes", each_rule(_find))
