"""A file under `templates` changes what a mail says; so does the next version of that file, after a reload."""

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from alertd.config import load, reload
from alertd.config.values import Config, Overrides
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.edges import Edges, open_edges
from alertd.testing import START, ManualClock, RecordingObserver
from tests.servers import SmtpServer, smtp_server

pytestmark = pytest.mark.anyio

CONFIG = """
global: {{smtp_smarthost: "127.0.0.1:{port}", smtp_from: a@example.org, smtp_require_tls: false}}
templates: ["*.tmpl"]
receivers:
  - name: ops
    email_configs:
      - to: plain@example.org
      - to: own@example.org
        html: '{{{{ template "email.default.html" . }}}}'
        headers: {{subject: "own: {{{{ .Status }}}}"}}
"""
ALERT = NotifiedAlert(Labels({"alertname": "DiskFull", "zone": "<a>"}), {"summary": "full"}, START)
MESSAGE = Notification(
    id="0a1b",
    receiver="ops",
    integration="ops/email[0]",
    reason=Reason.FIRST,
    at=START,
    alerts=(ALERT,),
    group_key="{}:{}",
    group_labels=Labels({"alertname": "DiskFull"}),
    external_url="http://alertd.example",
)


async def mails(server: SmtpServer, edges: Edges) -> list[EmailMessage]:
    """What both integrations send now."""
    server.mails.clear()
    for one in edges.notifiers.values():
        await one.send(MESSAGE)
    return [email.message_from_bytes(raw, policy=default) for raw in server.mails]


def page(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content()).strip()


def opened(config: Config, before: Edges) -> Edges:
    return open_edges(config, before, RecordingObserver(), ManualClock())


async def test_files_change_what_mails_say(tmp_path: Path) -> None:
    path, file = tmp_path / "config.yaml", tmp_path / "mail.tmpl"
    async with smtp_server() as server:
        path.write_text(CONFIG.format(port=server.port))
        config = load(path)
        edges = opened(config, Edges())
        plain, own = await mails(server, edges)
        assert (plain["Subject"], own["Subject"]) == ("DiskFull", "own: firing")
        assert "0 firing" not in page(own)
        assert "[FIRING:1] DiskFull (&lt;a&gt;)" in page(own)

        file.write_text('{{ define "__subject" }}{{ .Receiver }}: {{ .CommonLabels.zone }}{{ end }}')
        config = reload(path, Overrides(), config)
        edges, retired = opened(config, edges), edges
        plain, own = await mails(server, edges)
        assert (plain["Subject"], own["Subject"]) == ("ops: <a>", "own: firing")
        assert "<title>ops: &lt;a&gt;</title>" in page(own)
        assert "<title>DiskFull</title>" in page(plain)  # the page is still alertd's own
        assert len(retired.beyond(edges)) == 2
        for one in retired.beyond(edges):
            await one.aclose()

        file.write_text('{{ define "email.default.html" }}<p>{{ .CommonLabels.zone }}</p>{{ end }}')
        config = reload(path, Overrides(), config)
        edges = opened(config, edges)
        plain, own = await mails(server, edges)
        assert plain["Subject"] == "DiskFull"
        assert page(plain) == page(own) == "<p>&lt;a&gt;</p>"

        file.write_text(
            '{{ define "email.default.html" }}{{ .Nope }}{{ end }}{{ define "__subject" }}{{ .No }}{{ end }}'
        )
        edges = opened(reload(path, Overrides(), config), edges)
        plain, own = await mails(server, edges)
        assert plain["Subject"] == "DiskFull"
        assert "template of the header Subject failed" in page(plain)
        assert opened(reload(path, Overrides(), config), edges).notifiers == edges.notifiers
        for one in edges.notifiers.values():
            await one.aclose()
