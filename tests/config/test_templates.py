"""Template files and the texts that call them: what is found wrong at load, and what is only noted."""

from pathlib import Path

import pytest

from alertd.config import load, reload
from alertd.config.values import Overrides
from alertd.errors import ConfigError

MAIL = """\
global: {smtp_smarthost: "localhost:25", smtp_from: a@example.org}
"""


def mail(texts: str, templates: str = "[]") -> str:
    return f"""\
{MAIL}templates: {templates}
receivers:
  - name: ops
    email_configs:
      - to: ops@example.org
        {texts}
"""


def written(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.tmpl").write_text(text)


def test_files_are_found_beside_the_configuration_in_order(config, tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    written(tmp_path, b='{{ define "x" }}b{{ end }}', a='{{ define "x" }}a{{ end }}')
    written(tmp_path / "deep/er", c='{{ define "y" }}c{{ end }}')
    found = config(f'templates: ["*.tmpl", "deep/**/*.tmpl", "{tmp_path}/a.tmpl", "none/*.tmpl"]')
    names = [Path(name).relative_to(tmp_path).as_posix() for name, _ in found.templates.files]
    assert names == ["a.tmpl", "b.tmpl", "deep/er/c.tmpl", "a.tmpl"]
    assert {"x", "y"} <= found.templates.compiled.names
    assert [note.message for note in found.notes if "templates" in note.message] == []


def test_a_file_that_is_named_and_missing_is_noted(config) -> None:
    (note,) = [note for note in config("templates:\n  - gone.tmpl").notes if "templates" in note.message]
    assert note.message == 'templates has "gone.tmpl", which does not exist'
    assert (note.line, note.column) == (2, 5)


def test_what_is_wrong_in_a_file_has_its_place_there(said, tmp_path: Path) -> None:
    written(tmp_path, bad="fine\n  {{ nope }}", good='{{ define "g" }}{{ end }}')
    (tmp_path / "bytes.tmpl").write_bytes(b"a\n\xff")
    assert sorted(said("templates: ['*.tmpl']")) == [
        "bad.tmpl:2:6: bad template: there is no function 'nope'",
        "bytes.tmpl:2:1: not valid UTF-8: byte 0xff (save the file as UTF-8)",
    ]


def test_a_broken_file_keeps_the_last_good_configuration(tmp_path: Path) -> None:
    path, file = tmp_path / "config.yaml", tmp_path / "a.tmpl"
    path.write_text("templates: [a.tmpl]")
    file.write_text('{{ define "a" }}1{{ end }}')
    first = load(path)
    file.write_text('{{ define "a" }}')
    with pytest.raises(ConfigError, match=r"a\.tmpl:1:\d+: bad template"):
        reload(path, Overrides(), first)
    assert first.look() != first.stamp
    file.write_text('{{ define "a" }}2{{ end }}')
    second = reload(path, Overrides(), first)
    assert second.templates != first.templates
    assert second.look() == second.stamp


def test_a_new_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("templates: ['*.tmpl']")
    config = load(path)
    assert config.look() == config.stamp
    written(tmp_path, new="")
    assert config.look() != config.stamp


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ("text: '{{ .Status'", "config.yaml:7:15: text: bad template: 1:1: an action is not closed"),
        (
            "headers: {Subject: '{{ nope }}'}",
            "config.yaml:7:28: headers.Subject: bad template: 1:4: there is no function 'nope'",
        ),
        (
            """html: '{{ template "__subjct" . }}'""",
            'config.yaml:7:15: html: no template "__subjct" is defined (did you mean "__subject"?)',
        ),
        ("""text: '{{ template "own" . }}'""", 'config.yaml:7:15: text: no template "inner" is defined'),
    ],
)
def test_texts_of_receivers_are_checked(said, tmp_path: Path, texts: str, problem: str) -> None:
    written(tmp_path, a='{{ define "own" }}{{ template "inner" . }}{{ end }}')
    (found,) = said(mail(texts, "[a.tmpl]"))
    assert found.startswith(problem)


def test_texts_that_are_fine(config, tmp_path: Path) -> None:
    written(tmp_path, a='{{ define "own" }}{{ template "__subject" . }}{{ end }}')
    found = config(mail("""text: '{{ template "own" . }}{{ template "slack.default.title" . }}'""", "[a.tmpl]"))
    assert found.notes == ()


@pytest.mark.parametrize("templates", ["[gone.tmpl]", "['none/*.tmpl']"])
def test_a_missing_file_may_define_what_a_text_calls(config, templates: str) -> None:
    found = config(mail("""text: '{{ template "own" . }}'""", templates))
    assert found.notes[-1].message == 'text: no template "own" is defined'
    assert (found.notes[-1].line, found.notes[-1].column) == (7, 9)


def test_a_page_whose_values_cannot_be_escaped_is_noted(config) -> None:
    found = config(mail("html: '<a href=\"{{ .ExternalURL }}'"))
    assert [note.message for note in found.notes] == [
        "html: the page ends inside of a tag, an attribute, a script or a style"
    ]


def test_a_file_whose_page_cannot_be_escaped_is_noted(config, tmp_path: Path) -> None:
    written(tmp_path, a='{{ define "email.default.html" }}<a {{ if .Status }}href="{{ end }}">{{ end }}')
    (note,) = config(mail("hello: x", "[a.tmpl]")).notes
    assert note.message.startswith("email.default.html: 1:53: ")
    assert "a.tmpl: the branches of {{if}} end in different places" in note.message
    assert note.line == 2
