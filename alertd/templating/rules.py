"""Templates of alert rules: the texts of labels and annotations, made for one sample at one instant.

The caller runs the queries: `expand` raises QueryNeeded for an answer it lacks, and is called again with it.
Source of the rules: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from alertd.errors import TemplateError
from alertd.templating.compile import compile_template
from alertd.templating.expand import run_template
from alertd.templating.limits import RULE
from alertd.templating.nodes import Parsed
from alertd.templating.parser import parse
from alertd.templating.ruledata import QueryNeeded, RuleData
from alertd.templating.rulefunctions import RULE_FUNCTIONS
from alertd.templating.run import Compiled
from alertd.templating.source import Source
from alertd.templating.values import StringMap

__all__ = ["QueryNeeded", "RuleData", "check", "expand", "parsed"]

_VARIABLES = ("$", "$labels", "$externalLabels", "$externalURL", "$value")


@dataclass(frozen=True, slots=True)
class _Prepared:
    main: Compiled
    defined: Mapping[str, Compiled]


def expand(text: str, data: RuleData) -> str:
    """The text of a template for one sample. Raises TemplateError, or QueryNeeded for a missing answer."""
    if "{{" not in text:
        return text
    prepared = _prepared(text)
    variables = (
        StringMap(data.labels),
        StringMap(data.external_labels),
        data.external_url,
        data.value_text or data.value,
    )
    return run_template(prepared.main, prepared.defined, data, host=data, limits=RULE, variables=variables)


def check(text: str) -> None:
    """Raises TemplateError if a template cannot be parsed.

    That is all which Prometheus checks of a rule file: what goes wrong with values shows when the alert fires.
    """
    if "{{" in text:
        parsed(text)


def parsed(text: str) -> Parsed:
    """The tree of a template. Raises TemplateError."""
    if len(text) > RULE.source:
        raise TemplateError(f"a template of more than {RULE.source} characters")
    return parse(Source(text), RULE_FUNCTIONS, _VARIABLES)


@lru_cache(maxsize=8192)
def _prepared(text: str) -> _Prepared:
    tree = parsed(text)
    defined = {name: compile_template(template, RULE_FUNCTIONS) for name, template in tree.defined.items()}
    return _Prepared(compile_template(tree.main, RULE_FUNCTIONS), defined)
