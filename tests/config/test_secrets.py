"""Secrets: where they may come from, and that nothing shows them."""

from pathlib import Path

import pytest
import yaml

from alertd.config.values import Overrides

SECRET = "hunter2-correct-horse"
CONFIG = f"""\
    global:
      smtp_smarthost: mail:25
      smtp_from: a@b
      smtp_auth_username: me
      smtp_auth_password: {SECRET}1
    prometheus:
      url: http://x
      headers: {{Authorization: "Bearer {SECRET}2"}}
      http_config:
        authorization: {{credentials: {SECRET}3}}
        http_headers: {{X-Key: {{secrets: [{SECRET}4], values: [seen]}}}}
    receivers:
    - name: a
      webhook_configs:
      - {{url: "http://x/{SECRET}5", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, send_resolved: yes}}
    """


def test_nothing_shows_a_secret(config) -> None:
    found = config(CONFIG)
    shown = f"{found!r}{found}{found.original}"
    assert SECRET not in shown
    assert "MfKQ9r8" not in shown


def test_the_original_is_still_a_configuration(config) -> None:
    tree = yaml.safe_load(config(CONFIG).original)
    assert tree["global"] == {
        "smtp_smarthost": "mail:25", "smtp_from": "a@b", "smtp_auth_username": "me", "smtp_auth_password": "<secret>",
    }  # fmt: skip
    assert tree["prometheus"]["headers"] == {"Authorization": "<secret>"}
    assert tree["prometheus"]["http_config"]["http_headers"] == {"X-Key": {"secrets": ["<secret>"], "values": ["seen"]}}
    assert tree["receivers"][0]["webhook_configs"] == [
        {"url": "<secret>", "secret": "<secret>", "send_resolved": True}  # written without quotes, as it was
    ]


def test_the_environment(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_1", SECRET)
    found = config("""\
        prometheus: {url: http://x, headers: {A: "Bearer ${TOKEN_1}", B: "$${TOKEN_1} ${token} $TOKEN_1 ${1} $$"}}
        evaluation: {external_labels: {a: &a "${TOKEN_1}", b: *a}}
    """)
    assert found.datasources[0].headers == {"A": f"Bearer {SECRET}", "B": "${TOKEN_1} ${token} $TOKEN_1 ${1} $$"}
    assert dict(found.evaluation.external_labels) == {"a": SECRET, "b": SECRET}
    assert SECRET not in found.original
    assert "Bearer ${TOKEN_1}" in found.original


def test_the_value_of_a_variable_is_not_expanded_again(config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "${HOME}")
    assert config("prometheus: {url: http://x, headers: {A: '${TOKEN}'}}").datasources[0].headers == {"A": "${HOME}"}


def test_a_variable_that_is_not_set(said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    assert said("prometheus:\n  url: http://x/${NOT_SET}\n")[0] == (
        "config.yaml:2:8: the environment variable NOT_SET is not set (set it, or write $${NOT_SET} for the text)"
    )


@pytest.mark.parametrize(
    "text",
    ["evaluation: {interval: '${TOKEN}'}", "web: {listen: '${TOKEN}'}",
     "route: {receiver: '${TOKEN}'}\nreceivers: [{name: a}]",
     "receivers: [{name: a, webhook_configs: [{url: '${TOKEN}'}]}]", "global: {smtp_require_tls: '${TOKEN}'}"],
)  # fmt: skip
def test_an_error_names_the_variable_not_its_value(said, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    problems = "\n".join(said(text))
    assert problems
    assert SECRET not in problems


@pytest.mark.parametrize(
    "text",
    [f"global: {{smtp_auth_password: [{SECRET}]}}", f"global: {{smtp_auth_password: {{{SECRET}: 1}}}}",
     f"receivers: [{{name: a, webhook_configs: [{{url: {SECRET}}}]}}]",
     f"receivers: [{{name: a, webhook_configs: [{{url: http://x, secret: {SECRET}, secret_file: x}}]}}]",
     f"prometheus: {{url: http://x, http_config: {{bearer_token: {SECRET}, basic_auth: {{password: {SECRET}}}}}}}",
     f"prometheus: {{url: 'http://me:{SECRET}@x'}}", f"prometheus: {{url: http://x, headers: [{SECRET}]}}"],
)  # fmt: skip
def test_no_error_shows_a_secret(said, text: str) -> None:
    problems = "\n".join(said(text))
    assert problems
    assert SECRET not in problems


def test_paths_are_relative_to_the_configuration(config, tmp_path: Path) -> None:
    found = config("""\
        prometheus:
          url: http://x
          http_config:
            basic_auth: {username: a, password_file: secrets/pw}
            http_headers: {X: {files: [key, /abs]}}
    """)
    http = found.datasources[0].http
    assert http.basic_auth.password_file == str(tmp_path / "secrets/pw")
    assert http.http_headers["X"].files == (str(tmp_path / "key"), "/abs")


def test_a_flag_with_a_password_is_not_shown(reading) -> None:
    from alertd.config.load import read

    problems = read(None, Overrides(prometheus_url=f"http://me:{SECRET}@x")).problems
    assert problems
    assert SECRET not in str(problems)


def test_files_that_cannot_be_read_are_noted(reading, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "there").write_text(SECRET)
    found = reading("""\
        global: {smtp_smarthost: m:25, smtp_from: a@b, smtp_auth_username: a, smtp_auth_password_file: gone}
        prometheus: {url: http://x, http_config: {http_headers: {A: {files: [there, lost]}}}}
        receivers:
        - name: a
          email_configs: [{to: a@b}, {to: c@d}]
          webhook_configs: [{url_file: folder}, {url_file: there, http_config: {tls_config: {ca_file: ca}}}]
    """)
    assert found.config is not None
    places = [str(note).replace(f"{tmp_path}/", "").partition(" (")[0] for note in found.notes]
    assert places == [
        "config.yaml:1:71: gone cannot be read: No such file or directory",
        "config.yaml:2:77: lost cannot be read: No such file or directory",
        "config.yaml:6:22: folder cannot be read: it is a directory",
        "config.yaml:6:86: ca cannot be read: No such file or directory",
    ]
