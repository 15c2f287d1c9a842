"""What a text of SQL says of the tables that it works on: their columns, and which values it looks for."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from xsrun.database.raw_sql.translation import parsed, table_names
from xsrun.records import made, record
from xsrun.values.conversion import Value

_SUMS = (exp.Sum, exp.Avg)


@record
class MentionedColumn:
    """A column: its type where the text tells it, and the values that it is compared with."""

    type: str | None = None
    values: list[Value] = made(factory=list)


Mentioned = dict[str, dict[str, MentionedColumn]]


def mentioned(sql: str) -> Mentioned:
    """The tables of one statement and the columns that it names of each. Raises XanoScriptError for what is not SQL."""
    tree = parsed(sql)
    found: Mentioned = {name: {} for name in table_names(tree)}
    for table, column in _columns(tree):
        if table in found and column.name and not isinstance(column.this, exp.Star):
            _note(found[table].setdefault(column.name, MentionedColumn()), column)
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema) and tree.this.this.name in found:
        for name in tree.this.expressions:
            found[tree.this.this.name].setdefault(name.name, MentionedColumn())
    return found


def _columns(tree: exp.Expr) -> Iterator[tuple[str, exp.Column]]:
    """Each column with the table that it is of; one that could be of several is taken for the first's."""
    if not isinstance(tree, exp.Query):
        names = {one.alias_or_name: one.name for one in tree.find_all(exp.Table)}
        first = next(iter(names.values()), "")
        yield from ((names.get(one.table, first), one) for one in tree.find_all(exp.Column))
        return
    for scope in traverse_scope(tree):
        names = {alias: source.name for alias, source in scope.sources.items() if isinstance(source, exp.Table)}
        first = next(iter(names.values()), "")
        made_here = {one.alias for one in scope.expression.expressions if one.alias}
        for column in scope.columns:
            if column.table or column.name not in made_here:
                yield names.get(column.table, "") if column.table else first, column


def _note(noted: MentionedColumn, column: exp.Column) -> None:
    """What stands beside a column: a value that it is compared with, a sum that it is in."""
    around = column.parent
    if isinstance(around, _SUMS):
        noted.type = "int"
    if isinstance(around, exp.Binary) and isinstance(around, exp.Predicate):
        other = around.right if around.left is column else around.left
        if isinstance(other, exp.Literal):
            noted.type = "text" if other.is_string else "int"
        elif isinstance(other, exp.Boolean):
            noted.type = "bool"
        if isinstance(around, exp.EQ) and isinstance(other, (exp.Literal, exp.Boolean)):
            noted.values.append(other.to_py())
