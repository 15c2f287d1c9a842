"""Files that only save time: parse tables and compiled code, kept between runs, keyed by what they were made from.

They live in `$XSRUN_CACHE`, else in `xsrun` below `$XDG_CACHE_HOME` or `~/.cache`. A cache that cannot be read or
written is as good as none; nothing but speed depends on it.

What is kept may be code, so it is believed only when this user wrote it: the folder and the file are the user's own,
nobody else may write to them, and the file begins with a digest of its content under a secret key that is kept
elsewhere. What is damaged, or comes from somebody else, is made anew.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable
from functools import cache as remember

from xsrun.hints import Any
from xsrun.reading import read_bytes, read_known

#: Bytes of a digest, which stands before the content, and of the key it is made with.
_DIGEST, _KEY = 20, 32
#: Bytes that an entry may have.
_LARGEST = 64 << 20
#: Files that one kind of entry may take; a hundred times what a large workspace needs.
MOST_ENTRIES = 20_000


def digest(*parts: str | bytes) -> str:
    """A name for what was made from these parts: different parts, different names."""
    return _digest(b"", parts).hex()


def _digest(key: bytes, parts: Iterable[str | bytes]) -> bytes:
    try:
        from _blake2 import blake2b  # what hashlib gives, without its import of OpenSSL
    except ImportError:
        from hashlib import blake2b
    made = blake2b(digest_size=_DIGEST, key=key)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        made.update(b"%d:" % len(data))
        made.update(data)
    return made.digest()


@remember
def fingerprint() -> str:
    """A name for this version of xsrun and Python: what is stored by one is never read by another.

    The files of the package count, not only its version, so that a working copy never sees what it stored before a
    change. Of an installed package its installer wrote down the digest of each.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    return digest(sys.version, package, _installed(package) or _files(package))


def _installed(package: str) -> bytes | None:
    """The list of the package's files with their digests, where it was installed from a wheel; else None."""
    from xsrun import __version__

    with contextlib.suppress(OSError):
        return read_bytes(f"{os.path.dirname(package)}/xsrun-{__version__}.dist-info/RECORD")
    return None


def _files(package: str) -> str:
    """The files of a working copy, with their times and sizes."""
    found = []
    pending = [package]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith((".py", ".json", ".lark")):
                    status = entry.stat()
                    found.append(f"{entry.path} {status.st_mtime_ns} {status.st_size}")
                elif "." not in name and name != "__pycache__" and entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
    return "\n".join(sorted(found))


def folder() -> str | None:
    """Where the cache is, or None when the user switched it off: `$XSRUN_CACHE` empty, `off`, `no`, `none` or `0`."""
    chosen = os.environ.get("XSRUN_CACHE")
    if chosen is not None:
        return None if chosen.lower() in ("", "off", "no", "none", "0") else chosen
    base = os.environ.get("XDG_CACHE_HOME")
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if base:
        return os.path.join(base, "xsrun")
    return os.path.join(home, ".cache", "xsrun") if home else None


# Who may write -------------------------------------------------------------------------------------------------------


def is_private(path: str | os.PathLike[str]) -> bool:
    """Does a file or folder belong to this user, with nobody else allowed to write to it?"""
    try:
        return _is_own(os.lstat(path))
    except OSError:
        return False


def _is_own(status: os.stat_result) -> bool:
    if sys.platform == "win32":  # which by itself keeps what lies below a user's folder from others
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022 and not stat.S_ISLNK(status.st_mode)


@remember
def _secret(place: str) -> bytes | None:
    """The key of a cache that is fit for use, else None. It is looked for once: nobody else can change it later."""
    with contextlib.suppress(OSError):  # a folder that cannot be made is not a cache
        _make(place)
        if is_private(os.path.realpath(place)):
            return _key(_key_folder() or place)
    return None


def _make(place: str) -> None:
    """Make a folder that is the user's own, unless it is there."""
    if not os.path.isdir(place):
        place = place.rstrip(os.sep)
        os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(place, 0o700)


def _key_folder() -> str | None:
    """Where the key is: not among what it protects, so that who can write only there cannot read it."""
    base = os.environ.get("XDG_STATE_HOME")
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if not base and not home:
        return None
    found = os.path.join(base or os.path.join(home or "", ".local", "state"), "xsrun")
    with contextlib.suppress(OSError):  # no place to write to: the cache itself is the next best
        _make(found)
        return found if os.access(found, os.W_OK) else None
    return None


def _key(place: str) -> bytes | None:
    """The key in a folder, which gets one if it has none. None when others could have put it there."""
    path = os.path.join(place, "cache-key")
    if not is_private(os.path.realpath(place)):
        return None
    key = _kept_key(path)
    if key is None:
        import tempfile

        descriptor, temporary = tempfile.mkstemp(dir=place)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_KEY))
        os.replace(temporary, path)  # of several processes that make one at once, the last one's holds for all
        key = _kept_key(path)
    return key


def _kept_key(path: str) -> bytes | None:
    if not is_private(path):
        return None
    key = read_bytes(path, _LARGEST)
    return key if len(key) == _KEY else None


# Entries -------------------------------------------------------------------------------------------------------------


def read(kind: str, key: str) -> bytes | None:
    """What was stored under a key, or None."""
    place = folder()
    secret = None if place is None else _secret(place)
    if place is None or secret is None:
        return None
    path = f"{place}{os.sep}{kind}{os.sep}{key}"
    try:
        status = os.lstat(path)
        regular = stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST
        stored = read_known(path, status) if regular and _is_own(status) else b""
    except OSError:
        return None
    data = stored[_DIGEST:]
    if _digest(secret, (kind, key, data)) == stored[:_DIGEST]:
        return data
    with contextlib.suppress(OSError):  # what is written next takes its place
        os.unlink(path)
    return None


def write(kind: str, key: str, data: bytes, most: int | None = None) -> None:
    """Store under a key: whole or not at all, so that a reader never sees half a file.

    Of one kind `MOST_ENTRIES` are kept at least, or `most`.
    """
    place = folder()
    secret = None if place is None else _secret(place)
    if place is None or secret is None or len(data) > _LARGEST - _DIGEST:
        return
    import tempfile

    target = os.path.join(place, kind)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        _make(target)
        if key.startswith("00"):  # one write in 256: keys are even
            prune(target, most)
        descriptor, temporary = tempfile.mkstemp(dir=target)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_digest(secret, (kind, key, data)))
            file.write(data)
        os.replace(temporary, os.path.join(target, key))


def prune(place: str, most: int | None = None) -> None:
    """Delete the older half of the entries of one kind when there are more than `most`, else `MOST_ENTRIES`."""
    with os.scandir(place) as entries:
        files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    if len(files) <= (MOST_ENTRIES if most is None else most):
        return
    written = []
    for file in files:
        with contextlib.suppress(OSError):  # another process deletes it as well
            written.append((file.stat().st_mtime_ns, file.path))
    written.sort()
    for _, path in written[: len(written) // 2]:
        with contextlib.suppress(OSError):
            os.unlink(path)


# Values --------------------------------------------------------------------------------------------------------------


def packed(value: object) -> bytes | None:
    """A value as bytes, to be kept; None when it holds what only this process has."""
    import pickle

    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


def unpacked(data: bytes) -> Any:
    """The value that was packed. Only for what `read` gave: it may run code."""
    try:
        from _pickle import loads  # what pickle gives, without its twin in Python
    except ImportError:  # another Python than CPython
        from pickle import loads
    return loads(data)
