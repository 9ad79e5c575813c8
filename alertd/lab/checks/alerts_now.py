"""How many alerts a rule would have right now, as far as its `for` is not looked at."""

from collections.abc import Iterator

from alertd.core import durations
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World


def _find(subject: Subject, world: World) -> Iterator[Found]:
    answer = world.facts.answers.get(subject.rule.expr)
    if answer is None or not answer.series or subject.rule.when or not subject.rule.enabled:
        return
    count = "1 alert" if answer.series == 1 else f"{answer.series} alerts"
    waits = f", if it stays so for {durations.format(subject.rule.for_)}" if subject.rule.for_ else ""
    limit = f"the limit of its group is {subject.group.limit}" if 0 < subject.group.limit < answer.series else ""
    yield subject.found(f"{count} right now{waits}", "expr", hint=limit)


CHECK = Check("alerts-now", Severity.INFO, "how many alerts there would be right now", each_rule(_find), online=True)
