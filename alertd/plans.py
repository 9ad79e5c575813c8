"""A configuration becomes the plan that the engine follows."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote_plus

from alertd.config.values import Config
from alertd.core.intervals import Calendar
from alertd.core.receivers import Integration
from alertd.core.rules import Rule, RuleGroup
from alertd.edges import Edges
from alertd.engine import selfrules
from alertd.engine.asking import Sources
from alertd.engine.engine import Plan
from alertd.engine.routing import Routing
from alertd.ports import Conditions, Datasource


def plan(config: Config, edges: Edges, own: Datasource, conditions: Conditions) -> Plan:
    """The configuration as the engine follows it, with the rules by which alertd watches itself."""
    urls = {one.name: one.url for one in config.datasources}
    if config.datasources:
        urls[""] = config.datasources[0].url
    receivers = {
        receiver.name: tuple(Integration(one.id, one.receiver, one.send_resolved) for one in receiver.integrations)
        for receiver in config.receivers
    }
    return Plan(
        groups=[*(_linked(group, urls) for group in config.rules.groups), selfrules.GROUP],
        sources=Sources({**edges.datasources, selfrules.NAME: own}, conditions),
        routing=Routing(
            config.route,
            receivers,
            config.web.external_url,
            config.inhibit_rules,
            Calendar(config.intervals),
            config.flapping,
            config.storms,
        ),
        notifiers=edges.notifiers,
        external_labels=config.evaluation.external_labels,
        outage_tolerance=config.evaluation.outage_tolerance,
    )


def _linked(group: RuleGroup, urls: Mapping[str, str]) -> RuleGroup:
    return replace(group, rules=tuple(replace(rule, source_url=_graph(rule, urls)) for rule in group.rules))


def _graph(rule: Rule, urls: Mapping[str, str]) -> str:
    """Where a person sees this expression drawn: the graph page of the server that answers it."""
    base = urls.get(rule.datasource, "")
    return f"{base.rstrip('/')}/graph?g0.expr={quote_plus(rule.expr)}&g0.tab=1" if base else ""
