"""Times and durations as people write them on a command line."""

from datetime import UTC, datetime, timedelta

import click

from alertd.core import durations


def duration(_: click.Context, __: click.Parameter, text: str) -> timedelta:
    """`1h30m` and the like."""
    try:
        return durations.parse(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def maybe_duration(context: click.Context, parameter: click.Parameter, text: str | None) -> timedelta | None:
    """As above, where nothing need be said."""
    return None if text is None else duration(context, parameter, text)


def positive(context: click.Context, parameter: click.Parameter, text: str) -> timedelta:
    """More than nothing."""
    found = duration(context, parameter, text)
    if not found:
        raise click.BadParameter("nothing is no duration")
    return found


def instant(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """`2026-01-31T12:00:00Z`; without a zone, the local one."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time: write 2026-01-31T12:00, or with a zone 2026-01-31T12:00Z"
        ) from None
