"""Who is served, and how, at this moment: the configuration in force, and its web configuration file as it is now."""

import ssl
from collections.abc import Callable

from alertd.access.rate import Bucket, Seconds
from alertd.config.servertls import files, server_context
from alertd.config.values import Web
from alertd.config.watching import Stamp, stamp
from alertd.config.web import read_file
from alertd.config.webmodels import TlsServerConfig, WebConfigFile
from alertd.errors import ConfigError

Complain = Callable[[str, str], None]  # what goes wrong, and why


class Settings:
    """The settings in force. A web configuration file that is broken now changes nothing, and is complained of once.

    `seconds` is a clock that never jumps.
    """

    def __init__(self, web: Callable[[], Web], complain: Complain, seconds: Seconds) -> None:
        self._web, self._complain, self._bucket = web, complain, Bucket(seconds)
        self._toolkit = self._last = web().toolkit
        self._seen: Stamp | None = None
        self.encrypted = self._toolkit.tls_server_config.enabled  # the listener cannot change this while it runs

    @property
    def web(self) -> Web:
        """What the configuration says."""
        return self._web()

    @property
    def toolkit(self) -> WebConfigFile:
        """The settings that other programs know too."""
        web = self._web()
        if web.toolkit is not self._last:
            self._last, self._seen = web.toolkit, None
            self._follow(web.toolkit)
        now = stamp([web.config_file]) if web.config_file else None
        if web.config_file and now != self._seen:
            self._seen = now
            try:
                self._follow(read_file(web.config_file))
            except ConfigError as error:
                self._complain("the web configuration file cannot be used, its last good version is", str(error))
        return self._toolkit

    def take_turn(self) -> bool:
        """Whether the rate leaves room for one more request, over HTTP or gRPC."""
        return self._bucket.take(self.toolkit.rate_limit)

    def complain(self, what: str, why: str) -> None:
        """Somebody should know."""
        self._complain(what, why)

    def _follow(self, toolkit: WebConfigFile) -> None:
        self._toolkit = toolkit
        if toolkit.tls_server_config.enabled != self.encrypted:
            said = "TLS" if self.encrypted else "no TLS"
            self._complain(f"alertd was started with {said}, and goes on so", "a restart is needed")


class Certificates:
    """The TLS context of new connections, made anew when its settings or its files change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: tuple[TlsServerConfig, Stamp] | None = None
        self._context = server_context(settings.toolkit.tls_server_config)

    def current(self) -> ssl.SSLContext:
        """A context of now, or the last good one."""
        config = self._settings.toolkit.tls_server_config
        wanted = config, stamp(files(config).values())
        if config.enabled and wanted != self._made:
            self._made = wanted
            try:
                self._context = server_context(config)
            except (OSError, ValueError) as problem:
                self._settings.complain("the TLS certificate cannot be used, its last good version is", str(problem))
        return self._context
