"""Samples of a rule become instances: label sets with their annotations expanded, ready for the state machine."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from alertd.core.alerts import Alert
from alertd.core.annotations import Annotations
from alertd.core.judging import Judge, always
from alertd.core.labels import Labels, Overlay
from alertd.core.rules import OnTrouble, Rule
from alertd.core.samples import Sample, is_same
from alertd.errors import TemplateError
from alertd.templating.steady import steady_labels

Expand = Callable[[str, Sample], str]
Alerts = Mapping[Labels, Alert]
NOBODY: Alerts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Instance:
    """One label set for which a rule's condition holds now."""

    labels: Labels
    annotations: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Instances:
    """All of them; `held` are label sets that could not be judged and stay as they are, `seen` all that had a sample.

    `error` says that the rule cannot be used this time, `remarks` that some text could not be made.
    """

    found: tuple[Instance, ...] = ()
    held: frozenset[Labels] = frozenset()
    error: str = ""
    remarks: tuple[str, ...] = ()
    seen: Collection[Labels] = ()


def instantiate(
    rule: Rule,
    samples: Sequence[Sample],
    expand: Expand,
    judge: Judge = always,
    known: Alerts = NOBODY,
    *,
    same_texts: bool = True,
) -> Instances:
    """The instances of a rule, in Prometheus' order of things.

    The sample's labels lose `__name__`; each label of the rule is expanded over the *sample's* labels and set, an empty
    one deletes; `alertname` comes last. Two samples that end up with the same labels are an error of the whole rule.
    Annotations are expanded only for samples that are judged to be alerts. `known` are alerts of the rule: who has the
    same labels shares them. `same_texts`: their annotations are what this rule says today, so that who has the same
    value, too, has the same texts, where those depend on nothing else.
    """
    texts = _Texts(rule, expand, known, same_texts=same_texts and bool(known) and _is_steady(rule))
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
            found.append(Instance(labels, texts.annotations(labels, sample), sample.value))
        elif verdict is None:
            held.add(labels)
    return Instances(tuple(found), frozenset(held), remarks=tuple(dict.fromkeys(texts.remarks)), seen=seen)


def _settled(verdict: bool | None, on_no_data: OnTrouble) -> bool | None:  # noqa: FBT001 - three-valued, from `when`
    """What counts where it cannot be told: None leaves the alert as it is."""
    if verdict is None and on_no_data is not OnTrouble.HOLD:
        return on_no_data is OnTrouble.FIRE
    return verdict


def _is_steady(rule: Rule) -> bool:
    """Whether the annotations depend on the value, and on labels that the rule leaves as they are, only."""
    reads = [steady_labels(text) for text in rule.annotations.values()]
    own = {"__name__", "alertname", *rule.labels}
    return all(names is not None and own.isdisjoint(names) for names in reads)


def _says_the_same(alert: Alert, sample: Sample) -> bool:
    plain = not sample.histogram and not sample.annotations and alert.missing_since is None
    return plain and is_same(alert.value, sample.value)


class _Texts:
    """The texts of a rule, expanded for one sample after the other; a bad one says so in its own place."""

    def __init__(self, rule: Rule, expand: Expand, known: Alerts, *, same_texts: bool) -> None:
        self.remarks: list[str] = []
        self._rule, self._expand, self._known, self._same_texts = rule, expand, known, same_texts
        plain = not any("{{" in text for text in rule.labels.values())
        self._overlay = Overlay({"__name__": "", **rule.labels, "alertname": rule.name}) if plain else None

    def labels(self, sample: Sample) -> Labels:
        labels = self._laid_over(sample)
        alert = self._known.get(labels)
        return labels if alert is None else alert.labels

    def _laid_over(self, sample: Sample) -> Labels:
        if self._overlay:
            return sample.labels.under(self._overlay)
        over = {name: self._text(name, template, sample) for name, template in self._rule.labels.items()}
        return sample.labels.merged({"__name__": "", **over, "alertname": self._rule.name})

    def annotations(self, labels: Labels, sample: Sample) -> Mapping[str, str]:
        alert = self._known.get(labels) if self._same_texts else None
        if alert is not None and _says_the_same(alert, sample):
            return alert.annotations
        texts = {name: self._text(name, template, sample) for name, template in self._rule.annotations.items()}
        return Annotations({**texts, **sample.annotations})

    def _text(self, name: str, template: str, sample: Sample) -> str:
        if "{{" not in template:
            return template
        try:
            return self._expand(template, sample)
        except TemplateError as problem:
            self.remarks.append(f"{name}: {problem}")
            return f"<error expanding template: {problem}>"
