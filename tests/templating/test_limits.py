"""Bounds: whatever a template tries, it ends soon and with a TemplateError."""

import pytest

from alertd.errors import TemplateError
from alertd.templating.rules import check

from .worlds import made, page, rendered

DOUBLING = "{{ $x := `aaaaaaaa` }}{{ range 64 }}{{ $x = print $x $x }}{{ end }}"
DEEP = '{{ define "d" }}{{ template "d" . }}{{ end }}{{ template "d" . }}'
FAN = "".join(
    f'{{{{ define "f{level}" }}}}' + f'{{{{ template "f{level + 1}" }}}}' * 10 + "{{ end }}" for level in range(12)
)


@pytest.mark.parametrize(
    "text",
    [
        "{{ range 1000000000000 }}{{ end }}",
        "{{ range 1000000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}",
        "{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}",
        DOUBLING,
        "{{ $x := `aaaaaaaa` }}{{ range 64 }}{{ $x = printf `%s%s` $x $x }}{{ end }}",
        "{{ $x := `aaaaaaaa` }}{{ range 64 }}{{ $x = reReplaceAll `a` $x $x }}{{ end }}",
        "{{ $x := args 1 }}{{ range 64 }}{{ $x = args $x $x }}{{ end }}{{ $x }}",
        "{{ $x := args 1 }}{{ range 20000 }}{{ $x = args $x }}{{ end }}{{ $x }}",
        DEEP,
        FAN + '{{ define "f12" }}x{{ end }}{{ template "f0" }}',
        "{{ printf `%1001d` 1 }}",
        "{{ printf `%.99999999f` 1.0 }}",
        "{{ printf `%*d` 100000 1 }}",
        "{{ printf `%[999999999999]d` 1 }}{{ range 100000000 }}{{ end }}",
        "{{ reReplaceAll `(a+)+$` `` `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!` }}{{ index `` 1 }}",
        "x" * 70_000 + "{{ 1 }}",
        "{{" + "(" * 1000 + "1" + ")" * 1000 + "}}",
        "{{ if 1 }}" * 1000 + "{{ end }}" * 1000,
        "{{ if 1 }}" + "{{ else if 1 }}" * 1000 + "{{ end }}",
        "{{ 1" + " | print" * 10_000 + " }}",
        "{{ " + "9" * 60_000 + " }}",
        "{{ 0x1p" + "9" * 60_000 + " }}",
        "{{ parseDuration `" + "9" * 60_000 + "h` }}",
    ],
)
def test_hostile_rules(text: str) -> None:
    with pytest.raises(TemplateError):
        made(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ $x := list 1 }}{{ range 64 }}{{ $x = append $x $x $x }}{{ end }}{{ toJson $x }}",
        "{{ $x := list 1 }}{{ range 9999 }}{{ $x = list $x }}{{ end }}{{ toJson $x }}",
        "{{ $x := list 1 }}{{ range 9999999 }}{{ $x = append $x 1 }}{{ end }}",
        "{{ $x := stringSlice `aaaaaaaaaaaaaaaa` }}{{ range 64 }}{{ $x = stringSlice (join $x.Nope $x) }}{{ end }}",
        "{{ $x := `aaaaaaaa` }}{{ range 64 }}{{ $x = join $x (stringSlice $x $x) }}{{ end }}",
    ],
)
def test_hostile_notifications(text: str) -> None:
    with pytest.raises(TemplateError):
        rendered(text)
    with pytest.raises(TemplateError):
        page(text)


def test_hostile_pages() -> None:
    loops = "{{ range .Alerts }}<a {{ .Status }}" * 39 + "{{ end }}" * 39
    with pytest.raises(TemplateError):
        page(loops)
    chain = "".join(f'{{{{ define "c{n}" }}}}{{{{ template "c{n + 1}" }}}}{{{{ end }}}}' for n in range(2000))
    with pytest.raises(TemplateError):
        page(chain + '{{ template "c0" }}')


def test_what_people_write_is_far_below_the_bounds() -> None:
    check("{{ if 1 }}" * 20 + "{{ end }}" * 20)
    assert len(made("{{ range 5000 }}{{ . }} {{ end }}")) > 20_000
    assert (
        made(
            '{{ define "d" }}{{ if . }}{{ template "d" (slice . 1) }}{{ end }}.{{ end }}{{ template "d" "'
            + "a" * 30
            + '" }}'
        )
        == "." * 31
    )
