"""Values to text and back, for rows: JSON that people can read, compressed where it is long.

Any text survives: what UTF-8 cannot hold (lone surrogates) takes a slower way with escapes, and numbers that JSON does
not know (NaN, infinities) travel as text. Long lists are encoded in slices, so that the event loop gets its turns.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, TypeVar

import msgspec

from alertd.core.alerts import Alert
from alertd.core.annotations import Annotations
from alertd.core.labels import Labels
from alertd.core.notification import Notification, NotifiedAlert
from alertd.core.silences import Silence
from alertd.core.told import Told
from alertd.errors import StoreError

_LONG = (
    16 * 1024
)  # bytes; repetitive as notifications are, level 1 makes a tenth of them faster than a disk writes them
_SLICE = 1000
_SHARED = ("rule", "active_at", "fired_at", "generator_url", "notify")
_MOST_KNOWN = 10_000  # what many have comes early
_PAIRED = (Labels, Annotations)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HEAD = tuple(field.name for field in fields(Notification) if field.name != "alerts")

Text = str | bytes
T = TypeVar("T")
A = TypeVar("A", Alert, NotifiedAlert)


def _plain(value: Any) -> Any:
    if isinstance(value, _PAIRED):
        return dict(value.pairs())
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(type(value))


def _rich(kind: type, value: Any) -> Any:
    if kind is Labels:
        return Labels(value)
    raise NotImplementedError(kind)


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
_TOLD = msgspec.json.Decoder(Told, dec_hook=_rich, strict=False)
_SILENCE = msgspec.json.Decoder(Silence, dec_hook=_rich, strict=False)
_LABELS = msgspec.json.Decoder(Labels, dec_hook=_rich, strict=False)
_FACTS = msgspec.json.Decoder(dict[str, Any])


class Encoder:
    """Encodes one notification after the other; alerts that those in a row share are encoded once."""

    def __init__(self) -> None:
        self._alerts: Sequence[NotifiedAlert] | None = None
        self._encoded = b""  # only of these: all of a storm would be too much at once

    def notification(self, notification: Notification) -> Text:
        head = _json({name: getattr(notification, name) for name in _HEAD})
        return _pack(head[:-1] + b',"alerts":' + self._shared(notification.alerts) + b"}")

    def _shared(self, alerts: Sequence[NotifiedAlert]) -> bytes:
        if alerts is not self._alerts:
            slices = (alerts[start : start + _SLICE] for start in range(0, len(alerts), _SLICE))
            encoded = (_json([_finite(alert) for alert in part])[1:-1] for part in slices)
            self._alerts, self._encoded = alerts, b"[" + b",".join(encoded) + b"]"
        return self._encoded


class Decoder:
    """Decodes what is read at once; texts and instants that many have are kept once."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}
        self._keys: dict[str, str] = {}  # of the alerts so far, by which they are named in what was told
        self._alert = msgspec.json.Decoder(Alert, dec_hook=self._rich, strict=False)
        self._notification = msgspec.json.Decoder(Notification, dec_hook=self._rich, strict=False)

    def alert(self, text: Text) -> Alert:
        one = _decode(self._alert, text)
        for name in _SHARED:
            object.__setattr__(one, name, self._once(getattr(one, name)))  # nobody else has it yet
        object.__setattr__(one, "annotations", Annotations(one.annotations))
        self._keys[one.labels.key] = one.labels.key
        return one

    def notification(self, text: Text) -> Notification:
        return _decode(self._notification, text)

    def told(self, text: Text) -> Told:
        told = decode_told(text)
        return replace(told, open={self._keys.get(key, key): self._once(mark) for key, mark in told.open.items()})

    def _rich(self, kind: type, value: Any) -> Any:
        if kind is Labels and isinstance(value, dict):
            value = {name: self._once(text) for name, text in value.items()}
        return _rich(kind, value)

    def _once(self, value: T) -> T:
        known: T = self._known.get(value, value)
        if known is value and len(self._known) < _MOST_KNOWN:
            self._known[value] = value
        return known


def encode_alert(alert: Alert) -> Text:
    return _pack(_json(_finite(alert)))


def encode_told(told: Told) -> Text:
    return _pack(_json(told))


def encode_silence(silence: Silence) -> Text:
    return _pack(_json(silence))


def encode_labels(labels: Labels) -> Text:
    return _pack(_json(labels))


def encode_facts(facts: Mapping[str, Any]) -> Text:
    return _pack(_json(facts))


def decode_told(text: Text) -> Told:
    return _decode(_TOLD, text)


def decode_silence(text: Text) -> Silence:
    return _decode(_SILENCE, text)


def decode_labels(text: Text) -> Labels:
    return _decode(_LABELS, text)


def decode_facts(text: Text) -> dict[str, Any]:
    return _decode(_FACTS, text)


def to_column(text: str) -> Text:
    """Text for a column: as it is, or as bytes where UTF-8 has no place for it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def from_column(text: Text) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "surrogatepass")


def to_micros(at: datetime) -> int:
    """Microseconds since 1970: exact, and ordered as the instants are."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


def _finite(alert: A) -> A:
    if isfinite(alert.value):
        return alert
    return replace(alert, value=repr(alert.value))  # type: ignore[arg-type]  # JSON knows no NaN; read back as a float


def _json(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value, enc_hook=_plain)).encode()


def _pack(body: bytes) -> Text:
    return body.decode() if len(body) <= _LONG else zlib.compress(body, 1)


def _decode(decoder: "msgspec.json.Decoder[T]", text: Text) -> T:
    try:
        body = text if isinstance(text, str) else zlib.decompress(text)
        return _decode_json(decoder, body)
    except (msgspec.MsgspecError, ValueError, zlib.error) as error:
        raise StoreError(
            f"a stored {decoder.type.__name__} cannot be read ({error}): the database is damaged"
        ) from error


def _decode_json(decoder: "msgspec.json.Decoder[T]", body: Text) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(body), decoder.type, strict=False, dec_hook=_rich)
