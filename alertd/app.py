"""The only place where the parts meet: a configuration becomes a running daemon.

    build(load) ──▶ App ──run──▶ ready ──reload──▶ the same, with another Plan ──stop──▶ drained and closed
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote_plus

from alertd import __version__
from alertd.clock import SystemClock
from alertd.config import Config, DatasourceConfig
from alertd.core.receivers import Integration
from alertd.core.rules import Rule, RuleGroup
from alertd.datasources.prometheus import PrometheusDatasource
from alertd.engine import selfwatch
from alertd.engine.dispatcher import Routing
from alertd.engine.engine import Engine, Plan
from alertd.engine.supervisor import keep
from alertd.engine.ticker import Ticker
from alertd.errors import ConfigError, StoreError
from alertd.events import Reloaded, Trouble
from alertd.ports import Clock, Context, Datasource, Notifier, Store
from alertd.store import open_store
from alertd.telemetry.metrics import Metrics
from alertd.telemetry.observers import Observers
from alertd.web import admin, prometheus
from alertd.web.server import bind, serve

_GRACE = 20.0  # seconds for deliveries under way at shutdown
_PULSE = timedelta(seconds=10)


@dataclass(frozen=True)
class Edges:
    """What a configuration opened, to be closed when another takes its place."""

    datasources: Mapping[str, Datasource]
    notifiers: Mapping[str, Notifier]

    async def close(self) -> None:
        """Let go of all connections."""
        for edge in (*set(self.datasources.values()), *self.notifiers.values()):
            await edge.aclose()
