"""What `alertd why` says, in stories: the text of each is in why/, as the command prints it."""

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertd.cli.why import lines
from alertd.core import durations
from alertd.core.history import ITSELF, Entry, Limits, Seen, What, of_alert
from alertd.core.inhibition import InhibitRule
from alertd.core.intervals import Span
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher, parse
from alertd.core.receivers import Integration
from alertd.core.storms import StormBounds
from alertd.core.story import Past, Question, Story, tell
from alertd.core.when import compile_condition
from alertd.engine import selfrules
from alertd.engine.history import Recorder
from alertd.engine.why import Why
from alertd.errors import DeliveryError, StoreError
from alertd.events import GroupFlushed, Reloaded, RuleEvaluated, RulesEvaluated
from alertd.telemetry.observers import Observers
from alertd.testing import ManualClock
from alertd.web.why import page
from tests.stories.world import ROUTE, START, World, rule

pytestmark = pytest.mark.anyio

HOOK = "ops/webhook[0]"
TEXTS = Path(__file__).parent / "why"
BUSY = 'busy_seconds{job="api"} / 10 > 0.9'
REFUSAL = DeliveryError("503 Service Unavailable", reason="server_error")


class Remembered(World):
    """A world whose decisions are recorded, and that can be asked why."""

    def _watch_itself(self) -> None:
        super()._watch_itself()
        self.recorder = Recorder(self.store, self.clock)
        self._observers = Observers(self.observer, self._selfwatch, self.recorder)

    forgetful = False  # whether what is recorded is lost
    complete = True  # whether nothing was

    async def _step(self, now: datetime) -> None:
        await super()._step(now)
        if not self.forgetful:
            await self.recorder.backlog.step()
        self.complete = self.complete and not self.forgetful

    async def why(self, name: str = "", *, at: str = "", since: str = "1d", **more: Any) -> list[str]:
        """What the command prints, asked now or as of then."""
        assert self.engine is not None
        as_of = self.start + durations.parse(at) if at else None
        matchers = (Matcher("alertname", "=", name),) if name else ()
        more["matchers"] = (*matchers, *parse(more.pop("labels", "")))
        question = Question(at=as_of, since=durations.parse(since), **more)
        story = await Why(self.engine, self.store, self.clock).answer(question)
        self._compare(story)
        shown = json.loads(json.dumps(page(story)))
        return list(lines(shown, colourful=False))

    def _compare(self, story: Story) -> None:
        """What was accepted, says the story, is what was heard until then."""
        for chapter in story.chapters:
            until = max(one.at for one in chapter.sentences)
            accepted = [one.at for one in chapter.sentences if "accepted it" in one.text]
            heard = [one for one in self.heard if chapter.labels in {alert.labels for alert in one.alerts}]
            assert not self.complete or len(accepted) == len([one for one in heard if one.at <= until])


Tale = Callable[[], Awaitable[list[str]]]
TALES: dict[str, Tale] = {}


def tale(tell: Tale) -> Tale:
    TALES[tell.__name__] = tell
    return tell


@pytest.mark.parametrize("name", sorted(path.stem for path in TEXTS.glob("*.txt")))
async def test_text(name: str) -> None:
    assert "\n".join(await TALES[name]()) + "\n" == (TEXTS / f"{name}.txt").read_text()


def test_every_tale_has_its_text() -> None:
    assert {path.stem for path in TEXTS.glob("*.txt")} == TALES.keys()


def down(**more: Any) -> Remembered:
    return Remembered(rule("JobDown", **more))


@tale
async def told() -> list[str]:
    world = down(for_="1m")
    world.at("1m").fires("JobDown", 0.95, job="api")
    world.at("10m").resolves("JobDown", job="api")
    await world.run_until("20m")
    return await world.why("JobDown")


@tale
async def pending() -> list[str]:
    world = down(for_="5m")
    world.at("1m").fires("JobDown", 0.95)
    await world.run_until("3m")
    return await world.why("JobDown")


@tale
async def pending_again_before_its_end_was_told() -> list[str]:
    world = down(for_="1m")
    world.at("1m").fires("JobDown")
    world.at("3m").resolves("JobDown")
    world.at("4m").fires("JobDown")
    await world.run_until("4m30s")
    return await world.why("JobDown")


@tale
async def shorter_than_for() -> list[str]:
    world = down(for_="5m")
    world.at("1m").fires("JobDown")
    world.at("3m").resolves("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def kept_firing() -> list[str]:
    world = down(keep_firing_for="5m")
    world.at("1m").fires("JobDown")
    world.at("3m").resolves("JobDown")
    await world.run_until("4m")
    return await world.why("JobDown")


@tale
async def waiting_for_the_group() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown")
    await world.run_until("1m10s")
    return await world.why("JobDown")


@tale
async def group_interval_not_over() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown", job="a")
    world.at("3m").fires("JobDown", job="b")
    await world.run_until("4m")
    return await world.why("JobDown", labels='job="b"')


@tale
async def silenced() -> list[str]:
    world = down()
    world.at("10s").silences('alertname="JobDown"', "20m", name="moving house")
    world.at("1m").fires("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def after_a_silence() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown")
    world.at("2m").silences('alertname="JobDown"', "10h", name="moving house")
    world.at("12m").unsilences("moving house")
    await world.run_until("20m")
    return await world.why("JobDown")


@tale
async def inhibited() -> list[str]:
    zones = InhibitRule(parse('alertname="ZoneDown"'), parse('alertname="JobDown"'), ("zone",), "zones")
    world = Remembered(rule("JobDown"), rule("ZoneDown"), inhibit_rules=(zones,))
    for name in ("JobDown", "ZoneDown"):
        world.at("1m").fires(name, zone="a")
    world.at("14m").resolves("ZoneDown", zone="a")
    await world.run_until("20m")
    return [*await world.why("JobDown", at="5m"), "", *await world.why("JobDown")]


def below(**more: Any) -> Any:
    return replace(ROUTE, routes=(replace(ROUTE, key="{}/{}", **more),))


@tale
async def muted_by_an_interval() -> list[str]:
    nights = {"nights": [Span(times=((0, 6 * 60),), zone=UTC)]}
    world = Remembered(rule("JobDown"), route=below(mute_time_intervals=("nights",)), intervals=nights)
    world.at("1m").fires("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def outside_the_active_interval() -> list[str]:
    office = {"office": [Span(times=((9 * 60, 17 * 60),), zone=UTC)]}
    world = Remembered(
        rule("JobDown"),
        route=below(active_time_intervals=("office",)),
        intervals=office,
        interval=timedelta(minutes=10),
    )
    world.at("8h50m").fires("JobDown")
    await world.run_until("9h10m")
    return [*await world.why("JobDown", at="8h55m"), "", *await world.why("JobDown")]


@tale
async def in_cooldown() -> list[str]:
    world = Remembered(rule("JobDown", cooldown="30m"), route=replace(ROUTE, repeat_interval=timedelta(hours=4)))
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("10m").fires("JobDown")
    await world.run_until("15m")
    return await world.why("JobDown")


def restless() -> Remembered:
    world = Remembered(
        rule("JobDown"), route=replace(ROUTE, group_wait=timedelta(0), group_interval=timedelta(minutes=1))
    )
    for minute in range(1, 31, 6):
        world.at(f"{minute}m").fires("JobDown")
        world.at(f"{minute + 3}m").resolves("JobDown")
    world.at("31m").fires("JobDown")
    return world


@tale
async def flapping() -> list[str]:
    world = restless()
    await world.run_until("33m")
    return await world.why("JobDown")


@tale
async def calm_again() -> list[str]:
    world = restless()
    await world.run_until("2h")
    return await world.why("JobDown")


@tale
async def told_together_in_a_storm() -> list[str]:
    world = Remembered(
        rule("JobDown"), route=replace(ROUTE, group_by=("alertname", "job")), storms=StormBounds(groups=2)
    )
    for job in "abcd":
        world.at("1m").fires("JobDown", job=job)
    await world.run_until("3m")
    return await world.why("JobDown", labels='{job="d"}')


@tale
async def repeat_not_due() -> list[str]:
    world = Remembered(rule("JobDown"), route=replace(ROUTE, repeat_interval=timedelta(hours=1)))
    world.at("1m").fires("JobDown", job="a")
    world.at("20m").fires("JobDown", job="b")
    await world.run_until("50m")
    return await world.why("JobDown", labels='job="a"')


@tale
async def refused_and_tried_again() -> list[str]:
    world = down()
    world.at("0s").refuses(HOOK, REFUSAL)
    world.at("1m").fires("JobDown")
    world.at("4m").refuses(HOOK, None)
    await world.run_until("3m")
    early = await world.why("JobDown")
    await world.run_until("20m")
    return [*early, "", *await world.why("JobDown")]


@tale
async def given_up() -> list[str]:
    world = down()
    world.at("0s").refuses(HOOK, DeliveryError("404 no such channel", permanent=True))
    world.at("1m").fires("JobDown")
    await world.run_until("3m")
    return await world.why("JobDown")


@tale
async def superseded() -> list[str]:
    world = down()
    world.at("0s").refuses(HOOK, REFUSAL)
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    world.at("8m").refuses(HOOK, None)
    await world.run_until("20m")
    return await world.why("JobDown")


@tale
async def taken_back_by_a_silence() -> list[str]:
    world = down()
    world.at("0s").refuses(HOOK, REFUSAL)
    world.at("1m").fires("JobDown")
    world.at("3m").silences('alertname="JobDown"', "1h", name="known")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def ends_are_not_told() -> list[str]:
    world = Remembered(rule("JobDown"), integrations={"ops": (Integration(HOOK, "ops", send_resolved=False),)})
    world.at("1m").fires("JobDown")
    world.at("2m").resolves("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def came_and_went() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown")
    world.at("1m10s").resolves("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def only_the_root_fits() -> list[str]:
    child = replace(ROUTE, key='{}/{team="db"}', receiver="db", matchers=parse('team="db"'))
    world = Remembered(rule("JobDown"), route=replace(ROUTE, receiver="nobody", routes=(child,)))
    world.at("1m").fires("JobDown", team="web")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def two_routes() -> list[str]:
    first = replace(ROUTE, key="{}/first", continue_=True, mute_time_intervals=("always",))
    second = replace(ROUTE, key="{}/second", receiver="boss")
    integrations = {"ops": (Integration(HOOK, "ops"),), "boss": (Integration("boss/email[0]", "boss"),)}
    world = Remembered(
        rule("JobDown"),
        route=replace(ROUTE, routes=(first, second)),
        integrations=integrations,
        intervals={"always": [Span()]},
    )
    world.at("1m").fires("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def rule_fails() -> list[str]:
    world = Remembered(rule("JobDown"), limit=1)
    world.at("1m").fires("JobDown", job="a")
    world.at("3m").fires("JobDown", job="b")
    await world.run_until("5m")
    return [*await world.why("JobDown"), "", *await world.why(rule="JobDown")]


@tale
async def datasource_down() -> list[str]:
    world = down(for_="2m")
    world.at("1m").fires("JobDown")
    world.at("4m").prometheus(down=True)
    await world.run_until("10m")
    early = await world.why("JobDown")
    world.at("12m").prometheus(down=False)
    await world.run_until("15m")
    return [*early, "", *await world.why("JobDown")]


@tale
async def no_data() -> list[str]:
    world = Remembered(rule("JobDown", when=compile_condition("value > 0.5")))
    world.at("1m").fires("JobDown", 0.9)
    world.at("4m").resolves("JobDown")
    await world.run_until("10m")
    return await world.why("JobDown")


def busy(**more: Any) -> Remembered:
    return Remembered(rule("Busy", expr=BUSY, labels={"severity": "warning"}, **more))


@tale
async def never_fired() -> list[str]:
    world = busy()
    left = BUSY.partition(" > ")[0]
    world.at("0s").fires(left, 0.83, job="api")
    world.at("0s").fires(left, 0.4, job="web")
    await world.run_until("10m")
    job = await world.why(labels='severity="warning", job="web"')
    return [*await world.why("Busy"), "", *job, "", *await world.why(labels='severity="critical"')]


@tale
async def never_fired_because_it_could_not_be_asked() -> list[str]:
    world = busy()
    world.at("0s").prometheus(down=True)
    await world.run_until("10m")
    return [*await world.why("Busy"), "", *await world.why(rule="Busy")]


@tale
async def never_fired_and_why_not() -> list[str]:
    """Rules that are switched off, that cannot be asked afterwards, or that had two conditions."""
    quiet = rule("Quiet", expr="x > 1", enabled=False)
    both = rule("Both", expr="x > 1 and y > 2")
    other = rule("Other", expr="x > y")
    judged = rule("Judged", expr="x", when=compile_condition("value > 5"))
    world = Remembered(quiet, both, other, judged)
    await world.run_until("10m")
    world.at("10m1s").fires("x", 3.0)
    await world.run_until("10m2s")
    answers = [await world.why(name) for name in ("Quiet", "Both", "Other", "Judged")]
    return [line for answer in answers for line in (*answer, "")]


@tale
async def unknown_name() -> list[str]:
    world = busy()
    await world.run_until("1m")
    return [*await world.why("Buzy"), "", *await world.why(fingerprint="0123456789abcdef")]


@tale
async def after_a_restart() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown")
    await world.run_until("2m")
    await world.sleeps("10m")
    world.at("20m").resolves("JobDown")
    await world.run_until("30m")
    return await world.why("JobDown")


@tale
async def killed_before_its_end_was_written_down() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown")
    world.at("5m").resolves("JobDown")
    await world.run_until("6m")
    world.forgetful = True
    await world.run_until("8m")
    world.forgetful = False
    await world.sleeps("1m")
    await world.run_until("20m")
    return await world.why("JobDown")


async def test_an_alert_that_is_no_more_is_not_firing_for_ever() -> None:
    world = down()
    world.at("1m").fires("JobDown")
    await world.run_until("2m")
    world.forgetful = True
    world.at("3m").resolves("JobDown")
    await world.run_until("8m")
    world.forgetful = False
    await world.sleeps("1m")
    await world.run_until("20m")
    assert (await world.why("JobDown"))[-1].split(maxsplit=1) == [
        "now", "it is no more; when it ended was not written down"
    ]  # fmt: skip


async def test_alertd_was_alive_as_long_as_it_decided_something() -> None:
    labels, late = Labels({"alertname": "A"}), START + timedelta(seconds=9)
    rows = [
        Entry(late, of_alert(labels), What.STATE, {"state": "firing", "value": "1"}),
        Entry(START + timedelta(minutes=1), ITSELF, What.STARTED, {"alive": START.isoformat()}),
    ]
    assert tell(Past(labels, rows), START)[-1].text == "alertd started; it was last alive at 00:00:09"


async def test_what_alertd_knows_of_itself_before_its_rule_was_evaluated() -> None:
    (own,) = [one for one in selfrules.GROUP.rules if one.name == "AlertdReloadFailed"]
    world = Remembered(own)
    await world.run_until("1m")
    assert "every 15s, and sees no such trouble now" in (await world.why("AlertdReloadFailed"))[-1]
    world.notice(Reloaded(world.clock.now(), 1, "rules.yml:3: unknown key"))
    (*_, line) = await world.why("AlertdReloadFailed")
    assert "has something to tell as of now: rules.yml:3: unknown key" in line


@tale
async def rule_removed() -> list[str]:
    world = down()
    world.at("1m").fires("JobDown")
    world.at("3m").reloads(rules=())
    await world.run_until("10m")
    return await world.why("JobDown")


@tale
async def other_routes() -> list[str]:
    integrations = {"ops": (Integration(HOOK, "ops"),), "db": (Integration("db/email[0]", "db"),)}
    world = Remembered(rule("JobDown"), integrations=integrations)
    world.at("1m").fires("JobDown")
    world.at("5m").reloads(route=replace(ROUTE, receiver="db"))
    await world.run_until("10m")
    return await world.why("JobDown")


# What is kept.

ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass
class Kept:
    """A store that keeps rows in the order in which they come, unless its disk is full."""

    rows: list[Entry] = field(default_factory=list)
    full: bool = False
    forgotten: list[tuple[datetime, int]] = field(default_factory=list)

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        if self.full:
            raise StoreError("disk full")
        self.rows += entries

    async def recall(self, subjects: Collection[str], since: datetime, until: datetime, limit: int) -> Sequence[Entry]:
        return [one for one in self.rows if one.subject in subjects]

    async def seen(self, name: str | None, limit: int) -> Sequence[Seen]:
        return ()

    async def forget(self, before: datetime, rows: int, limit: int) -> int:
        self.forgotten.append((before, rows))
        return limit if len(self.forgotten) < 3 else 0


class Counted(Remembered):
    """A world that keeps the rows of its history apart."""

    def _watch_itself(self) -> None:
        super()._watch_itself()
        self.kept = Kept()
        self.recorder = Recorder(self.kept, self.clock, lambda: Limits(rows=9))
        self._observers = Observers(self.observer, self._selfwatch, self.recorder)

    @property
    def whats(self) -> list[str]:
        return [str(one.what) for one in self.kept.rows]


async def test_nothing_is_written_about_quiet_rules() -> None:
    world = Counted(rule("JobDown"), rule("Busy"))
    await world.run_until("1h")
    assert world.whats == ["started"]


async def test_a_decision_that_stays_the_same_is_written_once() -> None:
    always = {"always": [Span()]}
    route = replace(ROUTE, routes=(replace(ROUTE, key="{}/x", active_time_intervals=("always",)),))
    world = Counted(rule("JobDown"), route=route, intervals=always)
    for job in "abc":
        world.at("1m").fires("JobDown", job=job)
    world.at("30m").prometheus(down=True)
    await world.run_until("3h")
    flushes = [one for one in world.observer.events if isinstance(one, GroupFlushed)]
    assert len(flushes) > 30
    assert world.whats == ["started", *["state"] * 3, *["grouped"] * 3, "message", "tried", "quiet", "answers"]
    assert [len(one.facts["alerts"]) for one in world.kept.rows if one.what is What.QUIET] == [3]


async def test_a_receiver_that_refuses_for_hours_is_written_once() -> None:
    world = Counted(rule("JobDown"))
    world.at("0s").refuses(HOOK, REFUSAL)
    world.at("1m").fires("JobDown")
    await world.run_until("5h")
    assert len(world.receivers[HOOK].attempts) > 20
    assert world.whats == ["started", "state", "grouped", "message", "tried"]


async def test_a_rule_that_fails_is_written_once_whatever_numbers_it_says() -> None:
    recorder, kept = recording()
    down, other = rule("JobDown"), rule("ZoneDown")
    for seconds in (1, 2, 3):
        failed = RuleEvaluated(down, 0, f"timed out after {seconds} s", (), blind=True)
        recorder.notice(RulesEvaluated((down, other), START, 0.0, (failed,)))
    recorder.notice(RulesEvaluated((down, other), START, 0.0))
    recorder.notice(RulesEvaluated((down, other), START, 0.0))
    await recorder.backlog.step()
    assert [one.facts["error"] for one in kept.rows] == ["timed out after 1 s", ""]


def recording(**limits: Any) -> tuple[Recorder, Kept]:
    kept = Kept()
    return Recorder(kept, ManualClock(START), lambda: Limits(**limits)), kept


async def test_rows_wait_while_the_disk_is_full_and_the_rest_is_counted() -> None:
    recorder, kept = recording()
    kept.full = True
    for number in range(100_003):
        recorder.notice(Reloaded(START + timedelta(seconds=number), 0))
    await recorder.backlog.step()
    kept.full = False
    await recorder.backlog.step()
    await recorder.backlog.step()
    assert len(kept.rows) == 100_001
    assert [one.at - START for one in kept.rows[:2]] == [timedelta(0), timedelta(seconds=1)]
    assert (kept.rows[-1].what, kept.rows[-1].facts) == (What.LOST, {"rows": 3})


class Passing(ManualClock):
    """Time passes for who sleeps, and nobody else."""

    def __init__(self) -> None:
        super().__init__(START)
        self.slept: list[float] = []

    async def sleep_until(self, at: datetime | None, wake: object = None) -> None:
        assert at is not None
        self.slept.append(round((at - self.now()).total_seconds(), 3))
        self.set(max(at, self.now()))


class Slow(Kept):
    """A tenth of a second a batch."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    async def remember(self, entries: Sequence[Entry], seen: Sequence[Seen]) -> None:
        self.clock.advance(timedelta(seconds=0.1))
        await super().remember(entries, seen)


async def test_a_storm_is_written_with_pauses_at_first_and_without_loss() -> None:
    clock = Passing()
    kept = Slow(clock)
    recorder = Recorder(kept, clock)
    for number in range(40 * 500):
        recorder.notice(Reloaded(START + timedelta(seconds=number), 0))
    await recorder.backlog._catch_up()
    assert clock.slept == [0.3] * 13
    assert [one.at for one in kept.rows] == [START + timedelta(seconds=number) for number in range(40 * 500)]


async def test_what_is_old_is_forgotten_a_little_at_a_time() -> None:
    recorder, kept = recording(retention=timedelta(days=2), rows=7)
    await recorder.backlog.tidy()
    assert kept.forgotten == [(START - timedelta(days=2), 7)] * 3


async def test_no_rows_are_kept_if_nobody_wants_any() -> None:
    recorder, kept = recording(rows=0)
    recorder.notice(Reloaded(START, 0))
    await recorder.backlog.step()
    assert kept.rows == []


async def test_a_crash_loses_what_was_noticed_since_the_last_step(tmp_path: Path) -> None:
    world = Remembered(rule("JobDown"), path=tmp_path / "alertd.db")
    world.at("1m").fires("JobDown")
    await world.run_until("1m20s")
    world.recorder.notice(Reloaded(world.clock.now(), 0))
    await world.sleeps("1m")
    await world.run_until("10m")
    assert [one.what for one in await world.store.recall([ITSELF], *ALWAYS, 9)] == [What.STARTED, What.STARTED]
    assert "ops/webhook[0] accepted it" in "\n".join(await world.why("JobDown"))
    await world.store.close()


async def test_many_alerts_are_ten_at_a_time() -> None:
    world = down()
    for number in range(14):
        world.at("1m").fires("JobDown", job=str(number))
    await world.run_until("2m")
    text = await world.why("JobDown")
    assert len([line for line in text if line.startswith("JobDown")]) == 10
    assert text[-1] == "and 4 more alerts: name more labels"
    (only,) = [line for line in await world.why(fingerprint=text[0].split()[-1]) if line.startswith("JobDown")]
    assert only == text[0]
