"""Receivers: which plugin reads which key, what it inherits, and what is said when there is none."""

from pathlib import Path

import pytest

from alertd.config import plugins
from alertd.core.labels import Labels

PLUGIN = """
from pydantic import BaseModel, ConfigDict


class CarrierPigeonConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    send_resolved: bool = False
    loft: str
    hello: str = ""

    def with_global(self, global_):
        if self.loft == "tokyo":
            raise ValueError("too far for a pigeon")
        return self.model_copy(update={"hello": global_.smtp_hello})


class CarrierPigeon:
    Config = CarrierPigeonConfig

    def __init__(self, config, context):
        self.config = config


class NoConfig:
    pass
"""
ENTRY_POINTS = """\
[alertd.notifiers]
pigeon = carrier_pigeon:CarrierPigeon
broken = carrier_pigeon:NoConfig
gone = carrier_dove:Dove
"""


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A third party's plugin, installed as pip would."""
    home = tmp_path / "site"
    (home / "pigeon-1.0.dist-info").mkdir(parents=True)
    (home / "pigeon-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1.0\n")
    (home / "pigeon-1.0.dist-info/entry_points.txt").write_text(ENTRY_POINTS)
    (home / "carrier_pigeon.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(home)
    plugins.forget()
    yield
    plugins.forget()


def test_integrations(config) -> None:
    found = config("""\
        route: {receiver: a}
        receivers:
        - name: a
          labels: {team: x}
          stdout_configs: [{}, {format: json, send_resolved: no}]
          webhook_configs: [{url: http://x}]
          email_configs: ~
        - name: nobody
    """)
    first, nobody = found.receivers
    assert [one.id for one in first.integrations] == ["a/stdout[0]", "a/stdout[1]", "a/webhook[0]"]
    assert [one.send_resolved for one in first.integrations] == [True, False, True]
    assert {one.labels for one in first.integrations} == {Labels({"team": "x"})}
    assert first.integrations[1].config.format == "json"
    assert first.integrations[2].plugin.__name__ == "WebhookNotifier"
    assert nobody.integrations == ()


def test_a_third_partys_plugin(config, pigeon) -> None:
    found = config("""\
        global: {smtp_hello: coo}
        receivers: [{name: a, pigeon_configs: [{loft: berlin, send_resolved: yes}]}]
    """)
    (integration,) = found.receivers[0].integrations
    assert (integration.id, integration.send_resolved, integration.config.hello) == ("a/pigeon[0]", True, "coo")


MISTAKES = {
    "{name: a, pigeon_configs: [{loft: tokyo}]}": "config.yaml:1:40: too far for a pigeon",
    "{name: a, pigeon_configs: [{lofft: x}]}": 'unknown key "lofft" (did you mean "loft"?)',
    "{name: a, pigeon_configs: [{}]}": 'config.yaml:1:40: the key "loft" is missing',
    "{name: a, pigeon_configs: [5]}": "config.yaml:1:40: expected a mapping, found text",
    "{name: a, pigeon_configs: {loft: x}}": "pigeon_configs: expected a list, found a mapping (begin with a dash)",
    "{name: a, pidgeon_configs: []}": ':1:23: unknown key "pidgeon_configs" (did you mean "pigeon_configs"?)',
    "{name: a, lables: {}}": 'unknown key "lables" (did you mean "labels"?)',
    "{name: a, broken_configs: [{}]}": "has no pydantic model `Config`",
    "{name: a, gone_configs: [{}]}": "carrier_dove:Dove cannot be imported",
    "{pigeon_configs: []}": 'the key "name" is missing',
    "{name: ''}": "name: ",
    "a": "config.yaml:1:13: expected a mapping, found text",
    "{name: a}, {name: a}": 'a second receiver named "a"',
}


@pytest.mark.parametrize("receivers", MISTAKES)
def test_mistakes(said, pigeon, receivers: str) -> None:
    found = "\n".join(said(f"receivers: [{receivers}]"))
    assert MISTAKES[receivers] in found


def test_addresses_that_no_mail_can_go_to_are_noted(reading) -> None:
    found = reading("""\
        global: {smtp_smarthost: m:25, smtp_from: alertd}
        receivers:
        - name: a
          email_configs:
          - {to: not an address}
          - {to: '{{ .CommonLabels.owner }}', from: a@b}
          - {to: 'Ann <a@b>, c@d', from: a@b}
    """)
    assert [str(note).partition("config.yaml")[2] for note in found.notes] == [
        ":5:6: to: not a mail address: 'not an address'",
        ":5:5: from: not a mail address: 'alertd'",
    ]
