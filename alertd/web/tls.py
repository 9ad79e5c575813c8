"""TLS as a server whose certificates are renewed while it runs."""

import ssl
from typing import Any, Self

from alertd.access.settings import Certificates


class Renewing(ssl.SSLContext):
    """A context that is another one for every connection. Nothing is asked of it but `wrap_bio`, by asyncio."""

    def __new__(cls, certificates: Certificates) -> Self:  # noqa: ARG004 - for __init__
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the standard library's signature
        server_hostname: str | bytes | None = None,
        session: Any = None,
    ) -> ssl.SSLObject:
        return self._certificates.current().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
