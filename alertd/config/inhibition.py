"""The shape of `inhibit_rules`, and how they become the core's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from alertd.config.alertmanager import Expressions, LabelValues, Matchers
from alertd.config.fields import Strict, Text
from alertd.core import inhibition
from alertd.core.matchers import Matcher


def _label_name(name: str) -> str:
    if not name:
        raise ValueError("a label needs a name")
    return name


class InhibitRule(Strict):
    """While a source alert fires, target alerts with equal labels are not told."""

    name: Text = Field(default="", description="What explanations call it.")
    source_matchers: Matchers = Field(default_factory=list, description="Which alerts silence others.")
    target_matchers: Matchers = Field(default_factory=list, description="Which alerts are silenced.")
    equal: list[Annotated[Text, AfterValidator(_label_name)]] = Field(
        default_factory=list, description="Labels both must share; one that is missing is empty."
    )
    source_match: LabelValues = Field(default_factory=dict, description="Older form of source_matchers.")
    source_match_re: Expressions = Field(default_factory=dict, description="Older form of source_matchers.")
    target_match: LabelValues = Field(default_factory=dict, description="Older form of target_matchers.")
    target_match_re: Expressions = Field(default_factory=dict, description="Older form of target_matchers.")


def build(entries: Iterable[InhibitRule]) -> tuple[inhibition.InhibitRule, ...]:
    """The rules; one without a name is called after its place in the list."""
    return tuple(
        inhibition.InhibitRule(
            source=_matchers(entry.source_matchers, entry.source_match, entry.source_match_re),
            target=_matchers(entry.target_matchers, entry.target_match, entry.target_match_re),
            equal=tuple(dict.fromkeys(entry.equal)),
            name=entry.name or f"inhibit_rules[{index}]",
        )
        for index, entry in enumerate(entries)
    )


def _matchers(
    newer: Sequence[Matcher], values: Mapping[str, str], expressions: Mapping[str, str]
) -> tuple[Matcher, ...]:
    older = [Matcher(name, "=", value) for name, value in values.items()]
    older += [Matcher(name, "=~", expression) for name, expression in expressions.items()]
    return (*older, *newer)
