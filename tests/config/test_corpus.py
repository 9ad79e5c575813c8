"""Real files: what promtool accepts loads, and what it rejects is rejected, save for what alertd gives a meaning to."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from alertd.config import routing, yamltext
from alertd.config.alertmanager import RouteEntry
from alertd.config.load import read
from alertd.config.problems import Place
from alertd.config.rules import FileRules, RuleDefaults, load_file
from alertd.config.values import Overrides
from alertd.core import routes
from alertd.core.labels import Labels
from tests.config import corpus
from tests.config.schemas import violations

# Why alertd accepts what promtool 2.42 says no to. Every complaint about an accepted file must be one of these.
REASONS = {
    r"field partial_response_strategy not found in type rulefmt\.RuleGroup": "Thanos'; noted as ignored",
    r"field (concurrency|eval_alignment|eval_delay|eval_offset|headers|notifier_headers|params|tenant|type|debug)"
    r" not found in type rulefmt\.RuleGroup": "vmalert's; noted as ignored",
    r"field (debug|update_entries_limit) not found in type rulefmt\.RuleNode": "vmalert's; noted as ignored",
    r"field (labels|query_offset) not found in type rulefmt\.RuleGroup": "Prometheus 3 has it",
    r"field (datasource|cooldown) not found in type rulefmt\.RuleGroup": "alertd has it",
    r"field (description|severity|cooldown|datasource|on_error|notify|runbook_url|enabled)"
    r" not found in type rulefmt\.RuleNode": "alertd has it",
    r"invalid (label|annotation) name": "names are UTF-8 in Prometheus 3",
    r"invalid recording rule name": "names are UTF-8 in Prometheus 3",
    r"unexpected string .* in (grouping opts|label matching)": "names are UTF-8 in Prometheus 3",
}
_COMPLAINT = re.compile(r"(?:line \d+: |group \").*")


def load(entry: Mapping[str, Any]) -> FileRules:
    return load_file(corpus.HOME / entry["file"], RuleDefaults(), entry["file"])


@corpus.present
def test_what_promtool_accepts_loads() -> None:
    accepted = corpus.select("rules", "promtool_check", "pass")
    problems = [str(problem) for entry in accepted for problem in load(entry).problems]
    assert problems == []
    assert accepted


@corpus.present
def test_what_promtool_rejects_is_rejected_or_has_a_meaning_here() -> None:
    unexplained = []
    for entry in corpus.select("rules", "promtool_check", "fail"):
        found = load(entry)
        if found.problems:
            assert all(problem.path == entry["file"] and problem.line and problem.message for problem in found.problems)
            continue
        complaints = _COMPLAINT.findall(entry["promtool_error"])
        complaints = complaints[:-1] or complaints  # the manifest may have cut off the last one
        unexplained += [
            (entry["file"], complaint)
            for complaint in complaints or ["no complaint"]
            if not any(re.search(reason, complaint) for reason in REASONS)
        ]
    assert unexplained == []


@corpus.present
def test_nothing_is_lost_on_the_way() -> None:
    for entry in corpus.select("rules", "promtool_check", "pass"):
        found = load(entry)
        assert sum(len(group.rules) for group in found.groups) == entry["alerts"], entry["file"]
        assert len(found.skipped) == entry["records"], entry["file"]


@corpus.present
def test_the_schema_accepts_what_promtool_accepts() -> None:
    for entry in corpus.select("rules", "promtool_check", "pass"):
        text = (corpus.HOME / entry["file"]).read_text()
        tree = next(iter(yaml.load_all(text, Loader=yaml.CSafeLoader)), None)
        assert list(violations("rules", tree or {})) == [], entry["file"]


@corpus.present
def test_what_amtool_accepts_loads() -> None:
    """All of it but `${NAME}`, which is the environment's here."""
    problems = []
    for entry in corpus.select("alertmanager", "amtool_check", "pass"):
        reading = read(corpus.HOME / entry["file"], Overrides(prometheus_url="http://localhost:9090"))
        problems += [
            str(problem) for problem in reading.problems if not problem.message.startswith("the environment variable")
        ]
    assert problems == []


@corpus.present
def test_alerts_go_where_amtool_says() -> None:
    golden = json.loads((corpus.HOME / "golden/alertmanager_routing.json").read_text())["cases"]
    wrong = []
    for entry in golden:
        path = corpus.HOME / entry["config"]
        (root,) = yamltext.parse(yamltext.read(path, entry["config"]))
        place = Place(entry["config"], root.find(("route",)))
        receivers = frozenset(str(item.find(("name",)).text) for item in root.find(("receivers",)).items or ())
        intervals = {"time_intervals", "mute_time_intervals"} & set(root.entries or ())
        names = {str(one.find(("name",)).text) for key in intervals for one in root.find((key,)).items or ()}
        tree = routing.build(
            RouteEntry.model_validate(place.node.tree()), routing.Names(receivers, frozenset(names)), place
        )
        assert place.found == []
        for case in entry["cases"]:
            found = [route.receiver for route in routes.match(tree, Labels(case["labels"]))]
            if found != case["receivers"]:
                wrong.append((entry["config"], case, found))
    assert wrong == []
    assert golden
