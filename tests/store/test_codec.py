"""Whatever an alert, a notification or a memory of what was told holds, it comes back as it was."""

from datetime import UTC, datetime, timedelta, timezone
from math import inf, isnan, nan
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.core.alerts import Alert, State
from alertd.core.labels import Labels
from alertd.core.matchers import Matcher
from alertd.core.notification import Notification, NotifiedAlert, Reason
from alertd.core.severity import Severity
from alertd.core.silences import Silence
from alertd.core.told import Cooling, Mark, Told
from alertd.errors import StoreError
from alertd.store import codec

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(), max_size=8) | st.sampled_from(["\ud800", "\x00", '"\\', "💥", "</script>", "\r\n"])
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
instants = st.datetimes(timezones=zones)
spans = st.timedeltas(timedelta(days=-9999), timedelta(days=9999))
maps = st.dictionaries(texts, texts, max_size=3)
labels = maps.map(Labels)
floats = st.floats(allow_nan=False)
alerts = st.builds(
    Alert,
    texts,
    labels,
    st.sampled_from(State),
    instants,
    maps,
    floats,
    st.none() | instants,
    st.none() | instants,
    st.none() | instants,
    texts,
    texts,
    st.none() | spans,
    st.tuples(texts),
)
notified = st.builds(NotifiedAlert, labels, maps, instants, st.none() | instants, floats, texts, texts)
notifications = st.builds(
    Notification,
    texts,
    texts,
    texts,
    st.sampled_from(Reason),
    instants,
    st.lists(notified, max_size=3).map(tuple),
    texts,
    labels,
    labels,
    texts,
    st.booleans(),
)
marks = st.builds(Mark, instants, texts, st.sampled_from(Severity), st.none() | spans, st.none() | instants)
coolings = st.builds(Cooling, instants, st.sampled_from(Severity))
tolds = st.builds(
    Told, st.none() | instants, st.dictionaries(texts, marks, max_size=2), st.dictionaries(texts, coolings, max_size=2)
)


filled = st.text(min_size=1, max_size=8)
matchers = st.builds(Matcher, filled, st.sampled_from(["=", "!="]), texts)
silences = st.builds(
    Silence,
    texts,
    st.lists(matchers).map(tuple),
    instants,
    instants,
    instants,
    texts,
    texts,
    st.dictionaries(texts, texts),
)


@given(silences)
def test_a_silence_comes_back(silence: Silence) -> None:
    assert codec.decode_silence(codec.encode_silence(silence)) == silence


@given(alerts)
def test_an_alert_comes_back(alert: Alert) -> None:
    assert codec.Decoder().alert(codec.encode_alert(alert)) == alert


@given(notifications)
def test_a_notification_comes_back(notification: Notification) -> None:
    assert codec.Decoder().notification(codec.Encoder().notification(notification)) == notification


@given(tolds)
def test_what_was_told_comes_back(told: Told) -> None:
    assert codec.decode_told(codec.encode_told(told)) == told


@given(texts)
def test_text_comes_back_from_a_column(text: str) -> None:
    assert codec.from_column(codec.to_column(text)) == text


@given(instants, instants)
def test_instants_come_back_in_order(one: datetime, other: datetime) -> None:
    assert codec.from_micros(codec.to_micros(one)) == one
    assert (codec.to_micros(one) < codec.to_micros(other)) is (one < other)


def notification(*alerts: NotifiedAlert) -> Notification:
    return Notification("id", "team", "team/email[0]", Reason.FIRST, NOON, alerts)


def alert(**annotations: str) -> NotifiedAlert:
    return NotifiedAlert(Labels({"alertname": "A"}), annotations, NOON)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_numbers_that_json_does_not_know_come_back(value: float) -> None:
    back = codec.Decoder().alert(codec.encode_alert(Alert("r", Labels(), State.FIRING, NOON, value=value)))
    assert isnan(back.value) if isnan(value) else back.value == value


def test_other_mappings_are_written_too() -> None:
    shown = NotifiedAlert(Labels(), MappingProxyType({"a": "b"}), NOON)
    assert codec.Decoder().notification(codec.Encoder().notification(notification(shown))).alerts[0].annotations == {
        "a": "b"
    }


def test_cached_properties_are_not_written() -> None:
    one = notification(alert())
    before = codec.Encoder().notification(one)
    assert (one.severity, one.firing, one.common_labels) == (Severity.WARNING, one.alerts, one.alerts[0].labels)
    assert codec.Encoder().notification(one) == before


def test_long_lists_are_written_in_slices_and_compressed() -> None:
    one = notification(*(alert(n=str(n)) for n in range(2500)))
    text = codec.Encoder().notification(one)
    assert isinstance(text, bytes)
    assert codec.Decoder().notification(text) == one


def test_shared_alerts_are_encoded_once() -> None:
    one, another = notification(alert(a="b")), notification(alert(a="c"))
    other = Notification("other", "team", "team/webhook[0]", Reason.FIRST, NOON, one.alerts)
    encoder = codec.Encoder()
    encoder.notification(one)
    encoded = encoder._encoded
    assert codec.Decoder().notification(encoder.notification(other)) == other
    assert encoder._encoded is encoded
    assert codec.Decoder().notification(encoder.notification(another)) == another


def test_what_many_alerts_have_is_kept_once() -> None:
    decoder = codec.Decoder()
    written = [
        Alert("r.yml/rule", Labels({"n": str(n), "job": "node"}), State.FIRING, NOON, fired_at=NOON) for n in range(2)
    ]
    one, other = (decoder.alert(codec.encode_alert(alert)) for alert in written)
    assert [one, other] == written
    assert (one.rule is other.rule, one.active_at is other.fired_at) == (True, True)
    assert one.labels["job"] is other.labels["job"]


def test_a_field_of_a_later_version_is_passed_over() -> None:
    text = codec.encode_told(Told(NOON))
    assert isinstance(text, str)
    assert codec.decode_told(text[:-1] + ',"later":{"x":[1]}}') == Told(NOON)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at":"noon"}', b"no zlib", '{"open":"x"}', '"\ud800"'])
def test_damage_is_named(text: str | bytes) -> None:
    with pytest.raises(StoreError, match=r"Told cannot be read.*damaged"):
        codec.decode_told(text)


@pytest.mark.parametrize("labels", ["null", '["x"]', '"x"', "1", '{"a":[1]}', '{"a":{"b":"c"}}'])
def test_damaged_labels_are_named(labels: str) -> None:
    text = codec.encode_alert(Alert("r", Labels(), State.FIRING, NOON))
    assert isinstance(text, str)
    assert '"labels":{}' in text
    with pytest.raises(StoreError, match=r"Alert cannot be read.*damaged"):
        codec.Decoder().alert(text.replace('"labels":{}', f'"labels":{labels}'))


def test_what_nobody_can_store_is_a_bug() -> None:
    with pytest.raises(NotImplementedError):
        codec.encode_told(Told(at=object()))  # type: ignore[arg-type]
