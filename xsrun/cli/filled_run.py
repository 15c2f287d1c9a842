"""`xsrun run --fill`: a run with made-up values in place of what the program lacks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xsrun.cli.declared_options import Options
from xsrun.cli.one_run import deliver, run_once
from xsrun.errors import PreconditionError, StoppedError, ThrownError, XanoScriptError
from xsrun.testing.filling import FALLBACKS, Filler, Filling, seeded
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.cli.target import Target
    from xsrun.workspace.result import Result


def run_filled(
    load: Callable[[], Target], inputs: list[dict[str, Value]], besides: dict[str, Any], options: Options
) -> int:
    """Run the target once for each input; what was made up goes to standard error. Returns the exit status.

    What the values may be is tried in turn, each in a workspace of its own, until the program takes them; in a
    database that lasts there is one try, and no rows are made up.
    """
    failed = False
    lasting = options.database != "sqlite://"
    for given in inputs:
        for fallback in FALLBACKS[:1] if lasting else FALLBACKS:
            target = load()
            with target.workspace:
                result, shown = _try(target, given, besides, options, fallback)
            if _is_meant(result.error):
                break
        for line in shown:
            print(f"made up: {line}", file=sys.stderr)
        failed = deliver([result], target, options, several=len(inputs) > 1) or failed
    return 1 if failed else 0


def _is_meant(error: XanoScriptError | None) -> bool:
    """May this be how the program means to end, whatever it is given?"""
    return error is None or isinstance(error, (PreconditionError, ThrownError, StoppedError))


def _try(
    target: Target, given: dict[str, Value], besides: dict[str, Any], options: Options, fallback: str
) -> tuple[Result, list[str]]:
    """One run with what is made up for it, and the options that would give that."""
    workspace = target.workspace
    rows = {}
    if options.seed:
        from xsrun.cli.seeds import read_seeds, seed_file

        rows = read_seeds(options.seed)
        for name in options.seed:
            seed_file(workspace, name)
    construct = target.find()
    before = Filling({**given, **besides["files"]}, besides["variables"], besides["auth"], rows)
    context = workspace.context()
    filler = Filler([construct], workspace.columns_of, context, before, seed=options.fill_seed, fallback=fallback)
    filling = filler.fill()
    if options.database != "sqlite://":
        filling.rows = rows
    seeded({table: some for table, some in filling.rows.items() if table not in rows}, workspace.seed)
    made = {name: value for name, value in filling.inputs.items() if name not in besides["files"]}
    besides = {**besides, "variables": filling.variables, "auth": filling.auth}
    return run_once(target, construct, made, besides, options), filling.shown(before)
