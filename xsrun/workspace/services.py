"""The services a workspace keeps for its runs, by name."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.services.cache import Cache
    from xsrun.services.http import HttpService
    from xsrun.services.javascript import JavaScript
    from xsrun.services.locations import Locations
    from xsrun.services.mail import Outbox
    from xsrun.services.network import NetworkPolicy
    from xsrun.services.realtime import Realtime
    from xsrun.services.tokens import TokenService
    from xsrun.services.vault import Vault
    from xsrun.workspace.workspace import Workspace

    Service = Cache | HttpService | JavaScript | Locations | NetworkPolicy | Outbox | Realtime | TokenService | Vault

#: The folder beside a workspace that holds what must be kept: token key, cache, vault.
STATE_FOLDER = ".xsrun"
#: Places that cannot be used, and that people were told of.
_told: set[Path] = set()


def make_service(name: str, workspace: Workspace) -> Service:
    """Make the service of this name. Raises LookupError for a name that no service has."""
    maker = _MAKERS.get(name)
    if maker is None:
        raise LookupError(f"there is no service named {name}")
    return maker(workspace)


def state_folder(workspace: Workspace) -> Path | None:
    """The workspace's state folder, made on first need, ignored by git, readable by its owner alone.

    None when there is no place for one, or when it cannot be made, which is told once.
    """
    if workspace.root is None:
        return None
    folder = workspace.root / STATE_FOLDER
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        _tell_once(folder, error, "what is stored (keys of tokens, redis.*, files, mail)")
        return None
    return folder


def _key(workspace: Workspace) -> bytes:
    """The secret of a workspace: kept beside its files, else a new one."""
    folder = state_folder(workspace)
    if folder is not None:
        try:
            return _kept_key(folder / "token_key")
        except OSError as error:
            _tell_once(folder / "token_key", error, "the key of auth tokens")
    return secrets.token_bytes(32)


def _kept_key(path: Path) -> bytes:
    """The secret in a file, which is made with a new one if it is not there."""
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
    for _ in range(100):
        key = path.read_bytes()
        if key:
            return key
        time.sleep(0.01)  # another process has made the file and is about to write it
    raise OSError(errno.EINVAL, "it is empty")


def _tell_once(path: Path, error: OSError, what: str) -> None:
    """Say that something lives in memory because the place for it cannot be used."""
    if path not in _told:
        _told.add(path)
        text = f"note: {path} cannot be used ({error.strerror}): {what} lasts as long as this process"
        print(text, file=sys.stderr)


def _tokens(workspace: Workspace) -> TokenService:
    """Auth tokens under a key of the workspace's own: kept beside its files, or as long as the workspace lives."""
    from xsrun.services.tokens import TokenService

    return TokenService(_key(workspace))


def _javascript(workspace: Workspace) -> JavaScript:
    from xsrun.services.javascript import JavaScript

    return JavaScript(allow_net=list(workspace.service("network").hosts) or None)


def _network(workspace: Workspace) -> NetworkPolicy:
    from xsrun.services.network import NetworkPolicy

    return NetworkPolicy.of(workspace.network)


def _cache(workspace: Workspace) -> Cache:
    """The server that the user named, or a cache of the workspace's own, kept beside its files.

    Bare statements are no workspace: what they store lives as long as the run, like their rows.
    """
    from xsrun.services.cache import Cache

    kept = workspace.cache_url is None and any(construct.kind != "stack" for construct in workspace.constructs)
    folder = state_folder(workspace) if kept else None
    return Cache(workspace.cache_url, folder / "cache.db" if folder is not None else None)


def _http(workspace: Workspace) -> HttpService:
    from xsrun.services.http import HttpService

    return HttpService()


def _vault(workspace: Workspace) -> Vault:
    """Stored files: in the folder that the user named, else beside the workspace's files, else in a temporary one."""
    from xsrun.services.vault import Vault

    if isinstance(workspace.vault, Vault):
        return workspace.vault
    if workspace.vault is not None:
        return Vault(Path(workspace.vault).expanduser(), _key(workspace))
    folder = state_folder(workspace)
    return Vault(folder / "vault" if folder is not None else None, _key(workspace))


def _realtime(workspace: Workspace) -> Realtime:
    from xsrun.services.realtime import Realtime

    return Realtime()


def _mail(workspace: Workspace) -> Outbox:
    from xsrun.services.mail import Outbox

    folder = state_folder(workspace)
    return Outbox(folder / "outbox" if folder is not None else None)


def _locations(workspace: Workspace) -> Locations:
    from xsrun.services.locations import FILE_NAME, Locations

    return Locations(workspace.root / STATE_FOLDER / FILE_NAME if workspace.root is not None else None)


_MAKERS: dict[str, Callable[[Workspace], Service]] = {
    "tokens": _tokens,
    "javascript": _javascript,
    "network": _network,
    "cache": _cache,
    "http": _http,
    "vault": _vault,
    "realtime": _realtime,
    "mail": _mail,
    "locations": _locations,
}
