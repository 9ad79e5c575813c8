"""Messages as no well-meaning person would write them, and a look at what became of them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.testing.fakes import START

TEXTS: Mapping[str, str] = {
    "header": "x\r\nX-Evil: 1\r\nBcc: evil@example.org\r\n\r\nevil",
    "lines": "\n\r\u2028\u0085\x0b one \n.\n two",
    "controls": "\0\x1b[31m\x07\x7f\ufeff",
    "markup": "</title></style>\"'><x-evil onevil='1'><!-- <script>",
    "attribute": "' onevil='1' \" onevil=\"1\" `onevil=1`",
    "address": "javascript:evil()",
    "template": "{{ .Evil }} ${EVIL} {% evil %} %s %(evil)s {evil}",
    "surrogate": "\ud800 lone \udfff",
    "right to left": "\u202eevil\u2066",
    "emoji": "👩‍🚀🔥" * 500,
    "long": "x" * 1_000_000,
    "long word of HTML": "<&>" * 300_000,
    "blank": " \t ",
}


def message(id_: str = "0a1b-1", text: str = "Disk of db-1 is full") -> Notification:
    """A plain message: one alert that fires."""
    labels = Labels({"alertname": "DiskFull", "instance": "db-1", "severity": "error"})
    alert = NotifiedAlert(labels, {"summary": text, "description": "Only 3 % left."}, START, None, 0.03, "http://p/g")
    return Notification(
        id=id_,
        receiver="team",
        integration="team/x[0]",
        reason=Reason.FIRST,
        at=START,
        alerts=(alert,),
        group_key='{}:{alertname="DiskFull"}',
        group_labels=labels.only(["alertname"]),
        external_url="http://alertd.example.org",
    )


def ended(notification: Notification) -> Notification:
    """The same alerts, resolved."""
    alerts = tuple(replace(alert, ends_at=START + timedelta(minutes=9)) for alert in notification.alerts)
    return replace(notification, alerts=alerts, reason=Reason.ALL_RESOLVED)


def hostile(id_: str, text: str) -> Notification:
    """This text in every place where text from outside may stand."""
    some = text[:10_000]
    labels = Labels({"alertname": some, "instance": text, "severity": some, some: some})
    notes = {"summary": text, "description": text, "runbook_url": text, "dashboard_url": f"https://{text}", text: text}
    alert = NotifiedAlert(labels, notes, START, None, 1.0, text, text)
    plain = message(id_)
    return replace(
        plain,
        receiver=text,
        alerts=(alert, replace(alert, labels=Labels({"a": some}), ends_at=START)),
        group_key=text,
        group_labels=labels,
        route_labels=labels,
        external_url=text,
    )


def odd() -> Iterator[tuple[str, Notification]]:
    """Values that are allowed and rarely thought of, and what is odd about them."""
    plain = message()
    (alert,) = plain.alerts
    yield "no alerts at all", replace(plain, alerts=())
    yield "an alert without labels", replace(plain, alerts=(replace(alert, labels=Labels(), annotations={}),))
    yield "no group labels", replace(plain, group_key="", group_labels=Labels(), external_url="", receiver="")
    for value in (math.nan, math.inf, -math.inf, 1e308, -0.0):
        yield f"the value {value}", replace(plain, alerts=(replace(alert, value=value),))
    for year in (1, 9999):
        at = datetime(year, 1, 1, tzinfo=UTC)
        yield f"the year {year}", replace(plain, at=at, alerts=(replace(alert, starts_at=at, ends_at=START),))
    yield "a belated message", replace(ended(plain), belated=True)
    many = (replace(alert, labels=alert.labels.merged({"n": str(number)})) for number in range(3_000))
    yield "3000 alerts", replace(plain, alerts=tuple(many))
    wide = Labels({f"label_{number}": "x" * 100 for number in range(1_000)})
    yield "1000 labels", replace(plain, alerts=(replace(alert, labels=wide, annotations=dict(wide)),))


class _Evil(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("x-evil", "script"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("onevil") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}=…>")


def evil_markup(html: str) -> list[str]:
    """What of the hostile texts became an element or an attribute."""
    parser = _Evil()
    parser.feed(html)
    parser.close()
    return parser.found


def evil_headers(headers: Mapping[str, str]) -> list[str]:
    """What of the hostile texts became a header."""
    return [name for name in headers if name.lower() in ("x-evil", "bcc")]
