"""How commands speak with the running daemon, and what they say when it is not there."""

import json
import sys
from typing import Any

import click

DEFAULT_URL = "http://127.0.0.1:9093"
_TIMEOUT = 10.0

url_option = click.option("--url", default=DEFAULT_URL, show_default=True, envvar="ALERTD_URL", help="The daemon.")
output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)


def fetch(url: str, path: str) -> Any:
    """The `data` of an API answer. Says what is wrong and exits with 1 if there is none."""
    import httpx

    try:
        answer = httpx.get(url.rstrip("/") + path, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()["data"]
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError, KeyError) as problem:
        click.echo(f"no answer from alertd at {url}: {problem}", err=True)
        click.echo("Is it running, and is this its address? `--url` or ALERTD_URL names another.", err=True)
        sys.exit(1)
