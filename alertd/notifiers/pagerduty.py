"""Telling PagerDuty: an incident a group, resolved when the group is. https://developer.pagerduty.com/docs/events-api-v2/

With a `service_key` it speaks the older version 1 of the API.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from alertd.config.fields import Strict, Text, Url
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, Verdict, group_hash
from alertd.notifiers.texts import Texts, heading

_MOST_SUMMARY = 1024  # characters
_MOST_EVENT = 512_000  # bytes
_SEVERITIES = frozenset(("critical", "error", "warning", "info"))
_V1 = "/generic/2010-04-15/create_event.json"
_DETAILS = {
    "firing": "{{ .Alerts.Firing | toJson }}",
    "resolved": "{{ .Alerts.Resolved | toJson }}",
    "num_firing": "{{ .Alerts.Firing | len }}",
    "num_resolved": "{{ .Alerts.Resolved | len }}",
}


class Image(Strict):
    """A picture; all are templates."""

    src: Text = ""
    alt: Text = ""
    href: Text = ""


class Link(Strict):
    """A link; both are templates."""

    href: Text = ""
    text: Text = ""


class PagerdutyConfig(Posted):
    """`pagerduty_configs`, as in Alertmanager."""

    inherited: ClassVar = {"url": "pagerduty_url"}

    routing_key: SecretStr | None = None
    routing_key_file: str = ""
    service_key: SecretStr | None = None
    service_key_file: str = ""
    url: Url | None = None
    client: Text = '{{ template "pagerduty.default.client" . }}'
    client_url: Text = '{{ template "pagerduty.default.clientURL" . }}'
    description: Text = '{{ template "pagerduty.default.description" . }}'
    details: dict[str, Any] = Field(default_factory=dict)
    images: list[Image] = Field(default_factory=list)
    links: list[Link] = Field(default_factory=list)
    source: Text = ""
    severity: Text = "error"
    class_: Text = Field(default="", alias="class")
    component: Text = ""
    group: Text = ""

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        self.exclusive("routing_key", "service_key")
        if not (self.has("routing_key") or self.has("service_key")):
            raise ValueError("routing_key is missing: give it, routing_key_file, or for the older API service_key")
        return self


class PagerdutyNotifier(PostingNotifier[PagerdutyConfig]):
    """Sends events whose `dedup_key` is the group."""

    Config = PagerdutyConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The event."""
        details = texts.tree("details", {**_DETAILS, **self.config.details})
        if self._old:
            address = urlsplit(str(self.config.url))
            url = address._replace(path=_V1, query="", fragment="").geturl()
            return [_fitting(url, _event_v1(self.config, texts, self.secret("service_key", texts)), details)]
        key = self.secret("routing_key", texts)
        return [_fitting(str(self.config.url), _event_v2(self.config, texts, key), details)]

    def verdict(self, reply: Reply) -> Verdict:
        """As its status says; the older API says 403 for too many events."""
        verdict = self.by_status(reply)
        return (
            replace(verdict, reason="rate_limited", permanent=False) if self._old and reply.status == 403 else verdict
        )

    @property
    def _old(self) -> bool:
        return self.config.has("service_key")


def _fitting(url: str, event: Mapping[str, Any], details: Mapping[str, Any]) -> Request:
    """The event with its details, or without if they are too large."""
    whole = Request(url, _with(event, details))
    if len(whole.data) <= _MOST_EVENT:
        return whole
    return Request(url, _with(event, {"error": f"left out: the event had more than {_MOST_EVENT} bytes"}))


def _with(event: Mapping[str, Any], details: Mapping[str, Any]) -> Mapping[str, Any]:
    if "payload" not in event:
        return {**event, "details": details}
    return {**event, "payload": {**event["payload"], "custom_details": details}}


def _event_v1(config: PagerdutyConfig, texts: Texts, key: str) -> Mapping[str, Any]:
    event = {
        "service_key": key,
        "event_type": "trigger" if texts.notification.firing else "resolve",
        "incident_key": group_hash(texts.notification),
        "description": _summary(config, texts),
    }
    return {**event, **(_client(config, texts) if texts.notification.firing else {})}


def _event_v2(config: PagerdutyConfig, texts: Texts, key: str) -> Mapping[str, Any]:
    images = [texts.fields(f"images[{n}]", one.model_dump()) for n, one in enumerate(config.images)]
    links = [texts.fields(f"links[{n}]", one.model_dump()) for n, one in enumerate(config.links)]
    lists = {"images": [one for one in images if one["src"]], "links": [one for one in links if one["href"]]}
    return {
        "routing_key": key,
        "event_action": "trigger" if texts.notification.firing else "resolve",
        "dedup_key": group_hash(texts.notification),
        "payload": _payload(config, texts),
        **_client(config, texts),
        **{name: found for name, found in lists.items() if found},
    }


def _payload(config: PagerdutyConfig, texts: Texts) -> Mapping[str, str]:
    optional = {
        "class": _short(texts.text("class", config.class_)),
        "component": _short(texts.text("component", config.component)),
        "group": _short(texts.text("group", config.group)),
    }
    return {
        "summary": _summary(config, texts),
        "source": _short(texts.text("source", config.source or config.client)) or "alertd",
        "severity": _severity(config, texts),
        **{key: value for key, value in optional.items() if value},
    }


def _summary(config: PagerdutyConfig, texts: Texts) -> str:
    return _short(texts.title("description", config.description).strip() or heading(texts.notification))


def _client(config: PagerdutyConfig, texts: Texts) -> Mapping[str, str]:
    given = {"client": config.client, "client_url": config.client_url}
    made = {key: _short(texts.text(key, template)) for key, template in given.items()}
    return {key: value for key, value in made.items() if value}


def _severity(config: PagerdutyConfig, texts: Texts) -> str:
    """One that PagerDuty knows; an event with another it would refuse."""
    found = texts.text("severity", config.severity, "error").strip().lower()
    if found in _SEVERITIES:
        return found
    texts.problems.append("`severity` is none that PagerDuty knows: sent as error")
    return "error"


def _short(text: str) -> str:
    return cut.runes(text, _MOST_SUMMARY)
