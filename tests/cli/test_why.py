"""`alertd why`, as a person types it, against a server that tells one story."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from alertd.cli import cli
from alertd.cli.why import lines
from tests.cli.test_silence import Server

STORY: dict[str, Any] = {
    "found": True,
    "alerts": [
        {
            "labels": {"alertname": "A", "job": 'x"\x1b[31m'},
            "fingerprint": "0123456789abcdef",
            "story": [
                {"at": "2026-01-30T23:59:59.5Z", "kind": "state", "text": "firing"},
                {"at": "2026-01-31T00:00:00Z", "kind": "trouble", "text": "refused: \x1b[2J"},
                {"at": "2026-01-31T00:01:00Z", "kind": "now", "text": "told again at 04:00:00"},
            ],
        }
    ],
    "rules": [],
    "answer": [],
    "more": 0,
}


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    one.answers["GET /api/v1/why"] = (200, {"status": "success", "data": STORY})
    yield one
    one.close()


def run(server: Server, *words: str) -> Result:
    return CliRunner().invoke(cli, ["why", "--url", server.url, *words])


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["A"], {"alert": ["A"]}),
        (["0123456789ABCDEF"], {"fingerprint": ["0123456789ABCDEF"]}),
        (["A", "job=x", 'zone=~"a|b"', "x!~y"], {"alert": ["A"], "filter": ["job=x", 'zone=~"a|b"', "x!~y"]}),
        (['A{job="x", zone!="b"}'], {"alert": ["A"], "filter": ['job="x", zone!="b"']}),
        (['{job="x"}'], {"filter": ['job="x"']}),
        (["--rule", "R"], {"rule": ["R"]}),
        (["A", "--at", "2026-01-31T12:00:00Z"], {"alert": ["A"], "at": ["2026-01-31T12:00:00+00:00"]}),
    ],
)
def test_words_become_a_question(server: Server, words: list[str], asked: dict[str, list[str]]) -> None:
    result = run(server, *words)
    assert result.exit_code == 0, result.output
    ((_, path, _, _),) = server.asked
    assert parse_qs(urlsplit(path).query) == {"since": ["1d"], **asked}


def test_the_story_is_a_plain_timeline_without_a_terminal(server: Server) -> None:
    assert run(server, "A").output.splitlines() == [
        'A{job="x"�[31m"}  0123456789abcdef',
        "  2026-01-30 (UTC)",
        "  23:59:59  firing",
        "  2026-01-31 (UTC)",
        "  00:00:00  refused: �[2J",
        "  now       told again at 04:00:00",
    ]


def test_a_terminal_has_colours() -> None:
    shown = list(lines(STORY, colourful=True))
    assert shown[0].startswith("\x1b[1m")
    assert "\x1b[31mrefused: �[2J\x1b[0m" in shown[4]


def test_json(server: Server) -> None:
    assert json.loads(run(server, "A", "-o", "json").output) == STORY


def test_nothing_is_found(server: Server) -> None:
    nothing = {"found": False, "alerts": [], "rules": [], "answer": ["there is no rule 'A'"], "more": 0}
    server.answers["GET /api/v1/why"] = (200, {"status": "success", "data": nothing})
    result = run(server, "A")
    assert (result.exit_code, result.output) == (1, "there is no rule 'A'\n")


@pytest.mark.parametrize("words", [[], ["=x"], ["job=~("], ["A", "--since", "x"], ["A", "--at", "noon"]])
def test_wrong_usage(server: Server, words: list[str]) -> None:
    assert run(server, *words).exit_code == 2
    assert server.asked == []
