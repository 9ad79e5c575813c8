"""`alertd alerts`: what is pending and firing, as the running daemon sees it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from alertd.cli.calling import Call, call_options, word
from alertd.cli.client import Daemon, daemon_options, output_option
from alertd.cli.tables import Look, table
from alertd.core.instants import rfc3339
from alertd.core.labels import Labels
from alertd.templating.floats import formatted

_STYLES: Mapping[str, Look] = {
    "STATE": {"firing": {"bold": True}},
    "SEVERITY": {
        "critical": {"fg": "red"},
        "error": {"fg": "magenta"},
        "warning": {"fg": "yellow"},
        "info": {"fg": "cyan"},
    },
}
_COLUMNS = ("STATE", "SEVERITY", "ALERT", "SINCE", "VALUE", "MUTED", "LABELS")
_MUTERS = {"silencedBy": "silenced", "inhibitedBy": "inhibited", "mutedBy": "interval"}


@click.command()
@daemon_options
@call_options
@output_option
@click.option("--state", type=click.Choice(["pending", "firing"]), help="Only these.")
def command(daemon: Daemon, grpc: str | None, *, tls: bool, traceparent: str, output: str, state: str | None) -> None:
    """List the alerts of the running daemon: those of its rules, and those that others post."""
    call = Call(grpc, daemon.token_file, daemon.ca_file, tls, traceparent) if grpc else None
    found = _called(call) if call else _alerts(daemon)
    alerts = sorted((one for one in found if state in (None, one["state"])), key=_order)
    if output == "json":
        click.echo(json.dumps(alerts, indent=2, ensure_ascii=False))
    elif alerts:
        table(_COLUMNS, [_row(alert) for alert in alerts], _STYLES)
    else:
        click.echo(f"no alerts are {state or 'pending or firing'}")


def _alerts(daemon: Daemon) -> Iterator[Mapping[str, Any]]:
    """As Prometheus shows them, and those of others in the same form; with who mutes them."""
    told = {_key(one): one for one in daemon.get("/api/v2/alerts")}
    for alert in daemon.data("/api/v1/alerts")["alerts"]:
        twin = told.pop(_key(alert), None) if alert["state"] == "firing" else None
        fired = {"firedAt": _instant(twin["startsAt"])} if twin else {}
        yield {"fingerprint": Labels(alert["labels"]).fingerprint, **alert, **fired, **_muters(twin or {})}
    for one in told.values():
        since = {"state": "firing", "activeAt": _instant(one["startsAt"]), "value": ""}
        known = {"labels": one["labels"], "annotations": one["annotations"]}
        named = {"fingerprint": Labels(one["labels"]).fingerprint}
        yield {**named, **known, **since, "firedAt": since["activeAt"], **_muters(one)}


def _called(call: Call) -> Sequence[Mapping[str, Any]]:
    """The same over gRPC."""
    with call.answered() as client:
        return [_as_over_http(alert) for alert in client.alerts()]


def _as_over_http(alert: Mapping[str, Any]) -> Mapping[str, Any]:
    fired = {"firedAt": _instant(alert["firedAt"])} if alert.get("firedAt") else {}
    return {
        "fingerprint": alert["fingerprint"],
        "labels": dict(sorted(alert["labels"].items())),
        "annotations": dict(sorted(alert["annotations"].items())),
        "state": word(alert["state"]),
        "activeAt": _instant(alert["activeAt"]),
        "value": "" if alert["posted"] else formatted(float(alert["value"]), "e", None),
        **fired,
        **{name: alert["muters"][name] for name in _MUTERS if alert["muters"][name]},
    }


def _instant(text: str) -> str:
    """As Prometheus writes them, whoever has written this one."""
    return rfc3339(datetime.fromisoformat(text))


def _muters(alert: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    status = alert.get("status", {})
    return {name: status[name] for name in _MUTERS if status.get(name)}


def _key(alert: Mapping[str, Any]) -> Any:
    return tuple(sorted(alert["labels"].items()))


def _order(alert: Mapping[str, Any]) -> Any:
    return alert["state"], alert["labels"].get("alertname", ""), _key(alert)


def _row(alert: Mapping[str, Any]) -> Sequence[str]:
    labels = alert["labels"]
    rest = [f"{name}={value}" for name, value in labels.items() if name not in ("alertname", "severity")]
    since = str(alert.get("firedAt", alert["activeAt"])).partition(".")[0].rstrip("Z") + "Z"
    return (
        alert["state"],
        labels.get("severity", "-"),
        labels.get("alertname", ""),
        since,
        f"{float(alert['value']):g}" if alert["value"] else "-",
        ",".join(word for name, word in _MUTERS.items() if name in alert) or "-",
        " ".join(rest),
    )
