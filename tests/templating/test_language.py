"""The language itself: what parses, what it means, and where it fails. The expectations are promtool's."""

import pytest

from alertd.errors import TemplateError
from alertd.templating.rules import check

from .worlds import made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ $labels.instance }} is {{ $value }}", "db-01:9100 is 1.5"),
        ("{{ .Labels.job }}{{ .Value }}{{ .ExternalLabels.cluster }}", "node1.5c1"),
        ("{{ $externalLabels.cluster }} {{ $externalURL }}", "c1 https://prometheus.example.org/prom"),
        ("[{{ $labels.missing }}]", "[]"),
        ("{{ $labels }}", "map[__name__:up city:Zürich instance:db-01:9100 job:node]"),
        ("{{ $.Labels.job }}", "node"),
        ("{{/* a comment */}}x{{- /* trimmed */ -}} y", "xy"),
        ("a {{- 1 -}} b", "a1b"),
        ("{{-1}} {{ 1 }}\n{{- 2 }}", "-1 12"),
        ("{{ 1\n}}", "1"),
        ("{{ `raw\n\\n` }}", "raw\n\\n"),
        (r'{{ "\x41\u00e9\101\"" }}', 'AéA"'),
        ("{{ 'a' }} {{ 0x1F }} {{ 010 }} {{ 0b11 }} {{ 1_000 }} {{ 1e3 }} {{ .5 }}", "97 31 8 3 1000 1000 0.5"),
        ("{{ 1i }}", "(0+1i)"),
        ("{{ if $labels.job }}y{{ else }}n{{ end }}", "y"),
        ("{{ if 0 }}a{{ else if 1 }}b{{ else }}c{{ end }}", "b"),
        ("{{ with $labels.none }}a{{ else }}b{{ end }}", "b"),
        ("{{ with $labels.none }}a{{ else with 2 }}{{ . }}{{ end }}", "2"),
        ("{{ with $x := $labels.job }}{{ $x }}{{ . }}{{ end }}", "nodenode"),
        ("{{ range $k, $v := args 1 2 }}{{ $k }}={{ $v }};{{ end }}", "arg0=1;arg1=2;"),
        ("{{ range args }}x{{ else }}none{{ end }}", "none"),
        (
            "{{ range 3 }}{{ . }}{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}{{ range 0 }}{{ else }}-{{ end }}",
            "01201-",
        ),
        ("{{ range $i, $s := query `up` }}{{ if eq $i 1 }}{{ break }}{{ end }}{{ .Value }}{{ end }}", "2"),
        ("{{ range query `up` }}{{ if gt .Value 1.5 }}{{ continue }}{{ end }}{{ .Labels.instance }}{{ end }}", "a"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
        ("{{ $x := 1 }}{{ if false }}{{ $x := 2 }}{{ else }}{{ $x }}{{ end }}", "1"),
        ("{{ $x := 0 }}{{ range $x = args 5 6 }}{{ end }}{{ $x }}", "6"),
        ('{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" $value }}{{ template "t" }}', "[1.5][<no value>]"),
        ('{{ template "t" . }}{{ define "t" }}{{ .Value }}{{ end }}', "1.5"),
        ('{{ block "b" $value }}<{{ . }}>{{ end }}', "<1.5>"),
        (
            '{{ define "r" }}{{ if . }}{{ . }}{{ template "r" (slice . 1) }}{{ end }}{{ end }}{{ template "r" "ab" }}',
            "abb",
        ),
        ("{{ (args 1 2).arg1 }}", "2"),
        ("{{ (args 1).none }}", "<no value>"),
        ('{{ "a" | printf "%s%s" "b" }}', "ba"),
        ("{{ 1 | }}", "1"),
        ("{{ and 1 0 2 }}{{ or 0 3 }}{{ 1 | and 5 }}{{ not 1 }}", "031false"),
        ('{{ and false (index "a" 5) }}', "false"),
        (
            "{{ eq 1 2 1 }}{{ ne 1 2 }}{{ lt 1 2 }}{{ le 1.5 1.5 }}{{ gt `b` `a` }}{{ ge 1 2 }}",
            "truetruetruetruetruefalse",
        ),
        ("{{ eq 'a' 97 }}{{ eq nil nil }}{{ eq 1 nil }}", "truetruefalse"),
        ("{{ len $labels.city }} {{ len $labels }}", "7 4"),
        ("{{ index $labels `job` }}{{ index $labels `none` }}{{ index `abc` 1 }}", "node98"),
        ("{{ slice $labels.city 0 1 }}{{ slice `abcdef` 1 3 }}", "Zbc"),
        ("{{ slice $labels.city 0 2 }}", "Z\ufffd"),
        ("{{ print 1 2 `a` `b` 3 4.5 nil }}", "1 2ab3 4.5 <nil>"),
        ("{{ println 1 `a` }}", "1 a\n"),
        (
            "{{ html `<a b='c'>` }} {{ js `'<=` }} {{ urlquery `a b/ü` }}",
            "&lt;a b=&#39;c&#39;&gt; \\'\\u003C\\u003D a+b%2F%C3%BC",
        ),
    ],
)
def test_what_a_template_becomes(text: str, expected: str) -> None:
    assert made(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{",
        "{{ }}",
        "{{ x }}",
        "{{ $x }}",
        "{{ $label.x }}",
        "{{ $labels.x * 100 }}",
        "{{ $labels.x*100 }}",
        '{{ "a" }',
        '{{ "a\nb" }}',
        '{{ "\\z" }}',
        "{{ 'ab' }}",
        "{{ 08 }}",
        "{{ 1e400 }}",
        "{{ 1__0 }}",
        "{{ 1a }}",
        "{{ 1 -1 }",
        "{{- -}}",
        "{{ (1 }}",
        "{{ 1) }}",
        "{{ () }}",
        "{{ 1, 2 }}",
        "{{ ☃ }}",
        "{{ true.x }}",
        '{{ 1 | "b" }}',
        "{{ $x, $y := 1 }}",
        "{{ $x=1 }}",
        "{{ := 1 }}",
        "{{ : }}",
        "{{/* c }}",
        "{{/* c */ 1}}",
        "{{ /* c */}}",
        "{{ if 1 }}",
        "{{ if }}{{ end }}",
        "{{ end }}",
        "{{ else }}",
        "{{ break }}",
        "{{ if 1 }}{{ else }}{{ else }}{{ end }}",
        "{{ with 1 }}{{ else if 2 }}{{ end }}",
        "{{ range $i, }}{{ end }}",
        "{{ define x }}{{ end }}",
        '{{ define "a" }}1{{ end }}{{ define "a" }}2{{ end }}',
        '{{ define "t" }}{{ $labels.a }}{{ end }}',
        '{{ if 1 }}{{ define "x" }}{{ end }}{{ end }}',
        '{{ tmpl "x" . }}',
    ],
)
def test_what_is_refused_when_a_rule_file_is_loaded(text: str) -> None:
    with pytest.raises(TemplateError) as problem:
        check(text)
    assert problem.value.line >= 1
    assert problem.value.column >= 1


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Values.x }}",
        "{{ nil }}",
        "{{ 1 2 }}",
        "{{ $labels.a.b }}",
        '{{ $labels.a "x" }}',
        "{{ $x = 1 }}",
        "{{ if false }}{{ $y := 1 }}{{ else }}{{ $y }}{{ end }}",
        '{{ template "nope" }}',
        "{{ eq 1 `a` }}",
        "{{ eq $labels $labels }}",
        "{{ lt 1 1.5 }}",
        "{{ lt true false }}",
        "{{ eq 1 }}",
        "{{ len 3 }}",
        "{{ index `abc` 5 }}",
        "{{ index $labels 1 }}",
        "{{ index nil 1 }}",
        "{{ slice `abc` 2 1 }}",
        "{{ range `abc` }}{{ end }}",
        "{{ call 1 }}",
        "{{ (args 1).none.x }}",
        "{{ toUpper 1 }}",
        "{{ toUpper }}",
        "{{ printf }}",
        "{{ 18446744073709551615 }}",
        "{{ `x` | safeHtml | toUpper }}",
        "{{ `x` | $value }}",
    ],
)
def test_what_only_fails_when_the_alert_fires(text: str) -> None:
    check(text)
    with pytest.raises(TemplateError):
        made(text)


def test_an_error_says_where() -> None:
    with pytest.raises(TemplateError) as problem:
        made("first\n  {{ first (query `none`) }}")
    assert (problem.value.line, problem.value.column) == (2, 6)
    assert "no element" in problem.value.message
