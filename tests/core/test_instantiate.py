"""How samples become instances: which label wins, and what a failing template does."""

from dataclasses import replace

import pytest

from alertd.core.alerts import Alert, State
from alertd.core.instantiate import instantiate
from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Sample
from alertd.errors import TemplateError
from alertd.testing.fakes import START


def expand(text: str, sample: Sample) -> str:
    """A toy template: `{{x}}` is the label x of the sample; `{{!}}` cannot be expanded."""
    if "{{!}}" in text:
        raise TemplateError("no such thing")
    for name in ("job", "__name__", "severity"):
        text = text.replace("{{" + name + "}}", sample.labels.get(name, ""))
    return text


SAMPLE = Sample(Labels({"__name__": "up", "job": "api", "severity": "low"}), 1.0)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({}, {"alertname": "X", "job": "api", "severity": "low"}),
        ({"severity": "page"}, {"alertname": "X", "job": "api", "severity": "page"}),
        ({"job": ""}, {"alertname": "X", "severity": "low"}),
        ({"team": "{{job}}-{{severity}}"}, {"alertname": "X", "job": "api", "severity": "low", "team": "api-low"}),
        ({"metric": "{{__name__}}"}, {"alertname": "X", "job": "api", "severity": "low", "metric": "up"}),
        ({"alertname": "Other"}, {"alertname": "X", "job": "api", "severity": "low"}),
    ],
)  # fmt: skip
def test_labels(labels: dict[str, str], found: dict[str, str]) -> None:
    (one,) = instantiate(Rule("X", "up", labels=labels), [SAMPLE], expand).found
    assert one.labels == Labels(found)


def test_a_template_that_fails_becomes_text_and_a_remark() -> None:
    made = instantiate(Rule("X", "up", annotations={"summary": "{{!}}"}), [SAMPLE, _other()], expand)
    assert made.found[0].annotations == {"summary": "<error expanding template: no such thing>"}
    assert made.remarks == ("summary: no such thing",)
    assert made.error == ""


def test_two_samples_with_the_same_labels_are_an_error() -> None:
    made = instantiate(Rule("X", "up", labels={"job": ""}), [SAMPLE, _other()], expand)
    assert made.found == ()
    assert "the same labels" in made.error


def _other() -> Sample:
    return Sample(SAMPLE.labels.merged({"job": "db"}), 2.0)


@pytest.mark.parametrize(
    ("rule", "sample", "kept"),
    [
        (Rule("X", "up", annotations={"summary": "{{ $labels.job }} {{ $value }}"}), SAMPLE, True),
        (Rule("X", "up", annotations={"summary": "{{ $labels.job }} {{ $value }}"}), replace(SAMPLE, value=2.0), False),
        (Rule("X", "up", annotations={"summary": "{{ now }}"}), SAMPLE, False),
        (Rule("X", "up", annotations={"summary": "{{ $labels.__name__ }}"}), SAMPLE, False),
        (Rule("X", "up", labels={"job": "x"}, annotations={"summary": "{{ $labels.job }}"}), SAMPLE, False),
        (Rule("X", "up", annotations={"summary": "{{ $value }}"}), replace(SAMPLE, histogram="{}"), False),
        (Rule("X", "up", annotations={"summary": "{{ $value }}"}), replace(SAMPLE, annotations={"a": "b"}), False),
    ],
)  # fmt: skip
def test_known_texts_are_kept_while_what_they_say_is_the_same(rule: Rule, sample: Sample, *, kept: bool) -> None:
    (first,) = instantiate(rule, [SAMPLE], lambda text, _: f"made of {text}").found
    alert = Alert("x", first.labels, State.FIRING, START, first.annotations, value=first.value)
    (again,) = instantiate(rule, [sample], lambda text, _: f"made again of {text}", known={alert.labels: alert}).found
    assert (again.annotations["summary"] == first.annotations["summary"]) is kept


def test_texts_of_an_alert_that_only_its_rule_keeps_are_made_again() -> None:
    rule = Rule("X", "up", annotations={"summary": "{{ $value }}"})
    (first,) = instantiate(rule, [SAMPLE], lambda *_: "old").found
    alert = Alert("x", first.labels, State.FIRING, START, first.annotations, value=1.0, missing_since=START)
    (again,) = instantiate(rule, [SAMPLE], lambda *_: "new", known={alert.labels: alert}).found
    assert again.annotations == {"summary": "new"}
