"""What a mail says: the headers that keep an incident together, a text part and an HTML part of one content."""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, getaddresses
from functools import cache
from html import escape
from itertools import islice

import jinja2

from alertd.core import durations
from alertd.core.notification import Notification, NotifiedAlert
from alertd.core.severity import Severity

_MOST_ALERTS = 20  # shown in full; the rest is counted
_MOST_LABELS, _MOST_NOTES = 30, 15  # of one alert
_MOST_WEIGHT = 50_000  # characters of HTML; web mail cuts a mail at 102 KB, and these may be of several bytes
_MOST_TEXT = 2_000  # characters of a summary or description
_MOST_NOTE, _MOST_LABEL, _MOST_NAME = 1_000, 300, 80
_MOST_SUBJECT = 180
_JOINERS = "\u200c\u200d"  # invisible, but words of some languages and many emoji need them
_SUMMARY, _DESCRIPTION = ("summary", "title"), ("description", "message")
_TONES = {
    Severity.CRITICAL: ("critical", "#b91c1c"),
    Severity.ERROR: ("error", "#c2410c"),
    Severity.WARNING: ("warning", "#a16207"),
    Severity.INFO: ("info", "#1d4ed8"),
}
_RESOLVED = ("resolved", "#15803d")
_LINKS = {"runbook_url": "Runbook", "runbook": "Runbook", "dashboard": "Dashboard", "dashboard_url": "Dashboard"}


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """One alert, in words."""

    state: str
    severity: str
    sign: str
    tone: str
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

    state: str
    sign: str
    tone: str
    colour: str
    title: str
    summary: str
    preheader: str
    problems: Sequence[str]
    alerts: Sequence[ShownAlert]
    more: int
    receiver: str
    reason: str
    group: str
    url: str
    storm: Sequence[str] = ()


def shown(notification: Notification, problems: Sequence[str] = ()) -> ShownMail:
    """What the default mail says about a notification; `problems`: why it, or a part of it, stands in for another."""
    firing, resolved = len(notification.firing), len(notification.resolved)
    ordered = sorted(notification.alerts, key=lambda alert: (not alert.firing, -alert.severity))
    counts = [f"{firing} firing"] * bool(firing) + [f"{resolved} resolved"] * bool(resolved)
    named = title(notification)
    most = 0 if notification.storm else _MOST_ALERTS
    alerts = list(_fitting(_shown(alert, notification.at, named) for alert in islice(ordered, most)))
    summary = ", ".join(counts)
    if notification.belated:
        summary += ". It could not be delivered earlier: what fired has ended meanwhile."
    tone, colour = _TONES[notification.severity] if notification.firing else _RESOLVED
    return ShownMail(
        state=notification.status.upper(),
        sign=_sign(firing=bool(firing)),
        tone=tone,
        colour=colour,
        title=named,
        summary=summary,
        preheader=f"{notification.status.upper()}: {alerts[0].heading if alerts else named}",
        problems=problems,
        alerts=alerts,
        more=len(notification.alerts) - len(alerts),
        receiver=_plain(notification.receiver, _MOST_LABEL),
        reason=str(notification.reason),
        group=_plain(notification.group_key, _MOST_LABEL),
        url=_link(notification.external_url),
        storm=[_plain(line, _MOST_LABEL) for line in notification.storm[:_MOST_ALERTS]],
    )


def title(notification: Notification) -> str:
    """The name of the incident: the same for all its mails, so that they stay in one thread."""
    if notification.storm:
        return "Storm of alerts"
    labels = notification.group_labels or notification.common_labels.only(("alertname", "job", "instance"))
    name = labels.get("alertname") or notification.common_labels.get("alertname") or "Alerts"
    rest = [value for label, value in labels.items() if label != "alertname"]
    return _plain(": ".join([name, ", ".join(rest)]) if rest else name, _MOST_SUBJECT)


def bodies(notification: Notification, problems: Sequence[str] = ()) -> tuple[str, str]:
    """The text and the HTML of the default mail."""
    mail = shown(notification, problems)
    return _templates()["email.txt.j2"].render(mail=mail), _templates()["email.html.j2"].render(mail=mail)


def with_problems(text: str, html: str | None, problems: Sequence[str]) -> tuple[str, str | None]:
    """Parts of the user's own, with what went wrong at their end."""
    if not problems:
        return text, html
    told = "".join(f"<p>{escape(problem)}</p>" for problem in problems)
    if html is not None:
        before, end, after = html.rpartition("</body>")
        html = f"{before}{told}{end}{after}" if end else html + told
    return "\n\n".join([text.rstrip(), *problems]) + "\n", html


def headers(
    notification: Notification, domain: str, version: str, *, daily: bool, threaded: bool = True
) -> Mapping[str, str]:
    """The headers every mail has: identity, thread (one a group, or one a group and day), and who must not answer."""
    day = notification.at.date().isoformat() if daily else ""
    thread = f"<{_digest(notification.group_key, day)}@{domain}>"
    urgent = notification.status == "firing" and notification.severity is Severity.CRITICAL
    own = {
        "Subject": title(notification),
        "Date": format_datetime(notification.at),
        "Message-ID": f"<{notification.id}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"<{_digest(notification.receiver)[:12]}.alertd.{domain}>",
        "X-Mailer": f"alertd/{version}",
        "X-Alertd-Status": notification.status,
        "X-Alertd-Severity": notification.severity.name.lower(),
        "X-Alertd-Receiver": _plain(notification.receiver, 200),
    }
    together = {"References": thread, "In-Reply-To": thread} if threaded else {}
    return {**own, **together, **({"Importance": "high", "X-Priority": "1"} if urgent else {})}


def compose(
    fields: Mapping[str, str], to: Sequence[Address], sender: Address, text: str, html: str | None
) -> EmailMessage:
    """The message. Header values lose line breaks and control characters, so nothing can be injected."""
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"] = sender, to
    for name, value in fields.items():
        del message[name]
        message[name] = _plain(value, 2_000)
    message.set_content(_encodable(text))
    if html is not None:
        message.add_alternative(_encodable(html), subtype="html")
    return message


class _Identity(UnstructuredHeader, BaseHeader):
    """A header that holds an identity: never folded or encoded, because programs compare it letter by letter."""

    def fold(self, *, policy: Policy) -> str:
        whole = f"{self.name}: {self}{policy.linesep}"
        return whole if whole.isascii() and len(whole) < 998 else str(super().fold(policy=policy))


_HEADERS = HeaderRegistry()
for _name in ("Message-ID", "References", "In-Reply-To", "List-Id"):
    _HEADERS.map_to_type(_name, _Identity)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def addresses(text: str) -> list[Address]:
    """The addresses of a comma separated list. Raises ValueError on one that cannot be used."""
    found = []
    for name, address in getaddresses([_plain(text, 10_000)]):
        user, at, domain = address.rpartition("@")
        if not at or not user or not domain or address not in text:  # a parser that guesses could invent a domain
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


def _fitting(alerts: Iterable[ShownAlert]) -> Iterator[ShownAlert]:
    """The first alert, and as many more as fit into a mail that is shown whole."""
    left = _MOST_WEIGHT
    for number, alert in enumerate(alerts):
        texts = (alert.heading, alert.text, *(text for pair in (*alert.labels, *alert.notes) for text in pair))
        left -= 1_500 + 250 * (len(alert.labels) + len(alert.notes)) + sum(len(escape(text)) for text in texts)
        if left < 0 and number:
            return
        yield alert


def _shown(alert: NotifiedAlert, at: datetime, named: str) -> ShownAlert:
    """`named`: what stands above all alerts, and need not be said again."""
    heading = _plain(_first(alert.annotations, _SUMMARY) or alert.name or "An alert without a name", _MOST_TEXT)
    above = ("severity", "alertname") if alert.name in heading + named else ("severity",)
    known = {*_SUMMARY, *_DESCRIPTION, *_LINKS}
    urls = [(_LINKS[name], _link(alert.annotations[name])) for name in _LINKS if name in alert.annotations]
    links = [("Graph", _link(alert.generator_url)), *urls]
    tone, colour = _TONES[alert.severity] if alert.firing else _RESOLVED
    return ShownAlert(
        state=alert.status.upper(),
        severity=_plain(alert.labels.get("severity") or "no severity", _MOST_NAME),
        sign=_sign(firing=alert.firing),
        tone=tone,
        colour=colour,
        heading=heading,
        text=_lines(_first(alert.annotations, _DESCRIPTION)),
        times=_times(alert, at),
        value=f"{alert.value:g}" if alert.firing else "",
        because=_plain(alert.because, _MOST_LABEL),
        labels=list(_pairs(alert.labels, above, _MOST_LABELS, _MOST_LABEL)),
        notes=list(_pairs(alert.annotations, known, _MOST_NOTES, _MOST_NOTE)),
        links=[(name, url) for name, url in links if url],
    )


def _pairs(texts: Mapping[str, str], known: Container[str], most: int, longest: int) -> Iterator[tuple[str, str]]:
    """What is not known already, shortened in number and length."""
    left = [name for name in texts if name not in known]
    for name in left[:most]:
        yield _plain(name, _MOST_NAME), _plain(texts[name], longest)
    if len(left) > most:
        yield "…", f"{len(left) - most} more"


def _sign(*, firing: bool) -> str:
    return "▲" if firing else "✓"


def _times(alert: NotifiedAlert, at: datetime) -> str:
    """`for 2h, since Thu 1 Jan 2026 00:00:00 UTC`, or `lasted 9m, from … to …`."""
    begun, end = alert.starts_at, alert.ends_at
    duration = _about((end or at) - begun)
    if end is None:
        return f"{f'for {duration}, ' if duration else ''}since {_day(begun)} {begun:%H:%M:%S} UTC"
    until = f"{end:%H:%M:%S}" if begun.date() == end.date() else f"{_day(end)} {end:%H:%M:%S}"
    return f"{f'lasted {duration}, ' if duration else ''}from {_day(begun)} {begun:%H:%M:%S} to {until} UTC"


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b} {at.year}"


def _about(duration: timedelta) -> str:
    """Not more precise than somebody wants to know; nothing if it is not a duration."""
    seconds = int(duration.total_seconds())
    unit = 1 if seconds < 3_600 else 60 if seconds < 86_400 else 3_600
    return durations.format(timedelta(seconds=seconds - seconds % unit)) if seconds > 0 else ""


def _first(texts: Mapping[str, str], names: Iterable[str]) -> str:
    return next((texts[name] for name in names if texts.get(name)), "")


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _link(url: str) -> str:
    """A URL that a mail may link to; anything but http and https is dropped."""
    return _plain(url.strip(), _MOST_TEXT) if url.strip()[:8].lower().startswith(("http://", "https://")) else ""


def _plain(text: str, most: int) -> str:
    """One line without control characters, and not too long."""
    line = "".join(c if c.isprintable() or c in _JOINERS else " " for c in text[: most + 1])
    return line[: most - 1] + "…" if len(line) > most else line


def _lines(text: str) -> str:
    """Several lines, each without control characters, and not too long together."""
    cut = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
    return "\n".join(_plain(line, _MOST_TEXT).rstrip() for line in cut.strip().splitlines())


def _encodable(text: str) -> str:
    """Text that can be sent: no lone surrogates, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
