"""YAML as it was written: text stays text, everything has its place, and no file can hurt."""

from pathlib import Path
from typing import Any

import pytest

from alertd.config import yamltext
from alertd.errors import ConfigError, Problem


def trees(text: str) -> list[Any]:
    return [node.tree() for node in yamltext.parse(text, "f.yml")]


def problem(text: str) -> Problem:
    with pytest.raises(ConfigError) as caught:
        yamltext.parse(text, "f.yml")
    (found,) = caught.value.problems
    return found


def test_scalars_are_the_text_they_were_written_as() -> None:
    text = "{a: yes, b: 0777, c: 1e3, d: true, e: 1_000, f: ~, g: 2001-01-01, h: 1.50, i: 0x1F, j: No, k: '~', l: }"
    assert trees(text) == [
        {"a": "yes", "b": "0777", "c": "1e3", "d": "true", "e": "1_000", "f": None, "g": "2001-01-01",
         "h": "1.50", "i": "0x1F", "j": "No", "k": "~", "l": None}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only a comment", []),
        ("---\na: 1\n---\nb: 2\n", [{"a": "1"}, {"b": "2"}]),
        ("a:\t1", [{"a": "1"}]),
        ("a: |\n  x\n  y\n", [{"a": "x\ny\n"}]),
        ("a: !foo b", [{"a": "b"}]),
        ("? a\n: b", [{"a": "b"}]),
        ("{1: 2, ~: 3}", [{"1": "2", "": "3"}]),
        ("'<<': 3", [{"<<": "3"}]),
        ('a: "x\\0y"', [{"a": "x\0y"}]),
        ("a: \U0001f642", [{"a": "\U0001f642"}]),
    ],
)
def test_documents(text: str, expected: list[Any]) -> None:
    assert trees(text) == expected


def test_aliases_and_merge_keys() -> None:
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{a: 4}, *x], c: *x}\n<<: {}\n"
    one = {"a": "1", "b": "2"}
    assert trees(text) == [{"x": one, "y": {"b": "3", "a": "1"}, "z": {"c": one, "a": "4", "b": "2"}}]


def test_what_is_in_a_list_is_handed_over_one_by_one() -> None:
    taken: list[tuple[int, object]] = []
    text = (
        "x: [{groups: [{a: 1}]}]\ngroups:\n- &g {a: 1}\n-\n- text\n- *g\n- {groups: [{b: 2}]}\n---\ngroups: [{c: 3}]\n"
    )
    first, second = yamltext.parse(text, "f.yml", "groups", lambda index, node: taken.append((index, node.tree())))
    assert taken == [(0, {"a": "1"}), (3, {"a": "1"}), (4, {"groups": [{"b": "2"}]}), (0, {"c": "3"})]
    groups = [first.find(("groups", index)) for index in range(5)]
    assert [node is yamltext.TAKEN for node in groups] == [True, False, False, True, True]
    assert [node.kind for node in groups[1:3]] == ["nothing", "text"]
    assert first.find(("x", 0, "groups", 0)).tree() == {"a": "1"}
    assert second.find(("groups", 0)) is yamltext.TAKEN


@pytest.mark.parametrize("text", ["- - {a: 1}\n", "groups: {a: {b: 1}}\n", "[]\n", "text\n"])
def test_nothing_is_handed_over_from_elsewhere(text: str) -> None:
    def take(index: int, node: yamltext.Node) -> None:
        raise AssertionError(f"{index}: {node}")

    assert [one.tree() for one in yamltext.parse(text, "", "groups", take)] == [
        one.tree() for one in yamltext.parse(text)
    ]


def test_places() -> None:
    (root,) = yamltext.parse("groups:\n- name: a\n  rules: &r\n  - {expr: up}\n- rules: *r\n")
    assert (root.find(("groups", 1)).line, root.find(("groups", 1)).column) == (5, 3)
    value = root.find(("groups", 1, "rules", 0, "expr"))  # behind the alias, where it was written
    assert (value.text, value.line, value.column) == ("up", 4, 12)
    key = root.find_key(("groups", 0, "rules"))
    assert (key.text, key.line, key.column) == ("rules", 3, 3)
    assert root.find(("groups", 7, "name")).line == 2  # the last that exists
    assert root.find_key(("groups", 0)).line == 2


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGE_BOMB = "a: &a0 {k: 1}\n" + "".join(f"b{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, 3000))

REFUSED = {
    "a: 1\nb: 2\na: 3": ("here twice, first in line 1", 3, 1),
    "{<<: {a: 1}, <<: {b: 1}}": ("here twice", 1, 14),
    "a: {<<: 5}": ("`<<` merges", 1, 9),
    "{{ a }}: 1": ("a key must be text", 1, 6),
    "[a, b]: 1": ("a key must be text", 1, 6),
    "a: *b": ("unknown alias *b", 1, 4),
    "a: &a [*a]": ("inside its own anchor", 1, 8),
    "--- &a x\n---\ny: *a": ("unknown alias", 3, 4),
    "a:\n\tb: 1": ("not valid YAML", 2, 1),
    "a: b: c": ("not valid YAML", 1, 5),
    "a: 'b": ("not valid YAML", 1, 6),
    "a: [b\nc": ("not valid YAML", 3, 1),
    "a: b\x00c": ("U+0000", 1, 5),
    "a: b\n\x07c": ("U+0007", 2, 1),
    "a: \ud800": ("U+D800", 1, 4),
    "a: !!binary QUJD": ("binary", 1, 4),
    "[" * 10_000: ("levels deep", 1, 101),
    "- " * 10_000: ("levels deep", 1, 201),
    "{a: " * 10_000: ("levels deep", 1, 401),
    BOMB: ("expand to more than", 8, 40),
    MERGE_BOMB: ("expand to more than", 0, 0),
}


def test_a_variable_without_quotes_is_named() -> None:
    assert problem("a: {b: ${TOKEN}}").hint == 'within {} and [] a variable needs quotes: "${NAME}"'
    assert problem("a: ${TOKEN}\nb: {c: d: e}}").hint == ""


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:30]))
def test_what_is_refused_says_where(text: str) -> None:
    message, line, column = REFUSED[text]
    found = problem(text)
    assert message in found.message
    assert found.path == "f.yml"
    assert found.line > 0
    if line and message != "expand to more than":
        assert (found.line, found.column) == (line, column)


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    for data in (b"a: \xc3\xa9\r\n", b"\xef\xbb\xbfa: \xc3\xa9", "a: é".encode("utf-16")):
        path.write_bytes(data)
        assert trees(yamltext.read(path, "a.yml")) == [{"a": "é"}]


@pytest.mark.parametrize(
    ("data", "message"), [(b"a: 1\nb: \xff", "2:4: not valid UTF-8: byte 0xff"), (b"\xff\xfea", "not valid UTF-16")]
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        yamltext.read(path, "a.yml")


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yml: cannot be read: No such file"):
        yamltext.read(tmp_path / "gone.yml", "gone.yml")
    with pytest.raises(ConfigError, match="Is a directory"):
        yamltext.read(tmp_path, "here")
    monkeypatch.setattr(yamltext, "MAX_BYTES", 10)
    (tmp_path / "big.yml").write_text("a: 123456789")
    with pytest.raises(ConfigError, match="larger than"):
        yamltext.read(tmp_path / "big.yml", "big.yml")
