r"""`xsrun db shell`: SQL statements and commands such as `\d`, from the command line, a pipe or a terminal."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.declared_options import Options
from xsrun.cli.failure import failure_document
from xsrun.cli.tables import text_table
from xsrun.errors import UsageError, XanoScriptError
from xsrun.reading import is_folder, typed_path
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.database.columns import ColumnDefinition
    from xsrun.database.session import Session

HELP = r"""\d          the tables          \d NAME   the columns of a table
\dt         the tables with the number of their rows
\q          leave               \?        this text
SQL is in PostgreSQL's dialect; a statement may go over several lines and ends with ;"""
#: Other spellings of the commands.
SPELLINGS = {".tables": r"\d", ".quit": r"\q", ".exit": r"\q", ".help": r"\?", r"\h": r"\?"}
#: What stands for an interruption among the lines that are typed.
_CANCELLED = "\x03"
_HISTORY = "sql_history"
_KEPT_LINES = 1000


class Prompt:
    """The lines of standard input, on a terminal with a prompt that tells whether a statement goes on."""

    def __init__(self, interactive: bool) -> None:
        self.interactive = interactive
        self.goes_on = False

    def lines(self) -> Iterator[str]:
        """Line by line until the end; `_CANCELLED` for what was interrupted."""
        while True:
            try:
                yield input(("...> " if self.goes_on else "sql> ") if self.interactive else "")
            except EOFError:
                if self.interactive:
                    print()
                return
            except KeyboardInterrupt:
                if not self.interactive:
                    raise
                print()
                yield _CANCELLED


def shell(session: Session, options: Options) -> int:
    """Run the statements that are given, or those of standard input; 1 when one of them failed."""
    interactive = not options.sql and sys.stdin.isatty()
    prompt = Prompt(interactive)
    if interactive:
        print(r"PostgreSQL's dialect; end statements with ; - \? tells the commands, \q leaves", file=sys.stderr)
        remember_lines(typed_path(options.workspace))
    lines = [line for text in options.sql for line in ended(text).splitlines()]
    failed = False
    documents: list[Value] = []
    for text in statements(lines or prompt.lines(), prompt):
        if SPELLINGS.get(text, text) == r"\q":
            break
        failed = not run_statement(session, text, documents if options.json else None) or failed
    if options.json:
        print(to_json({"results": documents}))
    return 1 if failed and not interactive else 0


def remember_lines(workspace: Path) -> None:
    """Let the arrow keys bring back the lines of this shell and of those before it, where Python can edit lines."""
    try:
        import readline
    except ImportError:
        return
    import atexit

    from xsrun.workspace.services import state_file

    file = state_file(workspace if is_folder(workspace) else workspace.parent, _HISTORY)
    if file is None:
        return
    with suppress(OSError):  # the first shell of the workspace has none
        readline.read_history_file(file)
    readline.set_history_length(_KEPT_LINES)
    atexit.register(keep_lines, file)


def keep_lines(file: Path) -> None:
    """Write what was typed, for its owner alone: statements may hold secrets."""
    import readline

    try:
        file.touch(mode=0o600)
        readline.write_history_file(file)
    except OSError:
        return  # a folder that nobody may write to keeps nothing


def run_statement(session: Session, text: str, documents: list[Value] | None) -> bool:
    """Run a statement or a command and print what it gives, or add that to the documents; tell whether it went well."""
    from xsrun.database import dump_load

    try:
        if text.startswith(("\\", ".")):
            rows = command(session, text)
        else:
            rows = dump_load.run_sql(session, text)
    except XanoScriptError as error:
        print(f"error: {error}" + (f"\n  help: {error.hint}" if error.hint else ""), file=sys.stderr)
        if documents is not None:
            documents.append({"sql": text, "rows": None, "error": failure_document("db", error).get("error")})
        return False
    if documents is not None:
        documents.append({"sql": text, "rows": rows, "error": None})
    elif isinstance(rows, str):
        print(rows)
    else:
        print(text_table(rows))
    return True


def command(session: Session, text: str) -> list[dict[str, Value]] | str:
    r"""What `\d`, `\dt` and `\?` show. Raises UsageError for others."""
    from xsrun.database.dump_load import no_table
    from xsrun.database.isolation import table_names

    word, _, name = SPELLINGS.get(text, text).partition(" ")
    known = table_names(session)
    if word == r"\d" and name.strip():
        wanted = name.strip().strip('"')
        if wanted not in known:
            raise no_table(wanted, known)
        return [column_row(one) for one in session.catalog.table(wanted).columns]
    if word == r"\d":
        return [{"table": one} for one in known]
    if word == r"\dt":
        return [{"table": one, "rows": count_rows(session, one)} for one in known]
    if word == r"\?":
        return HELP
    raise UsageError(f"there is no command `{word}`", hint=r"\? tells what there is")


def column_row(column: ColumnDefinition) -> dict[str, Value]:
    """What is told of a column: those of undeclared tables hold any JSON."""
    declared = column.declared
    if declared is None:
        return {"column": column.name, "type": column.kind, "null": "yes", "refers to": ""}
    kind = f"{declared.type}[]" if declared.list_size is not None else declared.type
    null = "yes" if declared.nullable else ""
    return {"column": column.name, "type": kind, "null": null, "refers to": declared.table or ""}


def count_rows(session: Session, name: str) -> int:
    """The number of rows of a table; one that was not made yet has none."""
    table = session.catalog.table(name)
    if not table.exists:
        return 0
    ((count,),) = session.transaction.execute(f"SELECT count(*) FROM {session.backend.quote(table.physical)}")
    return int(count)


def ended(text: str) -> str:
    """A statement of the command line with a semicolon, which need not be written there."""
    return text if text.lstrip().startswith((".", "\\")) or text.rstrip().endswith(";") else f"{text};"


def statements(lines: Iterable[str], prompt: Prompt | None = None) -> Iterator[str]:
    """The statements of some lines, each with its semicolon; commands are a line."""
    pending = ""
    for line in lines:
        if line == _CANCELLED:
            pending = ""
        elif not pending and line.strip().startswith((".", "\\")):
            yield line.strip().rstrip(";")
        else:
            pending = f"{pending}{line}\n".lstrip()
            start = 0
            while (end := pending.find(";", start) + 1) > 0:
                start = end
                if sqlite3.complete_statement(pending[:end]):
                    yield pending[:end]
                    pending, start = pending[end:].lstrip(), 0
        if prompt is not None:
            prompt.goes_on = bool(pending)
    if pending:
        yield pending.strip()
