"""What a mail says: the headers that keep an incident together, a text part and an HTML part of one content."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from functools import cache
from itertools import islice
from urllib.parse import urlsplit

import jinja2

from alertd.core.notification import Notification, NotifiedAlert
from alertd.core.severity import Severity

_MOST_ALERTS = 20  # shown in full; the rest is counted
_MOST_TEXT = 2_000  # characters of one annotation or label value
_MOST_SUBJECT = 180
_SUMMARY, _DESCRIPTION = ("summary", "title"), ("description", "message")
_COLOURS = {
    Severity.CRITICAL: "#b91c1c",
    Severity.ERROR: "#c2410c",
    Severity.WARNING: "#b45309",
    Severity.INFO: "#1d4ed8",
}
_RESOLVED = "#15803d"
_LINKS = {"runbook_url": "Runbook", "runbook": "Runbook", "dashboard": "Dashboard", "dashboard_url": "Dashboard"}


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """One alert, in words."""

    state: str
    sign: str
    colour: str
    heading: str
    text: str
    times: str
    value: str
    because: str
    labels: Sequence[tuple[str, str]]
    notes: Sequence[tuple[str, str]]
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShownMail:
    """One mail, in words."""

    kicker: str
    title: str
    summary: str
    preheader: str
    alerts: Sequence[ShownAlert]
    more: int
    receiver: str
    reason: str
    group: str
    url: str


def shown(notification: Notification) -> ShownMail:
    """What the default mail says about a notification."""
    firing, resolved = len(notification.firing), len(notification.resolved)
    ordered = sorted(notification.alerts, key=lambda alert: (not alert.firing, -alert.severity))
    counts = [f"{firing} firing"] * bool(firing) + [f"{resolved} resolved"] * bool(resolved)
    alerts = [_shown(alert) for alert in islice(ordered, _MOST_ALERTS)]
    summary = ", ".join(counts)
    if notification.belated:
        summary += ". It could not be delivered earlier: what fired has ended meanwhile."
    return ShownMail(
        kicker=notification.status.upper(),
        title=title(notification),
        summary=summary,
        preheader=f"{notification.status.upper()}: {alerts[0].heading if alerts else ''}",
        alerts=alerts,
        more=len(notification.alerts) - len(alerts),
        receiver=notification.receiver,
        reason=str(notification.reason),
        group=_plain(notification.group_key, _MOST_TEXT),
        url=_link(notification.external_url),
    )


def title(notification: Notification) -> str:
    """The name of the incident: the same for all its mails, so that they stay in one thread."""
    labels = notification.group_labels or notification.common_labels.only(("alertname", "job", "instance"))
    name = labels.get("alertname") or notification.common_labels.get("alertname") or "Alerts"
    rest = [value for label, value in labels.items() if label != "alertname"]
    return _plain(" · ".join([name, *rest]), _MOST_SUBJECT)


def bodies(notification: Notification) -> tuple[str, str]:
    """The text and the HTML of the default mail."""
    mail = shown(notification)
    return _templates()["email.txt.j2"].render(mail=mail), _templates()["email.html.j2"].render(mail=mail)


def headers(notification: Notification, domain: str, version: str, *, daily: bool) -> Mapping[str, str]:
    """The headers every mail has: identity, thread (one a group, or one a group and day), and who must not answer."""
    day = notification.at.date().isoformat() if daily else ""
    thread = f"<{_digest(notification.group_key, day)}@{domain}>"
    urgent = notification.status == "firing" and notification.severity is Severity.CRITICAL
    own = {
        "Subject": title(notification),
        "Date": format_datetime(notification.at),
        "Message-ID": f"<{notification.id}@{domain}>",
        "References": thread,
        "In-Reply-To": thread,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"<{_digest(notification.receiver)[:12]}.alertd.{domain}>",
        "X-Mailer": f"alertd/{version}",
        "X-Alertd-Status": notification.status,
        "X-Alertd-Severity": notification.severity.name.lower(),
        "X-Alertd-Receiver": _plain(notification.receiver, 200),
    }
    return {**own, "Importance": "high", "X-Priority": "1"} if urgent else own


def compose(fields: Mapping[str, str], to: Sequence[Address], sender: Address, text: str, html: str) -> EmailMessage:
    """The message. Header values lose line breaks and control characters, so nothing can be injected."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, to
    for name, value in fields.items():
        del message[name]
        message[name] = _plain(value, 2_000)
    message.set_content(_encodable(text))
    if html:
        message.add_alternative(_encodable(html), subtype="html")
    return message


def addresses(text: str) -> list[Address]:
    """The addresses of a comma separated list. Raises ValueError on one that cannot be used."""
    found = []
    for name, address in getaddresses([_plain(text, 10_000)]):
        user, at, domain = address.rpartition("@")
        if not at or not user or not domain:
            raise ValueError(f"not a mail address: {address or text!r}")
        found.append(Address(name, user, domain))
    if not found:
        raise ValueError(f"no mail address in {text!r}")
    return found


@cache
def _templates() -> Mapping[str, jinja2.Template]:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("alertd.notifiers"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default_for_string=False),
        undefined=jinja2.StrictUndefined,
    )
    return {name: environment.get_template(name) for name in ("email.txt.j2", "email.html.j2")}


def _shown(alert: NotifiedAlert) -> ShownAlert:
    known = {*_SUMMARY, *_DESCRIPTION, *_LINKS}
    urls = [(_LINKS[name], _link(alert.annotations[name])) for name in _LINKS if name in alert.annotations]
    links = [("Graph", _link(alert.generator_url)), *urls]
    notes = [(name, value) for name, value in alert.annotations.items() if name not in known]
    return ShownAlert(
        state=f"{'FIRING' if alert.firing else 'RESOLVED'} · {alert.labels.get('severity') or 'no severity'}",
        sign="▲" if alert.firing else "✓",
        colour=_COLOURS[alert.severity] if alert.firing else _RESOLVED,
        heading=_plain(_first(alert.annotations, _SUMMARY) or alert.name, _MOST_TEXT),
        text=_first(alert.annotations, _DESCRIPTION)[:_MOST_TEXT],
        times=_times(alert),
        value=f"{alert.value:g}" if alert.firing else "",
        because=alert.because,
        labels=[(name, _plain(value, 300)) for name, value in alert.labels.items()],
        notes=[(name, _plain(value, _MOST_TEXT)) for name, value in notes],
        links=[(name, url) for name, url in links if url],
    )


def _times(alert: NotifiedAlert) -> str:
    since = f"since {_clock(alert.starts_at)}"
    return since if alert.ends_at is None else f"{since}, ended {_clock(alert.ends_at)}"


def _clock(at: datetime) -> str:
    return at.strftime("%a %d %b %H:%M:%S UTC")


def _first(texts: Mapping[str, str], names: Iterable[str]) -> str:
    return next((texts[name] for name in names if texts.get(name)), "")


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _link(url: str) -> str:
    """A URL that a mail may link to; anything but http and https is dropped."""
    return _plain(url, _MOST_TEXT) if urlsplit(url.strip()[:20]).scheme in ("http", "https") else ""


def _plain(text: str, most: int) -> str:
    """One line without control characters, and not too long."""
    line = "".join(character if character.isprintable() else " " for character in text[: most + 1])
    return line[: most - 1] + "…" if len(line) > most else line


def _encodable(text: str) -> str:
    """Text that can be sent: no lone surrogates, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
