"""Colours: on a terminal only, a cell at a time, and not for who wants none."""

from pathlib import Path

from tests.cli.terminals import shown

TABLE = """
from alertd.cli.alerts import _COLUMNS, _STYLES
from alertd.cli.tables import table
rows = [("firing", severity, "A", "now", "1", "-", "") for severity in ("critical", "warning")]
table(_COLUMNS, rows, _STYLES)
"""


def test_a_warning_is_not_as_red_as_what_is_critical() -> None:
    header, critical, warning = shown(["-c", TABLE]).splitlines()
    assert header == "STATE   SEVERITY  ALERT  SINCE  VALUE  MUTED  LABELS"
    assert critical == "\x1b[1mfiring\x1b[0m  \x1b[31mcritical\x1b[0m  A      now    1      -"
    assert warning == "\x1b[1mfiring\x1b[0m  \x1b[33mwarning \x1b[0m  A      now    1      -"


def test_who_wants_no_colours_gets_none(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("groups: []\n")
    argv = ["-m", "alertd", "check", "a.yml"]
    assert "\x1b[32mno problems" in shown(argv, tmp_path)
    assert "\x1b[32mno problems" in shown(argv, tmp_path, NO_COLOR="")
    assert "\x1b" not in shown(argv, tmp_path, NO_COLOR="1")
