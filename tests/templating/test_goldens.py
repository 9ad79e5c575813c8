"""Every golden text of the corpus, to the byte: what promtool and amtool made of real templates."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from alertd.errors import QueryError, TemplateError
from alertd.templating.notifications import Alert, NotificationData, TemplateSet, compile_templates
from alertd.templating.rules import QueryNeeded, RuleData, check, expand

from .corpus import ROOT, load, needs_corpus
from .series import Answer, NeedsEngineError, answer

pytestmark = needs_corpus
Ask = Callable[[str, Mapping[str, str]], Answer]


def rule_text(case: dict[str, Any], surroundings: dict[str, Any], ask: Ask = answer) -> str | None:
    """What we make of a golden case; None is an error. `ask` answers queries over its series."""
    answers: dict[str, Answer] = {}
    while True:
        data = RuleData(
            labels={**case["labels"], "__name__": case["metric"]},
            value=float(case["value"]),
            external_labels=surroundings["external_labels"],
            external_url=surroundings["external_url"],
            now=datetime.fromtimestamp(surroundings["eval_time_unix"], UTC),
            answers=answers,
        )
        try:
            return expand(case["template"], data)
        except TemplateError:
            return None
        except QueryNeeded as needed:
            try:
                answers[needed.expr] = ask(needed.expr, case.get("series", {}))
            except QueryError:
                return None


def test_rule_templates_are_as_promtool_expands_them() -> None:
    """Those whose queries need PromQL are asked of a real Prometheus, in tests/e2e/test_golden_queries.py."""
    golden = load("golden/prometheus_templates.json")
    wrong, unanswered = [], 0
    for case in golden["cases"]:
        try:
            text = rule_text(case, golden)
        except NeedsEngineError:
            unanswered += 1
            continue
        if text != (None if case["error"] else case["expected"]):
            wrong.append((case["id"], case["template"], text, case["expected"]))
    assert wrong == []
    assert unanswered < len(golden["cases"]) / 50


def notification(case: dict[str, Any]) -> NotificationData:
    return NotificationData(
        receiver=case["receiver"],
        status=case["status"],
        alerts=[
            Alert(
                status=alert["status"],
                labels=alert["labels"],
                annotations=alert["annotations"],
                starts_at=datetime.fromisoformat(alert["startsAt"]),
                ends_at=datetime.fromisoformat(alert["endsAt"]),
                generator_url=alert["generatorURL"],
                fingerprint=alert["fingerprint"],
            )
            for alert in case["alerts"]
        ],
        group_labels=case["groupLabels"],
        common_labels=case["commonLabels"],
        common_annotations=case["commonAnnotations"],
        external_url=case["externalURL"],
        now=datetime(2024, 3, 1, 9, tzinfo=UTC),
    )


def template_set(files: tuple[str, ...]) -> TemplateSet:
    paths = [Path(file) if "/" in file else Path("amtemplates/default") / file for file in files]
    return compile_templates([(path.name, (ROOT / path).read_text(encoding="utf-8")) for path in paths])


def test_notification_templates_are_as_amtool_renders_them() -> None:
    golden = load("golden/alertmanager_templates.json")
    sets: dict[tuple[str, ...], TemplateSet] = {}
    wrong = []
    for case in golden["cases"]:
        files = tuple(case["files"])
        if files not in sets:
            sets[files] = template_set(files)
        data = notification(golden["data"][case["data"]])
        render = sets[files].html if case["type"] == "html" else sets[files].text
        try:
            text = render(case["template"], data).removesuffix("\n")  # the goldens lack one newline at the end
        except TemplateError:
            text = None
        if text != case.get("expected"):
            wrong.append((case["id"], case["template"], text, case.get("expected")))
    assert wrong == []


def templates_of(file: Path) -> list[str]:
    document = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    rules = [rule for group in document.get("groups") or [] for rule in group.get("rules") or []]
    return [
        text
        for rule in rules
        for kind in ("labels", "annotations")
        for text in map(str, (rule.get(kind) or {}).values())
    ]


def test_whatever_promtool_accepts_is_accepted() -> None:
    refused = []
    for entry in load("manifest.json")["rules"]:
        if entry["promtool_check"] != "pass":
            continue
        for text in templates_of(ROOT / entry["file"]):
            try:
                check(text)
            except TemplateError as problem:
                refused.append((entry["file"], text, str(problem)))
    assert refused == []


def test_every_notification_file_that_alertmanager_parses_is_accepted() -> None:
    for entry in load("manifest.json")["am_templates"]:
        if entry["parses"]:
            compile_templates([(entry["file"], (ROOT / entry["file"]).read_text(encoding="utf-8"))])
