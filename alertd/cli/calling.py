"""How commands speak gRPC with the running daemon, and what they say when they cannot."""

import re
import secrets
import ssl
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from alertd.cli.terminal import plain
from alertd.config.extras import advice
from alertd.rpc.quiet import keep_quiet

if TYPE_CHECKING:
    from alertd.rpc.client import CallError, Client

_MISSING = "gRPC needs packages that are not installed"
DEFAULT_ADDRESS = "127.0.0.1:9094"
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_ADVICE = {
    "UNAVAILABLE": "Is it running, does it serve gRPC there (`grpc: {}` in its configuration), and is it TLS "
    "(`--tls`, `--ca-file`) or not?",
    "UNAUTHENTICATED": "Credentials: `--token-file`, or user:password@HOST:PORT in `--grpc`.",
    "UNIMPLEMENTED": "What answers there is not alertd.",
}
Command = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """Where to call, and who does. An address may hold a user and a password."""

    address: str
    token_file: Path | None = None
    ca_file: Path | None = None
    tls: bool = False
    traceparent: str = ""

    @contextmanager
    def answered(self) -> "Iterator[Client]":
        """Somebody to call. If there is no answer, or nothing to call with: says so, and exits with 1."""
        client, failure = self._client()
        try:
            yield client
        except failure as error:
            self._failed(error)
        finally:
            client.close()

    def _client(self) -> "tuple[Client, type[CallError]]":
        keep_quiet()
        try:
            from alertd.rpc.client import CallError, Client
        except ImportError:
            give_up(f"{_MISSING}: {advice('grpc')}")
        headers = {"traceparent": self._cause(), **self._credentials()}
        return Client(self._place, lambda: headers, ca=self._trusted(), tls=self.tls), CallError

    def _failed(self, error: "CallError") -> NoReturn:
        lines = [f"alertd at {self._place} does not answer as hoped ({error.code}): {plain(str(error))}"]
        if error.code in _ADVICE:
            lines.append(_ADVICE[error.code])
        give_up(*lines)

    @property
    def _place(self) -> str:
        return self.address.rpartition("@")[2]

    def _credentials(self) -> Mapping[str, str]:
        if self.token_file:
            return {"authorization": f"Bearer {self.token_file.read_text(encoding='utf-8').strip()}"}
        user = self.address.rpartition("@")[0]
        return {"authorization": f"Basic {b64encode(user.encode()).decode()}"} if user else {}

    def _trusted(self) -> bytes | None:
        """Whose certificates are trusted: without a CA, those that the system trusts, and not gRPC's own list."""
        path = self.ca_file or (ssl.get_default_verify_paths().cafile if self.tls else None)
        return Path(path).read_bytes() if path else None

    def _cause(self) -> str:
        """The trace that this command belongs to; a new one, if nobody says."""
        if _TRACEPARENT.fullmatch(self.traceparent):
            return self.traceparent
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def call_options(command: Command) -> Command:
    """The options that say how to call, besides who calls."""
    address = click.option(
        "--grpc", metavar="HOST:PORT", envvar="ALERTD_GRPC", callback=_unless_url, help="Ask over gRPC, there."
    )
    tls = click.option("--tls", is_flag=True, help="Speak TLS over gRPC; so it is with --ca-file anyway.")
    trace = click.option("--traceparent", default="", envvar="TRACEPARENT", help="The trace it is part of, over gRPC.")
    return address(tls(trace(command)))


def _unless_url(context: click.Context, _: click.Parameter, address: str | None) -> str | None:
    """An address that only the environment has gives way to a `--url` that was typed."""
    url, grpc = (context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in ("url", "grpc"))
    return None if url and not grpc else address


def word(state: str) -> str:
    """`STATE_FIRING` as people say it."""
    return state.removeprefix("STATE_").lower()


def give_up(*lines: str) -> NoReturn:
    """Say it on standard error, and exit with 1."""
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)
