"""`alertd notify test`: what the other side gets, and what is said of it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from alertd.cli import cli


def told(folder: Path, receiver: str) -> Result:
    path = folder / "config.yaml"
    path.write_text(f"receivers: [{{name: ops, {receiver}}}]\n")
    return CliRunner().invoke(cli, ["notify", "test", "ops", "--config", str(path), "-o", "json"])


def test_the_message_is_marked_where_it_is_seen_first(tmp_path: Path) -> None:
    done = told(tmp_path, "stdout_configs: [{format: json}]")
    assert done.exit_code == 0
    message = json.loads(done.stdout.splitlines()[0])
    assert message["groupLabels"] == {"alertname": "[TEST] AlertdTest"}


def test_a_refusal_is_in_words(tmp_path: Path) -> None:
    done = told(tmp_path, "email_configs: [{to: a@b, from: c@d, smarthost: '127.0.0.1:1'}]")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["ops/email[0]"]["error"].endswith("Connection refused")
