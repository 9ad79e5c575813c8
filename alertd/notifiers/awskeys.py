"""Where Amazon's keys come from: the configuration, the environment, a profile's file, and roles that lend theirs."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from configparser import ConfigParser
from configparser import Error as BadFile
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from alertd.config.fields import Text
from alertd.config.http import Section
from alertd.config.secrets import environment
from alertd.errors import DeliveryError
from alertd.http import read_secret
from alertd.notifiers.sigv4 import Keys
from alertd.ports import Clock

_MARGIN = timedelta(minutes=5)  # before they end, lent keys are not used any more
_SESSION = "alertd"
_FILE = "~/.aws/credentials"
_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")

Ask = Callable[[Mapping[str, str], Keys | None], Awaitable[str]]  # parameters for STS, signed with these keys -> XML


class Sigv4(Section):
    """`sigv4`, as in Alertmanager."""

    region: Text = ""
    access_key: Text = ""
    secret_key: SecretStr | None = None
    profile: Text = ""
    role_arn: Text = ""
    external_id: Text = ""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("access_key and secret_key go together")
        if self.external_id and not self.role_arn:
            raise ValueError("external_id needs a role_arn")
        return self


class Keyring:
    """The keys to sign with. Those that a role lends are kept until shortly before they end."""

    def __init__(self, config: Sigv4, clock: Clock, environment: Mapping[str, str] | None = None) -> None:
        self._config, self._clock, self._environment = config, clock, environment
        self._lent: Keys | None = None
        self._asking = asyncio.Lock()

    @property
    def region(self) -> str:
        """As configured, or as the environment says; empty if neither does."""
        known = self.environment
        return self._config.region or known.get("AWS_REGION") or known.get("AWS_DEFAULT_REGION") or ""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that Amazon's tools read."""
        return environment() if self._environment is None else self._environment

    async def keys(self, ask: Ask) -> Keys:
        """The keys for now. Raises DeliveryError if there are none."""
        async with self._asking:
            if self._lent and self._lent.until and self._clock.now() < self._lent.until - _MARGIN:
                return self._lent
            self._lent = None
            keys = self._own() or await self._by_identity(ask)
            if self._config.role_arn:
                keys = await self._assumed(keys, ask)
            self._lent = keys if keys.until else None
            return keys

    def refused(self) -> None:
        """Lent keys are not good any more."""
        self._lent = None

    def _own(self) -> Keys | None:
        config, known = self._config, self.environment
        if config.secret_key:
            return Keys(config.access_key, config.secret_key.get_secret_value())
        if not config.profile and known.get("AWS_ACCESS_KEY_ID") and known.get("AWS_SECRET_ACCESS_KEY"):
            token = known.get("AWS_SESSION_TOKEN", "")
            return Keys(known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"], token)
        profile = config.profile or known.get("AWS_PROFILE") or "default"
        return _of_profile(Path(known.get("AWS_SHARED_CREDENTIALS_FILE") or _FILE), profile)

    async def _by_identity(self, ask: Ask) -> Keys:
        """Those for the token that Kubernetes gives to a pod."""
        path, role = (self.environment.get(name) for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"))
        if not path or not role:
            text = "no keys: neither sigv4.access_key, nor AWS_ACCESS_KEY_ID, a profile or AWS_WEB_IDENTITY_TOKEN_FILE"
            raise DeliveryError(text, reason="secret")
        try:
            token = read_secret(path)
        except OSError as problem:
            raise DeliveryError(f"cannot read {path}: {problem.strerror}", reason="secret") from None
        fields = {"Action": "AssumeRoleWithWebIdentity", "RoleArn": role, "WebIdentityToken": token}
        return _lent(await ask({**fields, "RoleSessionName": _SESSION}, None))

    async def _assumed(self, keys: Keys, ask: Ask) -> Keys:
        fields = {"Action": "AssumeRole", "RoleArn": self._config.role_arn, "RoleSessionName": _SESSION}
        external = {"ExternalId": self._config.external_id} if self._config.external_id else {}
        return _lent(await ask({**fields, **external}, keys))


def _of_profile(path: Path, profile: str) -> Keys | None:
    """Those in the file that Amazon's tools share, if they are there."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, RuntimeError, UnicodeDecodeError, BadFile):
        return None
    found = parser[profile] if parser.has_section(profile) else {}
    access, secret = found.get("aws_access_key_id"), found.get("aws_secret_access_key")
    return Keys(access, secret, found.get("aws_session_token", "")) if access and secret else None


def _lent(answer: str) -> Keys:
    """The keys in an answer of STS. Raises DeliveryError."""
    access, secret, token, ends = (_field(answer, name) for name in _FIELDS)
    try:
        until = datetime.fromisoformat(ends)
    except ValueError:
        until = None
    if not (access and secret and token and until and until.tzinfo):
        raise DeliveryError("STS answered without keys", reason="auth_error")
    return Keys(access, secret, token, until)


def _field(xml: str, name: str) -> str:
    """The text of the first element of that name."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return unescape(found[1]).strip() if found else ""
