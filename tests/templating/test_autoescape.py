"""HTML: a value is escaped as its place demands. The expectations are html/template's, by amtool."""

import pytest

from alertd.errors import TemplateError

from .worlds import page

URL = "{{ .CommonLabels.url }}"
ZONE = "{{ .CommonLabels.zone }}"
BAD = "{{ .CommonLabels.bad }}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<b>{ZONE}</b>", "<b>a&lt;b&gt;</b>"),
        ("{{ .CommonLabels.none }}|{{ print nil }}", "|&lt;nil&gt;"),
        ('{{ safeHtml "<i>" }}', "<i>"),
        ("<p title=\"{{ safeHtml `<i t='>'>a&amp;</i>` }}\">", '<p title="a&amp;">'),
        (f'<p title="{ZONE}">', '<p title="a&lt;b&gt;">'),
        (f"<p title={ZONE}>", "<p title=a&lt;b&gt;>"),
        (f'<a href="{URL}">', '<a href="http://x/?a=b&amp;c=d">'),
        (f'<a href="{BAD}">', '<a href="#ZgotmplZ">'),
        ("<a href='{{ safeUrl .CommonLabels.bad }}'>", "<a href='javascript:alert%281%29'>"),
        (f'<a href="/p?q={URL}">', '<a href="/p?q=http%3a%2f%2fx%2f%3fa%3db%26c%3dd">'),
        (f'<a href="/p/{ZONE}">', '<a href="/p/a%3cb%3e">'),
        (f"<a href={URL}>", "<a href=http://x/?a&#61;b&amp;c&#61;d>"),
        (f'<img srcset="{URL} 2x, {BAD}">', '<img srcset="http://x/?a=b&amp;c=d 2x, #ZgotmplZ">'),
        (f"<p {ZONE}>", "<p ZgotmplZ>"),
        ("<p {{ .Status }}>", "<p firing>"),
        (f'<p onclick="f({ZONE})">', '<p onclick="f(&#34;a\\u003cb\\u003e&#34;)">'),
        (f"<script>x = {ZONE}; y = {{{{ len .Alerts }}}}</script>", '<script>x = "a\\u003cb\\u003e"; y =  2 </script>'),
        (f'<script>x = "{ZONE}"</script>', '<script>x = "a\\u003cb\\u003e"</script>'),
        (f"<script>/{ZONE}/.test(1)</script>", "<script>/a\\u003cb\\u003e/.test(1)</script>"),
        ("<script>x = {{ .GroupLabels }}</script>", '<script>x = {"alertname":"Down"}</script>'),
        (f"<script>// {ZONE}\nx</script>", "<script>\nx</script>"),
        (
            f'<script type="text/template"><b>{ZONE}</b></script>',
            '<script type="text/template"><b>a&lt;b&gt;</b></script>',
        ),
        ("<style>p { color: {{ .Status }} }</style>", "<style>p { color: firing }</style>"),
        (f"<style>p {{ color: {BAD} }}</style>", "<style>p { color: ZgotmplZ }</style>"),
        (
            f'<style>p {{ background: url("{URL}") }}</style>',
            '<style>p { background: url("http://x/?a=b&c=d") }</style>',
        ),
        (f'<style>p {{ content: "{ZONE}" }}</style>', '<style>p { content: "a\\3c b\\3e " }</style>'),
        ('<p style="width: {{ len .Alerts }}px">', '<p style="width: 2px">'),
        (f"<!-- {ZONE} -->x<!-- y -->", "x"),
        (f"<title>{ZONE}</title>", "<title>a&lt;b&gt;</title>"),
        ("<!DOCTYPE html>a < b", "<!DOCTYPE html>a &lt; b"),
        ("{{ .CommonLabels.zone | html }}", "a&lt;b&gt;"),
        ('<a href="/?{{ .CommonLabels.zone | urlquery }}">', '<a href="/?a%3Cb%3E">'),
        ("<ul>{{ range .Alerts }}<li>{{ .Status }}</li>{{ end }}</ul>", "<ul><li>firing</li><li>resolved</li></ul>"),
        ("<p {{ if true }}title='{{ .Status }}'{{ end }}>", "<p title='firing'>"),
        (
            '{{ define "t" }}{{ . }}{{ end }}<a href="{{ template "t" .CommonLabels.bad }}">{{ template "t" "<" }}</a>',
            '<a href="#ZgotmplZ">&lt;</a>',
        ),
        (
            '{{ define "t" }}<b>{{ if . }}{{ template "t" "" }}{{ end }}</b>{{ end }}{{ template "t" "x" }}',
            "<b><b></b></b>",
        ),
        ("{{ range .Alerts }}<i>{{ if eq .Status `resolved` }}{{ break }}{{ end }}{{ .Status }}</i>{{ end }}", None),
        (
            "{{ range .Alerts }}{{ if eq .Status `resolved` }}{{ break }}{{ end }}<i>{{ .Status }}</i>{{ end }}",
            "<i>firing</i>",
        ),
    ],
)
def test_places(text: str, expected: str | None) -> None:
    assert page(text) == (expected or "<i>firing</i><i>")


@pytest.mark.parametrize(
    "text",
    [
        '<a href="x',
        "<b",
        '<a href="x" b"c">',
        "<a href=a'b>",
        "{{ if .Status }}<a href='{{ end }}x",
        "{{ range .Alerts }}<a href='{{ end }}",
        '<a href="{{ if .Status }}?{{ end }}{{ .Status }}">',
        "<script>`{{ .Status }}`</script>",
        '<script>"\\{{ .Status }}"</script>',
        "<script>/[{{ .Status }}]/</script>",
        "<p title={{ .Status | html }}>",
        "{{ .Status | html | toUpper }}",
        '{{ template "nope" }}',
        '{{ define "t" }}{{ if . }}<a href="{{ template "t" "" }}{{ end }}{{ end }}{{ template "t" "x" }}',
    ],
)
def test_pages_that_cannot_be_escaped(text: str) -> None:
    with pytest.raises(TemplateError) as problem:
        page(text)
    assert problem.value.message


def test_templates_of_files_are_escaped_too() -> None:
    assert (
        page('{{ template "t" .CommonLabels }}', '{{ define "t" }}<b>{{ .zone }}</b>{{ end }}') == "<b>a&lt;b&gt;</b>"
    )
