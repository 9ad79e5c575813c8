"""How commands speak with the running daemon, and what they say when it is not there or refuses."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from alertd.cli.terminal import words

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:9093"
_TIMEOUT = 10.0
_UNKNOWN = (404, 405, 410, 501)  # of a path or a method, which alertd would say in JSON
Command = Callable[..., Any]

output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)


@dataclass(frozen=True)
class Daemon:
    """Where it is, and who we are there. A URL may hold a user and a password."""

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What is answered. As the others: says what is wrong, and exits with 1."""
        return self._ask("GET", path, params=params)

    def data(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What an answer in the form of Prometheus' holds; an Alertmanager has none."""
        answer = self._ask("GET", path, params=params)
        if not isinstance(answer, dict) or "data" not in answer:
            self._mistaken()
        return answer["data"]

    def post(self, path: str, value: Any) -> Any:
        """Send a value."""
        return self._ask("POST", path, json=value)

    def attempt(
        self, method: str, path: str, value: Any = None, meaning: Mapping[int, str] = MappingProxyType({})
    ) -> tuple[Any, str]:
        """What is answered, or why it is refused, for those who go on then. The daemon must be there, all the same.

        `meaning` has words for statuses, in place of what is said.
        """
        answer = self._answer(method, path, **({} if value is None else {"json": value}))
        if not answer.is_error:
            return self._read(answer), ""
        return None, meaning.get(answer.status_code) or f"{_said(answer)} ({answer.status_code})"

    def close(self) -> None:
        """Say goodbye."""
        if "_client" in vars(self):
            self._client.close()

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self._answer(method, path, **request)
        if answer.is_error:
            _give_up(f"alertd at {_shown(self.url)} refuses ({answer.status_code}): {_said(answer)}")
        return self._read(answer)

    def _answer(self, method: str, path: str, **request: Any) -> "httpx.Response":
        import httpx

        try:
            answer = self._client.request(method, self.url.rstrip("/") + path, **request)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
            _give_up(f"no answer from alertd at {_shown(self.url)}: {words(problem)}",
                     "Is it running, and is this its address? `--url` or ALERTD_URL names another.")  # fmt: skip
        if answer.status_code in (401, 403):
            refusal = f"alertd at {_shown(self.url)} refuses ({answer.status_code}): {_said(answer)}"
            _give_up(refusal, "Credentials: `--token-file`, or https://user:password@… in `--url`.")
        if answer.status_code in _UNKNOWN and not _is_json(answer):
            self._mistaken()
        return answer

    def _read(self, answer: "httpx.Response") -> Any:
        try:
            return answer.json() if answer.content else None
        except ValueError:
            self._mistaken()

    def _mistaken(self) -> NoReturn:
        _give_up(f"what answers at {_shown(self.url)} is not alertd")

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx

        token = self.token_file.read_text(encoding="utf-8").strip() if self.token_file else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(headers=headers, verify=_trust(self.ca_file), timeout=_TIMEOUT)


def daemon_options(command: Command) -> Command:
    """The options that say where the daemon is; the command gets a `daemon`."""

    @wraps(command)
    def wrapped(url: str, token_file: Path | None, ca_file: Path | None, **rest: Any) -> Any:
        daemon = Daemon(url, token_file, ca_file)
        try:
            return command(daemon=daemon, **rest)
        finally:
            daemon.close()

    url = click.option("--url", default=DEFAULT_URL, show_default=True, envvar="ALERTD_URL", help="The daemon.")
    return url(credential_options(wrapped))


def credential_options(command: Command) -> Command:
    """The options that say who asks, and who is trusted."""
    path = click.Path(path_type=Path, exists=True, dir_okay=False)
    ca = click.option("--ca-file", type=path, envvar="ALERTD_CA_FILE", help="Trust what this CA has signed.")
    token = click.option("--token-file", type=path, envvar="ALERTD_TOKEN_FILE", help="Holds a token of the daemon's.")
    return token(ca(command))


def _trust(ca_file: Path | None) -> Any:
    import ssl

    return ssl.create_default_context(cafile=str(ca_file)) if ca_file else True


def _said(answer: "httpx.Response") -> str:
    """The sentence in a refusal; a page for people has none."""
    if not _is_json(answer):
        plain = answer.headers.get("Content-Type", "").startswith("text/plain")
        return (answer.text.strip()[:500] if plain else "") or answer.reason_phrase
    found = answer.json()
    return str(found.get("message", found) if isinstance(found, dict) else found)


def _is_json(answer: "httpx.Response") -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def _shown(url: str) -> str:
    """The URL without credentials."""
    scheme, sign, rest = url.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}"


def _give_up(*lines: str) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)
