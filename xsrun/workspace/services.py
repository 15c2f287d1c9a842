"""The services a workspace keeps for its runs, by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsrun.workspace.workspace import Workspace

#: The folder beside a workspace that holds what must be kept: token key, cache, vault.
STATE_FOLDER = ".xsrun"


def make_service(name: str, workspace: Workspace) -> Any:
    """Make the service of this name. Raises LookupError for a name that no service has."""
    maker = _MAKERS.get(name)
    if maker is None:
        raise LookupError(f"there is no service named {name}")
    return maker(workspace)


def state_folder(workspace: Workspace) -> Path | None:
    """The workspace's state folder, made on first need, ignored by git, readable by its owner alone."""
    if workspace.root is None:
        return None
    folder = workspace.root / STATE_FOLDER
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def _tokens(workspace: Workspace) -> Any:
    """Auth tokens under a key of the workspace's own: kept beside its files, or as long as the workspace lives."""
    from xsrun.services.tokens import TokenService

    folder = state_folder(workspace)
    if folder is None:
        return TokenService(TokenService.new_key())
    path = folder / "token_key"
    if not path.exists():
        key = TokenService.new_key()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
    return TokenService(path.read_bytes())


def _javascript(workspace: Workspace) -> Any:
    from xsrun.services.javascript import JavaScript

    return JavaScript(allow_net=list(workspace.service("network").hosts) or None)


def _network(workspace: Workspace) -> Any:
    from xsrun.services.network import NetworkPolicy

    return NetworkPolicy.of(workspace.network)


def _cache(workspace: Workspace) -> Any:
    """The server that the user named, or a cache of the workspace's own, kept beside its files."""
    from xsrun.services.cache import Cache

    folder = state_folder(workspace) if workspace.cache_url is None else None
    return Cache(workspace.cache_url, folder / "cache.json" if folder is not None else None)


_MAKERS = {"tokens": _tokens, "javascript": _javascript, "network": _network, "cache": _cache}
