"""Instants as Go writes them."""

from datetime import UTC, datetime

import pytest

from alertd.core.instants import rfc3339


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (None, "0001-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 2, 3, 4, tzinfo=UTC), "2026-01-01T02:03:04Z"),
        (datetime(2026, 1, 1, 2, 3, 4, 120000, tzinfo=UTC), "2026-01-01T02:03:04.12Z"),
        (datetime(2026, 1, 1, 2, 3, 4, 1, tzinfo=UTC), "2026-01-01T02:03:04.000001Z"),
    ],
)
def test_rfc3339(at: datetime | None, text: str) -> None:
    assert rfc3339(at) == text
