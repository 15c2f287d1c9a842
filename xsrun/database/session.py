"""A session: the database as one run sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xsrun.database.catalog import Catalog
from xsrun.database.transaction import Transaction
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.addon_batches import AddonBatch
    from xsrun.database.database import Database
    from xsrun.database.plans import Plan
    from xsrun.running.context import Context

#: What carries a statement out in the session of a run, with the operands of its plan; each has its own kind of plan.
Handler = Callable[["Session", Any, tuple[Value, ...]], Value]


class Session:
    """What the statements of one run share: its transaction, the tables as it sees them, and its context."""

    __slots__ = ("_handlers", "backend", "batch", "catalog", "context", "database", "transaction")

    def __init__(self, database: Database, context: Context, handlers: Mapping[str, Handler]) -> None:
        self.database = database
        self.backend = database.backend
        self.context = context
        self.transaction = _transaction(database, context)
        self.catalog = Catalog(database, self.transaction, context)
        self._handlers = handlers
        #: the addon that runs for many rows at the moment, whose queries may ask for all of them at once
        self.batch: AddonBatch | None = None

    def perform(self, plan: Plan, operands: tuple[Value, ...]) -> Value:
        """Carry a statement of the program out."""
        self.catalog.plan = plan
        return self._handlers[plan.statement](self, plan, operands)

    def close(self) -> None:
        """End the session: a transaction that is still open is undone, the connection goes back."""
        self.transaction.close()


def _transaction(database: Database, context: Context) -> Transaction:
    if context.at_once:
        from xsrun.database.brief import BriefTransaction

        return BriefTransaction(database, context)
    if context.trace is None:
        return Transaction(database, context)
    from xsrun.database.traced import TracedTransaction

    return TracedTransaction(database, context)
