"""gRPC of the installed `alertd`: its health as any client sees it, its alerts from the rule to the stream, its end."""

import json
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.e2e.conftest import CONFIG, Rig
from tests.e2e.rig import Alertd, Process, alertd, free_port, run, until

pytestmark = pytest.mark.e2e


def health(address: str) -> str:
    """What it says of itself; nothing if it does not answer."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        except grpc.RpcError:
            return ""
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


class Watch:
    """`alertd watch` in a process of its own."""

    def __init__(self, address: str) -> None:
        argv = [alertd(), "watch", "--grpc", address, "-o", "json"]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def next_state(self) -> str:
        """The state of the alert that changes next."""
        while "transition" not in (change := self.next()):
            pass
        return str(change["transition"]["alert"]["state"])

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it says of it."""
        _, said = self._process.communicate(timeout=20)
        return self._process.returncode, said


def test_from_the_rule_to_the_stream(rig: Rig) -> None:
    address = f"127.0.0.1:{free_port()}"
    daemon = rig.start(config=CONFIG + f"grpc: {{{{listen: '{address}'}}}}\n")
    until("the daemon to be well", lambda: health(address) == "SERVING")
    watch = Watch(address)
    while "ready" not in watch.next():
        pass
    rig.exporter.set('broken{job="api"}', 1)
    assert [watch.next_state() for _ in range(2)] == ["STATE_PENDING", "STATE_FIRING"]
    shown = run("alerts", "--grpc", address, cwd=rig.folder)
    assert (shown.returncode, "Broken" in shown.stdout) == (0, True)
    assert run("healthcheck", "--grpc", address, cwd=rig.folder).stdout == "ready\n"
    rig.exporter.set('broken{job="api"}', 0)
    assert watch.next_state() == "STATE_RESOLVED"
    assert daemon.metric("alertd_grpc_requests_active") == 1
    begun = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun < 15
    code, said = watch.end()
    assert (code, "alertd is shutting down" in said) == (1, True)
    assert health(address) == ""


def test_two_cannot_listen_on_one_address(tmp_path: Path) -> None:
    port = free_port()
    config = f"storage: {{url: memory}}\ngrpc: {{listen: '127.0.0.1:{port}'}}\nreceivers: [{{name: ops}}]\n"
    one = Alertd(tmp_path, config, "groups: []")
    one.start()
    try:
        other = run("run", "--config", "config.yaml", "--listen", f"127.0.0.1:{free_port()}", cwd=tmp_path)
    finally:
        one.close()
    assert other.returncode == 1
    assert f"grpc: cannot listen on 127.0.0.1:{port}: Address already in use" in other.stderr
    assert "Traceback" not in other.stderr


def test_who_cannot_speak_tls_leaves_no_line_in_the_log(tmp_path: Path) -> None:
    port, authority = free_port(), trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    config = (
        "storage: {url: memory}\nreceivers: [{name: ops}]\n"
        f"web: {{listen: '127.0.0.1:0', tls_server_config: {{cert_file: both.pem, key_file: both.pem}}}}\n"
        f"grpc: {{listen: '127.0.0.1:{port}'}}\n"
    )
    (tmp_path / "config.yaml").write_text(config)
    daemon = Process("alertd", [alertd(), "run", "--config", "config.yaml"], tmp_path)
    try:
        credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            stub.Check(health_pb2.HealthCheckRequest(), timeout=20, wait_for_ready=True)
        with socket.create_connection(("127.0.0.1", port)) as stranger, suppress(ConnectionError):
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while stranger.recv(1000):
                pass
        time.sleep(0.2)  # for what might be written
    finally:
        code = daemon.stop()
    assert (code, "ssl_transport" in daemon.log.read_text()) == (0, False)
