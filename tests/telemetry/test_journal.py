"""The journal: levels by logger, who writes, repetition that is counted, and no secret, whoever writes."""

import io
import json
import logging
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alertd.config.confidential import Confidential, confidential, shapes
from alertd.config.http import BasicAuth, Header, HttpConfig
from alertd.config.load import load
from alertd.config.values import Overrides
from alertd.telemetry.journal import Journal, catch_crashes, set_up
from alertd.telemetry.logs import Logs
from alertd.telemetry.redaction import Redaction, without_tokens
from alertd.telemetry.repetition import WINDOW

from .happenings import evaluated, given_up, refused

SECRET = 'hunter2 "correct" horse\\'


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = root.handlers[:], root.level
    yield
    sys.excepthook, threading.excepthook = hooks
    root.handlers[:], root.level = handlers, level
    for name in list(logging.Logger.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(False)


class Written:
    """A journal, and what it wrote."""

    def __init__(self, form: Any = "json", level: str = "info") -> None:
        self.stream = io.StringIO()
        self.journal: Journal = set_up(form, level, self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def messages(self) -> list[str]:
        return [line["msg"] for line in self.lines]


def record(message: str, at: float, name: str = "asyncio", **more: Any) -> logging.LogRecord:
    one = logging.LogRecord(name, logging.WARNING, "f.py", 1, message, (), None)
    one.created = at
    vars(one).update(more)
    return one


def test_levels_are_set_by_logger_and_back() -> None:
    written = Written()
    written.journal.let_pass("warning", {"alertd.engine": "debug", "httpx": "info"})
    for name in ("alertd.engine.rules", "alertd.web", "httpx", "uvicorn.error", "mine"):
        logging.getLogger(name).info("heard")
    assert [line["logger"] for line in written.lines] == ["alertd.engine.rules", "httpx"]
    written.journal.let_pass("info", {})
    for name in ("alertd.web", "httpx", "mine"):
        logging.getLogger(name).info("heard")
    logging.getLogger("alertd.engine.rules").debug("not")
    assert [line["logger"] for line in written.lines][2:] == ["alertd.web", "mine"]


def test_it_follows_the_configuration(tmp_path: Path) -> None:
    path, written = tmp_path / "config.yaml", Written()
    path.write_text(
        "log: {level: warning, levels: {alertd.config: info}}\ntelemetry: {service_name: alarms, environment: test}\n"
        "prometheus: {url: http://x, headers: {A: hunter2-hunter2}}\n"
    )
    written.journal.follow(load(path, Overrides()))
    logging.getLogger("alertd.config").info("with hunter2-hunter2")
    logging.getLogger("alertd.web").info("not heard")
    (line,) = written.lines
    assert (line["service"], line["environment"], line["msg"]) == ("alarms", "test", "with <secret>")


def test_what_is_written_again_is_counted() -> None:
    written = Written()
    for at in (0.0, 10.0, 20.0, 30.0):
        written.journal.emit(record(f"took {at:.0f} s", at))
    assert written.messages == ["took 0 s"]
    written.journal.emit(record("another", WINDOW + 1))
    assert written.messages == ["took 0 s", "took 30 s (3 more in the last minute)", "another"]
    assert written.lines[1]["repeated"] == 3
    written.journal.emit(record("took 5 s", WINDOW + 2))
    written.journal.close()
    assert written.messages[-1] == "took 5 s (1 more in the last minute)"


def test_a_fact_is_the_same_by_its_subject() -> None:
    written = Written()
    logs = Logs()
    for event in (evaluated("a"), evaluated(), evaluated("a"), evaluated(), evaluated("a"), evaluated("b")):
        logs.notice(event)
    assert written.messages == ["rule failed", "rule evaluates again", "rule failed"]
    logs.notice(evaluated("a", "Other"))
    assert written.messages[3:] == ["rule failed"]


def test_what_is_news_each_time_is_written_each_time() -> None:
    written = Written(level="debug")
    logs = Logs()
    for event in (given_up(), given_up(), refused(), refused(), refused()):
        logs.notice(event)
    assert [line["event"] for line in written.lines] == ["message_given_up"] * 2 + ["message_delayed"] * 3


def test_the_memory_for_repetition_has_a_bound() -> None:
    written = Written()
    written.journal.emit(record("first", 0.0))
    written.journal.emit(record("first", 0.0))
    for number in range(1100):
        written.journal.emit(record(f"{'x' * number} {chr(65 + number % 26)}", 1.0, name=f"n{number}"))
    assert "first (1 more in the last minute)" in written.messages
    assert len(written.journal._repetition._known) <= 1000


def test_a_clock_that_is_set_back_swallows_nothing() -> None:
    written = Written()
    for at in (1000.0, 1001.0, 10.0):
        written.journal.emit(record("hello", at))
    written.journal.close()
    assert written.messages[:2] == ["hello", "hello (1 more in the last minute)"]


CONFIGURED = HttpConfig(
    basic_auth=BasicAuth(username="ann", password="pass-of-ann"),
    http_headers={"X": Header(secrets=("header-secret",), files=("header.key",))},
)


def test_secrets_are_found_by_type() -> None:
    found = confidential(CONFIGURED)
    assert found.values == {"pass-of-ann", "header-secret"}
    assert found.files == {"header.key"}
    assert "pass-of-ann" not in repr(found)


def test_secrets_are_hidden_in_every_shape() -> None:
    written = Written()
    written.journal.redaction.follow(Confidential(frozenset([SECRET])))
    log = logging.getLogger("somebody.else")
    log.warning("as it is %s", SECRET)
    log.warning("shown %r", SECRET)
    log.warning("json %s", json.dumps({"a": SECRET}))
    log.warning("url http://x/?q=%s", "hunter2%20%22correct%22%20horse%5C")
    log.warning("base64 %s", b64encode(f"ann:{SECRET}".encode()).decode())
    log.warning("field", extra={"fields": {"a": SECRET, "b": {"c": SECRET}}})
    assert written.text.count("<secret>") == 7
    assert "hunter2" not in written.text


def test_a_line_that_cannot_be_written_gives_nothing_away() -> None:
    written = Written()
    written.journal.redaction.follow(Confidential(frozenset([SECRET])))
    logging.getLogger("x").warning("%d of it", SECRET)
    assert written.text == "a line of x cannot be logged: TypeError\n"


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_hidden_in_tracebacks_and_crashes(form: Any) -> None:
    written = Written(form)
    written.journal.redaction.follow(Confidential(frozenset([SECRET])))
    catch_crashes()
    try:
        int(SECRET)
    except ValueError as error:
        logging.getLogger("x").exception("oh")
        sys.excepthook(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=int, args=(SECRET,))
    thread.start()
    thread.join()
    assert written.text.count("ValueError") == 3
    assert written.text.count("<secret>") >= 3
    assert "hunter2" not in written.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://ann:pw@x/y", "GET https://***@x/y"),
        ("Authorization: Bearer abc", "Authorization: <secret>"),
        ("{'authorization': 'Digest x=1', 'a': 1}", "{'authorization': '<secret>', 'a': 1}"),
        ("sent Bearer eyJh.x-y and", "sent Bearer <secret> and"),
        ("basic authentication failed", "basic authentication failed"),
        ("POST https://api.telegram.org/bot12345:AAbb-cc_dd/sendMessage", "POST https://api.telegram.org/bot<secret>/sendMessage"),
        ("https://hooks.slack.com/services/T0/B0/abcd", "https://hooks.slack.com/services/<secret>"),
        ("https://discord.com/api/webhooks/123/ab-cd", "https://discord.com/api/webhooks/123/<secret>"),
        ("http://x/?a=1&access_token=abc&b=2", "http://x/?a=1&access_token=<secret>&b=2"),
        ("rules/jobs.yml: unknown key", "rules/jobs.yml: unknown key"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert Redaction()(text) == shown


def test_parts_of_a_secret_url_are_secret_and_words_are_not() -> None:
    found = shapes(["https://hooks.example.org/services/T0A1B2C3D/x7Yk2mPq?sig=abcdefgh12"])
    assert {"T0A1B2C3D", "x7Yk2mPq", "abcdefgh12"} <= set(found)
    assert not {"services", "/services", "hooks.example.org"} & set(found)
    assert "/alerts" not in shapes(["http://10.0.0.1:8080/alerts"])


def test_a_file_with_a_secret_is_read_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first-token\n")
    redaction = Redaction(Confidential(files=frozenset([str(path)])))
    assert redaction("first-token") == "<secret>"
    path.write_text("second-token, longer\n")
    redaction.look(100.0)
    assert redaction("first-token, second-token, longer") == "<secret>, <secret>"
    path.unlink()
    redaction.look(200.0)
    assert redaction("second-token, longer") == "<secret>"


def test_what_was_secret_a_moment_ago_still_is() -> None:
    redaction = Redaction(Confidential(frozenset(["old-secret"])))
    redaction.follow(Confidential(frozenset(["new-secret"])))
    assert redaction("old-secret new-secret") == "<secret> <secret>"


def test_two_errors_of_one_line_are_two() -> None:
    written = Written()
    for number, error in enumerate([ValueError("a"), KeyError("b"), ValueError("a")]):
        exc_info = (type(error), error, None)
        written.journal.emit(record("task failed", float(number), exc_info=exc_info))
    assert written.messages == ["task failed", "task failed"]


def test_a_word_in_a_header_is_not_taken_for_a_secret() -> None:
    given = {"X-Scope-OrgID": "prod", "X-Token": "hush", "X-Id": "a" * 8}
    headers = {name: SecretStr(value) for name, value in given.items()}
    assert confidential(headers).values == {"hush", "a" * 8}


def test_a_text_that_nearly_looks_like_a_secret_is_looked_through_in_time() -> None:
    text = "basic ?" + "key" * 300_000  # squared it would outlast every patience
    assert without_tokens(text) == text
