"""Keeps gRPC's library from writing to standard error, where it has a line for everybody who cannot speak TLS."""

import os

_LEVEL = "GRPC_VERBOSITY"


def keep_quiet() -> None:
    """To be called before the library is imported; whoever has set a level in the environment has it."""
    if _LEVEL not in os.environ:  # noqa: TID251 - no secret, and not read for us
        os.putenv(_LEVEL, "NONE")  # for the library alone: what other processes are given is another copy
