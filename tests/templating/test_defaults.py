"""The templates that alertd brings along: their names, what they render, and how files replace them."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from alertd.errors import TemplateError
from alertd.templating import shipped
from alertd.templating.notificationfunctions import NOTIFICATION_FUNCTIONS
from alertd.templating.notifications import Alert, NotificationData, compile_templates

from .corpus import load, needs_corpus
from .test_goldens import notification as golden_notification
from .test_goldens import template_set
from .worlds import page, rendered

DOCUMENT = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
PAGE = '{{ template "email.default.html" . }}'
URL = "http://am/#/alerts?receiver=team-x"
SUBJECT = "[FIRING:1] Down (javascript:alert(1) http://x/?a=b&c=d a<b>)"


def small(*alerts: Alert) -> NotificationData:
    firing = any(alert.status == "firing" for alert in alerts)
    return NotificationData(
        "r", "firing" if firing else "resolved", alerts, datetime(2024, 3, 1, tzinfo=UTC), external_url="http://am"
    )


def alert(status: str = "firing", **labels: str) -> Alert:
    return Alert(status, labels, {"summary": "S"}, datetime(2024, 3, 1, tzinfo=UTC), generator_url="http://g")


@needs_corpus
def test_files_written_for_alertmanagers_defaults_render_the_same_on_ours() -> None:
    """Only the page of the default mail is another one, and on purpose."""
    golden = load("golden/alertmanager_templates.json")
    wrong, compared = [], 0
    for case in golden["cases"]:
        if "email.default.html" in case["template"]:
            continue
        templates = template_set(tuple(file for file in case["files"] if "/" in file))
        data = golden_notification(golden["data"][case["data"]])
        try:
            render = templates.html if case["type"] == "html" else templates.text
            text = render(case["template"], data).removesuffix("\n")
        except TemplateError:
            text = None
        compared += 1
        if text != case.get("expected"):
            wrong.append((case["id"], case["template"], text, case.get("expected")))
    assert wrong == []
    assert compared > 1000


@needs_corpus
def test_every_default_of_alertmanager_renders_the_same_here() -> None:
    theirs, ours = template_set(("default.tmpl", "email.tmpl")), compile_templates([])
    names = sorted(name for name in theirs.names if name != "email.default.html" and not name.endswith(".tmpl"))
    for name in names:
        for data in map(golden_notification, load("golden/alertmanager_templates.json")["data"].values()):
            for given in (".", ".Alerts", ".Alerts.Firing", ".Alerts.Resolved"):
                text = f'{{{{ template "{name}" {given} }}}}'
                assert outcome(ours, text, data) == outcome(theirs, text, data), (name, given)
    assert len(names) > 25  # the others are empty there and here


def outcome(templates, text: str, data: NotificationData) -> str | None:
    try:
        return templates.text(text, data)
    except TemplateError:
        return None


def test_every_file_is_a_subject_and_holds_nothing_else() -> None:
    there = {file.name.removesuffix(".tmpl") for file in files("alertd.templating").joinpath("defaults").iterdir()}
    assert there == set(shipped.SUBJECTS)
    for name in shipped.names():
        assert shipped.shipped(name) is not None, f"{name} is in the wrong file"
    assert shipped.shipped("slack.none") is shipped.shipped("none") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__alertmanager", "Alertmanager"),
        ("__alertmanagerURL", URL),
        ("__subject", SUBJECT),
        ("__description", ""),
        ("email.default.subject", SUBJECT),
        ("slack.default.fallback", f"{SUBJECT} | {URL}"),
        ("mattermost.default.fallback", f"{SUBJECT} | {URL}"),
        ("rocketchat.default.alias", "Alertmanager"),
        ("msteams.default.summary", SUBJECT),
        ("wechat.default.api_secret", ""),
    ],
)
def test_short_ones(name: str, expected: str) -> None:
    assert rendered(f'{{{{ template "{name}" . }}}}') == expected


@pytest.mark.parametrize(
    "name", ["msteams.default.text", "msteamsv2.default.text", "jira.default.description", "mattermost.default.text"]
)
def test_markdown(name: str) -> None:
    one = "\nLabels:\n  - a = 1\n\nAnnotations:\n  - summary = S\n\nSource: http://g\n\n"
    text = f'{{{{ template "{name}" . }}}}'
    both = compile_templates([]).text(text, small(alert(a="1"), alert("resolved", a="1")))
    assert both == f"\n\n# Alerts Firing:\n{one}\n\n\n# Alerts Resolved:\n{one}\n\n"
    ended = compile_templates([]).text(text, small(alert("resolved", a="1")))
    assert ended == f"\n\n\n# Alerts Resolved:\n{one}\n\n"


@pytest.mark.parametrize(
    ("alerts", "expected"),
    [
        ([alert(severity="warning"), alert(severity="critical"), alert(severity="info")], "High"),
        ([alert(severity="info"), alert(severity="warning"), alert("resolved", severity="critical")], "Medium"),
        ([alert(severity="info"), alert()], "Low"),
        ([alert(severity="page"), alert("resolved", severity="critical")], "High"),
        ([alert("resolved", severity="warning")], "Medium"),
        ([alert(severity="page")], ""),
        ([], ""),
    ],
)
def test_the_priority_is_that_of_the_worst(alerts: list[Alert], expected: str) -> None:
    assert compile_templates([]).text('{{ template "jira.default.priority" . }}', small(*alerts)) == expected


def test_a_file_replaces_a_default_wherever_it_is_used() -> None:
    file = '{{ define "__subject" }}mine{{ end }}{{ define "__text_alert_list" }}{{ len . }} listed{{ end }}'
    assert rendered('{{ template "slack.default.title" . }}', file) == "mine"
    assert rendered('{{ template "email.default.subject" . }}', file) == "mine"
    assert "Alerts Firing:\n1 listed\n" in rendered('{{ template "opsgenie.default.description" . }}', file)
    assert "<title>mine</title>" in page(PAGE, file)


def test_a_blank_definition_replaces_nothing_but_a_blank_one() -> None:
    file = '{{ define "__subject" }}  {{ end }}{{ define "slack.default.text" }} {{ end }}{{ define "own" }}{{ end }}'
    assert rendered('{{ template "__subject" . }}', file) == SUBJECT
    assert rendered('{{ template "slack.default.text" . }}{{ template "own" . }}|', file) == "|"
    assert compile_templates([("a.tmpl", file)]).names == {"own", "a.tmpl"}


def test_the_page_says_everything_and_escapes_it() -> None:
    made = page(PAGE)
    assert made.startswith("<!doctype html>")
    for part in ("▲ FIRING", "✓ RESOLVED", "1 firing, 1 resolved", "one", "a&lt;b&gt;", 'href="http://g/1"', "team-x"):
        assert part in made
    assert f'href="{URL}"' in made
    assert "a<b>" not in made
    assert "From Fri 1 Mar 2024 08:00:00 to Fri 1 Mar 2024 09:00:00 UTC" in made


def test_the_page_links_to_nothing_that_runs() -> None:
    bad = Alert("firing", {}, {"runbook_url": "javascript:alert(1)"}, datetime(2024, 3, 1, tzinfo=UTC))
    made = compile_templates([]).html(PAGE, small(bad))
    assert "javascript" not in made
    assert "An alert without a name" in made


def test_what_a_text_calls_and_nobody_defines() -> None:
    file = '{{ define "a" }}{{ if .x }}{{ template "gone" . }}{{ else }}{{ template "a" . }}{{ end }}{{ end }}'
    templates = compile_templates([("x.tmpl", file)])
    assert templates.check('{{ range . }}{{ template "a" . }}{{ end }}{{ template "nope" }}') == ["gone", "nope"]
    assert templates.check('{{ template "slack.default.fallback" . }}{{ template "x.tmpl" . }}') == []
    assert templates.check('{{ block "own" . }}{{ end }}{{ template "own" . }}') == []


def test_the_documentation_has_every_name_and_every_function() -> None:
    hidden = [name for name in shipped.names() if name.startswith("__alertd")]
    assert [name for name in shipped.names() if f"`{name}`" not in DOCUMENT] == hidden
    assert [name for name in NOTIFICATION_FUNCTIONS if f"`{name}" not in DOCUMENT] == []
