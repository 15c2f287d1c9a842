"""The workspace over HTTP: same URLs, same bodies, same errors (semantics 3.5, 3.6, 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsrun.server.application import Application


def create_application(workspace: Any, **settings: Any) -> Application:
    """The ASGI application of a workspace, for any ASGI server or test client.

    `settings` are those of `xsrun.server.settings.Settings`. Nothing listens until a server runs it.
    """
    from xsrun.server.application import Application
    from xsrun.server.live import Live
    from xsrun.server.settings import Settings

    return Application(Live(workspace), Settings(**settings))
