"""Bugs to plant: small changes of alertd, each of which breaks a promise that the simulation must miss.

A mutation whose text is not found any more is an error, so that the list cannot rot.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """In `file`, below the package, `new` takes the place of `old`."""

    name: str
    file: str
    old: str
    new: str

    def plant(self, package: Path) -> None:
        """Change the copy of the package that is here. Raises ValueError if it is not as expected."""
        path = package / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} has {text.count(self.old)} places that read {self.old!r}")
        path.write_text(text.replace(self.old, self.new))


MUTATIONS = [
    Mutation(
        "the courier settles before it sends",
        "engine/courier.py",
        "            outcome, error = await self._send(lane, delivery)\n",
        '            await self._settle(delivery, Sent(self._clock.now(), ""))\n'
        "            outcome, error = await self._send(lane, delivery)\n",
    ),
    Mutation(
        "the cooldown starts before acceptance",
        "engine/lines.py",
        "        self._lines.update(lines)\n",
        "        self._lines.update(lines)\n"
        "        for (_, name), line in lines.items():\n"
        "            for mark in line.waiting.told.open.values() if line.waiting else ():\n"
        "                if mark.cooldown:\n"
        "                    cool = Cooling(line.waiting.at + mark.cooldown, mark.severity)\n"
        "                    chill(self._cooling.setdefault(name, {}), mark.incident, cool)\n",
    ),
    Mutation(
        "what was told is forgotten at a restart",
        "engine/engine.py",
        "self.dispatcher.restore(snapshot.told, snapshot.spells)",
        "self.dispatcher.restore(())",
    ),
    Mutation(
        "silences are forgotten at a restart",
        "engine/engine.py",
        "self.silencer.restore(snapshot.silences)",
        "self.silencer.restore(())",
    ),
    Mutation(
        "inhibition does not hear of alerts that begin",
        "engine/dispatcher.py",
        "        self._inhibitor.update(transitions)\n",
        "",
    ),
    Mutation(
        "mute time intervals are not looked at",
        "core/intervals.py",
        "        if not route.mute_time_intervals and not route.active_time_intervals:\n            return (), ()\n",
        "        return (), ()\n",
    ),
    Mutation(
        "there is no cooldown",
        "core/cooldown.py",
        "    if not cooling:\n        return None\n",
        "    return None\n",
    ),
    Mutation(
        "a rise in severity does not break the cooldown",
        "core/cooldown.py",
        "    if found is None or alert.severity > found.severity:\n",
        "    if found is None:\n",
    ),
    Mutation(
        "repeats come with every tick",
        "core/cooldown.py",
        "    pause = max(route.repeat_interval or mark.cooldown or REPEAT_INTERVAL, route.group_interval)\n",
        "    pause = route.group_interval\n",
    ),
    Mutation(
        "an alert that fires anew is no news",
        "core/dedup.py",
        "    return known.fired_at != (alert.fired_at or alert.active_at)\n",
        "    return False\n",
    ),
    Mutation(
        "what ended is not taken off the list of what is open",
        "core/dedup.py",
        "        opened.pop(alert.labels.key, None)\n",
        "        opened.get(alert.labels.key)\n",
    ),
    Mutation(
        "an older message is sent though a newer one waits",
        "store/queries.py",
        "  AND (status = 'dead' OR status = 'pending' AND lease_until IS NULL)\n",
        "  AND status = 'dead'\n",
    ),
    Mutation(
        "a state that could not be stored is acted on",
        "engine/evaluator.py",
        "            if not await self._record(transitions):\n",
        "            if await self._record(transitions) is None:\n",
    ),
    Mutation(
        "what could not be written is not tried again",
        "engine/dispatcher.py",
        "                group.flushed_at = flushed_at\n                self._schedule(group, now + _AFTER_FAILURE)\n",
        "                group.flushed_at = flushed_at\n",
    ),
    Mutation(
        "a message that was refused waits for hours",
        "core/delivery.py",
        "timedelta(seconds=seconds) for seconds in",
        "timedelta(hours=seconds) for seconds in",
    ),
    Mutation(
        "who loses a route is not told how it ended",
        "engine/adoption.py",
        "        if key in alerts and not homes[key]:\n",
        "        if key not in alerts:\n",
    ),
    Mutation(
        "an alert with keep_firing_for never ends",
        "core/lifecycle.py",
        "    if now - since < rule.keep_firing_for:\n",
        "    if rule.keep_firing_for:\n",
    ),
    Mutation(
        "an attempt whose outcome could not be stored is never over",
        "engine/lines.py",
        "        self._under_way.discard(line_id)\n",
        "        if outcome is not None:\n            self._under_way.discard(line_id)\n",
    ),
    Mutation(
        "a server that does not answer means that nothing is wrong",
        "core/lifecycle.py",
        "    if reaction is OnTrouble.HOLD:\n        return Advance(before)\n",
        "    if reaction is OnTrouble.HOLD:\n        return advance(rule, before, (), now)\n",
    ),
    Mutation(
        "that an alert flaps is told again and again",
        "core/dedup.py",
        "        return known is not None and known.flapping and known.told_at is not None\n",
        "        return False\n",
    ),
    Mutation(
        "that an alert has calmed is no news",
        "core/dedup.py",
        "    if known.told_at is None or known.muted or known.flapping is not bool(alert.flapping):\n",
        "    if known.told_at is None or known.muted:\n",
    ),
    Mutation(
        "who is gathered in a storm is told to nobody",
        "core/storms.py",
        "group_by=(), routes=())",
        'group_by=(), routes=(), receiver="")',
    ),
    Mutation(
        "groups are not built anew at a restart",
        "engine/dispatcher.py",
        "        self._rebuild(self._lines.restore(told, self._clock.now()))\n",
        "        self._lines.restore(told, self._clock.now())\n",
    ),
    Mutation(
        "what a partial answer does not have has ended",
        "engine/evaluator.py",
        "        held = made.held.union(status.alerts.keys() - made.seen) if answer.partial else made.held\n",
        "        held = made.held\n",
    ),
    Mutation(
        "a condition in Python that skips ends its alerts",
        "engine/evaluator.py",
        'lifecycle.Advance(status.alerts), said=(f"skipped',
        'lifecycle.advance(rule, status.alerts, (), at), said=(f"skipped',
    ),
    Mutation(
        "two daemons may use one database",
        "store/lock.py",
        "            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
    ),
    Mutation(
        "`for` begins anew with every start",
        "core/lifecycle.py",
        "    if alert.state is not State.PENDING or downtime <= _BLINK:\n        return alert\n"
        "    if downtime > tolerance:\n",
        "    if alert.state is not State.PENDING:\n        return alert\n    if downtime >= timedelta(0):\n",
    ),
    Mutation(
        "cooldowns are forgotten at a restart",
        "engine/lines.py",
        "                self._tell(line_id, line.waiting, delivery, now)\n            flushed",
        "                self._tell(line_id, line.waiting, delivery, now)\n"
        "                self._cooling[delivery.integration].clear()\n"
        "            flushed",
    ),
    Mutation(
        "what others post never ends",
        "core/posted.py",
        "        if alert.posted and alert.posted.ends_at <= now\n",
        "        if alert.posted and alert.posted.ends_at <= now and alert.posted.timeout\n",
    ),
]
