"""The supervisor: keeps the loops going. A loop that fails is reported and begun again; none ends in silence."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from alertd.events import Trouble
from alertd.ports import Clock, Observer

_PAUSE = timedelta(seconds=1)


async def keep(name: str, loop: Callable[[], Awaitable[None]], observer: Observer, clock: Clock) -> None:
    """Run a loop until it returns by itself or is cancelled; after a failure, again."""
    while True:
        try:
            await loop()
        except Exception as problem:  # whatever it is, the daemon goes on
            observer.notice(Trouble(f"the {name} failed and is begun again", f"{type(problem).__name__}: {problem}"))
            await clock.sleep_until(clock.now() + _PAUSE)
        else:
            return
