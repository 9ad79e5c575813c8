"""Prometheus' `/api/v1/rules` and `/api/v1/alerts` for our rules, so that Grafana and `alertd alerts` list them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from alertd.core.alerts import Alert, State
from alertd.core.board import Board, RuleStatus
from alertd.core.instants import rfc3339
from alertd.core.rules import Rule, RuleGroup
from alertd.templating.floats import formatted


def routes(board: Board) -> list[BaseRoute]:
    """The two endpoints."""

    async def rules(request: Request) -> JSONResponse:
        wanted = _Wanted(request)
        groups = [_group(group, board, wanted) for group in board.groups if wanted.group(group)]
        return _success({"groups": [group for group in groups if group["rules"]]})

    async def alerts(_: Request) -> JSONResponse:
        return _success({"alerts": [_alert(alert) for alert in board.alive() if not alert.posted]})

    return [Route("/api/v1/rules", rules), Route("/api/v1/alerts", alerts)]


class _Wanted:
    """The filters of `/api/v1/rules`."""

    def __init__(self, request: Request) -> None:
        query = request.query_params
        self.type = query.get("type", "alert")
        self.names = frozenset(query.getlist("rule_name[]"))
        self.groups = frozenset(query.getlist("rule_group[]"))
        self.files = frozenset(query.getlist("file[]"))
        self.alerts = query.get("exclude_alerts", "false") != "true"

    def group(self, group: RuleGroup) -> bool:
        fits = (not self.groups or group.name in self.groups) and (not self.files or group.file in self.files)
        return fits and self.type == "alert"

    def rule(self, rule: Rule) -> bool:
        return not self.names or rule.name in self.names


def _group(group: RuleGroup, board: Board, wanted: _Wanted) -> dict[str, Any]:
    statuses = [board.status(rule.key) for rule in group.rules]
    return {
        "name": group.name,
        "file": group.file,
        "rules": [
            _rule(rule, status, wanted) for rule, status in zip(group.rules, statuses, strict=True) if wanted.rule(rule)
        ],
        "interval": group.interval.total_seconds(),
        "limit": group.limit,
        "evaluationTime": sum(status.seconds for status in statuses),
        "lastEvaluation": rfc3339(max(_evaluated(statuses), default=None)),
    }


def _evaluated(statuses: Iterable[RuleStatus]) -> Iterator[datetime]:
    return (status.evaluated_at for status in statuses if status.evaluated_at is not None)


def _rule(rule: Rule, status: RuleStatus, wanted: _Wanted) -> dict[str, Any]:
    shown = {
        "state": _state(status),
        "name": rule.name,
        "query": rule.expr,
        "duration": rule.for_.total_seconds(),
        "keepFiringFor": rule.keep_firing_for.total_seconds(),
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
        "alerts": [_alert(alert) for alert in status.alerts.values()] if wanted.alerts else [],
        "health": status.health,
        "evaluationTime": status.seconds,
        "lastEvaluation": rfc3339(status.evaluated_at),
        "type": "alerting",
    }
    return {**shown, "lastError": status.error} if status.error else shown


def _state(status: RuleStatus) -> str:
    if status.evaluated_at is None:
        return "unknown"
    states = {alert.state for alert in status.alerts.values()}
    return next((str(state) for state in (State.FIRING, State.PENDING) if state in states), "inactive")


def _alert(alert: Alert) -> dict[str, Any]:
    shown = {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": str(alert.state),
        "activeAt": rfc3339(alert.active_at),
        "value": go_exponent(alert.value),
    }
    return {**shown, "keepFiringSince": rfc3339(alert.missing_since)} if alert.missing_since else shown


def go_exponent(value: float) -> str:
    """As Go formats a float with `%e` in the fewest digits: `1e+00`, `+Inf`."""
    return formatted(value, "e", None)


def _success(data: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse({"status": "success", "data": data})
