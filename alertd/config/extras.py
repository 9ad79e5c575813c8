"""What is said where packages are missing that alertd can do without."""


def advice(extra: str) -> str:
    """How to get the packages of an extra."""
    return f"docs/install.md says how to get the extra {extra}; in short: pip install 'alertd[{extra}]'"
