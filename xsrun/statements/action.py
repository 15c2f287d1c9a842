"""`action.*`: actions of packages, which live in the hosted engine's registry and are not pulled with a workspace."""

from __future__ import annotations

from xsrun.statements.unavailable import declare_all

declare_all(
    "action.",
    "the packages of actions are not on this machine",
    {"call": "Run an action and bind its result.", "package.call": "Run an action of a package and bind its result."},
)
