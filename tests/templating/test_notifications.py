"""Notification templates: their data, their functions, and files that define templates for each other."""

import pytest

from alertd.errors import TemplateError
from alertd.templating.notifications import compile_templates

from .worlds import notification, rendered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .Receiver }} {{ .Status | toUpper }} {{ .ExternalURL }}", "team-x FIRING http://am"),
        ("{{ .Alerts | len }} {{ .Alerts.Firing | len }} {{ len .Alerts.Resolved }}", "2 1 1"),
        (
            "{{ range .Alerts }}{{ .Status }}:{{ .Labels.n }}:{{ .Annotations.summary }};{{ end }}",
            "firing:1:one;resolved:2:;",
        ),
        (
            "{{ .GroupLabels }} {{ .NotificationReason }} {{ .RouteLabels.team }}",
            "map[alertname:Down] first notification x",
        ),
        ("{{ .CommonLabels.SortedPairs.Names }}", "[alertname bad url zone]"),
        ("{{ .CommonLabels.Names | join `,` }}", "alertname,bad,url,zone"),
        (
            "{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join ` ` }}",
            "javascript:alert(1) http://x/?a=b&c=d a<b>",
        ),
        ("{{ (.CommonLabels.Remove (stringSlice `bad` `url`)).String }}", "alertname=Down, zone=a<b>"),
        ("{{ .CommonLabels.SortedPairs | len }} {{ (index .CommonLabels.SortedPairs 0).Name }}", "4 alertname"),
        ("{{ (index .Alerts 0).StartsAt }}", "2024-03-01 07:30:00 +0000 UTC"),
        ("{{ (index .Alerts 0).EndsAt.IsZero }} {{ (index .Alerts 0).EndsAt }}", "true 0001-01-01 00:00:00 +0000 UTC"),
        ("{{ (index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt }}", "1h0m0s"),
        ("{{ (index .Alerts 0).StartsAt.Unix }} {{ (index .Alerts 0).StartsAt.Weekday }}", "1709278200 Friday"),
        ("{{ (index .Alerts 0).GeneratorURL }} {{ (index .Alerts 0).Fingerprint }}", "http://g/1 f1"),
        ('{{ printf "%T %T %T" . .Alerts .CommonLabels }}', "template.Data template.Alerts template.KV"),
        ("{{ title `hELLO 1st o'NEIL` }}", "Hello 1St O'neil"),
        ("{{ trimSpace ` a ` }}|{{ join `-` (stringSlice `a` `b`) }}", "a|a-b"),
        ("{{ reReplaceAll `o(.)` `<$1>` `down` }} {{ match `^d` `down` }}", "d<w>n true"),
        ("{{ urlUnescape `a%20b+c` }} {{ base64encode `a?>` }} {{ base64decode `YT8-` }}", "a b c YT8- a?>"),
        ("{{ date `2006-01-02` (index .Alerts 0).StartsAt }}", "2024-03-01"),
        ("{{ (index .Alerts 0).StartsAt | tz `Europe/Berlin` | date `15:04 MST` }}", "08:30 CET"),
        ("{{ since (index .Alerts 0).StartsAt | humanizeDuration }} {{ now.Year }}", "1h 30m 0s 2024"),
        (
            "{{ (toDate `2006-01-02` `x`).IsZero }} {{ toDate `02 Jan 06` `05 Mar 21` }}",
            "true 2021-03-05 00:00:00 +0000 UTC",
        ),
        ("{{ toJson (dict `b` 1 `a` (list 1.5 `<` nil true)) }}", '{"a":[1.5,"\\u003c",null,true],"b":1}'),
        ("{{ toJson .GroupLabels }} {{ toJson 1e21 }}", '{"alertname":"Down"} 1e+21'),
        ("{{ (index (append (list 1) 2 3) 2) }} {{ (dict `k`).k }}|", "3 |"),
        ("{{ routeLabels `team` }} {{ routeLabels `none` }}{{ safeUrl `x` }}", "x x"),
    ],
)
def test_what_a_text_becomes(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Nope }}",
        "{{ .Labels.x }}",
        "{{ humanize 1 }}",
        "{{ index .Alerts 2 }}",
        "{{ join `,` .CommonLabels }}",
        "{{ template `nope` . }}",
        "{{ .CommonLabels.Remove .GroupLabels }}",
        "{{ range . }}{{ end }}",
        "{{ tz `Nowhere/None` (index .Alerts 0).StartsAt }}",
        "{{ tz `../../etc/passwd` (index .Alerts 0).StartsAt }}",
        "{{ mustToDate `2006` `x` }}",
        "{{ urlUnescape `%zz` }}",
        "{{ base64decode `?` }}",
        "{{ append 1 2 }}",
        "{{ dict 1 2 }}",
        "{{ toJson (printf `%f` 1.0 | len | list | append 1) }}",
    ],
)
def test_what_fails(text: str) -> None:
    with pytest.raises(TemplateError):
        rendered(text)


def test_files_define_templates_for_each_other_and_later_ones_win() -> None:
    first = '{{ define "a" }}A{{ template "b" . }}{{ end }}{{ define "b" }}1{{ end }}{{ define "c" }}C{{ end }}'
    second = '{{ define "b" }}{{ .Status }}{{ end }}{{ define "c" }} {{ end }}'
    assert rendered('{{ template "a" . }}{{ template "c" . }}', first, second) == "AfiringC"


def test_a_text_may_define_its_own() -> None:
    assert rendered('{{ define "b" }}own{{ end }}{{ template "b" }}', '{{ define "b" }}file{{ end }}') == "own"


def test_the_text_of_a_file_is_a_template_too() -> None:
    assert rendered('{{ template "0.tmpl" . }}', "at {{ .Receiver }}") == "at team-x"


def test_an_error_in_a_file_names_it() -> None:
    with pytest.raises(TemplateError) as problem:
        compile_templates([("a/b.tmpl", "ok"), ("c.tmpl", "\n{{ nope }}")])
    assert (problem.value.line, problem.value.column) == (2, 4)
    assert "c.tmpl" in str(problem.value)


def test_a_set_tells_what_may_be_called_and_checks_texts() -> None:
    templates = compile_templates([("x.tmpl", '{{ define "a" }}1{{ end }}')])
    assert templates.names == {"a", "x.tmpl"}
    with pytest.raises(TemplateError):
        templates.check("{{ end }}")
    assert templates.text("", notification()) == ""
    assert templates.html("", notification()) == ""
