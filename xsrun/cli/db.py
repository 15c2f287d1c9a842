"""`xsrun db`: migrate, dump, load and shell."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xsrun.cli.options import add_workspace_options, read_file, workspace_settings
from xsrun.errors import UsageError, XanoScriptError
from xsrun.runtime.values import to_json

ACTIONS = ("migrate", "dump", "load", "shell")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=ACTIONS,
        help="migrate: make tables match their files; dump: print rows; load: put dumped rows back; shell: run SQL",
    )
    parser.add_argument("arguments", nargs="*", help="of dump: tables (default: all); of load: the file (default: -)")
    parser.add_argument("--datasource", default="live", metavar="NAME", help="whose rows (default: live)")
    parser.add_argument("--force", action="store_true", help="of migrate: also make changes that lose data")
    parser.add_argument("--dry-run", action="store_true", help="of migrate: only say what would be done")
    parser.add_argument("--replace", action="store_true", help="of load: empty the tables first")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    add_workspace_options(parser)


def run(options: argparse.Namespace) -> int:
    if options.database in ("sqlite://", "sqlite:///:memory:"):
        raise UsageError("a database in memory is gone at once", hint="name one: --database sqlite:///file.db")
    actions = {"migrate": migrate, "dump": dump, "load": load, "shell": shell}
    with open_session(options) as session:
        return actions[options.action](session, options)


@contextmanager
def open_session(options: argparse.Namespace) -> Iterator[Any]:
    """A session on the database of the workspace."""
    from xsrun.api import Workspace

    path = Path(options.workspace or ".").expanduser()
    with Workspace.load(path, **workspace_settings(options)) as workspace:
        context = workspace.context(datasource=options.datasource)
        session = context.session
        try:
            yield session
        finally:
            session.close()


def migrate(session: Any, options: argparse.Namespace) -> int:
    """Create and alter tables; 1 when changes are left that only `--force` makes."""
    from xsrun.database import migration

    if options.dry_run:
        done: list[Any] = []
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


def dump(session: Any, options: argparse.Namespace) -> int:
    """Print rows as one JSON object, a list for each table."""
    from xsrun.database import maintenance

    rows = maintenance.dump(session, options.arguments or None)
    print(to_json(rows, indent=not options.json))
    return 0


def load(session: Any, options: argparse.Namespace) -> int:
    """Put dumped rows back."""
    from xsrun.database import maintenance

    if len(options.arguments) > 1:
        raise UsageError("load takes one file")
    name = options.arguments[0] if options.arguments else "-"
    text = sys.stdin.read() if name == "-" else read_file(name)
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{name} is not JSON: {error}") from None
    if not isinstance(rows, dict) or not all(
        isinstance(items, list) and all(isinstance(item, dict) for item in items) for items in rows.values()
    ):
        raise UsageError(f"{name} must hold an object of lists of rows, as `xsrun db dump` prints it")
    counts = maintenance.load(session, rows, replace=options.replace)
    if options.json:
        print(to_json({"loaded": counts}))
    else:
        for table, count in counts.items():
            print(f"{table}: {count} row{'' if count == 1 else 's'}", file=sys.stderr)
    return 0


def shell(session: Any, options: argparse.Namespace) -> int:
    """Run SQL statements, each ended by a semicolon, from standard input; print the rows of each as JSON."""
    from xsrun.database import maintenance

    interactive = sys.stdin.isatty()
    if interactive:
        print("PostgreSQL's dialect; end statements with ; - .tables lists the tables, .quit leaves", file=sys.stderr)
    failed = False
    for text in statements(interactive):
        if text == ".quit":
            break
        if text == ".tables":
            print("\n".join(maintenance.table_names(session)))
            continue
        try:
            print(to_json(maintenance.run_sql(session, text), indent=interactive))
        except XanoScriptError as error:
            failed = True
            print(f"error: {error}" + (f"\n  help: {error.hint}" if error.hint else ""), file=sys.stderr)
    return 1 if failed and not interactive else 0


def statements(interactive: bool) -> Iterator[str]:
    """The statements that come in: each to a semicolon at the end of a line; dot commands are a line."""
    pending: list[str] = []
    while True:
        try:
            line = input("... " if pending and interactive else "sql> " if interactive else "")
        except EOFError:
            break
        if not pending and line.strip().startswith("."):
            yield line.strip()
            continue
        if line.strip():
            pending.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(pending)
            pending = []
    if pending:
        yield "\n".join(pending)
