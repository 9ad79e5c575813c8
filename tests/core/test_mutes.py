"""One verdict on an alert: who mutes it, and why; and whether that may change by itself."""

from datetime import UTC, datetime, timedelta

from alertd.core.alerts import Alert, State
from alertd.core.inhibition import Inhibition, Inhibitor, InhibitRule
from alertd.core.intervals import Calendar, Span
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.mutes import AUDIBLE, Muting, Nothing, Verdict
from alertd.core.routes import Route
from alertd.core.silences import Silence, Silences

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOWN = Alert("down", Labels({"alertname": "Down", "zone": "a"}), State.FIRING, NOON, fired_at=NOON)
ZONE = Alert("zone", Labels({"alertname": "ZoneDown", "zone": "a"}), State.FIRING, NOON, fired_at=NOON)
ROUTE = Route("{}", "ops")
TIMED = Route("{}/x", "ops", mute_time_intervals=("always",), active_time_intervals=("never",))


def muting() -> Muting:
    silences = Silences()
    silences.put([Silence("one", (Matcher("alertname", "=", "Down"),), NOON, NOON + HOUR, NOON)])
    rule = InhibitRule(
        (Matcher("alertname", "=", "ZoneDown"),), (Matcher("alertname", "=", "Down"),), ("zone",), "zones"
    )
    return Muting(silences, Inhibitor([rule], [ZONE]), Calendar({"always": [Span()], "never": []}))


def test_everything_that_mutes_is_named() -> None:
    verdict = muting().verdict(DOWN, TIMED, NOON)
    assert verdict == Verdict(("one",), (Inhibition(ZONE.labels, "zones"),), ("always",), ("never",))
    assert verdict
    assert str(verdict) == (
        'silenced by one; inhibited by {alertname="ZoneDown", zone="a"} (zones); '
        "muted by the time interval always; outside the active time interval never"
    )


def test_what_nobody_mutes_is_audible() -> None:
    assert muting().verdict(ZONE, ROUTE, NOON) is AUDIBLE
    assert Nothing().verdict(DOWN, TIMED, NOON) is AUDIBLE
    assert not AUDIBLE
    assert str(AUDIBLE) == "audible"


def test_only_what_may_be_muted_is_watched() -> None:
    mutes = muting()
    assert mutes.concern(DOWN, ROUTE, NOON + 2 * HOUR), "it could be inhibited"
    assert mutes.concern(ZONE, TIMED, NOON), "its route knows time intervals"
    assert not mutes.concern(ZONE, ROUTE, NOON)
    silenced = Muting(Silences(), Inhibitor(), Calendar())
    assert not silenced.concern(DOWN, ROUTE, NOON)
    assert not Nothing().concern(DOWN, TIMED, NOON)


def test_a_silence_is_watched_from_before_it_begins_until_it_ends() -> None:
    silences = Silences()
    silences.put([Silence("one", (Matcher("alertname", "=", "Down"),), NOON, NOON + HOUR, NOON)])
    mutes = Muting(silences, Inhibitor(), Calendar())
    assert [mutes.concern(DOWN, ROUTE, NOON + hours * HOUR) for hours in (-1, 0, 1)] == [True, True, False]
