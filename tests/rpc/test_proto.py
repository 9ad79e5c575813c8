"""What protoc made of alerts.proto is of now, and serves what is promised."""

import subprocess
import sys
from pathlib import Path

from alertd.rpc import alerts_pb2 as pb
from alertd.rpc.alerts import SERVICE, Alerts, View
from alertd.rpc.feed import Feed
from tests.house.tree import ROOT

MADE = ("alerts_pb2.py", "alerts_pb2.pyi")


def test_it_is_up_to_date(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([*argv, "alertd/rpc/alerts.proto"], cwd=ROOT, check=True)
    for name in MADE:
        assert (tmp_path / "alertd/rpc" / name).read_text() == (ROOT / "alertd/rpc" / name).read_text(), "make proto"


def test_every_method_of_the_service_is_there() -> None:
    (service,) = pb.DESCRIPTOR.services_by_name.values()
    view = View(lambda _: None, lambda: None)  # type: ignore[arg-type, return-value]
    methods = Alerts(view, Feed(1), 1).methods()
    assert service.full_name == SERVICE
    assert {one.name: one.server_streaming for one in service.methods} == {
        name: one.response_streaming for name, one in methods.items()
    }


def test_nobody_imports_grpc_who_does_not_serve_it() -> None:
    code = "import sys, alertd.app, alertd.cli.run, alertd.cli.alerts, alertd.cli.healthcheck;"
    check = "sys.exit(bool({'grpc', 'grpc_health', 'google.protobuf'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", f"{code} {check}"], check=True)
