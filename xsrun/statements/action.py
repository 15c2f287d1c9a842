"""`action.*`: actions of packages, which live in the hosted engine's registry and are not pulled with a workspace."""

from __future__ import annotations

from xsrun.statements.unavailable import declare

_PACKAGES = "the packages of actions are not on this machine"

declare("action.call", _PACKAGES, "Run an action and bind its result.", "package?: text, input?, registry?")
declare(
    "action.package.call",
    _PACKAGES,
    "Run an action of a package and bind its result.",
    "package?: text, input?, registry?",
)
