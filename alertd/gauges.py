"""What telemetry reads of the daemon: how it is now."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from zlib import crc32

from alertd.config.values import Config
from alertd.core.alerts import Alert
from alertd.engine.engine import Engine
from alertd.ports import Clock
from alertd.telemetry.readings import Counts, Key, Number, Readings


class Gauges:
    """Looks at the engine and at the configuration in force; both may come later than this.

    `outbox` are the messages by status, as somebody counted them last.
    """

    def __init__(self, engine: Callable[[], Engine], config: Callable[[], Config], clock: Clock) -> None:
        self._engine, self._config, self._clock = engine, config, clock
        self.outbox: Mapping[str, int] = {}

    def readings(self, *, serving: Number, called: Number, lag: Number, spans: Counts) -> Readings:
        """All that can be read."""
        config, engine = self._config, self._engine
        return Readings(
            alerts=lambda: engine().board.counts(),
            outbox=lambda: self.outbox,
            rules=lambda: len(config().enabled),
            silences=lambda: engine().silencer.counts(),
            groups=lambda: len(engine().dispatcher),
            cooldowns=lambda: engine().dispatcher.cooling(self._clock.now()),
            suppressed=self._suppressed,
            oldest=self._oldest,
            serving=serving,
            called=called,
            lag=lag,
            tasks=lambda: len(asyncio.all_tasks()),
            spans=spans,
            receivers=lambda: len(config().receivers),
            integrations=lambda: sum(len(one.integrations) for one in config().receivers),
            inhibit_rules=lambda: len(config().inhibit_rules),
            config_hash=lambda: crc32(config().original.encode()),
            alerts_by_group=self._alerts_by_group,
            alive=self.alive,
            rule_keys=lambda: [one.key for group in engine().board.groups for one in group.rules if one.enabled],
        )

    def alive(self, rule: str) -> Iterable[Alert]:
        """The pending and firing alerts of a rule, by its key."""
        return self._engine().board.status(rule).alerts.values()

    def _oldest(self) -> float:
        since = self._engine().dispatcher.waiting_since()
        return max(0.0, (self._clock.now() - since).total_seconds()) if since else 0.0

    def _suppressed(self) -> int:
        muted = self._engine().dispatcher.muted()
        return sum(alert.firing and alert.labels in muted for alert in self._engine().board.alive()) if muted else 0

    def _alerts_by_group(self) -> Iterable[tuple[Key, Alert]]:
        for group in self._engine().board.groups:
            for rule in group.rules:
                yield from (((group.file, group.name), alert) for alert in self.alive(rule.key))
