"""Samples of a rule become instances: label sets with their annotations expanded, ready for the state machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.core.judging import Judge, always
from alertd.core.labels import Labels
from alertd.core.rules import OnTrouble, Rule
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
    """All of them; `held` are label sets that could not be judged and stay as they are.

    `error` says that the rule cannot be used this time, `remarks` that some text could not be made.
    """

    found: tuple[Instance, ...] = ()
    held: frozenset[Labels] = frozenset()
    error: str = ""
    remarks: tuple[str, ...] = ()


def instantiate(rule: Rule, samples: Sequence[Sample], expand: Expand, judge: Judge = always) -> Instances:
    """The instances of a rule, in Prometheus' order of things.

    The sample's labels lose `__name__`; each label of the rule is expanded over the *sample's* labels and set, an empty
    one deletes; `alertname` comes last. Two samples that end up with the same labels are an error of the whole rule.
    Annotations are expanded only for samples that are judged to be alerts.
    """
    texts = _Texts(rule, expand)
    seen: set[Labels] = set()
    held: set[Labels] = set()
    found: list[Instance] = []
    for sample in samples:
        labels = texts.labels(sample)
        if labels in seen:
            return Instances(error=f"two samples have the same labels after the rule's labels are applied: {labels}")
        seen.add(labels)
        verdict = _settled(judge(labels, sample), rule.on_no_data)
        if verdict:
            found.append(Instance(labels, texts.annotations(sample), sample.value))
        elif verdict is None:
            held.add(labels)
    return Instances(tuple(found), frozenset(held), remarks=tuple(dict.fromkeys(texts.remarks)))


def _settled(verdict: bool | None, on_no_data: OnTrouble) -> bool | None:  # noqa: FBT001 - three-valued, from `when`
    """What counts where it cannot be told: None leaves the alert as it is."""
    if verdict is None and on_no_data is not OnTrouble.HOLD:
        return on_no_data is OnTrouble.FIRE
    return verdict


@dataclass
class _Texts:
    """The texts of a rule, expanded for one sample after the other; a bad one says so in its own place."""

    rule: Rule
    expand: Expand
    remarks: list[str] = field(default_factory=list)

    def labels(self, sample: Sample) -> Labels:
        over = {name: self._text(name, template, sample) for name, template in self.rule.labels.items()}
        return sample.labels.merged({"__name__": "", **over, "alertname": self.rule.name})

    def annotations(self, sample: Sample) -> Mapping[str, str]:
        texts = {name: self._text(name, template, sample) for name, template in self.rule.annotations.items()}
        return {**texts, **sample.annotations}

    def _text(self, name: str, template: str, sample: Sample) -> str:
        if "{{" not in template:
            return template
        try:
            return self.expand(template, sample)
        except TemplateError as problem:
            self.remarks.append(f"{name}: {problem}")
            return f"<error expanding template: {problem}>"
