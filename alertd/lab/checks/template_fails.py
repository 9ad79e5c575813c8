"""A template that can be parsed, but fails whatever it is given: people would read the error in place of the text."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from alertd.errors import TemplateError
from alertd.lab.definition import Check, each_rule
from alertd.lab.findings import Found, Severity
from alertd.lab.subjects import Subject, World
from alertd.lab.templates import is_simple, uses
from alertd.templating.rules import QueryNeeded, RuleData, expand

_NOW = datetime(2001, 1, 1, tzinfo=UTC)
_TRIALS = (("a", 0.0), ("1", 1.0), ("1h", 90.0), ("", 1e12))  # values of all labels, and of the sample
_QUERIES = 20  # that one template may ask one after the other


def _find(subject: Subject, _: World) -> Iterator[Found]:
    for (section, key), text in subject.texts.items():
        error = _failure(text) if "{{" in text else ""
        if error:
            hint = "this looks like Helm's, which has not been run" if "method Values in" in error else ""
            error = error.partition("; did you mean")[0] if hint else error
            yield subject.found(f"{section}.{key} always fails: {error}", section, key, hint=hint)


@lru_cache(maxsize=8192)
def _failure(text: str) -> str:
    """Why it fails in every trial; empty if it succeeds in one, or cannot even be parsed, which is said elsewhere."""
    if is_simple(text):
        return ""
    errors = []
    for label, value in _TRIALS:
        error = _tried(text, dict.fromkeys(uses(text).printed | uses(text).tested, label), value)
        if not error:
            return ""
        errors.append(error)
    return errors[0]


def _tried(text: str, labels: Mapping[str, str], value: float) -> str:
    answers: dict[str, Sequence[tuple[Mapping[str, str], float]]] = {}
    for _ in range(_QUERIES):
        try:
            expand(text, RuleData(labels, value, _NOW, external_url="http://alertd.example.org", answers=answers))
        except QueryNeeded as needed:
            answers[needed.expr] = [({"__name__": "x", **labels}, value)]
        except TemplateError as error:
            return str(error)
        else:
            return ""
    return ""


CHECK = Check("template-fails", Severity.ERROR, "a template fails whenever the alert fires", each_rule(_find))
