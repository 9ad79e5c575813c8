"""The same templates given to promtool and amtool, where they are installed: an oracle beyond the goldens."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alertd.errors import TemplateError
from alertd.templating.literals import unquote
from alertd.templating.rules import RuleData, check, expand

from .worlds import NOW, page, rendered

LABELS = {"a": "x:80", "city": "Zürich ☃", "q": 'it\'s "q" <b>&\\ \t', "n": "3.5"}
VALUES = (
    "$value",
    "-3",
    "$labels.q",
    "true",
    "nil",
    "1e21",
    "$labels",
    '(args 1 "x" nil)',
    "2i",
    "(index $labels.a 0)",
)
PRINTED = [
    '{{ printf "%' + flags + verb + '" ' + value + " }}"
    for verb in "vdsqxfgeT"
    for flags in ("", "+", "#", "8", "-08.3")
    for value in VALUES
]
LANGUAGE = [
    "{{ if $labels.a }}y{{ else }}n{{ end }}",
    "{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}",
    "{{ $x := 1 }}{{ range $x = args 1 2 }}{{ end }}{{ $x }}",
    '{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" $value }}{{ template "t" }}',
    "{{ .Labels.a.b }}",
    "{{ (args 1).none.x }}",
    "{{ and false (index `a` 5) }}",
    "{{ eq $labels nil }}{{ lt 1 2 }}",
    "{{ js $labels.q }}{{ html $labels.q }}{{ urlquery $labels.q }}",
    '{{ reReplaceAll "(.)i" "<$1>" $labels.q }}{{ stripPort $labels.a }}{{ title $labels.q }}',
    "{{ humanize $value }} {{ humanizeDuration 90061 }} {{ humanizeTimestamp 1.5e9 }} {{ $labels.n | humanize1024 }}",
    '{{ (toTime 1.5e9).Format "Mon Jan _2 15:04:05.000 2006 -0700" }}',
]
REFUSED = ["{{ $label.x }}", "{{ $labels.x * 100 }}", "{{ $x=1 }}", "{{ (1 }}", "{{ 1a }}", "{{ true.x }}", "{{ end }}"]


def rule_file(folder: Path, templates: list[str]) -> Path:
    rules = [
        {"alert": f"A{number}", "expr": f"m{number}", "annotations": {"text": template}}
        for number, template in enumerate(templates)
    ]
    path = folder / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    return path


def promtool(folder: Path, templates: list[str]) -> list[str]:
    """What promtool expands the templates to: it prints them because we expect something else."""
    pairs = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in LABELS.items())
    numbers = range(len(templates))
    test = {
        "interval": "1m",
        "input_series": [{"series": f"m{number}{{{pairs}}}", "values": "1.5"} for number in numbers],
        "alert_rule_test": [
            {"eval_time": "0m", "alertname": f"A{number}", "exp_alerts": [{"exp_labels": {"never": "so"}}]}
            for number in numbers
        ],
    }
    files = {"rule_files": [str(rule_file(folder, templates))], "tests": [test]}
    (folder / "test.yml").write_text(json.dumps(files), encoding="utf-8")
    run = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=folder, capture_output=True, timeout=60)
    found = dict.fromkeys(map(str, numbers), "")
    output = (run.stdout + run.stderr).decode("utf-8", "surrogateescape")
    for block in output.split("alertname: A")[1:]:
        text = re.search(r'Annotations:\{text=("(?:[^"\\]|\\.)*")\}', block[block.index("got:") :])
        found[block.split(",")[0]] = unquote(text[1]) if text else ""
    return list(found.values())


def ours(template: str, number: int) -> str:
    try:
        return expand(template, RuleData({**LABELS, "__name__": f"m{number}"}, 1.5, NOW))
    except TemplateError:
        return "<error expanding template"


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_rules_are_expanded_as_promtool_does(tmp_path: Path) -> None:
    templates = PRINTED + LANGUAGE
    theirs = promtool(tmp_path, templates)
    wrong = [
        (template, text, mine)
        for number, (template, text) in enumerate(zip(templates, theirs, strict=True))
        if (mine := ours(template, number)) != text and not text.startswith(mine or "\0")
    ]
    assert wrong == []


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize("template", REFUSED)
def test_rules_are_refused_as_promtool_does(tmp_path: Path, template: str) -> None:
    run = subprocess.run(
        ["promtool", "check", "rules", rule_file(tmp_path, [template])], capture_output=True, timeout=60
    )
    assert run.returncode != 0
    with pytest.raises(TemplateError):
        check(template)


@pytest.mark.skipif(not shutil.which("amtool"), reason="amtool is not installed")
@pytest.mark.parametrize("kind", ["text", "html"])
@pytest.mark.parametrize(
    "template",
    [
        "{{ range .Alerts }}<li>{{ .Status }} {{ .Labels.n }} {{ .StartsAt }}</li>{{ end }}",
        '<a href="{{ .CommonLabels.url }}" title="{{ .CommonLabels.zone }}">{{ .CommonLabels.bad }}</a>',
        '<a href="/?q={{ .CommonLabels.url }}">{{ .CommonLabels.SortedPairs }}</a>',
        "<script>x = {{ .CommonLabels }}; y = '{{ .CommonLabels.zone }}'</script>",
        "<p style='color: {{ .Status }}' onclick='f({{ .CommonLabels.zone }})'>",
        "{{ (index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt }} {{ title `hELLO 1st` }}",
    ],
)
def test_notifications_are_rendered_as_amtool_does(tmp_path: Path, template: str, kind: str) -> None:
    common = {"alertname": "Down", "zone": "a<b>", "url": "http://x/?a=b&c=d", "bad": "javascript:alert(1)"}
    times = [
        ("firing", "2024-03-01T07:30:00Z", "0001-01-01T00:00:00Z"),
        ("resolved", "2024-03-01T08:00:00Z", "2024-03-01T09:00:00Z"),
    ]
    alerts = [
        {"status": status, "labels": {**common, "n": str(number)}, "annotations": {}, "startsAt": start, "endsAt": end}
        for number, (status, start, end) in enumerate(times, 1)
    ]
    data = {"receiver": "team-x", "status": "firing", "alerts": alerts, "commonLabels": common}
    (tmp_path / "data.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "none.tmpl").write_text('{{ define "none" }}{{ end }}', encoding="utf-8")
    command = ["amtool", "template", "render", f"--template.type={kind}", "--template.glob=none.tmpl"]
    command += ["--template.data=data.json", "--template.text", template]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert (page if kind == "html" else rendered)(template) == run.stdout
