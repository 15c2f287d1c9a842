"""How a workspace is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

#: How many megabytes a body may have unless told otherwise.
BODY_MEGABYTES = 64


class SettingOptions(TypedDict, total=False):
    """The settings as keywords, for type checkers."""

    max_body: int
    body_seconds: float
    workers: int
    history: int
    compress_from: int
    docs: bool


@dataclass(slots=True)
class Settings:
    """The limits and features of a server. The defaults are safe on a machine that others can reach.

    `max_body` is in bytes. `body_seconds` is how long the body of one request may take to arrive. `workers` is how
    many programs run at the same time. `history` is how many requests are remembered. `compress_from` is the size in
    bytes from which a body is compressed. `docs` says whether the pages of xsrun itself are served.
    """

    max_body: int = BODY_MEGABYTES * 1024 * 1024
    body_seconds: float = 30.0
    workers: int = 48
    history: int = 200
    compress_from: int = 1_000
    docs: bool = True
