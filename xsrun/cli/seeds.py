"""Rows to begin with, from a file."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.options import read_file
from xsrun.errors import UsageError, XanoScriptError
from xsrun.values.conversion import Value, from_json
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from xsrun.workspace.workspace import LoadedWorkspace

Rows = dict[str, list[dict[str, Value]]]


def read_seed(name: str) -> Rows:
    """Rows by table: a JSON or YAML object of lists, or a CSV file whose name is the table's."""
    path = Path(name)
    text = read_file(name)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        from xsrun.database.dump_load import rows_of_csv

        return {path.stem: rows_of_csv(text, name)}
    if suffix in (".yaml", ".yml"):
        rows = rows_of_yaml(text, name)
    else:
        rows = rows_of_json(text, name)
    return checked_rows({path.stem: rows} if isinstance(rows, list) else rows, name)


def rows_of_yaml(text: str, name: str) -> Value:
    """What a YAML file of rows holds; dates are texts, as in JSON. Raises UsageError that names it."""
    import yaml

    class RowLoader(yaml.SafeLoader):
        """YAML without times."""

    RowLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: str(node.value))
    try:
        return yaml.load(text, RowLoader)
    except yaml.YAMLError as error:
        raise UsageError(f"{name} is not YAML: {error}") from None
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply") from None


def rows_of_json(text: str, name: str) -> Value:
    """What a JSON file of rows holds. Raises UsageError that names it."""
    try:
        return from_json(text)
    except JsonError as error:
        raise UsageError(f"{name} is not JSON: {error}") from None


def checked_rows(rows: Value, name: str) -> Rows:
    """The rows of a file, if they are an object of lists of objects. Raises UsageError that names the file."""
    if not isinstance(rows, dict):
        raise UsageError(
            f"{name} must hold an object with a list of rows for each table",
            hint='for example {"user": [{"name": "Ann"}]}, as `xsrun db dump` prints it',
        )
    for table, items in rows.items():
        if not isinstance(items, list):
            raise UsageError(f"{name}: the rows of `{table}` must be a list", hint='for example [{"name": "Ann"}]')
        for number, item in enumerate(items, 1):
            if not isinstance(item, dict):
                raise UsageError(f"{name}: row {number} of `{table}` must be an object of columns, not {_shown(item)}")
    return rows


def _shown(item: Value) -> str:
    try:
        return json.dumps(item, default=str)[:60]
    except ValueError:  # an anchor of YAML inside itself
        return "a list that holds itself"


def read_seeds(names: Iterable[str]) -> Rows:
    """The rows of several files together."""
    found: Rows = {}
    for name in names:
        for table, rows in read_seed(name).items():
            found.setdefault(table, []).extend(rows)
    return found


def seed_file(
    workspace: LoadedWorkspace, name: str, *, only_empty: bool = False, made: Collection[str] = ()
) -> list[str]:
    """Seed a workspace from a file; with `only_empty` only tables that were `made` just now or have no rows. Gives the
    tables left out.

    Raises UsageError that names the file and where it can the row.
    """
    from xsrun.database.dump_load import check_tables, has_rows

    rows = read_seed(name)
    context = workspace.context()
    filled = []
    try:
        check_tables(context.session, rows)
        filled = [one for one in rows if only_empty and one not in made and has_rows(context.session, one)]
    except UsageError as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from None
    finally:
        context.session.close()
    try:
        workspace.seed({table: items for table, items in rows.items() if table not in filled})
    except XanoScriptError as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from error
    return filled
