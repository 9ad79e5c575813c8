"""`alertd notify test RECEIVER`: one marked message through the real notifiers, and what the other side said."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import click

from alertd.cli.client import output_option
from alertd.cli.paths import FILE
from alertd.cli.problems import fail
from alertd.cli.terminal import words
from alertd.config import load
from alertd.config.values import Config, Overrides, Receiver
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.errors import ConfigError, DeliveryError
from alertd.ports import Notifier

_LONGEST = 60.0
_NAME = "[TEST] AlertdTest"  # the name of the alert is what every receiver shows first


@click.group()
def command() -> None:
    """Try the ways of telling people."""


@command.command(short_help="Send a marked test message to a receiver.")
@click.argument("receiver")
@click.option("--config", type=FILE, required=True, help="The configuration file.")
@click.option("--severity", default="info", show_default=True, help="The severity of the test alert.")
@output_option
def test(receiver: str, config: Path, severity: str, output: str) -> None:
    """Send a marked test message to RECEIVER, once, without retry; exit 1 if anybody refused it."""
    from alertd.clock import SystemClock
    from alertd.edges import Edges, open_edges
    from alertd.telemetry.observers import Observers

    clock = SystemClock()
    try:
        loaded = load(config, Overrides())
        notifiers = open_edges(loaded, Edges(), Observers(), clock).notifiers
    except ConfigError as error:
        fail(error)
    found = _find(loaded, receiver)
    answers = asyncio.run(_send_all(found, notifiers, loaded, severity, clock.now()))
    _print(answers, output)
    sys.exit(any(error for _, error in answers.values()))


def _find(config: Config, name: str) -> Receiver:
    for receiver in config.receivers:
        if receiver.name == name:
            return receiver
    known = ", ".join(receiver.name for receiver in config.receivers)
    raise click.BadParameter(f"no receiver is called {name!r}; the configuration has: {known}", param_hint="RECEIVER")


Answers = Mapping[str, tuple[str, str]]  # integration id: what was said, the error


async def _send_all(
    receiver: Receiver, notifiers: Mapping[str, Notifier], config: Config, severity: str, now: datetime
) -> Answers:
    ids: Sequence[str] = [one.id for one in receiver.integrations]
    sent = [_send(notifiers[name], _message(receiver.name, name, config, severity, now)) for name in ids]
    try:
        return dict(zip(ids, await asyncio.gather(*sent), strict=True))
    finally:
        for notifier in notifiers.values():
            await notifier.aclose()


async def _send(notifier: Notifier, message: Notification) -> tuple[str, str]:
    try:
        async with asyncio.timeout(_LONGEST):
            return await notifier.send(message), ""
    except DeliveryError as error:
        return "", words(error)
    except TimeoutError:
        return "", f"no answer within {_LONGEST:.0f} s"


def _message(receiver: str, integration: str, config: Config, severity: str, now: datetime) -> Notification:
    labels = Labels({"alertname": _NAME, "severity": severity, "test": "true"})
    annotations = {
        "summary": "This is a test message from alertd",
        "description": "Somebody ran `alertd notify test`. Nothing is wrong, and nothing has to be done.",
    }
    return Notification(
        id=str(uuid4()),
        receiver=receiver,
        integration=integration,
        reason=Reason.TEST,
        at=now,
        alerts=(NotifiedAlert(labels, annotations, now),),
        group_key=f'{{}}/test:{{alertname="{_NAME}", id="{uuid4()}"}}',
        group_labels=labels.only(["alertname"]),
        external_url=config.web.external_url,
    )


def _print(answers: Answers, output: str) -> None:
    if output == "json":
        shown = {name: {"accepted": not error, "said": said, "error": error} for name, (said, error) in answers.items()}
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if not answers:
        click.echo("this receiver has no integrations: it tells nobody")
    for name, (said, error) in answers.items():
        click.echo(f"{name}: {'refused: ' + error if error else 'accepted: ' + (said or 'no comment')}")
