"""`for`, `keep_firing_for` or a cooldown that is shorter than the time between two evaluations."""

from collections.abc import Iterator

from alertd.core import durations
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World

_EFFECT = {
    "for": "one more evaluation is waited for, however short it is",
    "keep_firing_for": "it ends with the next evaluation, however short it is",
    "cooldown": "it is over before anything new can be seen",
}


def _find(subject: Subject, _: World) -> Iterator[Found]:
    rule, interval = subject.rule, subject.interval
    given = {"for": rule.for_, "keep_firing_for": rule.keep_firing_for, "cooldown": rule.cooldown}
    for key, duration in given.items():
        if interval and duration and duration < interval:
            shown = durations.format(duration), durations.format(interval)
            message = f"{key} {shown[0]} is shorter than the interval {shown[1]}"
            yield subject.found(message, key, hint=_EFFECT[key])


CHECK = Check("below-interval", Severity.WARNING, "a duration is shorter than the interval", each_rule(_find))
