"""The functions of Alertmanager's notification templates.

Source of the rules: https://prometheus.io/docs/alerting/latest/notifications/
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

from alertd.errors import TemplateError
from alertd.templating import humanize, textfunctions
from alertd.templating.bytestrings import decode, encode
from alertd.templating.functions import ANY, STRING, Function, Functions
from alertd.templating.gofunctions import GO_FUNCTIONS
from alertd.templating.gojson import to_json
from alertd.templating.layouts import format_time, parse_time
from alertd.templating.limits import joined
from alertd.templating.notificationdata import STRINGS, NotificationData
from alertd.templating.times import TIME, Duration, Time
from alertd.templating.values import HTML, URL, Map, Slice, Strings

_ZERO = datetime(1, 1, 1, tzinfo=UTC)


def _to_date(layout: str, text: str) -> Time:
    """The zero time if the text is none."""
    try:
        return _must_to_date(layout, text)
    except TemplateError:
        return Time(_ZERO)


def _must_to_date(layout: str, text: str) -> Time:
    try:
        return Time(parse_time(layout, text))
    except (ValueError, OverflowError, re.error) as problem:
        raise TemplateError(str(problem)) from None


def _in_zone(name: str, time: Time) -> Time:
    try:
        zone = UTC if name in ("", "UTC", "Local") else ZoneInfo(name)
        return Time(time.moment.astimezone(zone))
    except (KeyError, ValueError, OSError, OverflowError):
        raise TemplateError(f"there is no time zone {name!r}") from None


def _since(data: NotificationData, time: Time) -> Duration:
    return Duration.of(data.now - time.moment)


def _url_unescape(text: str) -> str:
    if re.search("%(?![0-9a-fA-F]{2})", text):
        raise TemplateError(f"{text!r} is not percent-encoded")
    return decode(unquote_to_bytes(encode(text.replace("+", " "))))


def _base64_decode(text: str) -> str:
    try:
        return decode(base64.b64decode(encode(text), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise TemplateError(f"{text!r} is not base64 of the alphabet for URLs") from None


def _append(items: Any, *more: Any) -> Slice:
    if not isinstance(items, Slice):
        raise TemplateError("only a list can be appended to")
    return Slice((*items, *more))


def _dict(*pairs: Any) -> Map:
    """Keys and values in turn; a last key without a value has an empty text."""
    names = pairs[::2]
    if not all(isinstance(name, str) for name in names):
        raise TemplateError("the keys of a dict must be texts")
    return Map(zip(names, (*pairs[1::2], ""), strict=False))


NOTIFICATION_FUNCTIONS: Functions = {
    **GO_FUNCTIONS,
    "toUpper": Function(textfunctions.upper, (STRING,)),
    "toLower": Function(textfunctions.lower, (STRING,)),
    "title": Function(textfunctions.title_lower, (STRING,)),
    "trimSpace": Function(lambda text: text.strip(), (STRING,)),
    "join": Function(lambda separator, items: joined(list(items), separator), (STRING, STRINGS)),
    "match": Function(textfunctions.match, (STRING, STRING)),
    "reReplaceAll": Function(textfunctions.replace_all, (STRING, STRING, STRING)),
    "safeHtml": Function(HTML, (STRING,)),
    "safeUrl": Function(URL, (STRING,)),
    "urlUnescape": Function(_url_unescape, (STRING,)),
    "stringSlice": Function(lambda *items: Strings(items), (), STRING),
    "routeLabels": Function(lambda data, name: data.route_labels.get(name, ""), (STRING,), hosted=True),
    "date": Function(lambda layout, time: format_time(time.moment, layout), (STRING, TIME)),
    "tz": Function(_in_zone, (STRING, TIME)),
    "now": Function(lambda data: Time(data.now), hosted=True),
    "since": Function(_since, (TIME,), hosted=True),
    "humanizeDuration": Function(humanize.humanize_duration, (ANY,)),
    "toDate": Function(_to_date, (STRING, STRING)),
    "mustToDate": Function(_must_to_date, (STRING, STRING)),
    "toJson": Function(to_json, (ANY,)),
    "base64encode": Function(lambda text: base64.urlsafe_b64encode(encode(text)).decode(), (STRING,)),
    "base64decode": Function(_base64_decode, (STRING,)),
    "list": Function(lambda *items: Slice(items), (), ANY),
    "append": Function(_append, (ANY,), ANY),
    "dict": Function(_dict, (), ANY),
}
