"""`alertd run`: the daemon, with its flags, its signals and the few lines it says when it starts."""

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from alertd import __version__
from alertd.cli import allocator, unneeded
from alertd.cli.grammars import matchers_option
from alertd.cli.paths import FILE
from alertd.cli.problems import fail
from alertd.cli.times import duration
from alertd.clock import SystemClock
from alertd.config import load
from alertd.config.load import COMMAND_LINE
from alertd.config.secrets import environment
from alertd.config.values import Config, Overrides
from alertd.core.matchers import Grammar
from alertd.errors import ConfigError, HeldError, StoreError
from alertd.ports import Clock, Store

if TYPE_CHECKING:
    from alertd.app import App
    from alertd.telemetry.journal import Journal

_LAST_TRACES = 5.0  # seconds in which they are exported at the end
_WRONG_USAGE = 2
_LOOK_AGAIN = timedelta(seconds=1)
_ELSEWHERE = "--listen names another address."
_PORTS = "Ports below 1024 need root, or the capability CAP_NET_BIND_SERVICE."
_LISTENING = {
    errno.EADDRINUSE: f"Is another alertd (or Alertmanager) running there? {_ELSEWHERE}",
    errno.EADDRNOTAVAIL: f"This machine does not have the address. {_ELSEWHERE}",
    errno.EACCES: f"{_PORTS} {_ELSEWHERE}",
}


@click.command()
@click.option("--config", type=FILE, help="The configuration file.")
@click.option("--prometheus-url", help="The Prometheus to ask; takes the place of `prometheus` in the file.")
@click.option("--rules", multiple=True, metavar="GLOB", help="Rule files; take the place of `rule_files`. Repeatable.")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve HTTP.  [default: 127.0.0.1:9093]")
@click.option("--storage", metavar="URL", help="Where to keep the state, sqlite:///… or memory.")
@click.option("--external-url", metavar="URL", help="How people reach this daemon, for links in messages.")
@click.option("--route-prefix", metavar="PATH", help="Serve HTTP below this path.")
@click.option("--web.config.file", "web_config_file", metavar="FILE", help="TLS and users, as for Prometheus.")
@click.option(
    "--start-delay",
    metavar="DURATION",
    default="0s",
    callback=duration,
    help="Tell nobody anything new so long after the start.",
)
@matchers_option
@click.option("--log-format", type=click.Choice(["json", "console"]), help="How to write the log to standard error.")
def command(
    config: Path | None,
    prometheus_url: str | None,
    rules: tuple[str, ...],
    listen: str | None,
    storage: str | None,
    external_url: str | None,
    route_prefix: str | None,
    web_config_file: str | None,
    start_delay: timedelta,
    grammar: Grammar,
    log_format: Literal["json", "console"] | None,
) -> None:
    """Evaluate rules and tell people, until SIGTERM or Ctrl-C. SIGHUP reads the configuration again."""
    if config is None and not (prometheus_url and rules):
        raise click.UsageError("say where the configuration is (--config FILE), or which Prometheus to ask "
                               "(--prometheus-url URL --rules GLOB)")  # fmt: skip
    overrides = Overrides(
        prometheus_url=prometheus_url,
        rules=rules,
        listen=listen,
        storage=storage,
        external_url=external_url,
        route_prefix=route_prefix,
        web_config_file=web_config_file,
        start_delay=start_delay,
        matchers=grammar,
        log_format=log_format,
    )
    try:
        asyncio.run(_live(config, overrides))
    except (ConfigError, StoreError) as error:
        fail(error, _WRONG_USAGE if isinstance(error, ConfigError) and _only_flags(error) else 1)


def _only_flags(error: ConfigError) -> bool:
    return all(problem.path == COMMAND_LINE for problem in error.problems)


async def _live(path: Path | None, overrides: Overrides) -> None:
    unneeded.leave_out()
    from alertd.app import App
    from alertd.config import reload
    from alertd.store import open_store
    from alertd.telemetry import facts
    from alertd.telemetry.journal import catch_crashes, set_up, tell
    from alertd.telemetry.logs import Logs
    from alertd.telemetry.traces import open_tracer

    allocator.give_back(environment())
    stop, clock = asyncio.Event(), SystemClock()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stop)
    config = load(path, overrides)
    journal = set_up(config.log.format or ("console" if sys.stderr.isatty() else "json"))
    journal.follow(config)
    try:
        store = open_store(config.storage_url)
    except HeldError as error:
        tell(facts.STANDING_BY, error=error)
        if (taken := await _stand_by(config.storage_url, stop, clock)) is None:
            return
        store, config = taken, load(path, overrides)  # which may be another by now
        journal.follow(config)
    tracer = open_tracer(config.telemetry, clock, journal.redaction)
    journal.here = tracer.here
    journal.identify(config.log.identity)
    catch_crashes()

    def load_again(last: Config) -> Config:
        config = reload(path, overrides, last)
        journal.redaction.follow(config.confidential)  # what is wrong with it may come to be said before it is in force
        return config

    app = App(config, load_again, store, Logs(), clock, tracer, journal.follow)
    beside = [asyncio.ensure_future(one) for one in (journal.run(clock), allocator.trim(environment(), clock))]
    try:
        await _serve(config, app, journal, stop)
    finally:
        for one in beside:
            one.cancel()
        await asyncio.to_thread(tracer.close, _LAST_TRACES)


def _stop(stop: asyncio.Event) -> None:
    from alertd.telemetry import facts
    from alertd.telemetry.journal import tell

    if not stop.is_set():
        stop.set()
        tell(facts.STOPPING)


async def _stand_by(url: str, stop: asyncio.Event, clock: Clock) -> Store | None:
    """The store, once no other alertd has it; None if this one is to stop before."""
    from alertd.store import open_store

    while not stop.is_set():
        await clock.sleep_until(clock.now() + _LOOK_AGAIN)
        with suppress(HeldError):
            return open_store(url)
    return None


async def _serve(config: Config, app: "App", journal: "Journal", stop: asyncio.Event) -> None:
    listener = _listen(config)
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def on_hangup() -> None:
        task = loop.create_task(_reload(app))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, on_hangup)
    await app.run(listener, stop, lambda unreachable: _announce(config, listener, unreachable, journal.redaction))


async def _reload(app: "App") -> None:
    with suppress(ConfigError):  # the event has said so: in the log, in the metric, and as a self-alert
        await app.reload("signal")


def _listen(config: Config) -> socket.socket:
    from alertd.web.server import bind

    try:
        return bind(config.web.host, config.web.port)
    except OSError as problem:
        click.echo(f"cannot listen on {_address(config.web.host, config.web.port)}: {problem.strerror}", err=True)
        click.echo(_LISTENING.get(problem.errno or 0, _ELSEWHERE), err=True)
        sys.exit(1)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _announce(
    config: Config, listener: socket.socket, unreachable: Mapping[str, str], hide: Callable[[str], str]
) -> None:
    """A few lines for whoever started it."""
    host, port = listener.getsockname()[:2]
    scheme = "https" if config.web.toolkit.tls_server_config.enabled else "http"
    groups, receivers = config.rules.groups, config.receivers
    rules = sum(rule.enabled for group in groups for rule in group.rules)
    skipped = f", {len(config.rules.skipped)} recording rules skipped" if config.rules.skipped else ""
    sources = [f"{one.url} ({unreachable.get(one.name, 'it answers')})" for one in config.datasources]
    names = ", ".join(receiver.name for receiver in receivers)
    for line in (
        f"alertd {__version__}",
        f"  rules      {rules} in {len(groups)} groups{skipped}",
        f"  asks       {', '.join(sources) or 'nobody: no Prometheus is configured'}",
        f"  tells      {names}",
        f"  keeps      {config.storage_url}",
        f"  listens    {scheme}://{_address(host, port)}{config.web.route_prefix}",
        *([f"  gRPC       {_address(config.grpc.host, config.grpc.port)}"] if config.grpc else []),
    ):
        click.echo(hide(line), err=True)
    for note in config.notes:
        click.echo(hide(f"  note       {note}"), err=True)
