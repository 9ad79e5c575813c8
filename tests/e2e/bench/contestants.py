"""Who is compared: how each is started, and how it calls what it counts."""

import shutil
from dataclasses import dataclass

from tests.e2e.bench.profiling import Profile
from tests.e2e.rig import alertd

PROGRAMS = ("prometheus", "prometheus-alertmanager", "vmalert")
PROMETHEUS, ALERTMANAGER, VMALERT = (shutil.which(program) or f"/usr/bin/{program}" for program in PROGRAMS)


@dataclass(frozen=True)
class Contestant:
    """Somebody who evaluates rules. Without an evaluator of its own Prometheus does it; without metrics nobody does."""

    name: str
    evaluator: tuple[str, ...] = ()  # with {port}, {server} and {alertmanager} to be filled in
    ready: str = ""
    alertmanager: bool = True
    evaluations: str = ""
    missed: str = ""
    failures: str = ""
    section: str = ""  # of alertd's configuration, to be filled in
    profile: Profile | None = None  # what it is doing, if somebody looks

    @property
    def prometheus_evaluates(self) -> bool:
        return bool(self.evaluations) and not self.evaluator


NOBODY = Contestant("nobody", alertmanager=False)  # what Prometheus costs that only scrapes

ALERTD = Contestant(
    "alertd",
    (alertd(), "run", "--config", "alertd.yml", "--listen", "127.0.0.1:{port}"),
    "/-/ready",
    False,
    "alertd_rule_evaluations_total",
    "alertd_group_iterations_missed_total",
    "alertd_rule_evaluation_failures_total",
)

CONTESTANTS = (
    ALERTD,
    Contestant(
        "vmalert",
        (
            VMALERT,
            "-rule=rules.yml",
            "-datasource.url=http://127.0.0.1:{server}",
            "-datasource.queryTimeAlignment=false",  # its setting for the least latency
            "-notifier.url=http://127.0.0.1:{alertmanager}",
            "-httpListenAddr=127.0.0.1:{port}",
        ),
        "/health",
        True,
        "vmalert_execution_total",
        "vmalert_iteration_missed_total",
        "vmalert_execution_errors_total",
    ),
    Contestant(
        "Prometheus",
        (),
        "",
        True,
        "prometheus_rule_evaluations_total",
        "prometheus_rule_group_iterations_missed_total",
        "prometheus_rule_evaluation_failures_total",
    ),
)
