"""An expression that takes Prometheus long, for what is asked again and again."""

from collections.abc import Iterator
from datetime import timedelta

from alertd.core import durations
from alertd.core.rules import DEFAULT_INTERVAL
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World

_SHARE = 0.1  # of the interval
_SAMPLES = 10_000_000


def _find(subject: Subject, world: World) -> Iterator[Found]:
    answer = world.facts.answers.get(subject.rule.expr)
    if answer is None or answer.error:
        return
    interval = subject.interval or DEFAULT_INTERVAL
    samples = f" and reads {answer.samples:,} samples" if answer.samples is not None else ""
    if answer.seconds > _SHARE * (interval / timedelta(seconds=1)) or (answer.samples or 0) > _SAMPLES:
        message = f"it takes {answer.seconds:.2f} s{samples}, every {durations.format(interval)}"
        yield subject.found(message, "expr", hint="record what it sums, or evaluate it less often")


CHECK = Check("query-cost", Severity.WARNING, "the expression is expensive", each_rule(_find), online=True)
