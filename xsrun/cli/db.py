"""`xsrun db`: migrate, dump, load and shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xsrun.cli.declared_options import Options
from xsrun.cli.options import read_file
from xsrun.cli.seeds import checked_rows, rows_of_json
from xsrun.errors import UsageError, XanoScriptError
from xsrun.reading import is_folder, is_there, real_path, typed_path
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.database.migration import Change
    from xsrun.database.session import Session

ACTIONS = {
    "migrate": "make the tables match their files",
    "dump": "print rows as JSON",
    "load": "put dumped rows back",
    "shell": "run SQL statements in PostgreSQL's dialect, and look at tables",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    made = {}
    for name, summary in ACTIONS.items():
        made[name] = actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        add_place_options(made[name])
    made["migrate"].add_argument("--force", action="store_true", help="also make changes that lose data")
    made["migrate"].add_argument("--dry-run", action="store_true", help="only say what would be done")
    made["dump"].add_argument("tables", nargs="*", metavar="TABLE", help="default: all")
    made["load"].add_argument(
        "file", nargs="?", default="-", help="what `xsrun db dump` printed (default: standard input)"
    )
    made["load"].add_argument("--replace", action="store_true", help="empty the tables first")
    made["load"].add_argument("--new-tables", action="store_true", help="also make tables that no file declares")
    made["shell"].add_argument("sql", nargs="*", metavar="SQL", help="statements (default: those of standard input)")
    parser.epilog = "xsrun db ACTION --help tells more."


def add_place_options(parser: argparse.ArgumentParser) -> None:
    """Options that tell which database and how to print."""
    parser.add_argument("--workspace", "-w", metavar="PATH", default=".", help="its folder (default: this folder)")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="sqlite:///FILE, postgresql://USER@HOST/NAME (default: XSRUN_DATABASE of the process, else where "
        "`xsrun serve` keeps the rows of the workspace)",
    )
    parser.add_argument("--datasource", default="live", metavar="NAME", help="whose rows (default: live)")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(options: Options) -> int:
    if options.action is None:
        raise UsageError(
            f"say what to do with the database: {', '.join(ACTIONS)}",
            hint="for example xsrun db dump --database sqlite:///file.db; xsrun db --help tells more",
        )
    if not is_there(typed_path(options.workspace)):
        hint = "--workspace names the folder of the files"
        raise UsageError(f"no such file or folder: {options.workspace}", hint=hint)
    chosen = options.database or os.environ.get("XSRUN_DATABASE")
    options.database = chosen or served_database(options)
    if options.database in ("sqlite://", "sqlite:///:memory:"):
        raise UsageError("a database in memory is gone at once", hint="name one: --database sqlite:///file.db")
    if is_missing(options.database):
        if options.action == "dump" or (options.action == "shell" and not chosen):
            file = options.database.removeprefix("sqlite:///")
            raise UsageError(
                f"there is no database {file}",
                hint="xsrun serve and xsrun db migrate make it; rows in memory are gone with their process",
            )
        if options.action == "migrate" and options.dry_run:
            options.database = "sqlite://"  # an empty one, so that nothing is made
    from xsrun.cli.db_shell import shell

    actions = {"migrate": migrate, "dump": dump, "load": load, "shell": shell}
    with open_session(options) as session:
        return actions[options.action](session, options)


def served_database(options: Options) -> str:
    """The database in which `xsrun serve` keeps the rows of a workspace."""
    from xsrun.workspace.services import ROWS, kept_rows, state_file

    given = real_path(typed_path(options.workspace))
    root = given if is_folder(given) else given.parent
    file = kept_rows(root)
    makes = options.action == "load" or (options.action == "migrate" and not options.dry_run)
    if makes and not is_there(file):
        state_file(root, ROWS)  # it is made there
    return f"sqlite:///{file}"


def is_missing(url: str) -> bool:
    """Does a URL name an SQLite file that is not there? To look at it would make it."""
    return url.startswith("sqlite:///") and not is_there(url.removeprefix("sqlite:///"))


@contextmanager
def open_session(options: Options) -> Iterator[Session]:
    """A session on the database of the workspace."""
    from xsrun.api import Workspace

    with Workspace.load(typed_path(options.workspace), database=options.database) as workspace:
        context = workspace.context(datasource=options.datasource)
        session = context.session
        try:
            yield session
        finally:
            session.close()


def migrate(session: Session, options: Options) -> int:
    """Create and alter tables; 1 when changes are left that only `--force` makes."""
    from xsrun.database import migration

    if options.dry_run:
        done: list[Change] = []
        left = migration.changes(session)
        refused = [change for change in left if change.destructive]
    else:
        done, left = migration.migrate(session, force=options.force)
        refused = left
    if options.json:
        print(to_json({"done": [one.text for one in done], "left": [one.text for one in left]}))
    else:
        for change in done:
            print(change.text)
        for change in left:
            note = " (loses data: --force)" if change.destructive else ""
            print(f"would {change.text}{note}" if options.dry_run else f"left: {change.text}{note}")
        if not done and not left:
            print("the tables match their files", file=sys.stderr)
    return 1 if refused and not options.dry_run else 0


def dump(session: Session, options: Options) -> int:
    """Print rows as one JSON object, a list for each table."""
    from xsrun.database import dump_load

    rows = dump_load.dump(session, options.tables or None)
    print(to_json(rows, indent=not options.json))
    return 0


def load(session: Session, options: Options) -> int:
    """Put dumped rows back."""
    from xsrun.database import dump_load

    name = "standard input" if options.file == "-" else options.file
    rows = checked_rows(rows_of_json(read_file(options.file), name), name)
    try:
        if not options.new_tables:
            dump_load.check_tables(session, rows)
        counts = dump_load.load(session, rows, replace=options.replace)
    except XanoScriptError as error:
        error.message = f"{name}: {error.message}"
        raise
    if options.json:
        print(to_json({"loaded": counts}))
    else:
        for table, count in counts.items():
            print(f"{table}: {count} row{'' if count == 1 else 's'}", file=sys.stderr)
    return 0
