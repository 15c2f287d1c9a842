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
    except ValueError:
        raise UsageError(f"{name} holds a number that is too large") from None
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


def seed_file(workspace: LoadedWorkspace, name: str) -> None:
    """Seed a workspace from a file. Raises UsageError that names the file and where it can the row."""
    add_rows(workspace, name, known_rows(workspace, name))


def seed_empty(workspace: LoadedWorkspace, names: Iterable[str], made: Collection[str]) -> list[str]:
    """Seed the tables that were `made` just now or have no rows, from all files that name them; what is left out is
    told, a line each. Raises UsageError as `seed_file` does, before there is a row of any file."""
    from xsrun.database.dump_load import has_rows

    files = [(name, known_rows(workspace, name)) for name in names]
    context = workspace.context()
    try:
        tables = {one for _, rows in files for one in rows if one not in made}
        filled = {one for one in tables if has_rows(context.session, one)}
    finally:
        context.session.close()
    for name, rows in files:
        add_rows(workspace, name, {table: items for table, items in rows.items() if table not in filled})
    left = [(name, table) for name, rows in files for table in rows if table in filled]
    return [f"{name}: {table} has rows already, so none are added to it" for name, table in left]


def known_rows(workspace: LoadedWorkspace, name: str) -> Rows:
    """The rows of a file, whose tables and columns the workspace has. Raises UsageError that names the file."""
    from xsrun.database.dump_load import check_tables

    rows = read_seed(name)
    context = workspace.context()
    try:
        check_tables(context.session, rows)
    except UsageError as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from None
    finally:
        context.session.close()
    return rows


def add_rows(workspace: LoadedWorkspace, name: str, rows: Rows) -> None:
    """Add the rows of a file. Raises UsageError that names it."""
    try:
        workspace.seed(rows)
    except XanoScriptError as error:
        raise UsageError(f"{name}: {error}", hint=error.hint) from error
