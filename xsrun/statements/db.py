"""`db.*`: the statements about tables (semantics 4).

Each is compiled into a plan (`xsrun.database.plans`) and one call of it: the parts of the conditions that do not read
the database are evaluated by the generated code, in source order, and passed as operands.
"""

from __future__ import annotations

import ast
from contextlib import AbstractContextManager

from xsrun.database.plans import QueryPlan, RowPlan
from xsrun.evaluator.quasiquote import call, name, place, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.names.fixed_values import fixed_value
from xsrun.registry import statement_form
from xsrun.running.context import Context
from xsrun.statements import db_external
from xsrun.statements.db_plans import PlanBuilder, emit_plan, fails_without_table
from xsrun.statements.headers import table_name
from xsrun.syntax.nodes import Literal, Name, Statement
from xsrun.values.conversion import Value, to_text

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def row_statement(compiler: Compiler, node: Statement, *attributes: str, **aliases: str) -> None:
    """A statement about one row: its attributes are operands; `aliases` are older names of some."""
    if fails_without_table(compiler, node):
        return
    builder = PlanBuilder(compiler)
    plan = RowPlan(node.name, table_name(compiler, node), *builder.place(node))
    for attribute in attributes:
        value = node.attribute(attribute) or node.attribute(aliases.get(attribute, ""))
        if value is not None:
            plan.given[attribute] = builder.operand(value).index
    plan.output = builder.setting(node.attribute("output"))
    plan.addons = builder.addons(node.attribute("addon"))
    emit_plan(compiler, node, plan, builder)


@statement_form(
    "db.get", "field_name|where?, field_value|where, lock?, output?: list, addon?: addon", editor_needs="field_name"
)
def get(compiler: Compiler, node: Statement) -> None:
    """The first row whose field has a value, or null. The value may not be null.

    >>> db.add "user" { data = {name: "Ann"} }
    ... db.get "user" {
    ...   field_name = "name"
    ...   field_value = "Ann"
    ...   output = ["id", "name"]
    ... } as $user
    {"user": {"id": 1, "name": "Ann"}}
    """
    row_statement(compiler, node, "field_name", "field_value", "lock")


@statement_form("db.has", "field_name?, field_value", editor_needs="field_name")
def has(compiler: Compiler, node: Statement) -> None:
    """Whether there is a row whose field has a value.

    >>> db.has "user" {
    ...   field_name = "name"
    ...   field_value = "Bob"
    ... } as $known
    {"known": false}
    """
    row_statement(compiler, node, "field_name", "field_value")


@statement_form("db.add", "enforce_hidden_fields?: bool, data: object, output?: list, addon?: addon")
def add(compiler: Compiler, node: Statement) -> None:
    """Insert a row and bind it, with its id and the defaults of what was left out.

    >>> db.add "user" { data = {name: "Ann"} } as $user
    ... var $id { value = $user.id }
    {"user": ..., "id": 1}
    """
    row_statement(compiler, node, "data")


@statement_form(
    "db.edit",
    "field_name?, field_value, enforce_hidden_fields?: bool, data: object, output?: list, addon?: addon",
    editor_needs="field_name",
)
def edit(compiler: Compiler, node: Statement) -> None:
    """Change the listed columns of the row whose field has a value, and bind the row. No such row is an error (404).

    >>> db.add "user" { data = {name: "Ann", age: 30} }
    ... db.edit "user" {
    ...   field_name = "id"
    ...   field_value = 1
    ...   data = {age: 31}
    ...   output = ["name", "age"]
    ... } as $user
    {"user": {"name": "Ann", "age": 31}}
    """
    row_statement(compiler, node, "field_name", "field_value", "data")


@statement_form(
    "db.patch", "field_name?, field_value?, data, output?: list, addon?: addon", editor_needs="field_name field_value"
)
def patch(compiler: Compiler, node: Statement) -> None:
    """Change every column that an object has a key for, with its nulls, and bind the row.

    >>> db.add "user" { data = {name: "Ann", age: 30} }
    ... var $changes { value = {age: 31} }
    ... db.patch "user" {
    ...   field_name = "id"
    ...   field_value = 1
    ...   data = $changes
    ...   output = ["name", "age"]
    ... } as $user
    {"user": {"name": "Ann", "age": 31}, "changes": {"age": 31}}
    """
    row_statement(compiler, node, "field_name", "field_value", "data")


@statement_form(
    "db.add_or_edit",
    "field_name?, field_value, enforce_hidden_fields?: bool, data: object, output?: list, addon?: addon",
    editor_needs="field_name",
)
def add_or_edit(compiler: Compiler, node: Statement) -> None:
    """Change the row whose field has a value; insert one when there is none.

    >>> db.add_or_edit "setting" {
    ...   field_name = "key"
    ...   field_value = "hue"
    ...   data = {value: "teal"}
    ...   output = ["key", "value"]
    ... } as $setting
    {"setting": {"key": "hue", "value": "teal"}}
    """
    row_statement(compiler, node, "field_name", "field_value", "data")


@statement_form("db.del", "field_name?, field_value", editor_needs="field_name")
def delete(compiler: Compiler, node: Statement) -> None:
    """Delete the row whose field has a value. No such row is an error (404).

    >>> db.add "user" { data = {name: "Ann"} }
    ... db.del "user" {
    ...   field_name = "id"
    ...   field_value = 1
    ... }
    ... db.query "user" { return = {type: "count"} } as $left
    {"left": 0}
    """
    row_statement(compiler, node, "field_name", "field_value")


@statement_form("db.truncate", "reset?")
def truncate(compiler: Compiler, node: Statement) -> None:
    """Delete all rows of a table; with `reset` the ids start from 1 again.

    >>> db.add "user" { data = {name: "Ann"} }
    ... db.truncate "user" { reset = true }
    ... db.add "user" { data = {name: "Bob"}, output = ["id"] } as $user
    {"user": {"id": 1}}
    """
    row_statement(compiler, node, "reset")


@statement_form(
    "db.query",
    "where?: condition, additional_where?: condition, sort?*: sort, override_sort?, lock?, "
    "join?: join, eval?: eval, return?: return, output?: list, addon?: addon, external?: object, "
    "external_classic?: object, return_aggregate?: object, select?, order?, paging?, count?, limit?",
)
def query(compiler: Compiler, node: Statement) -> None:
    """Rows that meet a condition: a list, a page of it, one row, a count, whether there is any, or aggregates.

    >>> db.add "user" { data = {name: "Ann", age: 30} }
    ... db.add "user" { data = {name: "Bob", age: 17} }
    ... db.query "user" {
    ...   where = $db.user.age >= 18
    ...   output = ["name"]
    ... } as $adults
    {"adults": [{"name": "Ann"}]}
    """
    if fails_without_table(compiler, node):
        return
    builder = PlanBuilder(compiler)
    plan = QueryPlan(node.name, table_name(compiler, node), *builder.place(node))
    builder.fill_query(plan, node)
    emit_plan(compiler, node, plan, builder)


def many_statement(compiler: Compiler, node: Statement, *attributes: str) -> None:
    """A statement about the rows that meet a condition, or about a list of them."""
    if fails_without_table(compiler, node):
        return
    builder = PlanBuilder(compiler)
    plan = QueryPlan(node.name, table_name(compiler, node), *builder.place(node))
    for attribute in node.attributes():
        if attribute.disabled:
            continue
        if attribute.name in ("where", "search"):
            builder.where(plan, attribute.value)
        elif attribute.name in attributes:
            plan.given[attribute.name] = builder.operand(attribute.value).index
    builder.finish(plan)
    emit_plan(compiler, node, plan, builder)


@statement_form("db.bulk.add", "allow_id_field?, items|data")
def bulk_add(compiler: Compiler, node: Statement) -> None:
    """Insert rows, all or none, and bind them. Their ids are dropped unless `allow_id_field` is true.

    >>> db.bulk.add "jar" {
    ...   items = [{id: 50, n: 1}, {n: 2}]
    ... } as $rows
    ... var $ids { value = $rows|map:$$.id }
    {"rows": ..., "ids": [1, 2]}
    """
    many_statement(compiler, items_from_data(node), "items", "allow_id_field")


def items_from_data(node: Statement) -> Statement:
    """A bulk statement whose rows are called `data`, as a documentation page has it, with the usual name."""
    if node.attribute("items") is None and node.body is not None:
        for attribute in node.attributes():
            if attribute.name == "data":
                attribute.name = "items"
    return node


@statement_form("db.bulk.update", "items|data, where?")
def bulk_update(compiler: Compiler, node: Statement) -> None:
    """Set whole rows, found by their ids; columns that an item leaves out go back to their defaults.

    With `where` and `data` instead of `items`: set the same columns in all rows that meet the condition, and bind
    their number.

    >>> db.bulk.add "jar" { items = [{n: 1}, {n: 2}] }
    ... db.bulk.update "jar" {
    ...   where = $db.jar.n > 1
    ...   data = {n: 9}
    ... } as $changed
    {"changed": 1}
    """
    many_statement(compiler, node, "items", "data")


@statement_form("db.bulk.patch", "items|data, where?")
def bulk_patch(compiler: Compiler, node: Statement) -> None:
    """Set the columns that each item has, in the row of its id.

    >>> db.bulk.add "jar" { items = [{n: 1, label: "a"}] }
    ... db.bulk.patch "jar" {
    ...   items = [{id: 1, n: 5}]
    ... } as $rows
    ... var $jar { value = [$rows[0].n, $rows[0].label] }
    {"rows": ..., "jar": [5, "a"]}
    """
    many_statement(compiler, node, "items", "data")


@statement_form("db.bulk.delete", "where?: condition")
def bulk_delete(compiler: Compiler, node: Statement) -> None:
    """Delete the rows that meet a condition and bind their number; without a condition, all rows.

    >>> db.bulk.add "jar" { items = [{n: 1}, {n: 2}] }
    ... db.bulk.delete "jar" { where = $db.jar.n == 1 } as $deleted
    {"deleted": 1}
    """
    many_statement(compiler, node)


@statement_form("db.schema", "path?, table?")
def schema(compiler: Compiler, node: Statement) -> None:
    """The columns of a table: a list with the name, type and flags of each, or the one at `path`.

    >>> db.add "jar" { data = {label: "a"} }
    ... db.schema "jar" as $columns
    ... var $names { value = $columns|map:$$.name }
    {"columns": ..., "names": ["id", "created_at", "label"]}
    """
    builder = PlanBuilder(compiler)
    if isinstance(node.target, Name):
        table = node.target.text
    else:
        written = node.attribute("table")
        fixed = fixed_value(written)
        # only a literal name is looked up (semantics 12)
        table = fixed if isinstance(fixed, str) else ""
    plan = RowPlan(node.name, table, *builder.place(node))
    path = node.attribute("path")
    if path is not None:
        plan.given["path"] = builder.operand(path).index
    emit_plan(compiler, node, plan, builder)


@statement_form(
    "db.direct_query", "sql?: text, parser?: text, response_type?: text, arg?*", editor_needs="sql response_type"
)
def direct_query(compiler: Compiler, node: Statement) -> None:
    """Run SQL, written for PostgreSQL, and bind its rows; `?` takes the arguments in order.

    >>> db.add "jar" { data = {n: 4} }
    ... db.direct_query {
    ...   sql = "SELECT id, n FROM jar WHERE id = ?"
    ...   response_type = "single"
    ...   arg = 1
    ... } as $row
    {"row": {"id": 1, "n": 4}}
    """
    builder = PlanBuilder(compiler)
    plan = RowPlan(node.name, "", *builder.place(node))
    builder.fill_direct(plan, node)
    emit_plan(compiler, node, plan, builder)


# Transactions and datasources ----------------------------------------------------------------------------------------


def in_transaction(context: Context, isolation: Value = None) -> AbstractContextManager[None]:
    """A transaction around a block of generated code."""
    manager: AbstractContextManager[None] = context.session.transaction.atomic(isolation, may_delay=True)
    return manager


def open_transaction(context: Context) -> None:
    """A transaction until the object ends (see `ending`)."""
    context.session.transaction.open()


def ending(context: Context) -> AbstractContextManager[None]:
    """What an object runs in that opens transactions without a stack: they end when it does."""
    manager: AbstractContextManager[None] = context.session.transaction.ending()
    return manager


@statement_form("db.transaction", "isolation?")
def transaction(compiler: Compiler, node: Statement) -> None:
    """Statements that take effect together or not at all: an error that leaves the block undoes them.

    Without a stack, all that follows until the object ends. On the hosted engine and PostgreSQL transactions run at
    once: what one has read without `lock = true` may have changed when it writes. SQLite runs them one after another,
    unless `--isolation read-committed` says otherwise.

    >>> try_catch {
    ...   try {
    ...     db.transaction {
    ...       stack {
    ...         db.add "jar" { data = {n: 1} }
    ...         precondition (false)
    ...       }
    ...     }
    ...   }
    ...   catch {
    ...     db.query "jar" { return = {type: "count"} } as $left
    ...   }
    ... }
    {"left": 0}
    """
    at = statement_position(node)
    stack = node.block("stack")
    if stack is None:
        if compiler.manager is None:
            compiler.manager = call(compiler.linker.constant(ending), at, name("context", at))
        opened = call(compiler.linker.constant(open_transaction), at, name("context", at))
        compiler.emit(place(ast.Expr(opened), at))
        return
    isolation = compiler.value(node.attribute("isolation") or Literal(None))
    manager = call(compiler.linker.constant(in_transaction), at, name("context", at), isolation)
    code = compiler.block(stack.body, at)
    compiler.emit(place(ast.With([ast.withitem(manager, None)], code), at))


def set_datasource(context: Context, value: Value) -> None:
    """Make a datasource the one of the statements that follow."""
    text = to_text(value)
    context.datasource = "live" if text in ("", "default") else text


@statement_form("db.set_datasource", "value|name")
def set_datasource_(compiler: Compiler, node: Statement) -> None:
    """Let the statements that follow in this run work on another datasource, `test` for example.

    >>> db.add "jar" { data = {n: 1} }
    ... db.set_datasource { value = "test" }
    ... db.query "jar" { return = {type: "count"} } as $here
    {"here": 0}
    """
    at = statement_position(node)
    value = node.attribute("value") or node.attribute("name")
    assert value is not None
    made = call(compiler.linker.constant(set_datasource), at, name("context", at), compiler.value(value))
    compiler.emit(place(ast.Expr(made), at))


__all__ = ["db_external", "row_statement"]
