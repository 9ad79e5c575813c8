"""What the documents say exists: commands, files, headings; and what they show can be read."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e.rig import alertd
from tests.house.tree import ROOT, texts

DOCUMENTS = texts(".md")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def slugs(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    dead = []
    for target in LINK.findall(BLOCK.sub("", DOCUMENTS[name])):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        if not goal.exists() or (anchor and anchor not in slugs(goal.read_text())):
            dead.append(target)
    assert dead == []


def test_words_for_make_exist() -> None:
    words = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name, text in DOCUMENTS.items():
        named = {word for block in BLOCK.findall(text) for word in re.findall(r"\bmake ([a-z]+)", block[1])}
        named |= set(re.findall(r"`make ([a-z]+)", text))
        assert named <= words, name


def test_the_readme_has_its_two_commands() -> None:
    commands = re.findall(r"^(make \w+)", "\n".join(block[1] for block in BLOCK.findall(DOCUMENTS["README.md"])), re.M)
    assert {"make run", "make test"} <= set(commands)
    assert "make test" in (ROOT / ".ci/run").read_text()


GROUPS = "config|export|notify|routes|schema|silence|state|template"  # of commands


def test_commands_of_alertd_exist() -> None:
    """Every `alertd WORD --option` in a block of a document is known to `alertd WORD --help`."""
    for name, text in DOCUMENTS.items():
        for kind, block in BLOCK.findall(text):
            if kind not in ("sh", "ini", "dockerfile"):
                continue
            for line in block.replace("\\\n", " ").splitlines():
                match = re.search(rf"(?:^[\w./]*|=[\w./]*| -- | --rm )\balertd ((?:(?:{GROUPS}) )?[a-z]+)\b(.*)", line)
                if match:
                    options = set(re.findall(r"(?<!\S)--[a-z-]+", match[2].split(" #")[0]))
                    assert options <= options_of(match[1]), f"{name}: {line.strip()}"


def options_of(command: str) -> set[str]:
    shown = subprocess.run([alertd(), *command.split(), "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, f"there is no `alertd {command}`"
    return set(re.findall(r"--[a-z-]+", shown.stdout))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_examples_can_be_read(name: str) -> None:
    for kind, block in BLOCK.findall(DOCUMENTS[name]):
        text = re.sub(r"^ {3}", "", block, flags=re.MULTILINE) if block.startswith("   ") else block
        if kind == "yaml":
            list(yaml.safe_load_all(text))
        elif kind == "json":
            json.loads(text)
        elif kind == "sh":
            subprocess.run(["sh", "-n"], input=text, text=True, check=True)
        elif kind == "python":
            compile(text, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_readme_s_files_pass_the_check(tmp_path: Path) -> None:
    """The blocks `cat > FILE <<'EOF'` of the README, written as a reader would, are a configuration that works."""
    written = re.findall(r"cat > (\S+) <<'EOF'\n(.*?)^EOF$", DOCUMENTS["README.md"], re.MULTILINE | re.DOTALL)
    assert {name for name, _ in written} >= {"config.yaml", "rules.yml"}
    for name, text in written:
        (tmp_path / name).write_text(text)
    argv = [alertd(), "check", "--config", "config.yaml"]
    shown = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_the_changelog_names_this_version() -> None:
    version = subprocess.run([sys.executable, "-c", "import alertd; print(alertd.__version__)"], capture_output=True)
    assert f"## {version.stdout.decode().strip()}" in DOCUMENTS["CHANGELOG.md"]
