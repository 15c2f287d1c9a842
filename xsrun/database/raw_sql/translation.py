"""PostgreSQL's SQL for SQLite: sqlglot reads it, what SQLite lacks is rewritten here, sqlglot writes it.

The functions that SQLite lacks are those of the query operators (`xs_...`) and of `functions`. A text that uses
something neither of them knows fails with SQLite's own message and a hint; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from xsrun.database.columns import DOCUMENTS
from xsrun.database.connection import first_line
from xsrun.database.raw_sql.rewriting import PARAMETER, Rewriter, as_list, call, each_of
from xsrun.database.tables import Table
from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple

#: Tables that a statement may stand for when SQLite has written out each use of what stands in WITH. It does so while
#: it reads a statement, when nothing interrupts it.
_MOST_TABLES = 10_000
HINT = "xsrun translates PostgreSQL for SQLite; what it cannot translate runs with --database postgresql://..."


class Translated(NamedTuple):
    """A text for SQLite, the tables it names, and what its columns are."""

    sql: str
    tables: dict[str, Table]
    #: name in the result -> name of the column it is; ":json" and ":bool" for computed ones; "*" stands for all columns
    columns: dict[str, str]


@lru_cache(256)
def parsed(sql: str) -> exp.Expr:
    """The tree of one statement. Raises XanoScriptError for a text that is not PostgreSQL's SQL."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="postgres") if tree is not None]
    except SqlglotError as error:
        raise XanoScriptError(f"SQL Error: {message_of(error)}", hint="the text is not SQL that can be read") from None
    if len(trees) != 1:
        raise XanoScriptError("SQL Error: one statement at a time", hint="write a db.direct_query for each")
    if written_out(trees[0]) > _MOST_TABLES:
        hint = "queries of WITH that use one another several times double with each; put what they give into a table"
        raise XanoScriptError(f"SQL Error: the statement stands for more than {_MOST_TABLES:,} tables", hint=hint)
    return trees[0]


def written_out(tree: exp.Expr) -> int:
    """How many tables a statement names when each use of a query of WITH counts as all tables in it."""
    queries = {common.alias: common.this for common in tree.find_all(exp.CTE)}
    if not queries:
        return 0
    tables: dict[str, int] = {}

    def count(part: exp.Expr) -> int:
        return sum(stands_for(table.name) for table in part.find_all(exp.Table))

    def stands_for(name: str) -> int:
        if name in queries and name not in tables:
            tables[name] = 1  # where it names itself
            tables[name] = max(count(queries[name]), 1)
        return tables.get(name, 1)

    for name in queries:  # in their order, as one names those before it: a long chain is not followed to its depth
        stands_for(name)
    return count(tree)


def message_of(error: SqlglotError) -> str:
    """The first line of a message, without the colours that sqlglot gives it."""
    return re.sub(r"\x1b\[\d+m", "", first_line(error))


def table_names(tree: exp.Expr) -> tuple[str, ...]:
    """The tables that a statement names, those that it makes itself (`WITH`) left out."""
    common = {one.alias for one in tree.find_all(exp.CTE)}
    found = [table.name for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    return tuple(name for name in dict.fromkeys(found) if name not in common)


def only_reads(sql: str) -> bool:
    """Does a statement neither write nor lock?"""
    tree = parsed(sql)
    acts = tree.find(exp.Insert, exp.Update, exp.Delete, exp.Lock)
    return isinstance(tree, exp.Query) and acts is None


def translate(sql: str, describe: Callable[[str], Table | None]) -> Translated:
    """Translate one statement. `describe` finds a table by the name that the text has for it."""
    tree = parsed(sql).copy()
    described = {name: table for name in table_names(tree) if (table := describe(name)) is not None}
    for named in tree.find_all(exp.Table):
        found = described.get(named.name) if isinstance(named.this, exp.Identifier) else None
        if found is not None and found.physical != named.name:
            if not named.alias:
                named.set("alias", exp.TableAlias(this=exp.to_identifier(named.name)))
            named.set("this", exp.to_identifier(found.physical, quoted=True))
    every = [column for table in described.values() for column in table.columns]
    documents = {column.name for column in every if column.kind in DOCUMENTS}
    rewriter = Rewriter(documents, {column.name for column in every if column.kind == "bool"})
    columns = rewriter.selected(tree)
    if described and not any(table.declared for table in described.values()):
        read_values(tree)
    spread_lists(tree)
    if isinstance(tree, exp.Create):
        order_as_usual(tree)
    tree = rewriter.rewrite(tree)
    try:
        text = tree.sql(dialect="sqlite", unsupported_level=ErrorLevel.IGNORE)
    except SqlglotError as error:
        raise XanoScriptError(f"SQL Error: {message_of(error)}", hint=HINT) from None
    except ValueError:
        raise XanoScriptError("SQL Error: SQLite cannot express a part of this statement", hint=HINT) from None
    return Translated(text, described, columns)


def order_as_usual(tree: exp.Expr) -> None:
    """The columns of a new index without a place for nulls, which SQLite has none for there."""
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", not ordered.args.get("desc"))


def read_values(tree: exp.Expr) -> None:
    """Columns of undeclared tables hold JSON: read the value in it, but for what is selected or assigned as it is."""
    whole = {id(item.this if isinstance(item, exp.Alias) else item) for item in tree.args.get("expressions") or ()}
    whole |= {id(one.this) for one in tree.find_all(exp.EQ) if isinstance(one.parent, exp.Update)}
    derived = {one.alias for one in tree.find_all(exp.CTE, exp.Subquery) if one.alias}
    for column in list(tree.find_all(exp.Column)):
        plain = column.name in ("id", "*") or PARAMETER.fullmatch(column.name) is not None
        if id(column) in whole or plain or isinstance(column.this, exp.Star) or of_derived(column, derived):
            continue
        read = call("xs_sql_value", column.copy())
        selected = isinstance(column.parent, (exp.Select, exp.Returning)) and column.arg_key == "expressions"
        column.replace(exp.alias_(read, column.name) if selected else read)


def of_derived(column: exp.Column, derived: set[str]) -> bool:
    """Is a column one of a query in FROM or WITH, in which the values have been read already?"""
    if column.table:
        return column.table in derived
    around = column.find_ancestor(exp.Select)
    sources = [one.this for one in around.find_all(exp.From, exp.Join) if one.parent is around] if around else []
    return bool(sources) and all(one.alias_or_name in derived for one in sources)


_SPREADING = frozenset(
    ("jsonb_array_elements", "jsonb_array_elements_text", "json_array_elements", "json_array_elements_text", "unnest")
)


def spread_list(table: exp.Expr) -> tuple[exp.Expr, str, bool] | None:
    """The list whose elements an entry of FROM stands for, its name, and whether they are JSON; None for a table."""
    if isinstance(table, exp.Unnest):
        return (table.expressions[0], "unnest", False) if isinstance(table.parent, (exp.From, exp.Join)) else None
    function = table.this
    if not isinstance(function, exp.Anonymous) or function.name.lower() not in _SPREADING:
        return None
    return function.expressions[0], function.name, function.name.lower().endswith("_elements")


def spread_lists(tree: exp.Expr) -> None:
    """`FROM t, jsonb_array_elements(t.list) AS e`: SQLite's json_each, whose column is `value`."""
    names = set()
    for table in list(tree.find_all(exp.Table, exp.Unnest)):
        found = spread_list(table)
        if found is not None:
            source, name, documents = found
            alias = table.alias or name
            columns = table.args["alias"].columns if table.args.get("alias") else []
            table.replace(each_of(as_list(source), alias))
            names.add((alias, columns[0].name if columns else alias, documents))
    for alias, name, documents in names:
        for column in list(tree.find_all(exp.Column)):
            if column.name in (name, "value") and column.table in ("", alias) and (column.name == name or column.table):
                value = exp.column("value", table=alias)
                made = call("xs_sql_element", value, exp.column("type", table=alias)) if documents else value
                column.replace(exp.alias_(made, name) if isinstance(column.parent, exp.Select) else made)
