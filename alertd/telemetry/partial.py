"""What a collector says of a request that it took: some of it may be refused, for good, or remarked on.

https://opentelemetry.io/docs/specs/otlp/#partial-success
"""

from dataclasses import dataclass

from alertd.telemetry.protobuf import fields

_MOST = 1 << 63


@dataclass(frozen=True, slots=True)
class Partial:
    """How many spans or data points were refused, and why; without any, `message` is advice."""

    rejected: int = 0
    message: str = ""


def partial(body: bytes) -> Partial:
    """What the answer to an export of any kind says; nothing, if it is no such answer."""
    try:
        said = dict(fields(body)).get(1)
        found = dict(fields(said)) if isinstance(said, bytes) else {}
    except ValueError:
        return Partial()
    rejected, message = found.get(1), found.get(2)
    return Partial(
        rejected if isinstance(rejected, int) and rejected < _MOST else 0,
        message.decode("utf-8", "replace") if isinstance(message, bytes) else "",
    )
