"""Whether a password fits its bcrypt hash. The only home of bcrypt, which is slow by design.

It runs in a thread, one at a time; who has fitted once is remembered, as a keyed digest that says nothing to others.
"""

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from secrets import token_bytes

import bcrypt
from pydantic import SecretStr

_REMEMBERED = 1024
_QUEUE = 32  # who may wait for their turn
_LONGEST = 72  # bytes of a password that bcrypt looks at


class Busy(Exception):  # noqa: N818 - nothing is wrong but the number of those who wait
    """Too many passwords wait to be checked."""


class Passwords:
    """Checks users. An unknown one takes as long as a known one with a wrong password."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._key, self._size = token_bytes(32), remembered
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lane = asyncio.Semaphore(1)
        self._waiting = 0
        self.checks = 0

    async def fit(self, user: str, password: bytes, users: Mapping[str, SecretStr]) -> bool:
        """Whether this is a user's password. Raises Busy."""
        if not users:
            return False
        hashed = users[user] if user in users else _hardest(users)
        digest = self._digest(user, hashed, password)
        if digest in self._known and user in users:
            self._known.move_to_end(digest)
            return True
        fits = await self._checked(password, hashed.get_secret_value().encode()) and user in users
        if fits:
            self._remember(digest)
        return fits

    async def _checked(self, password: bytes, hashed: bytes) -> bool:
        if self._waiting >= _QUEUE:
            raise Busy
        self._waiting += 1
        try:
            async with self._lane:
                self.checks += 1
                return await asyncio.to_thread(_fits, password[:_LONGEST], hashed)
        finally:
            self._waiting -= 1

    def _remember(self, digest: bytes) -> None:
        self._known[digest] = None
        if len(self._known) > self._size:
            self._known.popitem(last=False)

    def _digest(self, user: str, hashed: SecretStr, password: bytes) -> bytes:
        name = user.encode("utf-8", "surrogateescape")
        text = b"%d:%s%s%s" % (len(name), name, hashed.get_secret_value().encode(), password)
        return hmac.digest(self._key, text, "sha256")


def _hardest(users: Mapping[str, SecretStr]) -> SecretStr:
    return max(users.values(), key=lambda hashed: hashed.get_secret_value().split("$")[2])


def _fits(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:  # it holds what no password of this hash can hold
        return False
