"""The functions of Prometheus' rule templates.

Source of the rules: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

import ipaddress
import math
import re
from urllib.parse import quote_plus, urlsplit

from alertd.errors import TemplateError
from alertd.templating import humanize, textfunctions
from alertd.templating.bytestrings import encode
from alertd.templating.floats import four_digits
from alertd.templating.functions import ANY, STRING, Function, Functions
from alertd.templating.gofunctions import GO_FUNCTIONS
from alertd.templating.ruledata import SAMPLE, VECTOR, QueryNeeded, RuleData, Sample, Vector
from alertd.templating.times import Duration, Time, from_unix
from alertd.templating.values import HTML, Map

_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_MILLISECONDS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
_MOST_MILLISECONDS = (2**63 - 1) // 1_000_000


def _query(data: RuleData, expr: str) -> Vector:
    if expr not in data.answers:
        raise QueryNeeded(expr)
    return Vector(Sample(labels, value) for labels, value in data.answers[expr])


def _first(vector: Vector) -> Sample:
    if not vector:
        raise TemplateError("the result has no element")
    first: Sample = vector[0]
    return first


def _sort_by_label(label: str, vector: Vector) -> Vector:
    return Vector(sorted(vector, key=lambda sample: encode(sample.labels.get(label, ""))))


def _args(*values: object) -> Map:
    return Map({f"arg{position}": value for position, value in enumerate(values)})


def _to_time(value: object) -> Time:
    seconds = humanize.number(value)
    if not math.isfinite(seconds):
        raise TemplateError(f"{four_digits(seconds)} is no time")
    return from_unix(seconds)


def _to_duration(value: object) -> Duration:
    nanoseconds = humanize.number(value) * 1e9
    if not -(2.0**63) <= nanoseconds < 2.0**63:
        raise TemplateError(f"{four_digits(nanoseconds / 1e9)} seconds are no duration")
    return Duration(int(nanoseconds))


def _parse_duration(text: str) -> float:
    """`2h10m15s` in seconds."""
    negative, digits = text.startswith("-"), text.removeprefix("-")
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(digits)
    if not digits or not found or len(digits) > 100:
        raise TemplateError(f"{text!r} is no duration; write 90s, 1h30m or 2d")
    milliseconds = sum(int(count or 0) * unit for count, unit in zip(found.groups(), _MILLISECONDS, strict=True))
    if milliseconds > _MOST_MILLISECONDS:
        raise TemplateError(f"{text!r} is too long for a duration")
    return (-milliseconds if negative else milliseconds) / 1000


def _split(address: str) -> tuple[str, str] | None:
    """The host and the port of `host:port` or `[host]:port`."""
    host, colon, port = address.rpartition(":")
    if not colon or "]" in port or "[" in port:
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    return None if "[" in host or "]" in host else (host, port)


def _strip_port(address: str) -> str:
    """The host; what has no port is left as it is."""
    parts = _split(address)
    return parts[0] if parts else address


def _strip_domain(address: str) -> str:
    """The first name of a host, with its port; an IP address is left as it is."""
    host, port = _split(address) or (address, "")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        name = host.split(".", 1)[0]
        name = f"[{name}]" if port and ":" in name else name
        return f"{name}:{port}" if port else name
    return address


def _link(expr: str, tab: int) -> str:
    return f"/graph?g0.expr={quote_plus(encode(expr), safe='~')}&g0.tab={tab}"


RULE_FUNCTIONS: Functions = {
    **GO_FUNCTIONS,
    "query": Function(_query, (STRING,), hosted=True),
    "first": Function(_first, (VECTOR,)),
    "label": Function(lambda label, sample: sample.labels.get(label, ""), (STRING, SAMPLE)),
    "value": Function(lambda sample: sample.value, (SAMPLE,)),
    "strvalue": Function(lambda sample: sample.labels.get("__value__", ""), (SAMPLE,)),
    "sortByLabel": Function(_sort_by_label, (STRING, VECTOR)),
    "args": Function(_args, (), ANY),
    "reReplaceAll": Function(textfunctions.replace_all, (STRING, STRING, STRING)),
    "match": Function(textfunctions.match, (STRING, STRING)),
    "title": Function(textfunctions.title, (STRING,)),
    "toUpper": Function(textfunctions.upper, (STRING,)),
    "toLower": Function(textfunctions.lower, (STRING,)),
    "stripPort": Function(_strip_port, (STRING,)),
    "stripDomain": Function(_strip_domain, (STRING,)),
    "humanize": Function(humanize.humanize, (ANY,)),
    "humanize1024": Function(humanize.humanize1024, (ANY,)),
    "humanizeDuration": Function(humanize.humanize_duration, (ANY,)),
    "humanizePercentage": Function(humanize.humanize_percentage, (ANY,)),
    "humanizeTimestamp": Function(humanize.humanize_timestamp, (ANY,)),
    "toTime": Function(_to_time, (ANY,)),
    "toDuration": Function(_to_duration, (ANY,)),
    "now": Function(lambda data: data.now.timestamp(), hosted=True),
    "parseDuration": Function(_parse_duration, (STRING,)),
    "graphLink": Function(lambda expr: _link(expr, 0), (STRING,)),
    "tableLink": Function(lambda expr: _link(expr, 1), (STRING,)),
    "pathPrefix": Function(lambda data: urlsplit(data.external_url).path, hosted=True),
    "externalURL": Function(lambda data: data.external_url, hosted=True),
    "urlQueryEscape": Function(lambda text: quote_plus(encode(text), safe="~"), (STRING,)),
    "safeHtml": Function(HTML, (STRING,)),
}
