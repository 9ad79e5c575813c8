"""Whether a server lives, as its requests tell: who waited while it was found dead need not ask it too."""

from alertd.errors import QueryError


class Pulse:
    """What became of the requests to one server, in order. `turn` is how many have come to an end."""

    def __init__(self) -> None:
        self.turn = 0
        self._answered = self._stopped = 0
        self._cause: QueryError | None = None

    def stopped(self, since: int) -> QueryError | None:
        """Why the server was given up after that turn, if it was."""
        return self._cause if self._stopped > since else None

    def answered(self) -> None:
        """It lives."""
        self.turn += 1
        self._answered = self.turn

    def failed(self, error: QueryError, asked: int, *, silent: bool) -> None:
        """A request of that turn found nobody well. `silent`: it waited until its time was over.

        An answer to somebody else since then is a sign of life, so that only this request is lost. Silence, though,
        is costly: were everybody to wait for their own share of it, a group would take hours.
        """
        self.turn += 1
        if silent or self._answered <= asked:
            self._stopped, self._cause = self.turn, error
