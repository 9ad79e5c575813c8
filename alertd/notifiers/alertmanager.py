"""Telling other Alertmanagers, as Prometheus does: alerts are posted to each of them.

An alert that fires is posted with an end in the future, as Prometheus posts it. A notifier cannot post it again by
itself; the route's `repeat_interval` does, so `ends_after` is to be longer than that.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from alertd.config.fields import PositiveDuration, Url
from alertd.core.instants import rfc3339
from alertd.core.notification import NotifiedAlert
from alertd.errors import DeliveryError
from alertd.notifiers.posting import Posted, PostingNotifier, Request
from alertd.notifiers.said import said
from alertd.notifiers.texts import Texts

_PATH = "/api/v2/alerts"
_MOST_SAID = 1_000  # characters of what several of them say


class AlertmanagerConfig(Posted):
    """`alertmanager_configs`."""

    urls: Annotated[list[Url], Field(min_length=1)]
    ends_after: PositiveDuration = timedelta(days=1)


class AlertmanagerNotifier(PostingNotifier[AlertmanagerConfig]):
    """Posts the alerts of a message to every Alertmanager. The same alert posted twice is one alert there."""

    Config = AlertmanagerConfig

    async def deliver(self, texts: Texts) -> str:
        """Post to all at once. Raises DeliveryError if one of them did not take it, but not before all were asked."""
        requests = list(self.requests(texts))
        answers = await asyncio.gather(*(self._post(one, texts) for one in requests))
        pairs = zip(requests, answers, strict=True)
        failures = [(one.url, answer) for one, answer in pairs if isinstance(answer, DeliveryError)]
        if failures:
            raise _refusal(failures, len(requests))
        return str(answers[0]) if answers else "nothing to post: no alert has a label"

    def requests(self, texts: Texts) -> Iterable[Request]:
        """One for each of them, unless there is nothing to post."""
        now = self.context.clock.now()
        alerts = [_alert(alert, now, self.config.ends_after) for alert in texts.notification.alerts if alert.labels]
        return [Request(f"{url.rstrip('/')}{_PATH}", alerts) for url in self.config.urls] if alerts else []

    async def _post(self, request: Request, texts: Texts) -> str | DeliveryError:
        """What was said, or the refusal."""
        try:
            return (await self.post(request, texts)).words
        except DeliveryError as error:
            return error


def _alert(alert: NotifiedAlert, now: datetime, ends_after: timedelta) -> Mapping[str, Any]:
    """As Alertmanager takes it: it refuses all for one that ends before it starts, or a link that is none."""
    ends_at = alert.ends_at or now + ends_after
    link = {"generatorURL": alert.generator_url} if _is_link(alert.generator_url) else {}
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": rfc3339(min(alert.starts_at, ends_at)),
        "endsAt": rfc3339(ends_at),
        **link,
    }


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url


def _refusal(failures: Sequence[tuple[str, DeliveryError]], asked: int) -> DeliveryError:
    """For good only if every refusal was: those who took it bear to be asked again."""
    errors = [error for _, error in failures]
    waits = [error.retry_after for error in errors if error.retry_after is not None]
    first = next((error for error in errors if not error.permanent), errors[0])
    text = "; ".join(f"{_host(url)}: {error}" for url, error in failures)
    told = text if asked == 1 else f"{len(failures)} of {asked} did not take it: {text}"
    permanent = all(error.permanent for error in errors)
    return DeliveryError(
        said(told, most=_MOST_SAID), permanent=permanent, retry_after=max(waits, default=None), reason=first.reason
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
