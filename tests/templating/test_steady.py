"""Which templates depend on labels and the value only; the rest is expanded at every evaluation."""

import pytest

from alertd.templating.steady import steady_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("plain", set()),
        ("{{ $labels.instance }} is {{ $value | humanize }}", {"instance"}),
        ("{{ .Labels.job }}: {{ printf \"%.2f\" .Value }} of {{ $labels.zone | toUpper }}", {"job", "zone"}),
        ("{{- if gt $value 1.0 -}}much{{ else if eq $labels.a \"b\" }}b{{ else }}little{{ end }}", {"a"}),
        ("{{ humanizePercentage ($value) }}", set()),
    ],
)  # fmt: skip
def test_steady(text: str, labels: set[str]) -> None:
    assert steady_labels(text) == labels


@pytest.mark.parametrize(
    "text",
    [
        "{{ $labels }}",
        "{{ . }}",
        "{{ range $name, $value := $labels }}{{ $name }}{{ end }}",
        "{{ with $labels.job }}{{ . }}{{ end }}",
        "{{ query \"up\" | first | value }}",
        "{{ now }}",
        "{{ externalURL }}",
        "{{ $externalLabels.zone }}",
        "{{ $x := $value }}{{ $x }}",
        "{{ index $labels \"job\" }}",
        "{{ .Labels.a.b }}",
        "{{ $value.x }}",
        "{{ nosuch $value }}",
        "{{ template \"x\" . }}{{ define \"x\" }}{{ end }}",
        "{{ \"unclosed }}",
    ],
)  # fmt: skip
def test_not_known_to_be_steady(text: str) -> None:
    assert steady_labels(text) is None
