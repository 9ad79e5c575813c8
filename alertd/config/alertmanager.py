"""The shape of Alertmanager's own keys: global, route, receivers."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from alertd import regex
from alertd.config.fields import NAMES_SCHEMA, Duration, Flag, LabelMap, Names, Strict, Text, TextMap, Url
from alertd.config.http import HttpConfig, TlsConfig
from alertd.core import matchers
from alertd.core.matchers import Grammar, Matcher

_SLACK = ("slack_api_url", "slack_app_token")


def _host_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if value and not (host.strip() and port.strip()):
        raise ValueError("needs a host and a port, like mail.example.org:587")
    return f"{host.strip()}:{port.strip()}" if value else ""


def _matchers(value: Any, info: ValidationInfo) -> list[Matcher]:
    """What the texts mean, in the grammar that was chosen on the command line."""
    grammar = (info.context or {}).get("grammar", Grammar.FALLBACK)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError('expected a list of matchers, like severity="critical"')
    return [matcher for text in texts for matcher in matchers.parse(text, grammar)]


def _named(values: dict[str, str]) -> dict[str, str]:
    if "" in values:
        raise ValueError("a matcher needs a label name")
    return values


def _expressions(expressions: dict[str, str]) -> dict[str, str]:
    for expression in expressions.values():
        regex.compile(expression)
    return expressions


LabelValues = Annotated[TextMap, AfterValidator(_named)]
Expressions = Annotated[LabelValues, AfterValidator(_expressions)]
HostPort = Annotated[str, AfterValidator(_host_port)]
Matchers = Annotated[list[Matcher], BeforeValidator(_matchers), WithJsonSchema(NAMES_SCHEMA)]


class GlobalConfig(Strict):
    """What receivers inherit."""

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
    slack_app_url: Url = "https://slack.com/api/chat.postMessage"
    pagerduty_url: Url = "https://events.pagerduty.com/v2/enqueue"
    opsgenie_api_url: Url = "https://api.opsgenie.com/"
    opsgenie_api_key: SecretStr | None = None
    opsgenie_api_key_file: str = ""
    wechat_api_url: Url = "https://qyapi.weixin.qq.com/cgi-bin/"
    wechat_api_secret: SecretStr | None = None
    wechat_api_secret_file: str = ""
    wechat_api_corp_id: Text = ""
    victorops_api_url: Url = "https://alert.victorops.com/integrations/generic/20131114/alert/"
    victorops_api_key: SecretStr | None = None
    victorops_api_key_file: str = ""
    telegram_api_url: Url = "https://api.telegram.org"
    telegram_bot_token: SecretStr | None = None
    telegram_bot_token_file: str = ""
    webex_api_url: Url = "https://webexapis.com/v1/messages"
    jira_api_url: Url | None = None
    rocketchat_api_url: Url = "https://open.rocket.chat/"
    rocketchat_token: SecretStr | None = None
    rocketchat_token_file: str = ""
    rocketchat_token_id: SecretStr | None = None
    rocketchat_token_id_file: str = ""
    mattermost_webhook_url: SecretStr | None = None
    mattermost_webhook_url_file: str = ""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for name in type(self).model_fields:
            if getattr(self, name) and getattr(self, f"{name}_file", ""):
                raise ValueError(f"at most one of {name}, {name}_file may be given")
        webhook, app = (bool(getattr(self, name) or getattr(self, f"{name}_file")) for name in _SLACK)
        url = self.slack_api_url.get_secret_value() if self.slack_api_url else ""
        if webhook and app and url != self.slack_app_url:
            raise ValueError("at most one of slack_api_url, slack_app_token may be given")
        return self


class RouteEntry(Strict):
    """A node of the routing tree; what is not said comes from the node above."""

    receiver: Text | None = Field(default=None, description="Who is told.")
    group_by: Names | None = Field(
        default=None, description="Labels that alerts of one message share; ['...'] for all."
    )
    continue_: Flag = Field(default=False, alias="continue", description="Try the next siblings too.")
    matchers: Matchers = Field(default_factory=list, description='Which alerts belong here: severity="critical".')
    match: LabelValues = Field(default_factory=dict, description="Older form of matchers.")
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
