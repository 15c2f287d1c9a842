"""Smoke runs: every query, function, task, tool and job once, with made-up input and made-up rows.

They do not judge what a program gives: they find what cannot run at all.
"""

from __future__ import annotations

from xsrun.errors import PreconditionError, StoppedError, XanoScriptError
from xsrun.fields.declared import Declared
from xsrun.hints import Any
from xsrun.records import replace
from xsrun.running.context import Context, Identity, Request
from xsrun.running.trace import Trace
from xsrun.testing.plausible import Plausible
from xsrun.testing.sandbox import Sandbox
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.result import Result

#: A smoke run is short: what goes on for longer is reported.
_STEPS, _SECONDS = 1_000_000, 10.0
#: Rows that are made up for each table.
_ROWS = 3
#: How often another row is made up in place of one that the table refuses: keys that are there already.
_TRIES = 3


def refuses(error: XanoScriptError) -> bool:
    """Is this an error by which a program refuses its input, rather than one that it does not expect?"""
    return error.code != "ERROR_FATAL" or isinstance(error, (PreconditionError, StoppedError))


def prepare(sandbox: Sandbox, seed: object = 0) -> None:
    """Fill the tables of a run's sandbox with made-up rows, which every sandbox for a construct then begins with."""
    given = sandbox.limits
    sandbox.limits = replace(given, steps=_lower(given.steps, _STEPS), seconds=_lower(given.seconds, _SECONDS))
    sandbox.keys = fill_tables(sandbox, seed)
    sandbox.share_rows()


def smoke(run: Sandbox, construct: Construct, seed: object = 0, trace: Trace | None = None) -> Result:
    """Run a construct among made-up rows, with made-up input, as a made-up caller. `run` is prepared for it."""
    construct.fail_if_broken()
    with run.for_test("live") as sandbox:
        return _smoke(sandbox, construct, seed, trace)


def _smoke(sandbox: Sandbox, construct: Construct, seed: object, trace: Trace | None) -> Result:
    context = sandbox.context(trace=trace)
    values = Plausible(f"{seed} {construct.label}", sandbox.keys).inputs(construct.declared, context)
    context.request = Request(method=construct.verb or "", input=values, in_path=construct.path_parameters)
    context.auth = _caller(construct, sandbox.keys)
    return sandbox.execute(construct, values, context)


def _lower(given: float | None, most: float) -> Any:
    return most if given is None else min(given, most)


def fill_tables(sandbox: Sandbox, seed: object = 0) -> dict[str, list[Any]]:
    """Put made-up rows into every table; the keys of each table's rows."""
    tables = {
        one.name: columns
        for one in sandbox.constructs
        if one.kind == "table" and one.error() is None and (columns := sandbox.columns_of(one.name))
    }
    context = sandbox.context()
    keys = {name: _keys(name, columns, context, seed) for name, columns in tables.items()}
    try:
        for name, columns in tables.items():
            maker = Plausible(f"{seed} rows of {name}", keys)
            keys[name] = [key for key in keys[name] if _fill_row(context, name, columns, maker, key)]
    finally:
        if context.session_slot is not None:
            context.session_slot.close()
    return keys


def _keys(name: str, columns: list[Declared], context: Context, seed: object) -> list[Any]:
    key = next((one for one in columns if one.name == "id"), None)
    if key is None or key.type != "uuid":
        return list(range(1, _ROWS + 1))
    maker = Plausible(f"{seed} keys of {name}")
    return [maker.value(key, context) for _ in range(_ROWS)]


def _fill_row(context: Context, name: str, columns: list[Declared], maker: Plausible, key: Any) -> bool:
    """Put one row into a table; False when the table takes none of those that were made up."""
    from xsrun.database.seeding import seed

    others = [one for one in columns if one.name != "id"]
    for _ in range(_TRIES):
        row = {"id": key, **{one.name: maker.value(one, context) for one in others}}
        try:
            seed(context.session, {name: [row]})
        except XanoScriptError:
            continue
        return True
    return False


def _caller(construct: Construct, keys: dict[str, list[Any]]) -> Identity | None:
    """Who calls: for a query the first row of its auth table, for everything else a user if there is one."""
    table = text_of(construct.attribute("auth"))
    if table is None and construct.kind != "query" and "user" in keys:
        table = "user"
    if not table:
        return None
    rows = keys.get(table) or [1]
    return Identity(rows[0], table)
