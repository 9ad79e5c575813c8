"""What every notifier must do, on ours: against a real HTTP server, a real SMTP server and real files and pipes."""

import email
import json
import os
import sys
from collections.abc import AsyncIterator, ItemsView, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from alertd.notifiers.email import EmailNotifier
from alertd.notifiers.stdout import StdoutNotifier
from alertd.notifiers.webhook import WebhookNotifier
from alertd.testing import Behaviour, HttpSink, NotifierConformance, Received, http_sink
from tests.servers import SmtpServer, smtp_server


class TestWebhook(NotifierConformance):
    plugin = WebhookNotifier

    def far_side(self) -> AbstractAsyncContextManager[HttpSink]:
        return http_sink()

    def config(self, far_side: HttpSink) -> Mapping[str, Any]:
        return {
            "url": f"{far_side.url}/hooks/T00-hush-path?token=hush-token",
            "secret": "whsec_aHVzaC1odXNoLWh1c2g= hush-rotated",
            "timeout": "3s",
            "http_config": {
                "basic_auth": {"username": "u", "password": "hush-password"},
                "http_headers": {"X-Key": {"secrets": ["hush-header"]}},
            },
        }


class TestWebhookWithToken(TestWebhook):
    def config(self, far_side: HttpSink) -> Mapping[str, Any]:
        return {"url": f"{far_side.url}/", "timeout": "3s", "http_config": {"bearer_token": "hush-token"}}


class HangsUp(dict[str, str]):
    """Answers of a server that ends the connection at the next command, whatever it is."""

    def items(self) -> ItemsView[str, str]:
        raise ConnectionResetError


class MailServer:
    """An SMTP server as the far side."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self._read: list[Received] = []

    @property
    def received(self) -> Sequence[Received]:
        self._read += map(_mail, self.server.mails[len(self._read) :])
        return self._read

    def behave(self, how: Behaviour) -> None:
        self.server.answers = {
            Behaviour.ACCEPT: {},
            Behaviour.REFUSE: {"<DATA>": "554 \x1b[31mspam"},
            Behaviour.FAIL: {"MAIL": "451 greylisted\x07"},
            Behaviour.HANG: {"<DATA>": "hang"},
            Behaviour.HANG_UP: HangsUp(),
        }[how]


def _mail(raw: bytes) -> Received:
    mail = email.message_from_bytes(raw, policy=default)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return Received(mail["Message-ID"].strip("<>").partition("@")[0], text, dict(mail.items()), html)


class TestEmail(NotifierConformance):
    plugin = EmailNotifier
    behaviours = frozenset(Behaviour) - {Behaviour.LATER}

    @asynccontextmanager
    async def far_side(self) -> AsyncIterator[MailServer]:
        async with smtp_server() as server:
            yield MailServer(server)

    def config(self, far_side: MailServer) -> Mapping[str, Any]:
        return {
            "to": "a@example.org, b@example.org",
            "from": "alertd@example.org",
            "smarthost": f"127.0.0.1:{far_side.server.port}",
            "require_tls": False,
            "timeout": "3s",
            "auth_password": "hush-password",
            "auth_secret": "hush-secret",
        }


class Redirected:
    """Standard output as a file that is written to, a disk that is full, or a pipe whose reader is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.open: list[TextIO] = []
        self.behave(Behaviour.ACCEPT)

    @property
    def received(self) -> Sequence[Received]:
        return [_line(line) for line in self._path.read_text().split("\n") if line]

    def behave(self, how: Behaviour) -> None:
        if how is Behaviour.REFUSE:
            read, target = os.pipe()
            os.close(read)
        else:
            target = os.open(
                "/dev/full" if how is Behaviour.FAIL else self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT
            )
        sys.stdout = os.fdopen(target, "w")
        self.open.append(sys.stdout)


def _line(line: str) -> Received:
    return Received(json.loads(line)["id"] if line.startswith("{") else "", line)


class TestStdout(NotifierConformance):
    plugin = StdoutNotifier
    behaviours = frozenset((Behaviour.ACCEPT, Behaviour.REFUSE, Behaviour.FAIL))
    carries_id = False

    @asynccontextmanager
    async def far_side(self) -> AsyncIterator[Redirected]:
        before = sys.stdout
        with TemporaryDirectory() as directory:
            redirected = Redirected(Path(directory) / "output")
            try:
                yield redirected
            finally:
                sys.stdout = before
                for one in redirected.open:
                    with suppress(OSError):
                        one.close()

    def config(self, far_side: Redirected) -> Mapping[str, Any]:
        return {}


class TestStdoutAsJson(TestStdout):
    carries_id = True

    def config(self, far_side: Redirected) -> Mapping[str, Any]:
        return {"format": "json"}
