"""What libraries load only because it is there, and a daemon has no use for."""

import sys

_COMMAND_LINES = ("httpx._main",)  # brings rich and pygments along, where somebody else has installed them


def leave_out() -> None:
    """To be called before any of these libraries is loaded, in a process that is the daemon's own.

    Python raises ImportError for a module that is None, and the libraries do without.
    """
    for name in _COMMAND_LINES:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # as Python's documentation has it
