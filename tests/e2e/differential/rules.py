"""The rule files that both sides read: quick, and with the same meaning for both."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.config import corpus
from tests.house.test_rules import PROMETHEUS_RULE, only, translated
from tests.house.tree import ROOT

INTERVAL = 3
INSTANT = "differential_instant"  # a series with the exact instants at which Prometheus evaluated a group
OWN = Path(__file__).with_name("rules.yml")
CORPUS = (
    "AET-DevOps25+team-code-compass/monitoring/prometheus-alert-rules.yml",
    "ALLiDoizCode+connector/monitoring/prometheus/alerts/connector-alerts.yml",
    "Dumorro+genai-auto/alerts.yml",
    "VictoriaMetrics+VictoriaMetrics/app/vmalert/config/testdata/rules/rules-query-good.yml",
    "mattrussi+gitlab-com-runbooks/rules/redis.yml",
    "ministryofjustice+cloud-platform-terraform-monitoring/resources/prometheusrule-alerts/node-alerts.0.0.yml",
    "openebs+monitoring/deploy/charts/rules/cStor/cstor-rules.yml",
    "openebs+monitoring/deploy/charts/rules/lvmLocalPV/lvmlocalpv-rules.yml",
    "prometheus-operator+kube-prometheus/manifests/prometheus-prometheusRule.0.0.yml",
    "red-hat-storage+ocs-operator/metrics/deploy/prometheus-ocs-rules.0.0.yml",
    "rook+rook/deploy/charts/rook-ceph-cluster/prometheus/localrules.yml",
    "samber+awesome-prometheus-alerts/dist/rules/docker-containers/google-cadvisor.yml",
    "sapcc+helm-charts/openstack/limes/alerts/openstack/api.yml",
    "wikimedia+operations-alerts/team-netops/bgp.yml",
    "wikimedia+operations-alerts/team-netops/interfaces.yml",
    "wikimedia+operations-alerts/team-search-platform/cirrussearch.yml",
    "wikimedia+operations-alerts/team-sre/ganeti.yml",
    "wikimedia+operations-alerts/team-sre/mw-on-k8s.yml",
)
_RANGE = re.compile(r"\[\s*(\d+[smhdwy])+\s*(:[^\]]*)?\]")
_OFFSET = re.compile(r"\boffset\s+-?(\d+[smhdwy])+")
_ITS_OWN = re.compile(r"\bALERTS|\bscrape_|[\s(]@\s")  # what depends on more than the data


def sources() -> list[Path]:
    """Our own rules and those of others, where they are."""
    others = [corpus.HOME / "rules" / name for name in CORPUS]
    return [OWN, *sorted((ROOT / "rules").glob("*.yml")), *others]


def write(paths: list[Path], ours: Path, theirs: Path) -> list[dict[str, Any]]:
    """Every file for both sides, under the same name; the groups, as alertd reads them, with their `file`."""
    groups = []
    for index, path in enumerate(paths):
        name = f"{index:02}-{path.name}"
        found = list(_groups(path, name))
        groups += [{**group, "file": name} for group in found]
        (ours / name).write_text(_text(found))
        (theirs / name).write_text(_text([_for_prometheus(group) for group in found]))
    return groups


def _text(groups: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True)


def _groups(path: Path, name: str) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(path.read_text())["groups"]:
        rules = [_quick(rule) for rule in group["rules"] if _comparable(rule)]
        instant = {"record": INSTANT, "labels": {"group": f"{name}/{group['name']}"}, "expr": "vector(time())"}
        if rules:
            yield {"name": group["name"], "interval": f"{INTERVAL}s", "rules": [*rules, instant]}


def _comparable(rule: dict[str, Any]) -> bool:
    """Whether both sides know the rule, and it reads nothing but the data."""
    return {"alert", "expr"} <= rule.keys() and "when" not in rule and not _ITS_OWN.search(str(rule["expr"]))


def _quick(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule with all times shortened to seconds."""
    chance = random.Random(rule["alert"])
    waits = {"for": chance.choice(["3s", "5s", "6s", "10s"])} if rule.get("for", "0s") not in ("0s", "0m", 0) else {}
    if "keep_firing_for" in rule or chance.random() < 0.3:
        waits["keep_firing_for"] = chance.choice(["2s", "3s", "7s"])
    return {**rule, **waits, "expr": quick_expr(str(rule["expr"]))}


def quick_expr(expr: str) -> str:
    """The expression with ranges and offsets of seconds."""
    shorter = _RANGE.sub(lambda match: "[8s:2s]" if match[2] else "[6s]" if "m" in match[1] else "[12s]", expr)
    return _OFFSET.sub("offset 4s", shorter)


def _for_prometheus(group: dict[str, Any]) -> dict[str, Any]:
    rules = [translated(rule) if "alert" in rule else rule for rule in group["rules"]]
    return {**group, "rules": [only(rule, PROMETHEUS_RULE | {"record"}) for rule in rules]}
