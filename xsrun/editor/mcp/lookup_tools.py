"""Tools that tell what there is: constructs, tables, rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.editor.mcp.agent_desk import AgentDesk, Arguments
from xsrun.editor.mcp.agent_tool import LONGEST_TEXT, AgentTool, flag, text
from xsrun.editor.mcp.answers import count
from xsrun.errors import UsageError
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.fields.declared import Declared
    from xsrun.workspace.construct import Construct


def list_constructs(box: AgentDesk, given: Arguments) -> str:
    """The constructs of the workspace, a line each, with their inputs and the number of their tests."""
    with box.workspace() as workspace:
        kind, wanted = given.get("kind"), str(given.get("contains", "")).casefold()
        found = [
            one
            for one in workspace.constructs
            if kind in (None, one.kind) and wanted in f"{one.label} {one.file}".casefold()
        ]
        lines = [described(one) for one in found]
    if lines:
        return "\n".join([count(len(lines), "construct"), *lines])
    kinds = ", ".join(sorted({one.kind for one in workspace.constructs}))
    raise UsageError("no construct fits", hint=f"the workspace has: {kinds}" if kinds else "the workspace is empty")


def described(one: Construct) -> str:
    """`query GET items (page: int?)  api/items.xs:1, 2 tests`, and whether it is broken."""
    inputs = "" if one.error() is not None else ", ".join(map(field_text, one.declared))
    told = f"{one.label}" + (f" ({inputs})" if inputs else "") + f"  {one.file}:{one.line}"
    told += f", {count(len(one.tests), 'test')}" if one.tests else ""
    return told if one.error() is None else f"{told}, broken: {one.error()}"


def field_text(one: Declared) -> str:
    """`tags: text[]?`; a question mark says that it may be left out."""
    kind = f"{one.type}[]" if one.list_size is not None else one.type
    return f"{one.name}: {kind}{'' if one.required else '?'}"


def describe_table(box: AgentDesk, given: Arguments) -> str:
    """The columns of a table."""
    from xsrun.diagnostics.suggest import nearest

    name = given["table"]
    with box.workspace() as workspace:
        table = workspace.lookup("table", name)
        if table is None:
            known = [one.name for one in workspace.constructs if one.kind == "table"]
            close = nearest(name, known)
            hint = f"did you mean `{close}`?" if close else f"there are: {', '.join(known) or 'none'}"
            raise UsageError(f"no file declares a table `{name}`", hint=hint)
        table.fail_if_broken()
        lines = [f"table {name}  {table.file}:{table.line}"]
        lines += [line for column in workspace.columns_of(name) for line in column_lines(column, 1)]
    return "\n".join(lines)


def column_lines(one: Declared, depth: int) -> list[str]:
    """A column: its type, what it may be, and below it the members of an object."""
    notes = [
        "may be null" if one.nullable else "",
        f"-> {one.table}" if one.table else "",
        f"one of {', '.join(one.values)}" if one.values else "",
        " ".join(f"|{name}" for name, _ in one.filters),
        "sensitive" if one.sensitive else "",
        one.description,
    ]
    told = ", ".join(note for note in notes if note)
    line = f"{'  ' * depth}{field_text(one)}" + (f"  ({told})" if told else "")
    return [line, *(inner for member in one.schema for inner in column_lines(member, depth + 1))]


def query_database(box: AgentDesk, given: Arguments) -> str:
    """The rows that an SQL statement gives; what it would change is undone unless changes are allowed."""
    from xsrun.database.dump_load import run_sql
    from xsrun.database.raw_sql.translation import only_reads

    sql, writes = given["sql"], bool(given.get("write"))
    url = box.rows
    if url is None:
        hint = "xsrun serve makes one and keeps it, or start xsrun mcp with --database URL"
        raise UsageError("there is no database to look at", hint=hint)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        raise UsageError(f"there is no database {url.removeprefix('sqlite:///')} yet", hint="xsrun db migrate makes it")
    if not only_reads(sql) and not (writes and box.writes_rows):
        allowed = "give write = true" if box.writes_rows else "start xsrun mcp with --allow-writes for others"
        raise UsageError("this statement changes the database, and only SELECT is allowed", hint=allowed)
    with box.workspace(database=url) as workspace:
        session = workspace.context().session
        try:
            session.transaction.begin()
            rows = run_sql(session, sql)
            if writes:
                session.transaction.commit()
        finally:
            session.close()  # undoes what was not kept
    return "\n".join([count(len(rows), "row"), *map(to_json, rows)])


def explain(box: AgentDesk, given: Arguments) -> str:
    """What a code of a diagnostic or an error means, and how to repair it."""
    from xsrun.diagnostics.codes import all_codes, code_of
    from xsrun.diagnostics.suggest import nearest
    from xsrun.language.catalogue.pages import topic_names, topics_of

    name = given["code"]
    found = code_of(name)
    pages = [found.page] if found is not None else []
    pages += [f"{topic.kind} {', '.join(topic.names)}\n\n{topic.text}" for topic in topics_of(name)]
    if pages:
        return "\n\n".join(pages)
    close = nearest(name.upper(), [*all_codes(), *topic_names("error code")])
    raise UsageError(f"no code is called `{name}`", hint=f"did you mean `{close}`?" if close else "for example XS130")


TOOLS = (
    AgentTool(
        "explain",
        "Explain the code of a problem (XS130) or of an error of a run (ERROR_CODE_INPUT_ERROR): why, an example, and "
        "its repair.",
        {"code": text("the code")},
        explain,
        required=("code",),
    ),
    AgentTool(
        "list_constructs",
        "List the constructs of the workspace (queries, functions, tables, tests...) with their inputs, files and "
        "lines.",
        {
            "kind": text("only constructs of this kind: query, function, table, task..."),
            "contains": text("only those whose name or file contains this"),
        },
        list_constructs,
    ),
    AgentTool(
        "describe_table",
        "Show the columns of a table: types, which may be left out or null, references, enum values.",
        {"table": text("the name of the table")},
        describe_table,
        required=("table",),
    ),
    AgentTool(
        "query_database",
        "Run one SQL statement, in PostgreSQL's dialect, on the rows that xsrun serve keeps, or those of --database. "
        "Only SELECT, unless the server was started with --allow-writes and `write` is true.",
        {"sql": text("the statement", longest=LONGEST_TEXT), "write": flag("keep what the statement changes")},
        query_database,
        required=("sql",),
        writes=True,
    ),
)
