"""Values of the core as messages."""

from collections.abc import Mapping
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from alertd.core import muters as speaking
from alertd.core.alerts import Alert, State
from alertd.core.look import Shown
from alertd.core.muters import Muters
from alertd.events import AlertMuted
from alertd.rpc import alerts_pb2 as pb

_LONGEST = 64 << 10  # characters of one text; the rest is cut off
_STATES = {
    None: pb.STATE_INACTIVE,
    State.PENDING: pb.STATE_PENDING,
    State.FIRING: pb.STATE_FIRING,
    State.RESOLVED: pb.STATE_RESOLVED,
}


def alert(shown: Shown, *, gone: bool = False) -> pb.Alert:
    """An alert as it is shown. `gone`: it was pending, and is no more."""
    one = shown.alert
    return pb.Alert(
        fingerprint=shown.fingerprint,
        state=state(None if gone else one),
        labels=_texts(one.labels),
        annotations=_texts(one.annotations),
        active_at=instant(one.active_at),
        fired_at=instant(one.starts_at) if one.firing or one.resolved else None,
        resolved_at=instant(one.resolved_at) if one.resolved_at else None,
        value=0.0 if one.posted else one.value,
        posted=one.posted is not None,
        generator_url=_text(one.generator_url),
        because=_text(one.because),
        receivers=[_text(name) for name in shown.receivers],
        muters=muters(shown.muters),
    )


def state(one: Alert | None) -> pb.State:
    """Where it is; where it was, if it was not there."""
    return _STATES[one.state if one else None]


def muting(event: AlertMuted) -> pb.Muting:
    """A change of who mutes."""
    return pb.Muting(
        fingerprint=event.labels.fingerprint,
        labels=_texts(event.labels),
        receiver=_text(event.receiver),
        muters=muters(speaking.of(event.verdict)),
    )


def muters(given: Muters) -> pb.Muters:
    """Who mutes."""
    return pb.Muters(
        silenced_by=given.silenced, inhibited_by=given.inhibited, muted_by=[_text(name) for name in given.muted]
    )


def instant(at: datetime) -> Timestamp:
    """An aware datetime."""
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def _texts(given: Mapping[str, str]) -> Mapping[str, str]:
    return {_text(name): _text(value) for name, value in given.items()}


def _text(given: str) -> str:
    """What fits into a message: UTF-8, and not without end."""
    return given[:_LONGEST].encode("utf-8", "replace").decode()
