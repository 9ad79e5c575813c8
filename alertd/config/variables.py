"""What OpenTelemetry's standard environment variables say; what they cannot mean is noted and ignored."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from urllib.parse import unquote

from alertd.config.problems import Place

T = TypeVar("T")
N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Said:
    """https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/"""

    environment: Mapping[str, str]
    place: Place

    @property
    def nothing(self) -> bool:
        """Whether nothing is to be exported."""
        return self.text("OTEL_SDK_DISABLED").lower() == "true"

    def text(self, *names: str) -> str:
        """The first one that is there."""
        return next((text for name in names if (text := self.environment.get(name, "").strip())), "")

    def number(self, name: str, usual: int, most: int) -> int:
        """A number, at least 1."""
        return self._read(name, lambda text: _between(1, int(text), most), usual)

    def pause(self, usual: timedelta, *names: str) -> timedelta:
        """Milliseconds, by the first one that is there."""
        name = next(filter(self.text, names), names[-1])
        return self._read(name, lambda text: timedelta(milliseconds=_between(1, int(text), 3_600_000)), usual)

    def ratio(self, name: str) -> float:
        """From 0 to 1."""
        return self._read(name, lambda text: _between(0.0, float(text), 1.0), 1.0)

    def headers(self, *names: str) -> Iterator[tuple[str, str]]:
        """Names and values, which are secrets: `name=value,…`, percent-encoded."""
        for pair in filter(str.strip, self.text(*names).split(",")):
            name, equals, value = pair.partition("=")
            if name.strip() and equals:
                yield name.strip(), unquote(value.strip())
            else:
                self.place.note(f"a part of {' or '.join(names)} is ignored: it is not name=value")

    def ignore(self, name: str, why: str) -> None:
        """Note that this one is not followed."""
        self.place.note(f"{name}={unquote(self.environment[name])[:100]} is ignored: {why}")

    def _read(self, name: str, read: Callable[[str], T], usual: T) -> T:
        text = self.text(name)
        try:
            return read(text) if text else usual
        except (ValueError, OverflowError):
            self.ignore(name, "not a number that is possible here")
            return usual


def _between(least: N, value: N, most: N) -> N:
    if not least <= value <= most:
        raise ValueError(value)
    return value
