"""How samples become instances: which label wins, and what a failing template does."""

import pytest

from alertd.core.instantiate import instantiate
from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Sample
from alertd.errors import TemplateError


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
