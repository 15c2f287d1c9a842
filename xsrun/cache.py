"""Files that only save time: parse tables and compiled code, kept between runs, keyed by what they were made from.

They live in `$XSRUN_CACHE`, else in `xsrun` below `$XDG_CACHE_HOME` or `~/.cache`. A cache that cannot be read or
written is as good as none; nothing but speed depends on it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def folder() -> Path | None:
    """Where the cache is, or None when the user switched it off with an empty `$XSRUN_CACHE`."""
    chosen = os.environ.get("XSRUN_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    base = os.environ.get("XDG_CACHE_HOME")
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if base:
        return Path(base) / "xsrun"
    return Path(home) / ".cache" / "xsrun" if home else None


def read(kind: str, key: str) -> bytes | None:
    """What was stored under a key, or None."""
    place = folder()
    if place is None:
        return None
    try:
        return (place / kind / key).read_bytes()
    except OSError:
        return None


def write(kind: str, key: str, data: bytes) -> None:
    """Store under a key: whole or not at all, so that a reader never sees half a file."""
    place = folder()
    if place is None:
        return
    target = place / kind
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        target.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, target / key)


def discard(kind: str, key: str, reason: Exception) -> None:
    """Forget an entry that turned out to be damaged."""
    place = folder()
    if place is not None:
        with contextlib.suppress(OSError):
            (place / kind / key).unlink()
