"""Samples of a rule become instances: label sets with their annotations expanded, ready for the state machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alertd.core.labels import Labels
from alertd.core.rules import Rule
from alertd.core.samples import Sample
from alertd.errors import TemplateError

Expand = Callable[[str, Sample], str]


@dataclass(frozen=True, slots=True)
class Instance:
    """One label set for which a rule's condition holds now."""

    labels: Labels
    annotations: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Instances:
    """All of them; `error` says that the rule cannot be used this time, `remarks` that some text could not be made."""

    found: tuple[Instance, ...] = ()
    error: str = ""
    remarks: tuple[str, ...] = ()


def instantiate(rule: Rule, samples: Sequence[Sample], expand: Expand) -> Instances:
    """The instances of a rule, in Prometheus' order of things.

    The sample's labels lose `__name__`; each label of the rule is expanded over the *sample's* labels and set, an empty
    one deletes; `alertname` comes last. Two samples that end up with the same labels are an error of the whole rule.
    """
    remarks: list[str] = []

    def text(name: str, template: str, sample: Sample) -> str:
        if "{{" not in template:
            return template
        try:
            return expand(template, sample)
        except TemplateError as problem:
            remarks.append(f"{name}: {problem}")
            return f"<error expanding template: {problem}>"

    found: dict[Labels, Instance] = {}
    for sample in samples:
        over = {name: text(name, template, sample) for name, template in rule.labels.items()}
        labels = sample.labels.merged({"__name__": "", **over, "alertname": rule.name})
        if labels in found:
            return Instances(error=f"two samples have the same labels after the rule's labels are applied: {labels}")
        annotations = {name: text(name, template, sample) for name, template in rule.annotations.items()}
        found[labels] = Instance(labels, annotations, sample.value)
    return Instances(tuple(found.values()), remarks=tuple(dict.fromkeys(remarks)))
