"""The workspace over HTTP: same URLs, same bodies, same errors (semantics 3.5, 3.6, 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from xsrun.server.settings import Settings
from xsrun.workspace.argument_checks import checked

if TYPE_CHECKING:
    from xsrun.server.application import Application
    from xsrun.server.settings import SettingOptions
    from xsrun.workspace.workspace import LoadedWorkspace


@checked(*Settings.__slots__)
def create_application(workspace: LoadedWorkspace, **settings: Unpack[SettingOptions]) -> Application:
    """The ASGI application of a workspace, for any ASGI server or test client.

    `settings` are those of `xsrun.server.settings.Settings`. Nothing listens until a server runs it.
    """
    from xsrun.server.application import Application
    from xsrun.server.snapshot import Live

    return Application(Live(workspace), Settings(**settings))
