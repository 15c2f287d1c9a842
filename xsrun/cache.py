"""Files that only save time: parse tables and compiled code, kept between runs, keyed by what they were made from.

They live in `$XSRUN_CACHE`, else in `xsrun` below `$XDG_CACHE_HOME` or `~/.cache`. A cache that cannot be read or
written is as good as none; nothing but speed depends on it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cache as remember
from pathlib import Path

#: Files that one kind of entry may take; a hundred times what a large workspace needs.
MOST_ENTRIES = 20_000


def digest(*parts: str | bytes) -> str:
    """A name for what was made from these parts: different parts, different names."""
    try:
        from _blake2 import blake2b  # what hashlib gives, without its import of OpenSSL
    except ImportError:
        from hashlib import blake2b
    made = blake2b(digest_size=20)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        made.update(b"%d:" % len(data))
        made.update(data)
    return made.hexdigest()


@remember
def fingerprint() -> str:
    """A name for this version of xsrun and Python: what is stored by one is never read by another.

    The files of the package count, not only its version, so that a working copy never sees what it stored before a
    change.
    """
    parts = [sys.version]
    package = os.path.dirname(os.path.abspath(__file__))
    pending = [package]
    while pending:
        for entry in os.scandir(pending.pop()):
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif entry.name.endswith((".py", ".json", ".lark")):
                status = entry.stat()
                parts.append(f"{entry.path} {status.st_mtime_ns} {status.st_size}")
    return digest(*sorted(parts))


def folder() -> Path | None:
    """Where the cache is, or None when the user switched it off: `$XSRUN_CACHE` empty, `off`, `no`, `none` or `0`."""
    chosen = os.environ.get("XSRUN_CACHE")
    if chosen is not None:
        return None if chosen.lower() in ("", "off", "no", "none", "0") else Path(chosen)
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
    import tempfile

    target = place / kind
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if key.startswith("00"):  # one write in 256: keys are even
            prune(target)
        descriptor, temporary = tempfile.mkstemp(dir=target)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, target / key)


def prune(place: Path) -> None:
    """Delete the older half of the entries of one kind when there are more than `MOST_ENTRIES`."""
    with os.scandir(place) as entries:
        files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    if len(files) <= MOST_ENTRIES:
        return
    written = []
    for file in files:
        with contextlib.suppress(OSError):  # another process deletes it as well
            written.append((file.stat().st_mtime_ns, file.path))
    written.sort()
    for _, path in written[: len(written) // 2]:
        with contextlib.suppress(OSError):
            os.unlink(path)


def discard(kind: str, key: str, reason: Exception) -> None:
    """Forget an entry that turned out to be damaged."""
    place = folder()
    if place is not None:
        with contextlib.suppress(OSError):
            (place / kind / key).unlink()
