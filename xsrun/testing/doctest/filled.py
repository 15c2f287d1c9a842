"""Running an example with made-up values in place of what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xsrun.language.constructs import RUNNABLE
from xsrun.testing.doctest.example import PageExample
from xsrun.testing.doctest.page_inputs import given_inputs
from xsrun.testing.doctest.page_settings import PageSettings
from xsrun.testing.filling import FALLBACKS, Filler, Filling
from xsrun.workspace.workspace import LoadedWorkspace

#: What stands before the options that would give what was made up.
MADE_UP = "made up: "
#: The status of an example, why, and what more there is to say.
Outcome = tuple[str, str, list[str]]


def run_filled(
    example: PageExample,
    settings: PageSettings,
    workspace: Callable[[], LoadedWorkspace],
    again: Callable[[PageSettings], tuple[str, str]],
) -> Outcome | None:
    """Run an example that lacks something with made-up values; None when nothing can be made up for it.

    `workspace` loads it, `again` runs it under other settings: its status, and why. What the values may be is tried in
    turn; when the example fails with all of them, it still needs input. Nothing is compared with what the page says,
    since its values are others.
    """
    stated = given_inputs(example.block, example.comments) or {}
    given = Filling({**settings.inputs, **stated}, settings.variables, settings.auth, settings.rows)
    first: Outcome | None = None
    for fallback in FALLBACKS:
        filling = _filling(example, workspace, given, settings.fill, fallback)
        shown = filling.shown(given)
        if not shown:
            break
        made = replace(
            settings,
            inputs=filling.inputs,
            variables=filling.variables,
            auth=filling.auth,
            filled_rows={table: rows for table, rows in filling.rows.items() if table not in given.rows},
            fill=None,
        )
        status, message = again(made)
        details = [MADE_UP + "  ".join(shown)]
        if status in ("passed", "ran", "differs"):
            return "ran", "" if status == "differs" else message, details
        first = first or ("needs_input", f"with made-up values: {message}", details)
    return first


def _filling(
    example: PageExample, load: Callable[[], LoadedWorkspace], given: Filling, seed: int | None, fallback: str
) -> Filling:
    with load() as workspace:
        own = [one for one in workspace.constructs if one.file == example.block.file and one.kind in RUNNABLE]
        readable = [one for one in own if one.kind == "stack" or not one.problems]
        return Filler(readable, workspace.columns_of, workspace.context(), given, seed=seed, fallback=fallback).fill()
