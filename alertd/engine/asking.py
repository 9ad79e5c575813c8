"""Asking: one answer for every rule, from the datasource or the script it names, all for the same instant."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alertd.core.rules import Rule
from alertd.core.samples import Answer, Skipped
from alertd.errors import QueryError, QueryFailure
from alertd.ports import Conditions, Datasource

Reply = Answer | Skipped | QueryError
_NO_SUCH = "no datasource is called {!r}; the configuration has {}"


@dataclass(frozen=True)
class Sources:
    """Everything that can be asked: datasources by name, the first one also by none, and the conditions in Python."""

    datasources: Mapping[str, Datasource] = field(default_factory=dict)
    conditions: Conditions | None = None

    async def ask(self, rules: Sequence[Rule], at: datetime) -> list[Reply]:
        """The answers in the order of the rules; every datasource is asked once, for all its rules."""
        names = {rule.datasource for rule in rules}
        if len(names) == 1 and all(rule.script is None for rule in rules):  # as is usual
            return list(await self.query(names.pop(), [rule.expr for rule in rules], at))
        replies: dict[int, Reply] = {}
        await asyncio.gather(*self._questions(rules, at, replies))
        return [replies[index] for index in range(len(rules))]

    async def query(self, name: str, exprs: Sequence[str], at: datetime) -> Sequence[Answer | QueryError]:
        """What this datasource answers; an error an expression if there is none of that name."""
        datasource = self.datasources.get(name)
        if datasource is None:
            unknown = QueryError(_NO_SUCH.format(name, ", ".join(self.datasources)), QueryFailure.BAD_QUERY)
            return [unknown] * len(exprs)
        return await datasource.query(exprs, at)

    def _questions(self, rules: Sequence[Rule], at: datetime, replies: dict[int, Reply]) -> list[Awaitable[None]]:
        wanted: dict[str, dict[int, Rule]] = {}
        for index, rule in enumerate(rules):
            if rule.script is None:
                wanted.setdefault(rule.datasource, {})[index] = rule
        scripts = {index: rule for index, rule in enumerate(rules) if rule.script is not None}
        asked = [self._ask_datasource(name, some, at, replies) for name, some in wanted.items()]
        return [*asked, *(self._call(index, rule, at, replies) for index, rule in scripts.items())]

    async def _ask_datasource(
        self, name: str, rules: Mapping[int, Rule], at: datetime, replies: dict[int, Reply]
    ) -> None:
        answers = await self.query(name, [rule.expr for rule in rules.values()], at)
        replies.update(zip(rules, answers, strict=True))

    async def _call(self, index: int, rule: Rule, at: datetime, replies: dict[int, Reply]) -> None:
        if self.conditions is None:
            replies[index] = QueryError("conditions in Python cannot be run here", QueryFailure.EXECUTION)
        else:
            replies[index] = await self.conditions.call(rule, at)
