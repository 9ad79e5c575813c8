"""The shape of Alertmanager's own keys: global, route, receivers, inhibit_rules, time_intervals."""

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from alertd import regex
from alertd.config.fields import Duration, Flag, LabelMap, LabelName, Names, Strict, Text, TextMap, Url
from alertd.config.http import HttpConfig, TlsConfig
from alertd.core import matchers

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = ("january", "february", "march", "april", "may", "june",
           "july", "august", "september", "october", "november", "december")  # fmt: skip


def _host_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if value and not (host.strip() and port.strip()):
        raise ValueError("needs a host and a port, like mail.example.org:587")
    return f"{host.strip()}:{port.strip()}" if value else ""


def _matcher(text: str) -> str:
    matchers.parse(text)
    return text


def _expressions(expressions: dict[str, str]) -> dict[str, str]:
    for expression in expressions.values():
        regex.compile(expression)
    return expressions


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"not a time of day: {text[:20]!r} (write 09:00, up to 24:00)")
    return text


def _within(names: tuple[str, ...], low: int, high: int, *, negative: bool = False) -> AfterValidator:
    """Checks `a` or `a:b`, each a name or a number in the range, the first not after the second."""

    def number(text: str) -> int:
        if text.lower() in names:
            return names.index(text.lower()) + low
        value = int(text) if low and re.fullmatch(r"-?\d{1,4}", text, re.ASCII) else 0
        if value and (low <= value <= high or (negative and -high <= value <= -low)):
            return value
        raise ValueError(f"{text[:20]!r} is not {'a name like ' + names[1] if names else f'between {low} and {high}'}")

    def check(text: str) -> str:
        ends = [number(part.strip()) for part in text.split(":")]
        if len(ends) > 2 or (ends[0] > ends[-1] and (ends[0] > 0) == (ends[-1] > 0)):
            raise ValueError(f"not a range: {text[:40]!r} (write first:last)")
        return text

    return AfterValidator(check)


MatcherText = Annotated[str, AfterValidator(_matcher)]
Expressions = Annotated[TextMap, AfterValidator(_expressions)]
HostPort = Annotated[str, AfterValidator(_host_port)]
Matchers = Annotated[Names, AfterValidator(lambda texts: [_matcher(text) for text in texts])]
Weekdays = Annotated[str, _within(_DAYS, 0, 6)]
Days = Annotated[str, _within((), 1, 31, negative=True)]
Months = Annotated[str, _within(_MONTHS, 1, 12)]
Years = Annotated[str, _within((), 1, 9999)]
TimeOfDay = Annotated[str, AfterValidator(_time)]


class GlobalConfig(Strict):
    """What receivers inherit. Keys of receiver types that alertd does not have yet are taken and kept."""

    resolve_timeout: Duration = Field(
        default=timedelta(minutes=5), description="When posted alerts without an end are over."
    )
    http_config: HttpConfig | None = Field(default=None, description="How receivers are reached over HTTP.")
    smtp_from: Text = Field(default="", description="The sender of e-mail.")
    smtp_smarthost: HostPort = Field(default="", description="The mail server, host:port.")
    smtp_hello: Text = Field(default="localhost", description="What it is greeted with.")
    smtp_auth_username: Text = Field(default="", description="The user for CRAM-MD5, LOGIN and PLAIN.")
    smtp_auth_password: SecretStr | None = Field(default=None, description="The password for LOGIN and PLAIN.")
    smtp_auth_password_file: str = Field(default="", description="A file that holds it.")
    smtp_auth_secret: SecretStr | None = Field(default=None, description="The secret for CRAM-MD5.")
    smtp_auth_secret_file: str = Field(default="", description="A file that holds it.")
    smtp_auth_identity: Text = Field(default="", description="The identity for PLAIN.")
    smtp_require_tls: Flag = Field(default=True, description="Refuse to send without STARTTLS.")
    smtp_tls_config: TlsConfig | None = Field(default=None, description="How the mail server is verified.")
    smtp_force_implicit_tls: Flag | None = Field(
        default=None, description="TLS from the first byte, also off port 465."
    )
    slack_api_url: SecretStr | None = None
    slack_api_url_file: str = ""
    slack_app_token: SecretStr | None = None
    slack_app_token_file: str = ""
    slack_app_url: Url | None = None
    pagerduty_url: Url | None = None
    opsgenie_api_url: Url | None = None
    opsgenie_api_key: SecretStr | None = None
    opsgenie_api_key_file: str = ""
    wechat_api_url: Url | None = None
    wechat_api_secret: SecretStr | None = None
    wechat_api_secret_file: str = ""
    wechat_api_corp_id: Text = ""
    victorops_api_url: Url | None = None
    victorops_api_key: SecretStr | None = None
    victorops_api_key_file: str = ""
    telegram_api_url: Url | None = None
    telegram_bot_token: SecretStr | None = None
    telegram_bot_token_file: str = ""
    webex_api_url: Url | None = None
    jira_api_url: Url | None = None
    rocketchat_api_url: Url | None = None
    rocketchat_token: SecretStr | None = None
    rocketchat_token_file: str = ""
    rocketchat_token_id: SecretStr | None = None
    rocketchat_token_id_file: str = ""
    mattermost_webhook_url: SecretStr | None = None
    mattermost_webhook_url_file: str = ""


class RouteEntry(Strict):
    """A node of the routing tree; what is not said comes from the node above."""

    receiver: Text | None = Field(default=None, description="Who is told.")
    group_by: Names | None = Field(
        default=None, description="Labels that alerts of one message share; ['...'] for all."
    )
    continue_: Flag = Field(default=False, alias="continue", description="Try the next siblings too.")
    matchers: Matchers = Field(default_factory=list, description='Which alerts belong here: severity="critical".')
    match: TextMap = Field(default_factory=dict, description="Older form of matchers.")
    match_re: Expressions = Field(default_factory=dict, description="Older form of matchers.")
    group_wait: Duration | None = Field(default=None, description="How long the first message of a group waits; 30s.")
    group_interval: Duration | None = Field(default=None, description="How long later ones wait; 5m.")
    repeat_interval: Duration | None = Field(default=None, description="When an unchanged group is told again; 4h.")
    mute_time_intervals: Names = Field(default_factory=list, description="Times when nothing is sent.")
    active_time_intervals: Names = Field(default_factory=list, description="Times outside which nothing is sent.")
    labels: LabelMap = Field(default_factory=dict, description="Labels for messages of this route.")
    routes: list["RouteEntry"] = Field(default_factory=list, description="The nodes below.")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for name in ("group_interval", "repeat_interval"):
            if getattr(self, name) == timedelta(0):
                raise ValueError(f"{name} cannot be zero")
        names = self.group_by or []
        if "..." in names and len(names) > 1:
            raise ValueError("group_by has '...', which means all labels, beside others")
        if len(set(names)) < len(names):
            raise ValueError("group_by names a label twice")
        if "" in names:
            raise ValueError("group_by has an empty label name")
        return self


class ReceiverEntry(Strict):
    """Somebody to tell. The other keys are those of the notifiers: webhook_configs, email_configs, …"""

    model_config = ConfigDict(extra="allow")

    name: Text = Field(min_length=1, description="What routes call it.")
    labels: LabelMap = Field(default_factory=dict, description="Labels for its messages.")


class InhibitRule(Strict):
    """While a source alert fires, target alerts with equal labels are not told."""

    name: Text = ""
    source_matchers: Matchers = Field(default_factory=list, description="Which alerts silence others.")
    target_matchers: Matchers = Field(default_factory=list, description="Which alerts are silenced.")
    equal: list[LabelName] = Field(default_factory=list, description="Labels both must share.")
    source_match: TextMap = Field(default_factory=dict, description="Older form of source_matchers.")
    source_match_re: Expressions = Field(default_factory=dict, description="Older form of source_matchers.")
    target_match: TextMap = Field(default_factory=dict, description="Older form of target_matchers.")
    target_match_re: Expressions = Field(default_factory=dict, description="Older form of target_matchers.")


class TimeRange(Strict):
    """From start_time up to end_time, the same day."""

    start_time: TimeOfDay = Field(description="HH:MM.")
    end_time: TimeOfDay = Field(description="HH:MM, up to 24:00.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start_time >= self.end_time:
            raise ValueError("start_time must be before end_time; write two ranges to cross midnight")
        return self


class TimeSpan(Strict):
    """Times that satisfy all the fields given."""

    times: list[TimeRange] = Field(default_factory=list, description="Times of day.")
    weekdays: list[Weekdays] = Field(default_factory=list, description="monday:friday, saturday, …")
    days_of_month: list[Days] = Field(default_factory=list, description="1:15, or from the end: -3:-1.")
    months: list[Months] = Field(default_factory=list, description="january:march, 5, …")
    years: list[Years] = Field(default_factory=list, description="2026:2028, …")
    location: Text = Field(default="UTC", description="The time zone.")


class TimeInterval(Strict):
    """A named set of times."""

    name: Text = Field(min_length=1, description="What routes call it.")
    time_intervals: list[TimeSpan] = Field(default_factory=list, description="The times; any of them will do.")
