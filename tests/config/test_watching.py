"""Files that change are noticed once they are complete, also when a symbolic link is swapped."""

import os
from pathlib import Path

import pytest

from alertd.config import load
from alertd.config.values import Config
from alertd.config.watching import Watch

RULES = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up == 0}\n"
CONFIG = "prometheus: {url: 'http://localhost:9090'}\nrule_files: [rules/**/*.yml]\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").write_text(RULES)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return load(tmp_path / "config.yaml")


@pytest.fixture
def watch(config: Config) -> Watch:
    return Watch(lambda: config.stamp, config.look)


def test_nothing_happens(watch: Watch) -> None:
    assert [watch.changed() for _ in range(3)] == [False] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda home: (home / "rules/a.yml").write_text(RULES + "# more\n"),
        lambda home: (home / "rules/b.yml").write_text(RULES),
        lambda home: (home / "rules/a.yml").unlink(),
        lambda home: (home / "config.yaml").write_text(CONFIG + "\n"),
        lambda home: (home / "rules/a.yml").rename(home / "rules/z.yml"),
    ],
    ids=["written", "added", "removed", "configuration", "renamed"],
)
def test_a_change_is_told_once_it_has_come_to_rest(watch: Watch, tmp_path: Path, change: object) -> None:
    change(tmp_path)
    assert [watch.changed() for _ in range(4)] == [False, True, False, False]


def test_a_file_that_is_still_being_written_is_waited_for(watch: Watch, tmp_path: Path) -> None:
    told = []
    for size in range(4):
        (tmp_path / "rules/a.yml").write_text(RULES + "#" * size)
        told.append(watch.changed())
    told += [watch.changed(), watch.changed()]
    assert told == [False, False, False, False, True, False]


def test_a_change_taken_back_is_none(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "rules/a.yml"
    before = path.stat()
    path.write_text(RULES + "# more\n")
    assert not watch.changed()
    path.write_text(RULES)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [watch.changed() for _ in range(3)] == [False] * 3


def test_a_config_map_that_is_swapped(tmp_path: Path) -> None:
    """As Kubernetes does it: files are links into `..data`, which is a link to a directory that is replaced."""
    for version, text in {"..1": RULES, "..2": RULES.replace("up == 0", "up == 1")}.items():
        (tmp_path / version).mkdir()
        (tmp_path / version / "a.yml").write_text(text)
        os.utime(tmp_path / version / "a.yml", ns=(0, 0))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").symlink_to("../..data/a.yml")
    (tmp_path / "config.yaml").write_text(CONFIG)
    config = load(tmp_path / "config.yaml")
    watch = Watch(lambda: config.stamp, config.look)
    (tmp_path / "..next").symlink_to("..2")
    (tmp_path / "..next").rename(tmp_path / "..data")
    assert [watch.changed() for _ in range(3)] == [False, True, False]


def test_a_change_just_after_reading_is_not_missed(config: Config, tmp_path: Path) -> None:
    (tmp_path / "rules/a.yml").write_text(RULES + "# more\n")
    watch = Watch(lambda: config.stamp, config.look)
    assert [watch.changed() for _ in range(3)] == [False, True, False]


def test_what_was_read_meanwhile_is_no_change(config: Config, tmp_path: Path) -> None:
    now = [config]
    watch = Watch(lambda: now[0].stamp, lambda: now[0].look())
    (tmp_path / "rules/a.yml").write_text(RULES + "# more\n")
    assert not watch.changed()
    now[0] = load(tmp_path / "config.yaml")
    assert [watch.changed() for _ in range(3)] == [False] * 3
