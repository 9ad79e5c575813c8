"""A datasource that asks for many expressions at once, and answers as if each had been asked by itself.

         ┌─ fused, in batches ──▶ taken apart ──────────────▶ answers
 wanted ─┤                   └──▶ an error, or a remark ─▶ each of that batch alone; who is to blame stays alone a while
         └─ alone: what cannot be fused, or is to blame ───▶ answers

Groups that ask for the same instant share batches. Whether the server understands is tried, not assumed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from alertd.core.samples import Answer
from alertd.datasources.fusion import CANARY, batches, fuse, fusible, is_understood, take_apart
from alertd.errors import QueryError, QueryFailure
from alertd.ports import Clock, Datasource

_GATHER = 0.002  # seconds in which groups with the same instant find each other
_SLOW, _QUICK = 2.0, 0.5  # seconds of a batch beyond which batches become smaller, or larger
_MANY = 20_000  # samples of a batch beyond which they become smaller
_APART = 600.0  # seconds for which who is to blame is asked alone, or nobody together
_SMALLEST = 2

Reply = Answer | QueryError


class FusedDatasource:
    """Passes at most `most` expressions on as one. What waits is not lost if one who waits for it leaves."""

    def __init__(self, source: Datasource, most: int, clock: Clock) -> None:
        self.name = source.name
        self._source, self._most, self._clock = source, most, clock
        self._pace = _Pace(most)
        self._rounds: dict[datetime, _Round] = {}
        self._apart: dict[str, float] = {}  # until when
        self._suspects: set[str] = set()
        self._understood = False
        self._off_until = 0.0

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Reply]:
        """One answer an expression, in order."""
        turn = self._rounds.get(at)
        if turn is None:
            turn = self._rounds[at] = _Round(dict.fromkeys(exprs))
            turn.task = asyncio.ensure_future(self._play(turn, at))
        else:
            turn.wanted.update(dict.fromkeys(exprs))
        assert turn.task is not None
        answers = await asyncio.shield(turn.task)
        return [answers[expr] for expr in exprs]

    async def aclose(self) -> None:
        """Close the source."""
        await self._source.aclose()

    async def _play(self, turn: "_Round", at: datetime) -> Mapping[str, Reply]:
        await _moment()
        del self._rounds[at]
        exprs = list(turn.wanted)
        if not await self._is_able(exprs, at):
            return await self._alone(exprs, at)
        together = [expr for expr in exprs if self._is_fused(expr)]
        others = [expr for expr in exprs if not self._is_fused(expr)]
        size = self._pace.size(self._clock.elapsed())
        asked = [self._together(batch, at, size) for batch in batches(together, size)]
        found = await asyncio.gather(self._alone(others, at), *asked)
        return {expr: reply for some in found for expr, reply in some.items()}

    async def _is_able(self, exprs: Sequence[str], at: datetime) -> bool:
        """Whether expressions may be fused, and the server is known to understand it."""
        if len(exprs) < _SMALLEST or self._clock.elapsed() < self._off_until:
            return False
        if not self._understood:
            (answer,) = await self._source.query([fuse(CANARY)], at)
            self._understood = isinstance(answer, Answer) and is_understood(answer)
            if not self._understood and not (isinstance(answer, QueryError) and answer.blind):
                self._stop()
        return self._understood

    def _is_fused(self, expr: str) -> bool:
        if expr in self._suspects or not fusible(expr):
            return False
        until = self._apart.get(expr)
        if until is None or self._clock.elapsed() < until:
            return until is None
        del self._apart[expr]
        return True

    async def _alone(self, exprs: Sequence[str], at: datetime) -> Mapping[str, Reply]:
        replies = dict(zip(exprs, await self._source.query(exprs, at), strict=True)) if exprs else {}
        self._suspects -= {expr for expr, reply in replies.items() if isinstance(reply, Answer)}
        return replies

    async def _together(self, exprs: Sequence[str], at: datetime, size: int) -> Mapping[str, Reply]:
        if len(exprs) < _SMALLEST:
            return await self._alone(exprs, at)
        begun = self._clock.elapsed()
        (answer,) = await self._source.query([fuse(exprs)], at)
        if isinstance(answer, QueryError):
            return await self._isolate(exprs, at, size, answer)
        if answer.warnings:
            return await self._blame(exprs, at, size)
        try:
            parts = take_apart(answer, len(exprs))
        except (ValueError, IndexError):  # it understood the canary, and this it did not
            self._stop()
            return await self._alone(exprs, at)
        self._pace.went(size, self._clock.elapsed() - begun, len(answer.samples))
        return dict(zip(exprs, parts, strict=True))

    async def _isolate(self, exprs: Sequence[str], at: datetime, size: int, error: QueryError) -> Mapping[str, Reply]:
        """What each gives by itself, unless it is plain that nobody is there to ask, or no time is left."""
        if error.failure is QueryFailure.TIMEOUT:
            self._too_much(size)
            self._suspects |= set(exprs)
        if error.failure in (QueryFailure.TIMEOUT, QueryFailure.UNREACHABLE):
            return dict.fromkeys(exprs, error)
        if error.blind:
            (probe,) = (await self._alone(exprs[:1], at)).values()
            if isinstance(probe, QueryError) and probe.failure is error.failure:
                return dict.fromkeys(exprs, probe)
        return await self._blame(exprs, at, size)

    async def _blame(self, exprs: Sequence[str], at: datetime, size: int) -> Mapping[str, Reply]:
        """What each gives by itself; those with an error or a remark stay alone for a while."""
        replies = await self._alone(exprs, at)
        until = self._clock.elapsed() + _APART
        culprits = [expr for expr, one in replies.items() if isinstance(one, QueryError) or one.warnings]
        self._apart |= dict.fromkeys(culprits, until)
        if not culprits:
            self._too_much(size)
        return replies

    def _too_much(self, size: int) -> None:
        if size <= _SMALLEST:
            self._stop()
        self._pace.failed(size, self._clock.elapsed() + _APART)

    def _stop(self) -> None:
        """Ask for each alone, and try again later."""
        self._understood, self._off_until = False, self._clock.elapsed() + _APART


class _Pace:
    """How many go into a batch. What failed is not tried again for a while; what is slow becomes smaller."""

    def __init__(self, most: int) -> None:
        self._most = self._size = self._ceiling = most
        self._until = 0.0

    def size(self, now: float) -> int:
        """For the batches of one round."""
        if now >= self._until:
            self._ceiling = self._most
        return min(self._size, self._ceiling)

    def went(self, size: int, seconds: float, samples: int) -> None:
        """A batch of a round with that size was answered."""
        if seconds > _SLOW or samples > _MANY:
            self._size = max(_SMALLEST, size // 2)
        elif seconds < _QUICK:
            self._size = min(self._most, size * 2)

    def failed(self, size: int, until: float) -> None:
        """A batch of a round with that size was too much."""
        self._size = self._ceiling = max(_SMALLEST, size // 2)
        self._until = until


class _Round:
    """What is asked for one instant."""

    def __init__(self, wanted: dict[str, None]) -> None:
        self.wanted = wanted
        self.task: asyncio.Future[Mapping[str, Reply]] | None = None


async def _moment() -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    loop.call_later(_GATHER, over.set_result, None)
    await over
