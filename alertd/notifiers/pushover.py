"""Telling phones through Pushover; what fires is repeated until somebody acknowledges it. https://pushover.net/api"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from html import escape
from typing import Self

from pydantic import SecretStr, model_validator

from alertd.config.fields import Duration, Flag, Text, Url
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, form
from alertd.notifiers.texts import Texts, lines

_MOST_TITLE, _MOST_MESSAGE, _MOST_URL, _MOST_URL_TITLE = 250, 1024, 512, 100  # characters
_LEAST_RETRY, _MOST_EXPIRE = timedelta(seconds=30), timedelta(hours=3)
_PRIORITIES = frozenset(("-2", "-1", "0", "1", "2"))


class PushoverConfig(Posted):
    """`pushover_configs`, as in Alertmanager; `api_url` is ours."""

    user_key: SecretStr | None = None
    user_key_file: str = ""
    token: SecretStr | None = None
    token_file: str = ""
    title: Text = '{{ template "pushover.default.title" . }}'
    message: Text = '{{ template "pushover.default.message" . }}'
    url: Text = '{{ template "pushover.default.url" . }}'
    url_title: Text = ""
    device: Text = ""
    sound: Text = ""
    priority: Text = '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'
    retry: Duration = timedelta(minutes=1)
    expire: Duration = timedelta(hours=1)
    ttl: Duration = timedelta(0)
    html: Flag = False
    monospace: Flag = False
    api_url: Url = "https://api.pushover.net/1/messages.json"

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for name in ("user_key", "token"):
            self.exclusive(name)
            self.require(name)
        if self.html and self.monospace:
            raise ValueError("at most one of html, monospace may be true")
        return self


class PushoverNotifier(PostingNotifier[PushoverConfig]):
    """Sends one notification a message."""

    Config = PushoverConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The form."""
        keys = {"token": self.secret("token", texts), "user": self.secret("user_key", texts)}
        said = {name: value for name, value in _fields(self.config, texts) if value}
        return [form(self.config.api_url, {**keys, **said})]


def _fields(config: PushoverConfig, texts: Texts) -> Iterator[tuple[str, str]]:
    yield "title", cut.runes(texts.title("title", config.title), _MOST_TITLE)
    yield "message", cut.runes(_message(config, texts), _MOST_MESSAGE).strip() or "(no details)"
    yield "html", "1" if config.html else ""
    yield "monospace", "1" if config.monospace else ""
    yield "url", cut.runes(texts.text("url", config.url), _MOST_URL)
    yield "url_title", cut.runes(texts.text("url_title", config.url_title), _MOST_URL_TITLE)
    yield "priority", _priority(config, texts)
    yield "retry", _seconds(max(config.retry, _LEAST_RETRY))
    yield "expire", _seconds(min(config.expire, _MOST_EXPIRE))
    yield "ttl", _seconds(config.ttl) if config.ttl else ""
    yield "device", texts.text("device", config.device)
    yield "sound", texts.text("sound", config.sound)


def _message(config: PushoverConfig, texts: Texts) -> str:
    if not config.html:
        return texts.body("message", config.message)
    made = texts.expand("`message`", config.message, texts.context.render_html)
    return escape(lines(texts.notification, texts.problems)) if made is None else made


def _priority(config: PushoverConfig, texts: Texts) -> str:
    """One that Pushover knows; with another it would refuse the message."""
    found = texts.text("priority", config.priority).strip()
    return found if found in _PRIORITIES else "1" if texts.notification.firing else "0"


def _seconds(time: timedelta) -> str:
    return str(int(time.total_seconds()))
