"""What runs when a client joins a realtime channel or sends a message there (semantics 7.4)."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.database.tables import literal
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context
from xsrun.services.realtime import SESSION
from xsrun.values.conversion import Value
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.workspace import LoadedWorkspace, workspace_of


def triggers_of(workspace: LoadedWorkspace, channel: str, action: str) -> Iterable[Construct]:
    """The active triggers for an action ("join", "message") in a channel, in the order of their files."""
    for one in workspace.constructs:
        if one.kind != "realtime_trigger" or literal(one.attribute("active")) is False:
            continue
        actions = literal(one.attribute("actions"))
        if (
            isinstance(actions, dict)
            and actions.get(action) is True
            and _covers(text_of(one.attribute("channel")), channel)
        ):
            yield one


def _covers(pattern: str | None, channel: str) -> bool:
    if pattern is None:
        return False
    return channel.startswith(pattern[:-1]) if pattern.endswith("*") else channel == pattern


def answer(context: Context, told: dict[str, Value]) -> Value:
    """The payload as the triggers leave it: what one responds with is given to the next, a null changes nothing.

    `told` holds `action`, `channel`, `client`, `options` and `payload`. Raises what a trigger raises, which refuses the
    action.
    """
    workspace = workspace_of(context)
    payload = told["payload"]
    context.scratch[SESSION] = told["client"]
    for trigger in triggers_of(workspace, told["channel"], told["action"]):
        trigger.fail_if_broken()
        inputs = {**told, "payload": payload}
        try:
            # not bound as a client's input would be: a payload may be null, though the input is required
            response = workspace.invoke(trigger, context, {one.name: inputs.get(one.name) for one in trigger.declared})
        except Exception as error:
            raise translate(error) from error
        payload = payload if response is None else response
    return payload
