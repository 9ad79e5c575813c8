"""`alertd healthcheck`: is the daemon ready? For containers; nothing but the standard library, it runs every 30 s."""

import http.client
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

_TIMEOUT = 5.0


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:9093", show_default=True, envvar="ALERTD_URL", help="Where the daemon listens."
)
@click.option(
    "--token-file", type=click.Path(path_type=Path), envvar="ALERTD_TOKEN_FILE", help="Holds a token of the daemon's."
)
def command(url: str, token_file: Path | None) -> None:
    """Exit 0 if the running daemon is ready, 1 if it is not. Certificates are not looked at."""
    try:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
        error = _ask(url, {"Authorization": f"Bearer {token}"} if token else {})
    except (OSError, ValueError, http.client.HTTPException) as problem:
        error = f"{url} does not answer: {problem}"
    if error:
        click.echo(f"not ready: {error}", err=True)
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
