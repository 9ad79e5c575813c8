"""The benchmark's arithmetic. What it measures depends on the machine; how it counts does not."""

import json

import pytest
import yaml

from tests.e2e.bench import micro
from tests.e2e.bench.profiling import Profile, compared, part
from tests.e2e.bench.rules import flip_rules, scale_rules, storm_rules
from tests.e2e.bench.sink import Sink
from tests.e2e.bench.stats import Row, metric, plot, quantile, ratio, table, total
from tests.e2e.bench.works import every
from tests.e2e.bench.world import Switches


def test_quantiles_are_values_that_occurred() -> None:
    hundred = [float(value) for value in range(100, 0, -1)]
    assert quantile(hundred, 0.5) == 50
    assert quantile(hundred, 0.99) == 99
    assert quantile(hundred, 1) == 100
    assert quantile(hundred, 0) == 1
    assert quantile([7.0], 0.99) == 7
    assert quantile([], 0.5) is None


def test_a_sum_of_something_unknown_is_unknown() -> None:
    assert total(1, 2.5) == 3.5
    assert total(1, None) is None
    assert total() == 0


def test_ratios() -> None:
    assert ratio(3, 2) == "1.50x"
    assert ratio(0, 2) == "0.00x"
    assert [ratio(1, 0), ratio(1, None), ratio(None, 1)] == ["-", "-", "-"]


def test_metrics_are_summed_over_their_labels() -> None:
    page = '# TYPE sent_total counter\nsent_total{to="a}b"} 2\nsent_total{to="c d"} 1e1\nsent_total_more 5\nup 1\n'
    assert metric(page, "sent_total") == 12
    assert metric(page, "up") == 1
    assert metric(page, "down") == 0


def test_a_table_has_figures_and_how_they_compare() -> None:
    results = {"ours": {"cpu": 1234.5, "missed": 0.0}, "theirs": {"cpu": 617.25, "missed": 0.0}, "idle": {"cpu": 2.0}}
    assert table([Row("cpu", "CPU s", 1), Row("missed", "missed", 0)], results).splitlines() == [
        "|        |    ours | theirs | idle | ours : theirs | ours : idle |",
        "|--------|--------:|-------:|-----:|--------------:|------------:|",
        "| CPU s  | 1,234.5 |  617.2 |  2.0 |         2.00x |     617.25x |",
        "| missed |       0 |      0 |    - |             - |           - |",
    ]


def test_bars_stand_beside_a_line() -> None:
    results = {"ours": {"cpu": 1.0, "rss": 3.0, "lost": 0.0}, "theirs": {"cpu": 2.0, "rss": 2.0, "lost": 0.0}}
    assert plot([Row("cpu", "CPU"), Row("rss", "RSS"), Row("lost", "lost")], results).splitlines() == [
        f"{'CPU':46} {'theirs':11} {'█' * 8}{' ' * 7}┃{' ' * 15} 0.50x",
        f"{'RSS':46} {'theirs':11} {'█' * 23}{' ' * 8} 1.50x",
    ]


def test_the_receiver_tells_first_messages_from_repeats() -> None:
    sink = Sink()
    for status, *names in (("firing", "a", "b"), ("firing", "a"), ("resolved", "a")):
        alerts = [{"status": status, "labels": {"id": name}} for name in names]
        sink.answer("/", json.dumps({"alerts": alerts}).encode())
    assert sink.arrivals("firing").keys() == {"a", "b"}
    assert (sink.repeats("firing"), sink.repeats("resolved"), sink.messages) == (1, 0, 3)
    sink.forget()
    assert sink.arrivals("firing") == {}


def test_a_change_is_seen_by_the_next_scrape() -> None:
    switches = Switches(["one", "two"])
    change = switches.switch(1, "two")
    assert change.scraped is None
    assert switches.page() == b"one 0\ntwo 1\n"
    seen = change.scraped
    assert seen is not None
    assert seen >= change.at
    switches.page()
    assert change.scraped == seen


def test_instructions_are_compared_with_another_version() -> None:
    one, other = "1,000 alerts begin", "1,000 alerts end"
    assert micro.table({one: 2_000, other: 1_500_000}, {one: 1_000, other: 0}).splitlines()[2:] == [
        "| 1,000 alerts begin | 2.0 | alert | 1.0 | 2.00x |",
        "| 1,000 alerts end | 1,500.0 | alert | 0.0 | - |",
    ]


@pytest.mark.parametrize(
    ("frames", "meant"),
    [
        (
            "run (alertd/engine/courier.py:9);send (alertd/notifiers/webhook.py:3);encode (x.py:1)",
            "messages rendered",
        ),
        ("run (alertd/engine/courier.py:9);request (alertd/http/client.py:3);feed (x.py:1)", "requests over HTTP"),
        (
            "_find_and_load (<frozen>:7);<module> (alertd/http/client.py:1)",
            "modules imported",
        ),
        ("main (alertd/cli/run.py:1);run_once (asyncio/base_events.py:2)", "the loop, and the rest"),
    ],
)
def test_the_innermost_frame_that_is_known_says_what_a_stack_does(frames: str, meant: str) -> None:
    assert part(frames) == meant


def test_profiles_are_shares_of_the_time_that_was_not_spent_waiting() -> None:
    storm, start = Profile(), Profile()
    storm.add(["a (alertd/http/x.py:1) 3", "run (y.py:1) 1", "run (y.py:1);select (selectors.py:4) 96"])
    storm.add(["run (threading.py:1);_next (alertd/store/writer.py:9) 50"])
    storm.add(["Thread.run (threading.py:1);Writer._next (alertd/store/writer.py:9) 50"])
    start.add(["_find_and_load (<frozen>:1);exec (<frozen>:2) 5"])
    assert compared({"storm": storm, "start": start}).splitlines() == [
        "|                        | storm | start |",
        "|------------------------|------:|------:|",
        "| modules imported       |   0 % | 100 % |",
        "| requests over HTTP     |  75 % |   0 % |",
        "| the loop, and the rest |  25 % |   0 % |",
    ]


@pytest.mark.parametrize("name", every())
def test_every_work_can_be_done_again_and_again(name: str) -> None:
    with every()[name].ready() as work:
        work()
        work()


def test_every_rule_asks_something_else() -> None:
    groups = yaml.safe_load(scale_rules(1000, 15))["groups"]
    expressions = {rule["expr"] for group in groups for rule in group["rules"]}
    assert (len(groups), len(expressions)) == (50, 1000)
    assert yaml.safe_load(scale_rules(0, 15)) == {"groups": []}
    assert len(yaml.safe_load(flip_rules())["groups"]) == 10
    assert len(yaml.safe_load(storm_rules(5))["groups"]) == 1
