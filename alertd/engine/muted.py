"""Who was muted when their group was flushed last."""

from collections.abc import Collection, Mapping
from datetime import datetime

from alertd.core.groups import Group
from alertd.core.labels import Labels
from alertd.core.mutes import AUDIBLE, Verdict
from alertd.events import AlertMuted
from alertd.ports import Observer


class Muted:
    """Remembers it for each group, and tells the observer what has changed."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._muted: dict[str, Mapping[Labels, Verdict]] = {}  # by group

    def note(self, group: Group, muted: Mapping[Labels, Verdict], now: datetime) -> None:
        """The group was flushed, with these muted; whoever has left it since is left out."""
        before = self._muted.pop(group.key, {})
        members = {labels for _, labels in group.members} if before or muted else ()
        if muted:
            self._muted[group.key] = {labels: verdict for labels, verdict in muted.items() if labels in members}
        for labels in [labels for labels in {**before, **muted} if labels in members]:
            verdict = muted.get(labels, AUDIBLE)
            if verdict != before.get(labels, AUDIBLE):
                self._observer.notice(AlertMuted(group.key, labels, verdict, now, group.route.receiver))

    def keep(self, groups: Collection[str]) -> None:
        """Forget all groups but these."""
        self._muted = {key: muted for key, muted in self._muted.items() if key in groups}

    def labels(self) -> Collection[Labels]:
        """The label sets of which somebody was not told."""
        return {labels for muted in self._muted.values() for labels in muted}
