"""The options of a workspace, for type checkers: each is a keyword of `Workspace` with this type."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TypedDict

from xsrun.running.context import Clock, Limits
from xsrun.services.network import Hosts, NetworkPolicy
from xsrun.services.vault import Vault
from xsrun.values.conversion import Value
from xsrun.workspace.argument_checks import Isolation


class WorkspaceOptions(TypedDict, total=False):
    """How a workspace is set up; all may be left out.

    `database`: a URL, by default SQLite in memory. `env`: values of `$env`. `clock`: milliseconds at which it stands
    still, or a function that returns them. `limits`: how far a run may go. `network`: the hosts that programs may
    reach. `vault`: the folder of stored files. `cache`: the URL of a Redis server for `redis.*`. `strict`: refuse
    tables that no file declares, and keys that are not columns. `base_url`: the prefix of the paths of stored files.
    `cloud`: addresses of cloud services by name ("s3", "elasticsearch"; `xsrun.services.cloud.endpoints`).
    `isolation`: "read-committed" lets transactions run at once on SQLite, too, as they do on the hosted engine.
    `allow_run`: let `cloud.job` start the processes that `xsrun.toml` names, and containers.
    `models`: which language models answer agents: servers, as `http://127.0.0.1:11434/v1#llama3.2`, or a file of turns.
    """

    database: str
    env: dict[str, Value] | None
    clock: Clock | int | None
    limits: Limits | None
    network: NetworkPolicy | Hosts
    vault: Vault | str | os.PathLike[str] | None
    cache: str | None
    strict: bool
    base_url: str | None
    isolation: Isolation | None
    models: str | Iterable[str] | None
    cloud: Mapping[str, str] | None
    allow_run: bool
