"""What is far from what it was at this time in past weeks. Needs alertd's extra `dataframes`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from prometheus_api_client import MetricRangeDataFrame
from prometheus_api_client.prometheus_connect import PrometheusConnect

from alertd.conditions import Sample, skip, vector

HALF_AN_HOUR = timedelta(minutes=30)


def unusual(
    prom: PrometheusConnect, at: datetime, query: str, by: str, weeks: int = 4, deviations: float = 4.0
) -> Iterator[Sample]:
    """`query` now, compared with the hour around this time in each of the past weeks, for every value of label `by`."""
    past = [series for week in range(1, weeks + 1) for series in hour(prom, query, at - timedelta(weeks=week))]
    if not past:
        skip("there is no history yet")  # of nothing, MetricRangeDataFrame would only raise a KeyError
    usual = MetricRangeDataFrame(past).groupby(by)["value"].agg(["mean", "std"])
    for labels, value in vector(prom.custom_query(query)):
        if labels.get(by) not in usual.index:
            continue  # it is new: nobody can say what is usual
        mean, deviation = usual.loc[labels[by]]
        if abs(value - mean) > deviations * max(deviation, 0.01 * abs(mean)):
            yield Sample({by: labels[by]}, value, {"usual": f"{mean:.4g} ± {deviation:.2g}"})


def hour(prom: PrometheusConnect, query: str, middle: datetime) -> list[dict[str, Any]]:
    """What the query gave in the hour around an instant, every minute."""
    found: list[dict[str, Any]] = prom.custom_query_range(query, middle - HALF_AN_HOUR, middle + HALF_AN_HOUR, "60")
    return found
