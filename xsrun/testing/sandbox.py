"""The throw-away workspace of a test run and of each test: the same constructs, with services of their own."""

from __future__ import annotations

from contextlib import ExitStack

from xsrun.hints import TYPE_CHECKING, Any
from xsrun.services.network import NetworkPolicy
from xsrun.workspace.services import Services
from xsrun.workspace.workspace import LoadedWorkspace

if TYPE_CHECKING:
    from pathlib import Path

    from xsrun.database.database import Database
    from xsrun.services.network import Hosts

#: Services that all tests of a run may share, because they keep nothing from one call to the next.
SHARED = frozenset(("javascript", "models", "network"))


class Sandbox(LoadedWorkspace):
    """A workspace that takes constructs, compiled code, environment and limits from another one.

    Its database is empty, or begins with the rows of a datasource of the other; cache, files and keys are its own. All
    is gone when it is closed. The network is shut but for the hosts that `network` names.
    """

    def __init__(self, origin: LoadedWorkspace, network: NetworkPolicy | Hosts = None, datasource: str = "") -> None:
        self.__dict__.update(origin.__dict__)
        self.origin = origin
        #: the workspace that is tested
        self.owner: LoadedWorkspace = origin.owner if isinstance(origin, Sandbox) else origin
        #: whose tables it takes, with the rows of the datasource
        self.rows_of: LoadedWorkspace = origin.rows_of if isinstance(origin, Sandbox) else origin
        #: the keys of rows that were made up, by table (`xsrun.testing.smoke`)
        self.keys: dict[str, list[Any]] = origin.keys if isinstance(origin, Sandbox) else {}
        self.datasource = datasource
        self.root = None
        self.network = NetworkPolicy.of(network, in_test=True)
        services = origin._services
        self._services = Services(
            None,
            network=self.network,
            models=origin.models,
            cloud=services.cloud,
            home=services.home,
            allow_run=services.allow_run,
        )
        self._ending = ExitStack()

    @property
    def home(self) -> Path | None:
        """The folder of the workspace that is tested."""
        return self.owner.root

    def for_test(self, datasource: str = "") -> Sandbox:
        """A workspace for one test: empty, or with the rows of a datasource (semantics 8.1)."""
        return Sandbox(self, self.network, datasource)

    def share_rows(self) -> None:
        """Let the tests that come begin with the rows that are here now."""
        with self._services.lock:
            self._services.get("database", self._thrown_away)  # opened now: later it would ask itself for its tables
            self.rows_of = self

    def service(self, name: str) -> Any:
        """A service by name: its own, or for those that keep nothing the test run's."""
        if name in SHARED and isinstance(self.origin, Sandbox):
            return self.origin.service(name)
        return super().service(name)

    @property
    def database(self) -> Database:
        """The throw-away database, made at first use."""
        database: Database = self._services.get("database", self._thrown_away)
        return database

    def _thrown_away(self) -> Database:
        from xsrun.database.isolation import throw_away

        return self._ending.enter_context(throw_away(self.rows_of.database, self.datasource or None))

    def close(self) -> None:
        """Throw everything away."""
        super().close()
        self._ending.close()
