"""`db.*`: the statements about tables (semantics 4).

Each is compiled into a plan (`xsrun.database.plans`) and one call of it: the parts of the conditions that do not read
the database are evaluated by the generated code, in source order, and passed as operands.
"""

from __future__ import annotations

import ast
from typing import Any

from xsrun.database.plans import Plan, QueryPlan, RowPlan
from xsrun.evaluator.compiler import StatementCompiler, statement_position
from xsrun.evaluator.quote import name, place
from xsrun.registry import statement_form
from xsrun.statements.db_plans import PlanBuilder, table_name
from xsrun.syntax.nodes import Statement


def emit(compiler: StatementCompiler, node: Statement, plan: Plan, builder: PlanBuilder) -> None:
    """One call of a plan with its operands, bound to the statement's result."""
    at = statement_position(node)
    function = name(compiler.linker.constant(plan), at)
    made: ast.expr = place(ast.Call(function, [name("context", at), *builder.operands], []), at)
    compiler.bind_result(node, made)


def row_statement(compiler: StatementCompiler, node: Statement, *attributes: str, **aliases: str) -> None:
    """A statement about one row: its attributes are operands; `aliases` are older names of some."""
    builder = PlanBuilder(compiler)
    plan = RowPlan(node.name, table_name(compiler, node), *builder.place(node))
    for attribute in attributes:
        value = node.attribute(attribute) or node.attribute(aliases.get(attribute, ""))
        if value is not None:
            plan.given[attribute] = builder.operand(value).index
    plan.output = builder.setting(node.attribute("output"))
    plan.addons = builder.addons(node.attribute("addon"))
    emit(compiler, node, plan, builder)


@statement_form("db.get")
def get(compiler: StatementCompiler, node: Statement) -> None:
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


@statement_form("db.has")
def has(compiler: StatementCompiler, node: Statement) -> None:
    """Whether there is a row whose field has a value.

    >>> db.has "user" {
    ...   field_name = "name"
    ...   field_value = "Bob"
    ... } as $known
    {"known": false}
    """
    row_statement(compiler, node, "field_name", "field_value")


@statement_form("db.add")
def add(compiler: StatementCompiler, node: Statement) -> None:
    """Insert a row and bind it, with its id and the defaults of what was left out.

    >>> db.add "user" { data = {name: "Ann"} } as $user
    ... var $id { value = $user.id }
    {"user": ..., "id": 1}
    """
    row_statement(compiler, node, "data")


@statement_form("db.edit")
def edit(compiler: StatementCompiler, node: Statement) -> None:
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


@statement_form("db.patch")
def patch(compiler: StatementCompiler, node: Statement) -> None:
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


@statement_form("db.add_or_edit")
def add_or_edit(compiler: StatementCompiler, node: Statement) -> None:
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


@statement_form("db.del")
def delete(compiler: StatementCompiler, node: Statement) -> None:
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


@statement_form("db.truncate")
def truncate(compiler: StatementCompiler, node: Statement) -> None:
    """Delete all rows of a table; with `reset` the ids start from 1 again.

    >>> db.add "user" { data = {name: "Ann"} }
    ... db.truncate "user" { reset = true }
    ... db.add "user" { data = {name: "Bob"}, output = ["id"] } as $user
    {"user": {"id": 1}}
    """
    row_statement(compiler, node, "reset")


@statement_form("db.query")
def query(compiler: StatementCompiler, node: Statement) -> None:
    """Rows that meet a condition: a list, a page of it, one row, a count, whether there is any, or aggregates.

    >>> db.add "user" { data = {name: "Ann", age: 30} }
    ... db.add "user" { data = {name: "Bob", age: 17} }
    ... db.query "user" {
    ...   where = $db.user.age >= 18
    ...   output = ["name"]
    ... } as $adults
    {"adults": [{"name": "Ann"}]}
    """
    builder = PlanBuilder(compiler)
    plan = QueryPlan(node.name, table_name(compiler, node), *builder.place(node))
    builder.fill_query(plan, node)
    emit(compiler, node, plan, builder)


__all__: list[Any] = ["emit", "row_statement"]
