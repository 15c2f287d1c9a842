"""Python's garbage collector in a server: it does not look through what stays, again and again, while requests wait.

The modules, the workspace and its compiled code are some hundred thousand objects that live as long as the server or
until files are saved; a collection of all generations goes through them for tens of milliseconds. They are set aside
(`gc.freeze`) when the server begins to serve, and anew when a workspace takes the place of another, which is let go.
"""

from __future__ import annotations

import gc

#: Objects that are made before the youngest generation is looked at, and how many looks make one at the next: a request
#: makes some hundreds that are gone with it.
_THRESHOLD = (10_000, 20, 50)


def settle_server() -> None:
    """Set aside what is there when a process begins to serve, and collect less often from then on."""
    gc.set_threshold(*_THRESHOLD)
    gc.collect()
    gc.freeze()


def settle_again() -> None:
    """Let go what a server does not use any more, and set aside what it does; nothing in any other process."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
        gc.freeze()
