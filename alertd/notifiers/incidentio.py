"""Telling incident.io, through an alert source of the kind Alertmanager.

https://api-docs.incident.io/tag/Alert-Events-V2
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from alertd.config.fields import Integer, Url
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert
from alertd.notifiers import cut
from alertd.notifiers.anonymous import anonymous, has_credentials
from alertd.notifiers.payload import payload
from alertd.notifiers.posting import Posted, PostingNotifier, Request
from alertd.notifiers.texts import Texts

_MOST = 512 * 1024  # bytes; incident.io answers 429 to more, as if that would pass
_MOST_TEXT, _MOST_LABEL, _MOST_PAIRS = 1_000, 200, 20  # characters and texts of an alert that is too large even alone


class IncidentioConfig(Posted):
    """`incidentio_configs`, as in Alertmanager."""

    url: Url | None = None
    url_file: str = ""
    alert_source_token: SecretStr | None = None
    alert_source_token_file: str = ""
    max_alerts: Integer = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if bool(self.url) == bool(self.url_file):
            raise ValueError("give either url or url_file")
        self.exclusive("alert_source_token")
        if self.has("alert_source_token") and self.http_config and self.http_config.authorization:
            raise ValueError("at most one of alert_source_token, http_config.authorization may be given")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the HTTP client of all. Raises ValueError if nothing says who we are."""
        complete = super().with_global(global_)
        if complete.has("alert_source_token"):
            return complete.model_copy(update={"http_config": anonymous(complete.http_config)})
        if not has_credentials(complete.http_config):
            complete.require("alert_source_token", ", and so is http_config.authorization")
        return complete


class IncidentioNotifier(PostingNotifier[IncidentioConfig]):
    """Posts Alertmanager's webhook document, as small as incident.io takes it."""

    Config = IncidentioConfig

    def requests(self, texts: Texts) -> Iterable[Request]:
        """The document."""
        config = self.config
        url = config.url or self.secret("url", texts)
        token = self.secret("alert_source_token", texts) if config.has("alert_source_token") else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return [Request(url, _fitting(texts.notification, config.max_alerts), headers)]


def _fitting(notification: Notification, most: int) -> Mapping[str, Any]:
    """The document of the first alerts, half as many until it fits; one that alone is too large is shortened."""
    document = _document(notification, most)
    while _size(document) > _MOST and len(document["alerts"]) > 1:
        document = _document(notification, len(document["alerts"]) // 2)
    return document if _size(document) <= _MOST else _document(_shortened(notification), 1)


def _document(notification: Notification, most: int) -> Mapping[str, Any]:
    return {**payload(notification, most), "version": "1"}


def _size(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def _shortened(notification: Notification) -> Notification:
    alerts = tuple(map(_shorter, notification.alerts))
    receiver, groups = cut.runes(notification.receiver, _MOST_LABEL), _few(notification.group_labels)
    routes = _few(notification.route_labels)
    return replace(notification, alerts=alerts, receiver=receiver, group_labels=groups, route_labels=routes)


def _shorter(alert: NotifiedAlert) -> NotifiedAlert:
    notes = list(alert.annotations.items())[:_MOST_PAIRS]
    annotations = {cut.runes(name, _MOST_LABEL): cut.runes(text, _MOST_TEXT) for name, text in notes}
    url = alert.generator_url if len(alert.generator_url) <= _MOST_TEXT else ""
    return replace(alert, labels=_few(alert.labels), annotations=annotations, generator_url=url)


def _few(labels: Labels) -> Labels:
    first = list(labels.items())[:_MOST_PAIRS]
    return Labels({cut.runes(name, _MOST_LABEL): cut.runes(value, _MOST_LABEL) for name, value in first})
