"""The repository is tidy: a small top level, no address and no path that belongs to one machine only."""

import re

from tests.house.tree import ROOT, files, texts

TOP_LEVEL = {
    ".ci", ".dockerignore", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md", "alertd",
    "config.example.yaml", "docs", "pyproject.toml", "rules", "tests",
}  # fmt: skip
# Brackets keep these expressions from finding themselves.
REGISTRIES = r"pyp[i]\.org|pythonhoste[d]|np[m]js\.|deb\.debia[n]|docke[r]\.io|ghc[r]\.io|qua[y]\.io|gc[r]\.io"
DOWNLOADS = r"https?://[^\s\"]*(?:/simpl[e]\b|/package[s]/|/poo[l]/main|\.wh[l]\b|\.tg[z]\b|\.tar\.g[z]\b)"
MACHINES = r"(?:^|[\s\"'`=(:])/(?:wor[k]|roo[t]|hom[e])/"


def found(pattern: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_the_top_level_is_small() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files()} <= TOP_LEVEL


def test_no_address_of_a_package_registry() -> None:
    assert found(REGISTRIES) == []
    assert found(DOWNLOADS) == []


def test_no_path_of_one_machine() -> None:
    assert found(MACHINES) == []


def test_nothing_is_left_open() -> None:
    assert found(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b") == []


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
