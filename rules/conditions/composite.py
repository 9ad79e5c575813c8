"""What matters only together: two rules that fire at the same place."""

from collections.abc import Iterator

from alertd.conditions import Alert, Sample


def together(alerts: list[Alert], first: str, second: str, by: list[str]) -> Iterator[Sample]:
    """One alert wherever both rules fire: for every combination of the labels `by`."""
    for place in sorted(places(alerts, first, by) & places(alerts, second, by)):
        yield Sample(dict(zip(by, place, strict=True)))


def places(alerts: list[Alert], rule: str, by: list[str]) -> set[tuple[str, ...]]:
    """Where a rule fires."""
    return {tuple(one.labels.get(name, "") for name in by) for one in alerts if one.firing and one.name == rule}
