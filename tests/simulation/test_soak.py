"""Some days with 200 rules: neither memory nor database grow, and every promise is kept."""

from pathlib import Path

import pytest

from tests.simulation.soak import Day, soak


@pytest.mark.timeout(300)
def test_days_pass_and_nothing_grows(tmp_path: Path) -> None:
    days: list[Day] = []
    soak(2, 4, tmp_path / "alertd.db", days.append)
    _, second, _, last = days
    assert last.heard > second.heard > 100
    assert last.objects < 1.5 * second.objects
    assert last.size < 1.5 * second.size
