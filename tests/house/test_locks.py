"""The locks say what is installed: in the image everything that a configuration may ask for, and all of it tested."""

import re
import tomllib
from collections.abc import Mapping

import pytest

from tests.house.tree import ROOT

LOCKS = sorted(path.stem for path in (ROOT / ".ci/locks").glob("*.txt"))
NOT_IN_THE_IMAGE = {"dataframes"}  # pandas, for those who write conditions with it


def locked(name: str) -> Mapping[str, str]:
    """Package and version."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / f".ci/locks/{name}.txt").read_text(), re.MULTILINE))


def extras() -> Mapping[str, list[str]]:
    """The packages that each extra names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = project["optional-dependencies"].items()
    return {extra: [re.split(r"[\[<>=~! ]", one)[0] for one in packages] for extra, packages in named}


@pytest.mark.parametrize("extra", sorted(extras().keys() - NOT_IN_THE_IMAGE))
def test_the_image_has_the_extra(extra: str) -> None:
    assert set(extras()[extra]) <= locked("extras").keys()
    assert "ARG LOCK=extras\n" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize(("part", "whole"), [("runtime", "extras"), ("extras", "develop"), ("build", "develop")])
def test_what_is_installed_is_what_is_tested(part: str, whole: str) -> None:
    assert locked(part).items() <= locked(whole).items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_known_by_its_hash(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / f".ci/locks/{name}.txt").read_text().strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
