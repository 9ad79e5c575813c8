"""The kinds of values that people write in configuration and rule files, all of which arrive as text."""

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from alertd.core import durations

_DURATION_PATTERN = r"^(?=.)(0|(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$"
_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_SIZE = re.compile(r"(\d{1,18})\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_INTEGER = re.compile(r"([+-]?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|[0-9]+)(?:\.0+)?", re.IGNORECASE | re.ASCII)
_TRUE = frozenset(("true", "yes", "on", "y"))
_FALSE = frozenset(("false", "no", "off", "n"))
_CLASSIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


class Strict(BaseModel):
    """A mapping in which an unknown key is an error, and one without a value is as good as none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None}
        return {} if data is None else data


def is_classic(name: str) -> bool:
    """Whether servers before Prometheus 3 take this label name too."""
    return _CLASSIC_NAME.fullmatch(name) is not None


def _shown(value: str) -> str:
    return repr(value if len(value) <= 100 else f"{value[:100]}…")


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character, which no receiver can be sent")
    return value


def _flag(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lower() not in _TRUE | _FALSE:
        raise ValueError(f"neither true nor false: {_shown(value)}")
    return value.lower() in _TRUE


def _duration(value: Any) -> Any:
    return durations.parse(value) if isinstance(value, str) else value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than zero")
    return value


def _integer(value: Any) -> Any:
    """As YAML 1.2 and Go read it: `010` is eight, `0x10` sixteen, `1_000` a thousand, `5.0` five."""
    if not isinstance(value, str):
        return value
    match = _INTEGER.fullmatch(value.replace("_", ""))
    if match is None or len(value) > 20:
        raise ValueError(f"not a whole number: {_shown(value)}")
    sign, digits = match.groups()
    octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit()
    try:
        return int(sign + digits, 8 if octal else 0)
    except ValueError:
        raise ValueError(f"not a whole number: {_shown(value)}") from None


def _size(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value)
    if match is None or match[2].lower() not in _SIZES:
        raise ValueError(f"not a size: {_shown(value)} (write 512KB, 64MiB, or a number of bytes)")
    return int(match[1]) * _SIZES[match[2].lower()]


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isprintable() or " " in value:
        raise ValueError("not a URL that alertd can reach: write http://host:port/path or https://…")
    return value


def without_password(url: str) -> str:
    """The URL, if no credentials are in it. Raises ValueError with advice."""
    if urlsplit(url).username is not None:
        raise ValueError("credentials do not belong into the URL: write them under http_config.basic_auth")
    return url


def _secret_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _empty_for_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "" if one is None else one for key, one in value.items()}
    return value


def _label_name(name: str) -> str:
    if not name:
        raise ValueError("a label needs a name")
    if name == "__name__":
        raise ValueError("the label __name__ cannot be set: it is the name of the metric")
    return _text(name)


def _label_names(labels: dict[str, str]) -> dict[str, str]:
    for name in labels:
        _label_name(name)
    return labels


# To Prometheus any scalar is the text it was written as; editors, however, see numbers and booleans.
_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_MAP: dict[str, Any] = {"type": ["object", "null"], "additionalProperties": _SCALAR}
NAMES_SCHEMA: dict[str, Any] = {"type": ["string", "array", "null"], "items": {"type": "string"}}
_DURATION: dict[str, Any] = {"type": ["string", "integer", "null"], "pattern": _DURATION_PATTERN}

Text = Annotated[str, AfterValidator(_text), WithJsonSchema(_SCALAR)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Duration = Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema(_DURATION)]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Integer = Annotated[int, BeforeValidator(_integer)]
Size = Annotated[int, BeforeValidator(_size), Field(gt=0), WithJsonSchema({"type": ["string", "integer"]})]
Url = Annotated[str, AfterValidator(_url)]
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
Names = Annotated[list[Text], BeforeValidator(_names), WithJsonSchema(NAMES_SCHEMA)]
LabelName = Annotated[str, AfterValidator(_label_name)]
LabelMap = Annotated[
    dict[str, Text], BeforeValidator(_empty_for_null), AfterValidator(_label_names), WithJsonSchema(_MAP)
]
TextMap = Annotated[dict[str, Text], BeforeValidator(_empty_for_null), WithJsonSchema(_MAP)]
