"""Which groups are flushed together."""

import pytest

from alertd.core.groups import Group
from alertd.core.labels import Labels
from alertd.core.routes import Route
from alertd.engine.groups import in_parts


@pytest.mark.parametrize(
    ("members", "parts"),
    [
        ([], []),
        ([1, 2], [[1, 2]]),
        ([1] * 401, [[1] * 200, [1] * 200, [1]]),
        ([2000, 2000, 2000, 1], [[2000, 2000], [2000, 1]]),
        ([1, 6000, 6000, 5000, 1], [[1], [6000], [6000], [5000], [1]]),
    ],
)
def test_they_are_few_and_of_few_alerts(members: list[int], parts: list[list[int]]) -> None:
    groups = [_group(number, count) for number, count in enumerate(members)]
    found = list(in_parts(groups))
    assert [[len(group.members) for group in part] for part in found] == parts
    assert [group for part in found for group in part] == groups


def _group(number: int, count: int) -> Group:
    ids = (("rule", Labels({"id": str(one)})) for one in range(count))
    return Group(Route("{}", "ops"), Labels({"group": str(number)}), dict.fromkeys(ids))
