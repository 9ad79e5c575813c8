"""What an Authorization header opens: users with passwords, bearer tokens, and those who show nothing."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Iterable
from enum import IntEnum

from alertd.access.passwords import Passwords
from alertd.access.settings import Settings
from alertd.config.webmodels import TokenEntry
from alertd.http.credentials import secret


class Access(IntEnum):
    """What somebody may do; each includes what stands before it."""

    WRONG = -1  # what was shown is not valid, so nothing, whatever others may do who show nothing
    NONE = 0
    HEALTH = 1
    READ = 2
    FULL = 3


class Keys:
    """Who is known, by the settings in force."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._passwords = Passwords()
        self._unreadable: frozenset[str] = frozenset()

    async def access(self, shown: str) -> Access:
        """What this header opens; "" if none is shown. Raises Busy."""
        users, web = self._settings.toolkit.basic_auth_users, self._settings.web
        if not users and not web.tokens:
            return Access[web.anonymous.upper()] if web.anonymous else Access.FULL
        if not shown:
            return Access[(web.anonymous or "none").upper()]
        scheme, _, credentials = shown.partition(" ")
        if scheme.lower() == "basic":
            return await self._user(credentials.strip())
        return self._bearer(credentials.strip(), web.tokens) if scheme.lower() == "bearer" else Access.WRONG

    async def _user(self, credentials: str) -> Access:
        try:
            user, colon, password = b64decode(credentials, validate=True).partition(b":")
        except ValueError:
            return Access.WRONG
        name, users = user.decode("utf-8", "surrogateescape"), self._settings.toolkit.basic_auth_users
        fits = bool(colon) and await self._passwords.fit(name, password, users)
        return Access.FULL if fits else Access.WRONG

    def _bearer(self, token: str, entries: Iterable[TokenEntry]) -> Access:
        """Every token is compared, so that the time it takes tells nothing."""
        shown, found = _digest(token), Access.WRONG
        for entry in entries:
            known = self._known(entry)
            if hmac.compare_digest(shown, _digest(known)) and known:
                found = max(found, Access[entry.access.upper()])
        return found

    def _known(self, entry: TokenEntry) -> str:
        """The token of an entry; empty, which fits nothing, if its file cannot be read."""
        path = entry.token_file
        try:
            token = secret(entry.token, path).strip()
        except (OSError, UnicodeDecodeError) as problem:
            if path not in self._unreadable:
                self._settings.complain(f"the token's file {path} cannot be read", str(problem))
            self._unreadable |= {path}
            return ""
        self._unreadable -= {path}
        return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
