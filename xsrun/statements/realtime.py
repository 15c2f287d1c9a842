"""`realtime.*`: messages of realtime servers, kept in memory on this machine (semantics 7.8)."""

from __future__ import annotations

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.realtime import SESSION
from xsrun.values.conversion import Value


@statement("realtime.publish")
def publish(
    context: Context,
    realtime_server: Value,
    channel: str,
    data: Value,
    message: Value = None,
    auth_table: Value = None,
    auth_id: Value = None,
) -> None:
    """Publish a message on a channel of a realtime server.

    With `auth_table` and `auth_id` it is for that user's clients alone. `message` is the name of a message that the
    channel declares. On this machine messages are kept with the workspace, for whoever listens there. It never fails.

    >>> realtime.publish {
    ...   realtime_server = "harbour"
    ...   channel = "tides"
    ...   message = "level"
    ...   data = {metres: 3.1}
    ... }
    {}
    """
    context.service("realtime").publish(
        channel,
        data,
        now=context.now(),
        server=realtime_server,
        event=message,
        auth_table=auth_table,
        auth_id=auth_id,
    )


@statement("realtime.get_session")
def get_session(context: Context) -> Value:
    """The realtime client whose action a `realtime_trigger` answers; null for a run that answers none.

    >>> realtime.get_session as $session
    {"session": null}
    """
    return context.scratch.get(SESSION)
