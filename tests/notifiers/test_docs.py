"""docs/notifiers.md: every key has its row, no row is stale, and the example plugin works as it is printed."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alertd.notifiers.email import EmailConfig
from alertd.notifiers.stdout import StdoutConfig
from alertd.notifiers.webhook import WebhookConfig, sign

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "notifiers.md").read_text()
MODELS = {"webhook": WebhookConfig, "email": EmailConfig, "stdout": StdoutConfig}
FILES = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL))


def rows(section: str) -> dict[str, list[str]]:
    """The cells of the table below a heading, by the key in the first one."""
    text = DOC.split(f"### `{section}`\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        if key == "threading":
            yield from keys(type(field.default), "threading.")
        else:
            yield key, field


@pytest.mark.parametrize("kind", MODELS)
def test_every_key_has_its_row_and_no_row_is_stale(kind: str) -> None:
    assert list(rows(f"{kind}_configs")) == [key for key, _ in keys(MODELS[kind])]


@pytest.mark.parametrize("kind", MODELS)
def test_rows_are_whole_and_defaults_are_true(kind: str) -> None:
    documented = rows(f"{kind}_configs")
    for key, field in keys(MODELS[kind]):
        type_, default, _ = documented[key]
        assert type_
        if field.is_required():
            assert default == "required"
        elif isinstance(field.default, bool):
            assert default == f"`{str(field.default).lower()}`"
        elif "Literal" in str(field.annotation):
            assert default == f"`{field.default}`"


def test_the_inherited_keys_are_those_of_global() -> None:
    names = {key.replace(".", "_"): cells[1] for key, cells in rows("email_configs").items() if "`smtp_" in cells[1]}
    given = {f"smtp_{key}": f"{key}:25" for key in names}
    filled = EmailConfig(to="a@example.org").with_global(SimpleNamespace(**given))
    for key, default in names.items():
        assert default.startswith(f"`smtp_{key}`")
        assert getattr(filled, {"from": "from_"}.get(key, key)) == f"{key}:25"


def test_the_example_of_a_check_of_signatures() -> None:
    names: dict[str, Any] = {}
    exec(compile(FILES["verify.py"], "verify.py", "exec"), names)
    for secret in ("whsec_aHVzaC1odXNo", "plain"):
        signed = sign(f"other {secret}", "id", "1000", b"body")
        headers = {"webhook-id": "id", "webhook-timestamp": "1000", "webhook-signature": signed}
        assert names["is_from_alertd"](secret, headers, b"body", 1100)
        assert not names["is_from_alertd"](secret, headers, b"another body", 1100)
        assert not names["is_from_alertd"]("wrong", headers, b"body", 1100)
        assert not names["is_from_alertd"](secret, headers, b"body", 1400)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The example as it would be installed: its files, and the entry points of its pyproject."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    about = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in named.items())
        for group, named in project["entry-points"].items()
    )
    (about / "entry_points.txt").write_text(points)
    return tmp_path


def run(plugin: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": f"{plugin}:{ROOT}", "PATH": os.defpath}
    return subprocess.run(
        [sys.executable, *argv], cwd=plugin, env=environment, capture_output=True, text=True, check=False
    )


def check(plugin: Path) -> subprocess.CompletedProcess[str]:
    return run(plugin, "-c", "from alertd.cli import main; main()", "check", "--config", "config.yaml")


def test_the_example_passes_what_every_notifier_must(plugin: Path) -> None:
    done = run(plugin, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_alertd_ntfy.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1[4-9] passed", done.stdout), done.stdout
    assert "skipped" not in done.stdout


def test_the_example_is_found_by_alertd(plugin: Path) -> None:
    done = check(plugin)
    assert done.returncode == 0, done.stdout + done.stderr
    (plugin / "config.yaml").write_text(FILES["config.yaml"].replace("topic:", "topik:"))
    done = check(plugin)
    assert done.returncode == 1
    assert "topik" in done.stdout + done.stderr


def test_the_example_is_strictly_typed(plugin: Path) -> None:
    done = run(plugin, "-m", "mypy", "--strict", "--cache-dir", str(plugin / "cache"), "alertd_ntfy.py")
    assert done.returncode == 0, done.stdout + done.stderr
