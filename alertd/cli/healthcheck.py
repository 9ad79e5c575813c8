"""`alertd healthcheck`: is the daemon ready? For containers; nothing but the standard library, it runs every 30 s."""

import http.client
import sys
from urllib.parse import urlsplit

import click

_TIMEOUT = 5.0


@click.command()
@click.option("--url", default="http://127.0.0.1:9093", show_default=True, help="Where the daemon listens.")
def command(url: str) -> None:
    """Exit 0 if the running daemon is ready, 1 if it is not."""
    error = _ask(url)
    if error:
        click.echo(f"not ready: {error}", err=True)
        sys.exit(1)
    click.echo("ready")


def _ask(url: str) -> str:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    factory = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = factory(parts.hostname or "127.0.0.1", parts.port or (443 if secure else 9093), timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path.rstrip("/") + "/-/ready")
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as problem:
        return f"{url} does not answer: {problem}"
    finally:
        connection.close()
    return "" if answer.status == http.client.OK else f"{url} answers {answer.status}"
