"""The dispatcher of a workspace: the one object through which the workspace asks what runs around a construct."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from xsrun.dispatch.attachments import attachments
from xsrun.dispatch.identity import admit
from xsrun.dispatch.triggers import fire, triggers_by_event
from xsrun.hints import TYPE_CHECKING
from xsrun.running.context import Around, Context
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.dispatch.middleware import Proceed


def _run_agent(construct: Construct, context: Context, inputs: dict[str, Value], proceed: Proceed) -> Value:
    """Run an agent; what that takes is imported when one runs."""
    from xsrun.dispatch.agents import run_agent

    return run_agent(construct, context, inputs, proceed)


class Dispatcher:
    """Middleware and triggers of some constructs, found once when the workspace is loaded.

    It holds nothing of a run, so that workspaces with the same constructs may share it.
    """

    def __init__(self, constructs: Iterable[Construct]) -> None:
        everything = list(constructs)
        self._around: dict[Construct, Around] = {
            one: partial(_run_agent, one) for one in everything if one.kind == "agent"
        }
        for construct, attachment in attachments(everything).items():
            from xsrun.dispatch.middleware import run_around

            self._around[construct] = partial(run_around, construct, attachment)
        self._triggers = triggers_by_event(everything)
        self._watched = {table for table, _ in self._triggers}

    def admit(self, construct: Construct, context: Context) -> None:
        """Check the caller. Raises UnauthorizedError."""
        admit(construct, context)

    def around(self, construct: Construct) -> Around | None:
        """What runs in place of a construct that has middleware, or None for the many that have none."""
        return self._around.get(construct)

    def act(self, context: Context, name: str, given: dict[str, Value]) -> Value:
        """Run an action of a package; `given` are the attributes of the call."""
        from xsrun.dispatch.packages import call_action

        return call_action(context, name, given)

    def watches(self, table: str) -> bool:
        """Does a trigger wait for writes to this table? The database asks before it reads old rows."""
        return table in self._watched

    def after_write(self, context: Context, table: str, action: str, new: Value = None, old: Value = None) -> None:
        """Run the triggers of a table after a row was inserted, updated or deleted, or the table emptied.

        `new` and `old` are the rows after and before; the one that does not exist is `{}` to the trigger.
        """
        for trigger in self._triggers.get((table, action), ()):
            fire(trigger, context, action, new, old)
