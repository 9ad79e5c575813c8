"""What must not happen while people work, and is nothing to report at night, at weekends and on holidays."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from prometheus_api_client.prometheus_connect import PrometheusConnect

from alertd.conditions import skip, vector


def too_few(
    prom: PrometheusConnect,
    at: datetime,
    query: str,
    least: float,
    zone: ZoneInfo,
    opens: time,
    closes: time,
    holidays: frozenset[date] = frozenset(),
) -> tuple[bool, str]:
    """`query` gives less than `least` although it is open, from Monday to Friday."""
    here = at.astimezone(zone)
    if here.weekday() >= 5 or here.date() in holidays or not opens <= here.time() < closes:
        return False, "closed"
    values = [value for _, value in vector(prom.custom_query(query))]
    if not values:
        skip("the query has no data")  # None is not few: a metric that is gone needs a rule of its own
    return sum(values) < least, f"{sum(values):g} at {here:%H:%M} {zone.key}; at least {least:g} are usual"
