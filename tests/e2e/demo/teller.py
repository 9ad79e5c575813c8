"""What happens, told in lines for a terminal; plain where there is no colour."""

import os
import sys
import time
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from typing import Any

from tests.e2e.demo.stage import NORMAL, Stage

_COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "dim": 2, "bold": 1}
_WORD = {"pending": ("PENDING", "yellow"), "firing": ("FIRING", "red"), "": ("RESOLVED", "green")}
_MANY = 6  # other alerts that change at once are counted, not listed

Key = tuple[tuple[str, str], ...]


class Teller:
    """Looks at the stage again and again and says what is new. `chapters` are the parts of the story already told."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._states: dict[Key, str] = {}
        self._length: float = NORMAL
        self._mails = self._posts = 0
        self.chapters: set[str] = set()

    def introduce(self) -> None:
        """Who takes part."""
        stage = self._stage
        scrapes = "scrapes itself, alertd and a demo exporter" if stage.own else "yours; it is only asked"
        say()
        say(paint("alertd at work", "bold") + paint("   Ctrl-C stops all of it and leaves nothing behind", "dim"))
        say()
        for name, where, what in (
            ("Prometheus", stage.url, scrapes),
            ("alertd", stage.alertd_url, f"{stage.rules()} rules: those in rules/, its own, and one for this demo"),
            ("mail", f"127.0.0.1:{stage.mailbox.port}", "caught here, shown below"),
            ("webhook", f"http://127.0.0.1:{stage.hook.port}", "received here, shown below"),
        ):
            say(f"  {name:<11} {where:<26} {paint(what, 'dim')}")
        say()
        say(paint(f"  in another terminal: .venv/bin/alertd alerts --url {stage.alertd_url}", "dim"))
        say()

    def look(self) -> None:
        """Say what has happened since the last look."""
        if self._stage.own:
            self._queue(self._stage.act())
        alerts = self._stage.alerts()
        if alerts is not None:
            self._alerts(alerts)
        mails, posts = self._stage.mailbox.mails, self._stage.hook.messages
        for mail in mails[self._mails :]:
            self._mail(mail)
        for post in posts[self._posts :]:
            self._post(post)
        self._mails, self._posts = len(mails), len(posts)

    @property
    def over(self) -> bool:
        """The whole story has been told once."""
        wanted = {"pending", "firing", "resolved", "mail firing", "mail resolved", "post firing", "post resolved"}
        return wanted <= self.chapters

    def _queue(self, length: float) -> None:
        if length != self._length:
            what = "grows to" if length > self._length else "is worked off, down to"
            event("queue", "blue", "", f"the demo's queue of orders {what} {length:g}")
        self._length = length

    def _alerts(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        now = {tuple(sorted(alert["labels"].items())): alert for alert in alerts}
        states = {key: alert["state"] for key, alert in now.items()}
        changed = [key for key in {**self._states, **states} if self._states.get(key) != states.get(key)]
        self._states = states
        others = [key for key in changed if not _ours(dict(key))]
        for key in changed:
            if _ours(dict(key)) or len(others) <= _MANY:
                self._alert(dict(key), now.get(key))
        if len(others) > _MANY:
            event("…", "dim", "", f"{len(others)} other alerts have changed; `alertd alerts` lists them")

    def _alert(self, labels: dict[str, str], alert: Mapping[str, Any] | None) -> None:
        state = alert["state"] if alert else ""
        word, colour = _WORD[state]
        summary = alert["annotations"].get("summary", "") if alert else ""
        rest = " ".join(f"{name}={value}" for name, value in labels.items() if name != "alertname")
        event(word, colour, labels["alertname"], summary, rest)
        if _ours(labels):
            self.chapters.add(state or "resolved")

    def _mail(self, mail: EmailMessage) -> None:
        subject = " ".join(str(mail["Subject"]).split())
        body = mail.get_body(("plain",))
        lines = body.get_content().splitlines() if body else []
        shown = [line.rstrip() for line in lines if line.strip()][:_MANY]
        event("MAIL", "magenta", subject, f"to {mail['To']}", *shown)
        if "QueueBacklog" in subject:
            self.chapters.add(f"mail {'resolved' if shown[0].startswith('RESOLVED') else 'firing'}")

    def _post(self, post: Mapping[str, Any]) -> None:
        alerts = post["alerts"]
        names = sorted({alert["labels"].get("alertname", "") for alert in alerts})
        event("WEBHOOK", "magenta", str(post["status"]), f"{', '.join(names)}: {post['notification_reason']}")
        if any(_ours(alert["labels"]) for alert in alerts):
            self.chapters.add(f"post {post['status']}")


def _ours(labels: Mapping[str, str]) -> bool:
    return labels.get("alertname") == "QueueBacklog"


def event(word: str, colour: str, headline: str, text: str, *more: str) -> None:
    """One line with the time of day, and further ones below it."""
    told = "  ".join(part for part in (paint(headline, "bold"), plain(text)) if part)
    say(f"  {paint(time.strftime('%H:%M:%S'), 'dim')}  {paint(f'{word:<9}', colour)} {told}")
    for line in more:
        say(f"{'':<22}{paint(line, 'dim')}")


def paint(text: str, colour: str) -> str:
    """The text, made harmless, in a colour if somebody looks who may want colours."""
    text = plain(text)
    if not text or not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def plain(text: str) -> str:
    """Text from anywhere cannot steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def say(text: str = "") -> None:
    """One line, at once."""
    print(text, flush=True)
