"""config.yaml and the command line: what becomes of every key, and what is said about every mistake."""

from datetime import timedelta
from pathlib import Path
from socket import gethostname

import pytest

from alertd.config import load, reload
from alertd.config.values import Overrides, Web
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.errors import ConfigError

RULES = "groups: [{name: g, rules: [{alert: A, expr: up}]}]"
FULL = """\
    prometheus:
    - name: main
      url: http://main:9090/prom
      timeout: 10s
      headers: {X-Scope-OrgID: team}
      query_params: {dedup: true}
      concurrency: 4
      max_response_bytes: 1MiB
      http_config: {basic_auth: {username: me, password: pw}}
    - {name: other, url: "https://other"}
    evaluation:
      interval: 30s
      outage_tolerance: 2h
      external_labels: {cluster: eu1, empty: ~}
      cooldown: 1h
      query_offset: 5s
    storage: {url: memory}
    web: {listen: "[::1]:9000", external_url: "https://example.org/alertd/"}
    log: {level: debug, format: console}
    receivers: [{name: team, stdout_configs: [{}]}]
    """


def test_every_key_of_alertd(config) -> None:
    found = config(FULL)
    main, other = found.datasources
    assert (main.name, main.url, main.timeout) == ("main", "http://main:9090/prom", timedelta(seconds=10))
    assert (main.headers, main.query_params) == ({"X-Scope-OrgID": "team"}, {"dedup": "true"})
    assert (main.concurrency, main.max_response_bytes) == (4, 1 << 20)
    assert main.http.basic_auth.password.get_secret_value() == "pw"
    assert (other.name, other.timeout, other.concurrency) == ("other", timedelta(seconds=30), 8)
    evaluation = found.evaluation
    assert (evaluation.interval, evaluation.outage_tolerance) == (timedelta(seconds=30), timedelta(hours=2))
    assert evaluation.external_labels == Labels({"cluster": "eu1"})
    assert (evaluation.cooldown, evaluation.query_offset) == (timedelta(hours=1), timedelta(seconds=5))
    assert found.storage_url == "memory"
    assert found.web == Web("::1", 9000, "https://example.org/alertd", "/alertd")
    assert (found.log.level, found.log.format) == ("debug", "console")
    assert (found.route.key, found.route.receiver) == ("{}", "team")


def test_next_to_nothing(config) -> None:
    found = config("")
    assert found.datasources == ()
    assert found.storage_url == "sqlite:///alertd.db"
    assert found.web == Web("127.0.0.1", 9093, "http://127.0.0.1:9093", "")
    assert [receiver.name for receiver in found.receivers] == ["stdout"]
    assert found.receivers[0].integrations[0].id == "stdout/stdout[0]"
    assert "standard output" in found.notes[0].message


def test_a_key_without_a_value_is_absent(config) -> None:
    assert config("prometheus:\nglobal:\nroute:\nreceivers:\nweb: {listen: }\nrule_files:\n").web.port == 9093


def test_flags_win(config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flag.yml").write_text(RULES)
    found = config(
        FULL.rstrip() + "\n    rule_files: [file.yml]\n",
        prometheus_url="http://flag:9090",
        rules=("flag.yml",),
        listen=":1234",
        storage="sqlite:///x.db",
        external_url="http://flag",
        route_prefix="/deep/er/",
        log_format="json",
    )
    assert [source.url for source in found.datasources] == ["http://flag:9090"]
    assert found.rule_patterns == ("flag.yml",)
    assert found.web == Web("0.0.0.0", 1234, "http://flag", "/deep/er")
    assert (found.storage_url, found.log.format, found.log.level) == ("sqlite:///x.db", "json", "debug")
    assert found.evaluation.interval == timedelta(seconds=30)


def test_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yml").write_text(RULES)
    found = load(None, Overrides(prometheus_url="http://p", rules=("*.yml",), listen=":9093"))
    assert [group.key for group in found.rules.groups] == ["a.yml;g"]
    assert found.web.external_url == f"http://{gethostname()}:9093"


def test_flags_are_checked_as_keys_are() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, Overrides(prometheus_url="localhost", listen="nowhere", storage="mysql://x", external_url="x"))
    text = str(caught.value)
    assert text.count("command line: ") == 4
    for key in ("--prometheus-url: ", "--listen: ", "--storage: not a storage", "--external-url: "):
        assert f"command line: {key}" in text


def test_rules_below_the_configuration(config, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").write_text(RULES)
    found = config("prometheus: {url: http://p}\nrule_files: rules/*.yml\nevaluation: {cooldown: 5m}\n")
    assert found.rules.groups[0].file == "rules/a.yml"
    assert found.rules.groups[0].rules[0].cooldown == timedelta(minutes=5)


MISTAKES = {
    "promethus: {url: x}": 'config.yaml:1:1: unknown key "promethus" (did you mean "prometheus"?)',
    "scrape_configs: []": "this looks like a prometheus.yml",
    "groups: []": "this is a rule file",
    "prometheus: {}": 'config.yaml:1:13: the key "url" is missing',
    "prometheus: {url: localhost:9090}": "not a URL that alertd can reach",
    "prometheus: {url: 'http://x:99999'}": "not a URL that alertd can reach",
    "prometheus: {url: 'http://me:hunter2@x'}": "credentials do not belong into the URL",
    "prometheus: {url: http://x, timeout: 0s}": "prometheus.0.timeout: must be longer than zero",
    "prometheus: {url: http://x, concurrency: 0}": "greater than or equal to 1",
    "prometheus: {url: http://x, concurrency: many}": "not a whole number: 'many'",
    "prometheus: {url: http://x, max_response_bytes: 5 lbs}": "not a size: '5 lbs'",
    "prometheus: [{name: a, url: http://x}, {name: a, url: http://y}]": 'two datasources are named "a"',
    "prometheus: http://x": "prometheus: expected a mapping, or a list of them: write {url: ",
    "evaluation: {interval: 0s}": "evaluation.interval: must be longer than zero",
    "evaluation: {external_labels: [a]}": "expected a mapping, found a list",
    "storage: {url: 'postgres://x'}": "not a storage that alertd has",
    "storage: {url: 'sqlite:///'}": "not a storage that alertd has",
    "web: {listen: 9093}": "not an address to listen on: '9093'",
    "web: {listen: 'x:70000'}": "not an address to listen on",
    "web: {route_prefix: 'a b'}": "not a path",
    "log: {level: loud}": "log.level: must be 'debug', 'info', 'warning' or 'error'",
    "global: {smtp_smarthost: mail}": "needs a host and a port",
    "global: {resolve_timeout: 5}": "config.yaml:1:27: global.resolve_timeout: not a duration: '5'",
    "global: {smtp_require_tls: perhaps}": "neither true nor false: 'perhaps'",
    "[]": "config.yaml:1:1: expected a mapping, found a list",
    "a: b: c": "config.yaml:1:5: not valid YAML",
    "web: {}\n---\nweb: {}": "config.yaml:3:1: a second document",
    "inhibit_rules: [{source_matchers: ['a']}]": "bad matcher",
    "inhibit_rules: [{source_match_re: {a: '['}}]": "bad regular expression",
    "inhibit_rules: [{equal: ['']}]": "a label needs a name",
    "time_intervals: [{name: a}, {name: a}]\nroute: {receiver: x}\nreceivers: [{name: x}]":
        'two time intervals are named "a"',
    "time_intervals: [{time_intervals: []}]": 'the key "name" is missing',
    "time_intervals: [{name: a, time_intervals: [{times: [{start_time: '10:00', end_time: '09:00'}]}]}]":
        "start_time must be before end_time",
    "time_intervals: [{name: a, time_intervals: [{times: [{start_time: '25:00', end_time: '26:00'}]}]}]":
        "not a time of day: '25:00'",
    "time_intervals: [{name: a, time_intervals: [{weekdays: ['monday:fryday']}]}]": "'fryday' is not",
    "time_intervals: [{name: a, time_intervals: [{weekdays: ['friday:monday']}]}]": "not a range",
    "time_intervals: [{name: a, time_intervals: [{days_of_month: ['0:5']}]}]": "'0' is not",
    "time_intervals: [{name: a, time_intervals: [{months: ['1:13']}]}]": "'13' is not",
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(said, text: str) -> None:
    found = "\n".join(said(text))
    assert MISTAKES[text] in found
    assert "hunter2" not in found


def test_good_time_intervals(config) -> None:
    config("""\
        time_intervals:
        - name: a
          time_intervals:
          - times: [{start_time: "00:00", end_time: "24:00"}]
            weekdays: [sunday, "Monday:friday"]
            days_of_month: ["1:5", "-3:-1", "10:-1"]
            months: [may, "1:december"]
            years: [2026, "2027:2030"]
            location: Europe/Berlin
    """)


def test_every_problem_is_told(said, tmp_path: Path) -> None:
    found = said("""\
        prometheus: {url: x}
        evaluation: {interval: x}
        route: {receiver: nobody, routes: [{receiver: teem}]}
        receivers: [{name: team, webhok_configs: []}]
        nope: 1
    """)
    assert len(found) == 6
    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "3", "4", "5"]


def test_rules_without_a_prometheus(said, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    assert "no Prometheus to ask" in said("rule_files: [a.yml]")[0]


def test_problems_of_rule_files_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES.replace(" up", " 'up >'"))
    (tmp_path / "config.yaml").write_text("prometheus: {url: http://x}\nrule_files: ['*.yml']\nnope: 1")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml")
    assert [Path(problem.path).name for problem in caught.value.problems] == ["config.yaml", "a.yml"]


def test_rules_may_only_name_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES.replace(" up", " up, datasource: mian, notify: teem"))
    (tmp_path / "config.yaml").write_text(
        "prometheus: {url: http://x, name: main}\nrule_files: ['*.yml']\nreceivers: [{name: team}]"
    )
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml")
    assert [problem.hint for problem in caught.value.problems] == ['did you mean "main"?', 'did you mean "team"?']


def test_a_reload_keeps_the_last_good_rules(tmp_path: Path) -> None:
    path, rules = tmp_path / "config.yaml", tmp_path / "a.yml"
    path.write_text("prometheus: {url: http://x}\nrule_files: ['*.yml']")
    rules.write_text(RULES)
    first = load(path)
    rules.write_text("groups: [")
    second = reload(path, Overrides(), first)
    assert second.rules.groups == first.rules.groups
    assert [problem.path for problem in second.rules.problems] == ["a.yml"]
    path.write_text("nope: 1")
    with pytest.raises(ConfigError, match='unknown key "nope"'):
        reload(path, Overrides(), second)


def test_what_is_ignored_is_noted(config) -> None:
    found = config("inhibit_rules: [{}]\ntime_intervals: [{name: a}]\ntracing: {a: b}\nreceivers: [{name: a}]")
    assert [note.message for note in found.notes] == ["Alertmanager's tracing is ignored"]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read"):
        load(tmp_path / "gone.yaml")


def test_routes(config) -> None:
    found = config("""\
        route:
          receiver: a
          group_by: [alertname]
          group_wait: 1s
          labels: {x: "1", y: "1"}
          routes:
          - matchers: ['severity="critical"', 'b=~"c|d"']
            receiver: b
            group_by: ["..."]
            repeat_interval: 1h
            continue: true
            labels: {y: "2"}
            routes:
            - match: {z: 1}
              match_re: {z: a|b}
              group_by: []
          - matchers: [b=~"c|d", severity=critical]
        receivers: [{name: a}, {name: b}]
    """)
    root, first, below, second = found.route.walk()
    assert [node.key for node in (root, first, below, second)] == [
        "{}",
        '{}/{b=~"c|d",severity="critical"}',
        '{}/{b=~"c|d",severity="critical"}/{z="1",z=~"^(?:a|b)$"}',
        '{}/{b=~"c|d",severity="critical"}#2',
    ]
    assert [node.receiver for node in found.route.walk()] == ["a", "b", "b", "a"]
    assert [node.group_by for node in found.route.walk()] == [("alertname",), None, (), ("alertname",)]
    assert [node.repeat_interval for node in found.route.walk()] == [
        None, timedelta(hours=1), timedelta(hours=1), None,
    ]  # fmt: skip
    assert {node.group_wait for node in found.route.walk()} == {timedelta(seconds=1)}
    assert below.labels == Labels({"x": "1", "y": "2"})
    assert below.matchers == (Matcher("z", "=", "1"), Matcher("z", "=~", "^(?:a|b)$"))
    assert (first.continue_, below.continue_) == (True, False)


def test_intervals_of_time_are_not_inherited(config) -> None:
    found = config("""\
        route: {receiver: a, routes: [{active_time_intervals: [t], mute_time_intervals: [u], routes: [{}]}]}
        receivers: [{name: a}]
        time_intervals: [{name: t}]
        mute_time_intervals: [{name: u}]
    """)
    _, first, below = found.route.walk()
    assert (first.active_time_intervals, first.mute_time_intervals) == (("t",), ("u",))
    assert (below.active_time_intervals, below.mute_time_intervals) == ((), ())


ROUTE_MISTAKES = {
    "{receiver: aa}": 'config.yaml:1:19: unknown receiver "aa" (did you mean "a"?)',
    "{}": "the root route needs a receiver",
    "{receiver: a, matchers: [x=y]}": 'the root route cannot have "matchers"',
    "{receiver: a, match: {x: y}}": 'the root route cannot have "match"',
    "{receiver: a, continue: true}": 'the root route cannot have "continue"',
    "{receiver: a, mute_time_intervals: [x]}": 'the root route cannot have "mute_time_intervals"',
    "{receiver: a, routes: [{mute_time_intervals: [x]}]}": 'unknown time interval "x"',
    "{receiver: a, group_interval: 0s}": "group_interval cannot be zero",
    "{receiver: a, repeat_interval: 0s}": "repeat_interval cannot be zero",
    "{receiver: a, group_by: [x, x]}": "names a label twice",
    "{receiver: a, group_by: ['...', x]}": "means all labels",
    "{receiver: a, group_by: ['']}": "an empty label name",
    "{receiver: a, routes: [{matchers: ['x~y']}]}": "bad matcher",
    "{receiver: a, routes: [{match_re: {x: '('}}]}": "bad regular expression",
    "{receiver: a, routes: [{recever: a}]}": 'config.yaml:1:32: unknown key "recever" (did you mean "receiver"?)',
    "{receiver: a, routes: {}}": "route.routes: expected a list, found a mapping",
}


@pytest.mark.parametrize("route", ROUTE_MISTAKES)
def test_mistakes_in_routes(said, route: str) -> None:
    assert ROUTE_MISTAKES[route] in "\n".join(said(f"route: {route}\nreceivers: [{{name: a}}]"))


def test_a_repeat_shorter_than_the_group_interval_is_noted(config) -> None:
    found = config("route: {receiver: a, repeat_interval: 1m}\nreceivers: [{name: a}]")
    assert "repeat_interval 1m is shorter than group_interval 5m" in found.notes[0].message


def test_several_receivers_need_a_route(said) -> None:
    assert "there is no route" in said("receivers: [{name: a}, {name: b}]")[0]


SLACK_AND_MAIL = """
route: {receiver: a}
receivers:
- name: a
  slack_configs: [{channel: "#x"}]
  email_configs: [{to: ops@example.org}]
"""


def test_a_mistake_in_global_is_the_only_one_told(said) -> None:
    known = 'slack_api_url: "https://hooks.slack.com/x", smtp_smarthost: "mail:25"'
    (problem,) = said(f"global: {{{known}, smtp_fron: a@example.org}}" + SLACK_AND_MAIL)
    assert 'unknown key "smtp_fron" (did you mean "smtp_from"?)' in problem


def test_what_is_missing_in_a_global_that_can_be_read_is_told(said) -> None:
    assert len(said("global: {smtp_from: a@example.org}" + SLACK_AND_MAIL)) == 2
    assert len(said("global:" + SLACK_AND_MAIL)) == 2


def test_a_receiver_is_checked_although_global_cannot_be_read(said) -> None:
    found = said("global: {smtp_fron: x}" + SLACK_AND_MAIL.replace("#x", "{{ nope }}"))
    assert len(found) == 2
    assert "there is no function 'nope'" in found[1]


def test_a_variable_that_is_not_set_is_the_only_problem_of_its_value(said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    (problem,) = said("receivers: [{name: a, webhook_configs: [{url: '${HOOK}'}]}]")
    assert "HOOK is not set" in problem


def test_a_template_file_that_is_broken_is_not_missing(reading, tmp_path: Path) -> None:
    (tmp_path / "bad.tmpl").write_text('{{ define "mine" }}{{ nope }}{{ end }}')
    found = reading("""\
        templates: [bad.tmpl]
        receivers: [{name: a, webhook_configs: [{url: 'http://x/'}], email_configs: [
          {to: a@b.c, from: a@b.c, smarthost: 'm:25', html: '{{ template "mine" . }}'}]}]
    """)
    assert ["there is no function" in str(one) for one in found.problems] == [True]
    assert not [str(note) for note in found.notes if "mine" in str(note)]
