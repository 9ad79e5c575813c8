"""How many expressions go into a batch, learned from how the last ones went."""

SMALLEST = 2
_SLOW, _QUICK = 2.0, 0.5  # seconds of a batch beyond which batches become smaller, or larger
_MANY = 20_000  # samples of a batch beyond which they become smaller


class Pace:
    """From `SMALLEST` to `most`. One slow batch makes all smaller; they grow once all of a round were quick."""

    def __init__(self, most: int) -> None:
        self._most = self._size = self._ceiling = most
        self._until = 0.0
        self._were_quick = False

    def size(self, now: float) -> int:
        """For the batches of a round that begins now."""
        if now >= self._until:
            self._ceiling = self._most
        if self._were_quick:
            self._size = min(self._ceiling, self._size * 2)
        self._were_quick = False
        return self._size

    def went(self, size: int, times: list[tuple[float, int]]) -> None:
        """The batches of a round with that size took these seconds, and gave so many samples."""
        if any(seconds > _SLOW or samples > _MANY for seconds, samples in times):
            self._size = min(self._size, max(SMALLEST, size // 2))
        else:
            self._were_quick = all(seconds < _QUICK for seconds, _ in times)

    def failed(self, size: int, until: float) -> None:
        """A batch of a round with that size was too much, which is not tried again before then."""
        self._size = self._ceiling = min(self._size, max(SMALLEST, size // 2))
        self._until = until
