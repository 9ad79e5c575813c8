"""Every golden text of the corpus, to the byte: what promtool and amtool made of real templates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertd.errors import TemplateError
from alertd.templating.notifications import Alert, NotificationData, TemplateSet, compile_templates
from alertd.templating.rules import QueryNeeded, RuleData, check, expand

from .corpus import ROOT, load, needs_corpus
from .series import Answer, NeedsEngineError, answer

pytestmark = needs_corpus

NEED_AN_ENGINE = frozenset(
    {
        "P140059b27d-0",
        "P140059b27d-1",
        "P3ceef3636c-0",
        "P3ceef3636c-1",
        "P4aecc39e6c-0",
        "P4aecc39e6c-1",
        "P4af8a6dc77-0",
        "P4af8a6dc77-1",
        "P65ebf3834b-0",
        "P65ebf3834b-1",
        "P6d706b9b70-0",
        "P6d706b9b70-1",
        "P761d6f863d-0",
        "P761d6f863d-1",
        "P7b755fe220-0",
        "P7b755fe220-1",
        "Pa3e1671cef-0",
        "Pa3e1671cef-1",
        "Paa09289a76-0",
        "Paa09289a76-1",
        "Pc7c231ab0d-0",
        "Pc7c231ab0d-1",
        "Pcd4d8099a3-0",
        "Pcd4d8099a3-1",
        "Pe4f8a84420-0",
        "Pe4f8a84420-1",
        "Pf068e1eea4-0",
        "Pf068e1eea4-1",
        "P684107126d-1",
    }
)


def rule_text(case: dict[str, Any], surroundings: dict[str, Any]) -> str | None:
    """What we make of a golden case; None is an error."""
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
            answers[needed.expr] = answer(needed.expr, case.get("series", {}))


def test_rule_templates_are_as_promtool_expands_them() -> None:
    golden = load("golden/prometheus_templates.json")
    wrong, unanswered = [], []
    for case in golden["cases"]:
        try:
            text = rule_text(case, golden)
        except NeedsEngineError as query:
            unanswered.append((case["id"], str(query)))
            continue
        if text != (None if case["error"] else case["expected"]):
            wrong.append((case["id"], case["template"], text, case["expected"]))
    assert wrong == []
    assert {identifier for identifier, _ in unanswered} <= NEED_AN_ENGINE


@pytest.mark.parametrize("identifier", sorted(NEED_AN_ENGINE))
def test_goldens_beyond_this_test(identifier: str) -> None:
    pytest.skip(f"{identifier}: its query joins metrics, takes a rate or does arithmetic, and we have no PromQL engine")


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
