"""What the faces show of the daemon: the engine's state and the configuration in force, as frozen values."""

import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from socket import gethostname, socket

from starlette.routing import BaseRoute

from alertd import __version__
from alertd.config.values import Config
from alertd.core.alerts import Alert
from alertd.core.labels import Labels
from alertd.core.look import Look
from alertd.core.posted import Posting, alert_of
from alertd.engine.engine import Engine
from alertd.engine.why import Why
from alertd.ports import Clock, History
from alertd.web import alertmanager, endpoints, home, openapi, posting, prometheus, silencing, unknown, why
from alertd.web.admin import Admin
from alertd.web.admin import routes as admin_routes
from alertd.web.alertmanager import Status, View
from alertd.web.profiles import Profiler, Profiles

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Faces:
    """The routes of one daemon. `config` gives the configuration in force."""

    def __init__(
        self,
        engine: Engine,
        config: Callable[[], Config],
        admin: Admin,
        profiler: Callable[[], Profiler | None],
        history: History,
        clock: Clock,
    ) -> None:
        self._engine, self._config, self._admin, self._clock = engine, config, admin, clock
        self._why = Why(engine, history, clock)
        self._profiles = Profiles(profiler)
        self._started_at = clock.now()

    def routes(self, listener: socket) -> list[BaseRoute]:
        """Everything that is served on this listener."""
        name, address = whoami(listener)
        view = View(lambda: self._status(name, address), self.look, lambda: self._config().matchers)
        known = [
            *admin_routes(self._admin),
            *prometheus.routes(self._engine.board),
            *endpoints.routes(
                (
                    *alertmanager.endpoints(view),
                    *posting.endpoints(self._alert, self._engine.intake.post, self._engine.intake.refuse),
                    *silencing.endpoints(self._engine.silencer, self._clock.now, lambda: self._config().matchers),
                    *why.endpoints(self._why.answer),
                    *home.endpoints(self._config().web.external_url),
                    *self._profiles.endpoints(),
                )
            ),
        ]
        return [*known, *openapi.routes(known, self._config().web.route_prefix), *unknown.routes()]

    def _alert(self, posting: Posting) -> Alert:
        return alert_of(posting, self._config().resolve_timeout, self._clock.now())

    def _status(self, name: str, address: str) -> Status:
        return Status(name, {name: address}, self._started_at, _version(), self._config().original)

    def look(self, alerts: Sequence[Alert] | None = None) -> Look:
        """What is to be seen now of these alerts; of all, if none are named."""
        config = self._config()
        if alerts is None:
            alerts = tuple(self._engine.board.all())
        return Look(
            alerts=alerts,
            root=config.route,
            receivers=_receivers(config),
            mutes=self._engine.mutes,
            updated=self._updated({alert.rule for alert in alerts}),
            patience=config.resolve_timeout,
            now=self._clock.now(),
        )

    def _updated(self, rules: set[str]) -> Mapping[str, datetime]:
        seen = {rule: self._engine.board.status(rule).evaluated_at for rule in rules}
        return {rule: at for rule, at in seen.items() if at is not None}


def whoami(listener: socket) -> tuple[str, str]:
    """What this instance is called, and where it listens."""
    host, port = listener.getsockname()[:2]
    name = gethostname()
    shown = name if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"{name}:{port}", f"{shown}:{port}"


def _receivers(config: Config) -> Mapping[str, Labels]:
    return {one.name: next((way.labels for way in one.integrations), Labels()) for one in config.receivers}


def _version() -> Mapping[str, str]:
    """Alertmanager's fields; the runtime is not Go, and says so."""
    return {
        "version": __version__,
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": f"python{platform.python_version()}",
    }
