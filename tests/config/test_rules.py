"""Rule files: what becomes of every key, and what is said about every mistake."""

from datetime import timedelta
from pathlib import Path
from textwrap import dedent, indent

import pytest

from alertd.config.rules import FileRules, RuleDefaults, RuleSet, keep_good, load_file, load_rules, parse_rules
from alertd.core.rules import OnTrouble, Rule
from alertd.errors import ConfigError

ANY = RuleDefaults()


def rules(text: str, defaults: RuleDefaults = ANY) -> FileRules:
    return parse_rules(dedent(text), defaults, "f.yml")


def rule(body: str, defaults: RuleDefaults = ANY) -> Rule:
    found = rules(in_group(body), defaults)
    assert found.problems == ()
    return found.groups[0].rules[0]


def in_group(body: str) -> str:
    return "groups:\n- name: g\n  rules:\n" + indent(dedent(body).strip(), "  ")


def said(text: str, defaults: RuleDefaults = ANY) -> list[str]:
    return [str(problem) for problem in rules(text, defaults).problems]


def test_every_key() -> None:
    found = rules("""\
        groups:
        - name: disks
          interval: 30s
          query_offset: 10s
          limit: 0x10
          labels: {team: storage, tier: 1}
          datasource: second
          cooldown: 1h
          rules:
          - alert: DiskFillsUp
            expr: free < 0.1
            for: 5m
            keep_firing_for: 10m
            labels: {tier: 2, empty: ~}
            annotations: {summary: "{{ $labels.instance }}"}
            description: nearly full
            severity: warning
            cooldown: 2h
            datasource: third
            on_error: fire
            notify: on-call
            runbook_url: https://example.org
            enabled: no
        """)
    assert found.problems == found.notes == ()
    (group,) = found.groups
    assert (group.name, group.file, group.limit, group.interval, group.query_offset) == (
        "disks", "f.yml", 16, timedelta(seconds=30), timedelta(seconds=10),
    )  # fmt: skip
    assert group.rules == (
        Rule(
            name="DiskFillsUp",
            expr="free < 0.1",
            file="f.yml",
            group="disks",
            line=10,
            for_=timedelta(minutes=5),
            keep_firing_for=timedelta(minutes=10),
            labels={"team": "storage", "tier": "2", "empty": "", "severity": "warning"},
            annotations={
                "description": "nearly full",
                "runbook_url": "https://example.org",
                "summary": "{{ $labels.instance }}",
            },
            cooldown=timedelta(hours=2),
            notify=("on-call",),
            on_error=OnTrouble.FIRE,
            datasource="third",
            enabled=False,
        ),
    )


def test_defaults_come_from_the_group_then_from_the_configuration() -> None:
    defaults = RuleDefaults(timedelta(seconds=15), timedelta(seconds=3), timedelta(hours=3))
    assert rule("- {alert: A, expr: up}", defaults).cooldown == timedelta(hours=3)
    found = rules("groups: [{name: g, cooldown: 0s, datasource: x, rules: [{alert: A, expr: up}]}]", defaults)
    (group,) = found.groups
    assert (group.interval, group.query_offset) == (timedelta(seconds=15), timedelta(seconds=3))
    assert (group.rules[0].cooldown, group.rules[0].datasource) == (timedelta(0), "x")


@pytest.mark.parametrize(
    "text",
    ["", "# nothing", "groups:", "groups: []", "{}", "groups: [{name: a}]", "groups: [{name: a, rules: }]",
     "groups: [{name: a, limit: -5, interval: 0s}]", "groups: [{name: 5}]", "---\ngroups: []\n...\n"],
)  # fmt: skip
def test_files_without_rules(text: str) -> None:
    found = rules(text)
    assert found.groups == found.problems == ()


def test_text_is_what_was_written() -> None:
    found = rule("- {alert: 1, expr: 1, labels: {severity: 2, page: yes, code: 0777, none: ~, when: 2001-01-01}}")
    assert (found.name, found.expr) == ("1", "1")
    assert found.labels == {"severity": "2", "page": "yes", "code": "0777", "none": "", "when": "2001-01-01"}


def test_a_written_description_wins() -> None:
    found = rule("- {alert: A, expr: up, description: a, annotations: {description: b}}")
    assert found.annotations == {"description": "b"}


def test_severities_that_agree() -> None:
    assert rule("- {alert: A, expr: up, severity: error, labels: {severity: error}}").labels == {"severity": "error"}


def test_twins_are_told_apart() -> None:
    body = "\n".join(
        f"- {{alert: A, expr: up > {number}, labels: {{x: '{label}'}}}}" for number, label in enumerate("aabab")
    )
    (group,) = rules(in_group(body)).groups
    assert [one.twin for one in group.rules] == [0, 1, 0, 2, 1]
    assert len({one.key for one in group.rules}) == 5


def test_recording_rules_are_listed_as_skipped() -> None:
    found = rules(in_group("- {record: a:b, expr: up, labels: {x: '{{ bad'}}\n- {alert: A, expr: up}"))
    assert found.problems == ()
    assert [(one.name, one.group, one.line) for one in found.skipped] == [("a:b", "g", 4)]
    assert [one.name for one in found.groups[0].rules] == ["A"]


def test_when() -> None:
    judged = rule("""\
        - alert: DiskFull
          expr: free
          when: |
            value < (0.15 if firing else 0.10)
            and labels.fstype != "tmpfs"
          on_no_data: fire
        """)
    assert judged.when is not None
    assert judged.when.text.startswith("value <")
    assert judged.on_no_data is OnTrouble.FIRE
    assert judged.script is None


def test_a_script(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks/shop.py").write_text("def burn(prom, budget, regions, strict, since): ...\n")
    body = """\
        - alert: Burns
          python: checks/shop.py:burn
          params: {budget: 0.9, regions: [eu, 1], strict: true, since: "2026"}
          timeout: 20s
        """
    (tmp_path / "f.yml").write_text(in_group(body))
    found = load_file(tmp_path / "f.yml", ANY)
    assert found.problems == ()
    script = found.groups[0].rules[0].script
    assert script is not None
    assert script.path == str(tmp_path / "checks/shop.py")
    assert script.function == "burn"
    assert script.params == {"budget": 0.9, "regions": ["eu", 1], "strict": True, "since": "2026"}
    assert script.timeout == timedelta(seconds=20)


def test_all_documents_count() -> None:
    found = rules("groups: [{name: a, rules: [{alert: A, expr: up}]}]\n---\ngroups: [{name: a}, {name: b}]\n")
    assert [group.name for group in found.groups] == ["a"]
    assert [problem.line for problem in found.problems] == [3]


def test_empty_entries_are_noted() -> None:
    found = rules("groups: [~, {name: a, rules: [~, {alert: A, expr: up}]}]")
    assert found.problems == ()
    assert len(found.notes) == 2


MISTAKES = {
    "- {alert: A, exprr: up}": ['4:5: group "g", rule "A": a rule needs an expression (add "expr")',
                                '4:16: group "g", rule "A": unknown key "exprr" (did you mean "expr"?)'],
    "- {alert: A, expr: up, runbook: x}": ['4:26: group "g", rule "A": unknown key "runbook" ',
                                           '(write "runbook_url", or put "runbook" under "annotations")'],
    "- {expr: up}": ['4:5: group "g", rule "#1": a rule needs a name (add "alert", or "record" for a recording rule)'],
    "- {alert: A, record: B, expr: up}": ['4:24: group "g", rule "A": a rule is either "alert" or "record", not both ',
                                           "(make two rules of it)"],
    "- {alert: A, expr: 'up >'}": ['4:26: group "g", rule "A": could not parse the expression: ',
                                   "not valid PromQL: it ends too early"],
    "- {alert: A, expr: up, for: 5}": ['for: not a duration: \'5\''],
    "- {alert: A, expr: up, for: 1.5h}": ["not a duration"],
    "- {alert: A, expr: up, for: [5m]}": ["for: expected a duration, like 5m, found a list"],
    "- {alert: A, expr: [up]}": ['4:22: group "g", rule "A": expr: expected text, found a list'],
    "- {alert: A, expr: up, labels: [a]}": ["labels: expected a mapping, found a list"],
    "- {alert: A, expr: up, labels: x}": ["labels: expected a mapping, found text"],
    "- {alert: A, expr: up, labels: {a: [1]}}": ["4:38:", "labels.a: expected text, found a list"],
    "- {alert: A, expr: up, labels: {__name__: a}}": ["the label __name__ cannot be set"],
    "- {alert: A, expr: up, labels: {'': a}}": ["a label needs a name"],
    '- {alert: A, expr: up, labels: {a: "x\\0"}}': ["labels.a: holds a NUL character"],
    "- {alert: A, expr: up, labels: {severity: page}, severity: error}": [
        'severity is "error", but labels.severity is "page" (keep one of them)'],
    "- {alert: A, expr: up, severity: page}": ["severity: must be 'info', 'warning', 'error' or 'critical'"],
    "- {alert: A, expr: up, on_error: wait}": ["on_error: must be 'hold', 'fire' or 'resolve'"],
    "- {alert: A, expr: up, enabled: maybe}": ["enabled: neither true nor false: 'maybe'"],
    "- {alert: A, expr: up, annotations: {a: '{{ $labels.x'}}": ["4:43:", "annotations.a: bad template"],
    "- {alert: A, expr: up, description: '{{ $nope }}'}": ["description: bad template"],
    "- {record: a, expr: up, for: 5m}": ['a recording rule cannot have "for"'],
    "- {record: a, expr: up, severity: error}": ['a recording rule cannot have "severity"'],
    "- {record: 'a{}', expr: up}": ["cannot hold braces"],
    "- {alert: A, expr: up, when: valu > 1}": [
        '4:32: group "g", rule "A": when: unknown name "valu" at character 1 (did you mean "value"?)'],
    "- {alert: A, expr: up, when: value}": ["when: the condition is a number", "(compare it: value > 5)"],
    "- {alert: A, when: value > 1}": ['"when" stands only beside "expr"', "a rule needs an expression"],
    "- {alert: A, expr: up, on_no_data: fire}": ['4:26: group "g", rule "A": "on_no_data" stands only beside "when"'],
    "- {alert: A, expr: up, timeout: 1s}": ['"timeout" stands only beside "python"'],
    "- {alert: A, expr: up, params: {a: 1}}": ['"params" stands only beside "python"'],
    "- {alert: A, python: nowhere.py:check}": ["python: there is no file", "relative to the rule file"],
    "- {alert: A, python: check}": ["python: names a file and a function in it, like conditions/checkout"],
    "- {alert: A, expr: up, python: nowhere.py:check}": ['a rule has either "expr" or "python", not both'],
    "- {alert: A, python: nowhere.py:check, timeout: 0s}": ["timeout: must be longer than zero"],
    "- {record: a, expr: up, when: value > 1}": ['a recording rule cannot have "when"'],
    "- up": ['4:5: group "g", rule "#1": expected a mapping, found text'],
    "- [up]": ["expected a mapping, found a list"],
    "- {alert: A, expr: up, update_entries_limit: x}": ["update_entries_limit: not a whole number: 'x'"],
    "- {alert: A, expr: up, partial_response_strategy: warn}": ["Thanos has it beside the name of the group"],
}  # fmt: skip


@pytest.mark.parametrize("body", MISTAKES)
def test_mistakes_in_a_rule(body: str) -> None:
    text = "\n".join(said(in_group(body)))
    assert text.startswith("f.yml:4:")
    for part in MISTAKES[body]:
        assert part in text


GROUP_MISTAKES = {
    "[]": "f.yml:1:1: expected a mapping, found a list",
    "foo": "f.yml:1:1: expected a mapping, found text",
    "groups: {}": "f.yml:1:9: groups: expected a list, found a mapping",
    "groups: [x]": 'f.yml:1:10: group "#1": expected a mapping, found text',
    "grups: []": 'f.yml:1:1: unknown key "grups" (did you mean "groups"?)',
    "apiVersion: v1": "under its `spec`",
    "route: {}": "this is a configuration, no rule file (`alertd check --config FILE`",
    "groups: [{rules: []}]": 'f.yml:1:10: group "#1": a group needs a name (add "name")',
    "groups: [{name: a}, {name: a}]": 'f.yml:1:28: group "a": a second group named "a" (the first is in line 1',
    "groups: [{name: a, limit: x}]": "limit: not a whole number: 'x'",
    "groups: [{name: a, interval: ''}]": "interval: not a duration: ''",
    "groups: [{name: a, type: graphite}]": "type: must be 'prometheus'",
    "groups: [{name: a, eval_offset: 2m}]": "eval_offset must be shorter than the interval",
    "groups: [{name: a, headers: [foo]}]": "headers.0: a header is written Name: value",
    "groups: [{name: a, partial_response_strategy: no}]": "partial_response_strategy: must be",
    "groups: [{name: a, labels: {a: '{{'}}]": "labels.a: bad template",
}


@pytest.mark.parametrize("text", GROUP_MISTAKES)
def test_mistakes_in_a_file_or_group(text: str) -> None:
    assert GROUP_MISTAKES[text] in "\n".join(said(text))


def test_every_problem_of_a_file_is_told_in_order() -> None:
    problems = rules("""\
        groups:
        - name: a
          intervall: 1m
          rules:
          - {alert: A, expr: 'up >', for: x, labels: {__name__: y}, nope: 1}
          - {alert: B, expr: up}
        - name: a
          rules: [{record: c}]
        """).problems
    assert [problem.line for problem in problems] == [3, 5, 5, 5, 5, 7, 8]
    assert [problem.rule for problem in problems] == ["", "A", "A", "A", "A", "", "c"]


def test_names_a_configuration_does_not_have() -> None:
    known = RuleDefaults(datasources=frozenset(["main"]), receivers=frozenset(["on-call", "team"]))
    body = "- {alert: A, expr: up, datasource: mian, notify: [team, oncall]}"
    assert said(in_group(body), known) == [
        'f.yml:4:38: group "g", rule "A": unknown datasource "mian" (did you mean "main"?)',
        'f.yml:4:59: group "g", rule "A": unknown receiver "oncall" (did you mean "on-call"?)',
    ]
    assert said(in_group(body)) == []


def test_keys_of_thanos_and_vmalert_are_noted() -> None:
    found = rules("""\
        groups:
        - name: g
          partial_response_strategy: warn
          concurrency: 2
          eval_delay: 30s
          type: prometheus
          params: {nocache: ["1"]}
          headers: ["X: y"]
          rules: [{alert: A, expr: up, debug: true, update_entries_limit: 40}]
        """)
    assert found.problems == ()
    assert len(found.notes) == 7
    assert found.groups[0].query_offset == timedelta(seconds=30)
    assert {note.line for note in found.notes} == {3, 4, 5, 7, 8, 9}


def test_names_older_servers_refuse_are_noted() -> None:
    (note,) = rules(in_group("- {alert: A, expr: up, labels: {'a.b': c}}")).notes
    assert "Prometheus 3" in note.message


def test_what_cannot_be_checked_is_noted() -> None:
    (note,) = rules(in_group("- {alert: A, expr: 'rate(x[5m*2])'}")).notes
    assert (note.line, note.rule) == (4, "A")


def test_no_yaml_at_all() -> None:
    with pytest.raises(ConfigError, match=r"f\.yml:1:5: not valid YAML"):
        rules("a: b: c")


def write(path: Path, name: str = "A", group: str = "g") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"groups: [{{name: {group}, rules: [{{alert: {name}, expr: up}}]}}]")


def test_globs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("b.yml", "a.yml", "deep/er/c.yml", "deep/x.txt"):
        write(home / name)
    write(tmp_path / "beside.yml")
    patterns = ["*.yml", "**/*.yml", "a.yml", str(home / "b.yml"), "../beside.yml", "nope/*.yml", "deep"]
    found = load_rules([*patterns, str(tmp_path / "beside.yml")], ANY, home)
    assert [file.path for file in found.files] == ["../beside.yml", "a.yml", "b.yml", "deep/er/c.yml"]
    assert [group.key for group in found.groups][:2] == ["../beside.yml;g", "a.yml;g"]
    assert [str(note) for note in found.notes] == [
        "nope/*.yml: no file matches (check the path)",
        "deep: no file matches (it is a directory: write deep/*.yml)",
    ]


def test_a_file_outside_is_named_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "beside.yml")
    (tmp_path / "home").mkdir()
    found = load_rules([str(tmp_path / "*.yml")], ANY, tmp_path / "home")
    assert [file.path for file in found.files] == [str(tmp_path / "beside.yml")]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    found = load_file(tmp_path / "gone.yml", ANY, "gone.yml")
    assert [str(problem) for problem in found.problems] == [
        "gone.yml: cannot be read: No such file or directory (check the path and the permissions)"
    ]


def test_the_last_good_version_of_a_file_is_kept(tmp_path: Path) -> None:
    def names(found: RuleSet) -> list[str]:
        return [one.name for group in found.groups for one in group.rules]

    write(tmp_path / "a.yml", "Old")
    write(tmp_path / "b.yml", "Kept")
    old = load_rules(["*.yml"], ANY, tmp_path)
    (tmp_path / "b.yml").write_text("groups: [{name: g, rules: [{alert: Broken, expr: 'up >'}]}]")
    write(tmp_path / "a.yml", "New")
    (tmp_path / "c.yml").write_text("[")
    new = keep_good(load_rules(["*.yml"], ANY, tmp_path), old)
    assert names(new) == ["New", "Kept"]
    assert [problem.path for problem in new.problems] == ["b.yml", "c.yml"]
    (tmp_path / "c.yml").unlink()
    again = keep_good(load_rules(["*.yml"], ANY, tmp_path), new)
    assert names(again) == ["New", "Kept"]
    write(tmp_path / "b.yml", "Mended")
    mended = keep_good(load_rules(["*.yml"], ANY, tmp_path), again)
    assert names(mended) == ["New", "Mended"]
    assert mended.problems == ()
