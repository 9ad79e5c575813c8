"""One line an event, at the right level, a lasting problem once, and no line that somebody else wrote."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alertd.core.alerts import State
from alertd.core.delivery import Retry, Sent
from alertd.core.labels import Labels
from alertd.core.mutes import Verdict
from alertd.core.notification import Reason
from alertd.core.silences import State as SilenceState
from alertd.events import GroupEvaluated, MetricsExported, Reloaded, Trouble
from alertd.telemetry.journal import set_up
from alertd.telemetry.logs import Logs
from alertd.testing import RecordingTracer

from .happenings import (
    EVERY,
    GROUP,
    NOON,
    answered,
    changed,
    evaluated,
    flushed,
    given_up,
    muted,
    refused,
    silenced,
    tried,
)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(*events: Any, level: str = "info") -> list[dict[str, Any]]:
    stream, logs = io.StringIO(), Logs()
    set_up("json", level, stream)
    for event in events:
        logs.notice(event)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def told(*events: Any, level: str = "info") -> list[str]:
    return [f"{line['level']} {line['msg']}" for line in lines(*events, level=level)]


def console(message: str, stream: io.StringIO | None = None, **fields: Any) -> str:
    stream = stream or io.StringIO()
    set_up("console", stream=stream)
    logging.getLogger("alertd").info(message, extra={"fields": fields})
    return stream.getvalue()


def test_who_is_muted_and_why_is_said() -> None:
    events = (muted(Verdict(("one",))), muted(), silenced(SilenceState.ACTIVE))
    assert told(*events) == ["info alert muted", "info alert audible again", "info silence active"]
    first, second, third = lines(*events)
    assert (first["alert"], first["why"], second["why"]) == ("JobDown", "silenced by one", "audible")
    assert (third["matchers"], third["created_by"], third["comment"]) == ('zone="aa"', "ann", "moving house")
    assert lines(muted(), level="warning") == []


def test_quiet_rules_are_for_debugging() -> None:
    assert told(evaluated(), answered(), flushed(None)) == []
    assert told(evaluated(), level="debug") == ["debug rule evaluated"]


def test_changes_of_state_are_information() -> None:
    events = [changed(None, State.PENDING), changed(State.PENDING, State.FIRING), changed(State.PENDING, None)]
    assert told(*events) == ["info alert pending", "info alert firing", "info alert inactive"]
    [line, *_] = lines(*events)
    assert line["alert"] == "JobDown"
    assert line["labels"] == {"alertname": "JobDown", "zone": "aa"}


def test_a_failing_rule_is_told_once_and_when_it_recovers() -> None:
    failing = [evaluated("timeout after 10.01s"), evaluated("timeout after 10.02s"), evaluated("many-to-many")]
    assert told(*failing, evaluated(), evaluated()) == [
        "warning rule failed",
        "warning rule failed",
        "info rule evaluates again",
    ]


def test_each_failing_rule_is_told() -> None:
    assert told(evaluated("a"), evaluated("a", "Other"), evaluated(name="Fine")) == ["warning rule failed"] * 2


def test_a_remark_is_told_once() -> None:
    remarked = evaluated(warnings=("not a counter",))
    assert told(remarked, remarked, evaluated()) == ["warning the datasource remarks on a rule"]


def test_what_a_collector_remarks_is_told_once() -> None:
    some, other = MetricsExported(rejected=3, remark="out of order"), MetricsExported(rejected=1)
    held_up = MetricsExported("no answer")
    assert told(some, replace(some, rejected=4), held_up, some, other, MetricsExported(), some) == [
        "warning the collector remarks on metrics",
        "warning metrics are not exported",
        "info metrics are exported again",
        "warning the collector remarks on metrics",
        "warning the collector remarks on metrics",
    ]


def test_a_datasource_that_is_down_is_one_problem() -> None:
    down, rules = answered("connection refused"), [evaluated("connection refused", str(n)) for n in range(9)]
    recovered = [answered(), *(evaluated(name=str(n)) for n in range(9))]
    assert told(down, *rules, down, *rules, *recovered[:1]) == [
        "warning datasource does not answer",
        "info datasource answers again",
    ]


def test_missed_evaluations_are_a_warning() -> None:
    assert told(GroupEvaluated(GROUP, NOON, 1.0, timedelta(0), 3)) == ["warning evaluations missed"]
    assert told(GroupEvaluated(GROUP, NOON, 1.0, timedelta(0))) == []


def test_deliveries() -> None:
    assert told(flushed(Reason.FIRST), tried(Sent(NOON, "250 OK"))) == [
        "info to tell: first notification",
        "info told",
    ]
    assert told(refused(), refused(), refused("timeout"), given_up(), tried(Sent(NOON))) == [
        "warning not told yet",
        "warning not told yet",
        "error given up",
        "info told",
    ]


def test_every_giving_up_is_told() -> None:
    assert told(given_up(), given_up()) == ["error given up"] * 2


def test_reloads_and_troubles() -> None:
    assert told(Reloaded(NOON, 7, "bad"), Reloaded(NOON, 7), Trouble("the clock jumped", "by 1 h")) == [
        "error reload failed, the last good version is kept",
        "info configuration loaded",
        "error the clock jumped",
    ]


def test_after_a_reload_what_lasts_is_told_again() -> None:
    assert told(evaluated("x"), Reloaded(NOON, 7), evaluated("x")).count("warning rule failed") == 2


def test_every_event_has_a_line() -> None:
    assert len(lines(*EVERY, level="debug")) == len(EVERY)


def test_a_json_line_has_what_machines_need() -> None:
    [line] = lines(tried(Sent(NOON, "200 OK")))
    assert line["ts"].endswith("Z")
    assert (line["level"], line["logger"], line["integration"], line["said"]) == (
        "info",
        "alertd.notifiers",
        "team/webhook[0]",
        "200 OK",
    )


HOSTILE = 'x\n{"level":"error"}\r\x1b[2J\u2028\x00\ud800'


def test_nobody_else_writes_lines() -> None:
    [line] = lines(Trouble(HOSTILE, HOSTILE))
    assert (line["msg"], line["error"]) == (HOSTILE, HOSTILE)
    text = console(HOSTILE, error=HOSTILE)
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert r"x\n{" in text
    assert r"\x1b[2J\u2028\x00\ud800" in text


def test_long_values_are_cut() -> None:
    [line] = lines(Trouble("where", "x" * 10**6))
    assert line["error"].endswith("… (1000000 characters)")
    assert len(line["error"]) < 3000


def test_passwords_in_addresses_are_hidden() -> None:
    [line] = lines(Trouble("asking https://me:secret@prom/api", "no answer from https://me:secret@prom/api"))
    assert "secret" not in json.dumps(line)
    assert line["error"] == "no answer from https://***@prom/api"


def test_console_lines_read_well() -> None:
    text = console("alert firing", labels=Labels({"a": "b"}), group="{}", said="", seconds=0.5, note="two words")
    assert text.split(" ", 1)[1] == 'INFO    alert firing labels=\'{a="b"}\' group={} seconds=0.5 note="two words"\n'
    assert console("x", seconds=0.07841652400020394, a="it's").endswith("seconds=0.0784165 a=it's\n")
    assert console("x", value=12345678.25).endswith("value=12345678.25\n")
    assert console("x", a='it\'s "b"').endswith('a="it\'s \\"b\\""\n')


def test_colours_are_for_terminals() -> None:
    assert "\x1b[" not in console("hello", group="g")
    assert "\x1b[32mINFO   \x1b[0m hello \x1b[90mgroup=\x1b[0mg" in console("hello", Tty(), group="g")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_belongs_to_its_line(form: Any) -> None:
    stream = io.StringIO()
    set_up(form, stream=stream)
    try:
        int(f"https://me:secret@host {HOSTILE}")
    except ValueError:
        logging.getLogger("alertd").exception("the courier failed")
    first, *rest = stream.getvalue().splitlines()
    assert "the courier failed" in first
    assert all(line.startswith("    | ") for line in rest)
    assert "ValueError" in stream.getvalue()
    assert "secret" not in stream.getvalue()


def test_chatty_libraries_are_quiet() -> None:
    stream = io.StringIO()
    set_up("json", "debug", stream)
    for name in ("httpx", "apscheduler.scheduler", "uvicorn.error"):
        logging.getLogger(name).info("noise")
        logging.getLogger(name).warning("signal")
    assert [json.loads(line)["msg"] for line in stream.getvalue().splitlines()] == ["signal"] * 3


def test_warnings_go_to_the_log() -> None:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        set_up("json", stream=stream)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old" in json.loads(stream.getvalue())["msg"]


def test_what_is_not_an_event_is_passed_over() -> None:
    assert lines(object()) == []


def test_a_retry_says_when() -> None:
    [line] = lines(tried(Retry(NOON, "503")))
    assert (line["again_at"], line["error"]) == (NOON.isoformat(), "503")


def test_thousands_of_alerts_of_one_rule_are_a_hundred_lines_and_a_number() -> None:
    events = [changed(None, State.FIRING)] * 1234
    said = lines(*events, GroupEvaluated(GROUP, NOON, 1.0, timedelta(0)), *events[:3])
    assert [line["msg"] for line in said] == ["alert firing"] * 100 + ["more alerts changed"] + ["alert firing"] * 3
    assert (said[100]["alert"], said[100]["more"]) == ("JobDown", 1134)


def test_thousands_of_messages_are_a_hundred_lines_and_a_number() -> None:
    events = [flushed(Reason.FIRST), tried(Sent(NOON, "ok"))] * 1234
    later = NOON + timedelta(seconds=10)
    said = lines(*events, GroupEvaluated(GROUP, later, 1.0, timedelta(0)), tried(Sent(later, "ok")))
    assert [line["msg"] for line in said[:200]] == ["to tell: first notification", "told"] * 100
    assert [(line["msg"], line.get("more")) for line in said[200:]] == [
        ("more to tell", 1134),
        ("more told", 1134),
        ("told", None),
    ]


def test_messages_have_lines_again_when_the_clock_was_set_back() -> None:
    before = [tried(Sent(NOON, "ok"))] * 101
    said = lines(*before, tried(Sent(NOON - timedelta(hours=1), "ok")))
    assert [line["msg"] for line in said[100:]] == ["more told", "told"]


def test_refusals_have_a_line_however_many_messages_there_are() -> None:
    said = lines(*[tried(Sent(NOON, "ok"))] * 200, given_up("404"))
    assert said[-1]["msg"] == "given up"


def test_a_line_and_its_trace_find_each_other() -> None:
    stream, tracer = io.StringIO(), RecordingTracer()
    set_up("json", stream=stream, here=tracer.here)
    with tracer.span("deliver"):
        logging.getLogger("alertd").info("inside")
    logging.getLogger("alertd").info("outside")
    inside, outside = map(json.loads, stream.getvalue().splitlines())
    assert f"00-{inside['trace_id']}-{inside['span_id']}-01" == tracer.spans[0].id
    assert "trace_id" not in outside
