"""A datasource that asks for many expressions at once, and answers as if each had been asked by itself.

         ┌─ fused, in batches ──▶ taken apart ──────────────▶ answers
 wanted ─┤                   └──▶ an error, or a remark ─▶ each of that batch alone; who is to blame stays alone a while
         └─ alone: what cannot be fused, or is to blame ───▶ answers

Groups that ask for the same instant share batches. Whether the server understands is tried, not assumed.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alertd.core.samples import Answer
from alertd.datasources.apart import WHILE, Apart, Reply, culprits, is_at_fault
from alertd.datasources.fusion import CANARY, batches, fuse, fusible, is_understood, take_apart
from alertd.datasources.pace import SMALLEST, Pace
from alertd.errors import QueryError, QueryFailure
from alertd.ports import Clock, Datasource

_GATHER = 0.002  # seconds in which groups with the same instant find each other


class FusedDatasource:
    """Passes at most `most` expressions on as one. What waits is not lost if one who waits for it leaves."""

    def __init__(self, source: Datasource, most: int, clock: Clock, gather: float = _GATHER) -> None:
        self.name = source.name
        self._source, self._clock, self._gather = source, clock, gather
        self._pace, self._apart = Pace(most), Apart()
        self._turns: dict[datetime, _Turn] = {}
        self._understood = False
        self._off_until = 0.0

    async def query(self, exprs: Sequence[str], at: datetime) -> Sequence[Reply]:
        """One answer an expression, in order."""
        turn = self._turns.get(at)
        if turn is None:
            turn = self._turns[at] = _Turn(dict.fromkeys(exprs))
            turn.task = asyncio.ensure_future(self._play(turn, at))
        else:
            turn.wanted.update(dict.fromkeys(exprs))
        assert turn.task is not None
        answers = await asyncio.shield(turn.task)
        return [answers[expr] for expr in exprs]

    async def aclose(self) -> None:
        """Close the source."""
        await self._source.aclose()

    async def _play(self, turn: "_Turn", at: datetime) -> Mapping[str, Reply]:
        await _pass(self._gather)
        del self._turns[at]
        exprs, now = list(turn.wanted), self._clock.elapsed()
        if not await self._is_able(exprs, at):
            return await self._alone(exprs, at)
        together = [expr for expr in exprs if fusible(expr) and not self._apart.has(expr, now)]
        joined = set(together)
        others = [expr for expr in exprs if expr not in joined]
        tour = _Round(at, self._pace.size(now))
        asked = [self._together(batch, tour) for batch in batches(together, tour.size)]
        if others:
            asked.append(self._alone(others, at))
        found = await asyncio.gather(*asked) if len(asked) > 1 else [await asked[0]]
        if tour.times:
            self._pace.went(tour.size, tour.times)
        return {expr: reply for some in found for expr, reply in some.items()}

    async def _is_able(self, exprs: Sequence[str], at: datetime) -> bool:
        """Whether expressions may be fused, and the server is known to understand it."""
        if len(exprs) < SMALLEST or self._clock.elapsed() < self._off_until:
            return False
        if not self._understood:
            (answer,) = await self._source.query([fuse(CANARY)], at)
            self._understood = isinstance(answer, Answer) and is_understood(answer)
            if not self._understood and not (isinstance(answer, QueryError) and answer.blind):
                self._stop()
        return self._understood

    async def _alone(self, exprs: Sequence[str], at: datetime) -> Mapping[str, Reply]:
        replies = dict(zip(exprs, await self._source.query(exprs, at), strict=True)) if exprs else {}
        self._apart.heard(replies, self._clock.elapsed())
        return replies

    async def _together(self, exprs: Sequence[str], tour: "_Round") -> Mapping[str, Reply]:
        if len(exprs) < SMALLEST:
            return await self._alone(exprs, tour.at)
        (answer,) = await self._source.query([fuse(exprs)], tour.at)
        if isinstance(answer, QueryError):
            return await self._isolate(exprs, tour, answer)
        if answer.warnings:
            return await self._blame(exprs, tour)
        try:
            parts = take_apart(answer, len(exprs))
        except (ValueError, IndexError):  # it understood the canary, and this it did not
            self._stop()
            return await self._alone(exprs, tour.at)
        tour.times.append((answer.seconds, len(answer.samples)))
        return dict(zip(exprs, parts, strict=True))

    async def _isolate(self, exprs: Sequence[str], tour: "_Round", error: QueryError) -> Mapping[str, Reply]:
        """What each gives by itself, unless nobody is there to ask, or no time is left."""
        if error.failure is QueryFailure.TIMEOUT:
            self._too_much(tour.size)
            self._apart.suspect(exprs, self._clock.elapsed())
            return dict.fromkeys(exprs, error)
        if error.blind:
            (sign,) = await self._source.query([CANARY[0]], tour.at)
            if isinstance(sign, QueryError):
                return dict.fromkeys(exprs, sign)
        return await self._blame(exprs, tour, error)

    async def _blame(
        self, exprs: Sequence[str], tour: "_Round", error: QueryError | None = None
    ) -> Mapping[str, Reply]:
        """What each gives by itself; those with an error or a remark stay alone for a while."""
        replies = await self._alone(exprs, tour.at)
        blamed = culprits(replies)
        if blamed:
            self._apart.blame(blamed, self._clock.elapsed())
        elif blamed is not None and not (error and is_at_fault(error) and await self._exclude(exprs, tour.at)):
            self._too_much(tour.size)
        return replies

    async def _exclude(self, exprs: Sequence[str], at: datetime) -> bool:
        """Find those that have an answer, but none if they are marked; whether there are any, or all are so."""
        marked = await self._source.query([fuse([expr]) for expr in exprs], at)
        pairs = zip(exprs, marked, strict=True)
        unmarked: Collection[str] = [expr for expr, one in pairs if isinstance(one, QueryError) and is_at_fault(one)]
        if 2 * len(unmarked) > len(exprs):
            self._stop()
        else:
            self._apart.exclude(unmarked, self._clock.elapsed())
        return bool(unmarked)

    def _too_much(self, size: int) -> None:
        if size <= SMALLEST:
            self._stop()
        self._pace.failed(size, self._clock.elapsed() + WHILE)

    def _stop(self) -> None:
        """Ask for each alone, and try again later."""
        self._understood, self._off_until = False, self._clock.elapsed() + WHILE


class _Turn:
    """What is asked for one instant."""

    def __init__(self, wanted: dict[str, None]) -> None:
        self.wanted = wanted
        self.task: asyncio.Future[Mapping[str, Reply]] | None = None


@dataclass(frozen=True, slots=True)
class _Round:
    """The batches of one turn. `times` has seconds and samples of those that were answered."""

    at: datetime
    size: int
    times: list[tuple[float, int]] = field(default_factory=list)


async def _pass(seconds: float) -> None:
    """Let others have their turn."""
    over = asyncio.Event()
    bell = asyncio.get_running_loop().call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        bell.cancel()
