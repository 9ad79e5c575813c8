"""Telling a topic, a phone or an endpoint of Amazon SNS. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from alertd.config.fields import Flag, Text, TextMap
from alertd.errors import DeliveryError
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.anonymous import anonymous
from alertd.notifiers.awskeys import Keyring, Sigv4
from alertd.notifiers.posting import Answer, Posted, PostingNotifier, Request, Verdict, form, group_hash
from alertd.notifiers.sigv4 import Keys, sign
from alertd.notifiers.texts import Texts, heading
from alertd.ports import Context

_MOST_MESSAGE, _MOST_SUBJECT, _MOST_SMS = 256 * 1024, 100, 1600  # bytes with all attributes, characters, characters
_TRUNCATED = {"truncated": "true"}
_ROOM = 64  # bytes for that
_CODE = re.compile(rb"<Code>([A-Za-z.]+)</Code>")
_MESSAGE_ID = re.compile(rb"<MessageId>([^<]+)</MessageId>")
_THROTTLED = frozenset((b"Throttling", b"ThrottlingException", b"Throttled", b"RequestLimitExceeded", b"KMSThrottling"))
_OUTDATED = frozenset((b"ExpiredToken", b"ExpiredTokenException", b"RequestExpired"))
_TARGETS = {"topic_arn": "TopicArn", "target_arn": "TargetArn", "phone_number": "PhoneNumber"}
_TAKEN = (1, 3)  # as Alertmanager counts them: one, or all, of which the first counts
_VERSIONS = {"sns": "2010-03-31", "sts": "2011-06-15"}


class SnsConfig(Posted):
    """`sns_configs`, as in Alertmanager."""

    api_url: Text = ""
    sigv4: Sigv4 = Sigv4()
    topic_arn: Text = ""
    phone_number: Text = ""
    target_arn: Text = ""
    subject: Text = '{{ template "sns.default.subject" . }}'
    message: Text = '{{ template "sns.default.message" . }}'
    attributes: TextMap = Field(default_factory=dict)
    use_aws_http_client: Flag = False

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if len([name for name in _TARGETS if getattr(self, name)]) not in _TAKEN:
            raise ValueError("give one of topic_arn, target_arn, phone_number")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the HTTP client of all, without credentials: the signature takes their place."""
        complete = super().with_global(global_)
        return complete.model_copy(update={"http_config": anonymous(complete.http_config)})


class SnsNotifier(PostingNotifier[SnsConfig]):
    """Publishes one message, signed."""

    Config = SnsConfig

    def __init__(self, config: SnsConfig, context: Context) -> None:
        super().__init__(config, context)
        self._keyring = Keyring(config.sigv4, context.clock)

    async def deliver(self, texts: Texts) -> str:
        """Publish it. Raises DeliveryError."""
        target = next(name for name in _TARGETS if getattr(self.config, name))
        where = texts.needed(target, getattr(self.config, target))
        region = self._region(where)
        url = texts.needed("api_url", self.config.api_url) if self.config.api_url else _endpoint("sns", region)
        if not url.startswith(("http://", "https://")):
            raise DeliveryError("api_url is not one of http:// or https://", permanent=True, reason="config")
        keys = await self._keys(texts, region)
        fields = {"Action": "Publish", _TARGETS[target]: where, **dict(_fields(self.config, texts, where))}
        answer = await self._ask(texts, "sns", _with_path(url), region, fields, keys)
        told = _MESSAGE_ID.search(answer.reply.body)
        return f"message {told[1].decode('utf-8', 'replace')}" if told else answer.words

    def verdict(self, reply: Reply) -> Verdict:
        """Amazon has names for what its statuses do not tell."""
        code = _CODE.search(reply.body) if reply.status >= 400 else None
        if code and code[1] in _THROTTLED:
            return Verdict("rate_limited", retry_after=self.by_status(reply).retry_after)
        if code and code[1] in _OUTDATED:
            self._keyring.refused()
            return Verdict("auth_error")
        return self.by_status(reply)

    async def _keys(self, texts: Texts, region: str) -> Keys:
        """The keys to sign with; what must not be shown of them is hidden from now on."""

        async def ask(fields: Mapping[str, str], keys: Keys | None) -> str:
            url = self._keyring.environment.get("AWS_ENDPOINT_URL_STS") or _endpoint("sts", region)
            texts.secrets.append(fields.get("WebIdentityToken", ""))
            answer = await self._ask(texts, "sts", _with_path(url), region, fields, keys)
            return answer.reply.body.decode("utf-8", "replace")

        keys = await self._keyring.keys(ask)
        texts.secrets.extend((keys.secret, keys.token))
        return keys

    async def _ask(
        self, texts: Texts, service: str, url: str, region: str, fields: Mapping[str, str], keys: Keys | None
    ) -> Answer:
        request: Request = form(url, {"Version": _VERSIONS[service], **fields})
        now = self.context.clock.now()
        return await self.post(sign(request, keys, region, service, now) if keys else request, texts)

    def _region(self, where: str) -> str:
        """As configured, or else that in the name of the topic. Raises DeliveryError."""
        parts = where.split(":")
        region = self._keyring.region or (parts[3] if len(parts) > 4 and parts[0] == "arn" else "")
        if not re.fullmatch(r"[a-z0-9-]+", region):
            raise DeliveryError("no region: give sigv4.region", permanent=True, reason="config")
        return region


def _endpoint(service: str, region: str) -> str:
    return f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}/"


def _with_path(url: str) -> str:
    return url if url.count("/") > 2 else f"{url}/"


def _fields(config: SnsConfig, texts: Texts, where: str) -> Iterator[tuple[str, str]]:
    """What the message says. In a queue whose order counts, a repeat is known by the id."""
    attributes = _attributes(config, texts)
    message = texts.body("message", config.message).strip() or heading(texts.notification)
    used = sum(len((name + value).encode("utf-8", "replace")) + len("String") for name, value in attributes.items())
    fitting = cut.utf8(message, _MOST_MESSAGE - _ROOM - used)
    shown = cut.runes(fitting, _MOST_SMS) if config.phone_number else fitting
    yield "Message", shown
    if config.subject and (subject := _subject(texts.title("subject", config.subject))):
        yield "Subject", subject
    yield from _entries(attributes if shown == message else {**attributes, **_TRUNCATED})
    if where.endswith(".fifo"):
        yield "MessageDeduplicationId", texts.notification.id
        yield "MessageGroupId", group_hash(texts.notification)


def _attributes(config: SnsConfig, texts: Texts) -> Mapping[str, str]:
    """Amazon takes none that is empty."""
    made = {texts.text(f"attributes.{name}", name, name): name for name in config.attributes}
    values = {key: texts.text(f"attributes.{name}", config.attributes[name]) for key, name in made.items()}
    return {key: value for key, value in values.items() if key and value}


def _entries(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for number, (name, value) in enumerate(attributes.items(), 1):
        entry = f"MessageAttributes.entry.{number}"
        yield f"{entry}.Name", name
        yield f"{entry}.Value.DataType", "String"
        yield f"{entry}.Value.StringValue", value


def _subject(text: str) -> str:
    """Amazon takes ASCII in one line, at most a hundred characters of it, which do not begin with a blank."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())
    ascii_only = line.encode("ascii", "replace").decode()
    return ascii_only if len(ascii_only) <= _MOST_SUBJECT else f"{ascii_only[: _MOST_SUBJECT - 3]}..."
