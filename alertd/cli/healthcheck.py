"""`alertd healthcheck`: is the daemon ready? For containers, every 30 s, so with nothing but the standard library."""

import http.client
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from alertd.cli.paths import FILE
from alertd.cli.terminal import words

_TIMEOUT = 5.0


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:9093", show_default=True, envvar="ALERTD_URL", help="Where the daemon listens."
)
@click.option(
    "--token-file",
    type=FILE,
    envvar="ALERTD_TOKEN_FILE",
    help="Holds a token of the daemon's.",
)
@click.option("--grpc", metavar="HOST:PORT", help="Ask gRPC's health service there: does the daemon do its work?")
@click.option("--tls", is_flag=True, help="Speak TLS over gRPC; so it is with --ca-file anyway.")
@click.option("--ca-file", type=FILE, help="Over gRPC: trust what this CA has signed.")
def command(url: str, token_file: Path | None, grpc: str | None, *, tls: bool, ca_file: Path | None) -> None:
    """Exit 0 if the running daemon is ready, 1 if it is not. Certificates are looked at over gRPC only."""
    if grpc:
        _call(grpc, token_file, ca_file, tls=tls)
        return
    try:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
        error = _ask(url, {"Authorization": f"Bearer {token}"} if token else {})
    except (OSError, ValueError, http.client.HTTPException) as problem:
        error = f"{url} does not answer: {words(problem)}"
    if error:
        click.echo(f"not ready: {error}", err=True)
        sys.exit(1)
    click.echo("ready")


def _call(address: str, token_file: Path | None, ca_file: Path | None, *, tls: bool) -> None:
    from alertd.cli.calling import Call  # which takes its time, so only where it is needed

    with Call(address, token_file, ca_file, tls).answered() as client:
        serving = client.is_serving()
    if not serving:
        click.echo("not ready: the daemon does not do its work; its log says why", err=True)
        sys.exit(1)
    click.echo("ready")


def _ask(url: str, headers: dict[str, str]) -> str:
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "127.0.0.1", parts.port)
    try:
        connection.request("GET", parts.path.rstrip("/") + "/-/ready", headers=headers)
        answer = connection.getresponse()
    finally:
        connection.close()
    if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return f"{url} wants credentials: give --token-file, or set `web.anonymous: health`"
    return "" if answer.status == http.client.OK else f"{url} answers {answer.status}"


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port or 9093, timeout=_TIMEOUT)
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port or 443, timeout=_TIMEOUT, context=anyone)
