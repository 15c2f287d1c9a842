"""The throw-away workspace of a test run and of each test: the same constructs, with services of their own."""

from __future__ import annotations

import threading
from typing import Any

from xsrun.services.network import NetworkPolicy
from xsrun.workspace.workspace import Workspace

#: Services that all tests of a run may share, because they keep nothing from one call to the next.
SHARED = frozenset(("javascript", "network"))


class Sandbox(Workspace):
    """A workspace that takes constructs, compiled code, environment and limits from another one.

    Its database is in memory and empty; cache, files and keys are its own and are gone when it is closed. The network
    is shut but for the hosts that `network` names.
    """

    def __init__(self, origin: Workspace, network: Any = None) -> None:
        self.__dict__.update(origin.__dict__)
        self.origin = origin
        self.root = None
        self.database_url = "sqlite://"
        self.cache_url = None
        self.network = NetworkPolicy.of(network, in_test=True)
        self._services = {}
        self._lock = threading.RLock()

    def for_test(self) -> Sandbox:
        """An empty workspace for one test."""
        return Sandbox(self, self.network)

    def service(self, name: str) -> Any:
        """A service by name: its own, or for those that keep nothing the test run's."""
        if name in SHARED and isinstance(self.origin, Sandbox):
            return self.origin.service(name)
        return super().service(name)
