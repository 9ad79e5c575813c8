"""What must hold of rules and groups beyond their shape: expressions, templates, names, keys that exclude others."""

from datetime import timedelta
from pathlib import Path

from alertd.config import promql, scripts
from alertd.config.fields import is_classic
from alertd.config.problems import Place
from alertd.config.rulefile import FOREIGN_GROUP, FOREIGN_RULE, GroupEntry, RuleEntry
from alertd.core.rules import Script
from alertd.core.when import Condition, ConditionError, compile_condition
from alertd.errors import TemplateError
from alertd.spelling import suggest
from alertd.templating.rules import check as check_template

_ALERTS_ONLY = (
    "annotations", "for", "keep_firing_for", "severity", "cooldown", "on_error", "on_no_data", "notify", "runbook_url",
    "when", "python",
)  # fmt: skip
_ONLY_WITH = {"when": "expr", "on_no_data": "when", "params": "python", "timeout": "python"}
_FIELDS = {"for": "for_"}


def check_group(group: GroupEntry, interval: timedelta, place: Place) -> None:
    """Note what is ignored, refuse what cannot work."""
    for key, what in FOREIGN_GROUP.items():
        if key in group.model_fields_set:
            place.note(what, key)
    if group.eval_offset is not None and group.eval_offset >= interval:
        place.problem("eval_offset must be shorter than the interval", "eval_offset")
    if group.eval_delay is not None:
        place.note("vmalert's eval_delay is taken as query_offset", "eval_delay")
    _labels(group.labels, "labels", place)
    _templates(group.labels, "labels", place)


def check_rule(
    rule: RuleEntry,
    bad: frozenset[str],
    place: Place,
    datasources: frozenset[str] | None,
    receivers: frozenset[str] | None,
) -> None:
    """Everything that is wrong with one rule; `bad` are keys about which enough has been said."""
    for key, what in FOREIGN_RULE.items():
        if key in rule.model_fields_set:
            place.note(what, key)
    _condition(rule, bad, place)
    _labels(rule.labels, "labels", place)
    _kind(rule, bad, place)
    if datasources is not None and rule.datasource and rule.datasource not in datasources:
        _unknown("datasource", rule.datasource, datasources, place, "datasource")
    for index, name in enumerate(rule.notify):
        if receivers is not None and name not in receivers:
            _unknown("receiver", name, receivers, place, "notify", index)


def _kind(rule: RuleEntry, bad: frozenset[str], place: Place) -> None:
    if rule.alert and rule.record:
        place.problem('a rule is either "alert" or "record", not both', "record", hint="make two rules of it")
    elif rule.record:
        _recording(rule, place)
    elif rule.alert:
        _alerting(rule, place)
    elif not bad & {"alert", "record"}:
        place.problem("a rule needs a name", hint='add "alert", or "record" for a recording rule')


def condition(text: str) -> Condition | None:
    """The compiled `when`; None if there is none, or one that was refused."""
    try:
        return compile_condition(text) if text else None
    except ConditionError:
        return None


def _condition(rule: RuleEntry, bad: frozenset[str], place: Place) -> None:
    for key, needed in _ONLY_WITH.items():
        if key in rule.model_fields_set and needed not in rule.model_fields_set | bad:
            place.problem_at_key(f'"{key}" stands only beside "{needed}"', key)
    if rule.expr and rule.python:
        place.problem(
            'a rule has either "expr" or "python", not both', "python", hint="prom.custom_query asks in Python"
        )
    if not rule.expr and not rule.python and not bad & {"expr", "python"}:
        place.problem("a rule needs an expression", "expr", hint='add "expr"')
    if rule.expr:
        _expression(rule.expr, place, condition=not rule.record)
    if rule.when:
        _when(rule.when, place)


def check_script(script: Script, place: Place) -> None:
    """Whether the function is there and takes these parameters; nothing is run."""
    for message, hint in scripts.check(Path(script.path), script.function, script.params):
        place.problem(f"python: {message}", "python", hint=hint)


def _when(text: str, place: Place) -> None:
    try:
        compile_condition(text)
    except ConditionError as error:
        where = f" at character {error.column}" if error.column else ""
        place.problem(f"when: {error}{where}", "when", hint=error.hint)


def _expression(expr: str, place: Place, *, condition: bool) -> None:
    finding = promql.check(expr, condition=condition)
    if finding.error:
        place.problem_inside(finding.error, finding.at, "expr", hint=finding.hint)
    elif finding.note:
        place.note(finding.note, "expr", hint=finding.hint)


def _recording(rule: RuleEntry, place: Place) -> None:
    if "{" in rule.record or "}" in rule.record:
        place.problem("the name of a recorded metric cannot hold braces", "record", hint='labels go under "labels"')
    for key in _ALERTS_ONLY:
        name = _FIELDS.get(key, key)
        if name in rule.model_fields_set and getattr(rule, name):
            place.problem(f'a recording rule cannot have "{key}"', key, hint="that is for alerting rules")


def _alerting(rule: RuleEntry, place: Place) -> None:
    _templates(rule.labels, "labels", place)
    _templates(rule.annotations, "annotations", place)
    for key in ("description", "runbook_url"):
        _template(getattr(rule, key), place, key)
    written = rule.labels.get("severity", "")
    if rule.severity and written and written != rule.severity:
        hint = "keep one of them"
        place.problem(f'severity is "{rule.severity}", but labels.severity is "{written}"', "severity", hint=hint)


def _labels(labels: dict[str, str], key: str, place: Place) -> None:
    for name in labels:
        if not is_classic(name):
            place.note(
                f'the label name "{name}" needs Prometheus 3: older servers take letters, digits and _', key, name
            )


def _templates(texts: dict[str, str], key: str, place: Place) -> None:
    for name, text in texts.items():
        _template(text, place, key, name)


def _template(text: str, place: Place, *steps: str | int) -> None:
    if "{{" not in text:
        return
    try:
        check_template(text)
    except TemplateError as error:
        where = ".".join(map(str, steps))
        place.problem(f"{where}: bad template: {error}", *steps)


def _unknown(what: str, name: str, known: frozenset[str], place: Place, *steps: str | int) -> None:
    place.problem(f'unknown {what} "{name}"', *steps, hint=suggest(name, known))
