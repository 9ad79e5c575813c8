"""Writing configurations, and reading them."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from alertd.config.load import Reading, read
from alertd.config.values import Config, Overrides

Read = Callable[..., Reading]
Load = Callable[..., Config]


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """Reads a configuration from text, with flags as keyword arguments."""

    def call(text: str, **flags: object) -> Reading:
        path = tmp_path / "config.yaml"
        path.write_text(dedent(text))
        return read(path, Overrides(**flags))  # type: ignore[arg-type]

    return call


@pytest.fixture
def config(reading: Read) -> Load:
    """The same, for a configuration without problems."""

    def call(text: str, **flags: object) -> Config:
        found = reading(text, **flags)
        assert found.problems == found.rules.problems == ()
        assert found.config is not None
        return found.config

    return call


@pytest.fixture
def said(reading: Read, tmp_path: Path) -> Callable[..., list[str]]:
    """What is wrong with a configuration, without the name of the directory."""

    def call(text: str, **flags: object) -> list[str]:
        return [str(problem).replace(f"{tmp_path}/", "") for problem in reading(text, **flags).problems]

    return call
