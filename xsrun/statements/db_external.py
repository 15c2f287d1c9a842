"""`db.external.*.direct_query`: SQL on other databases."""

from __future__ import annotations

from xsrun.database.plans import RowPlan
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement_form
from xsrun.statements.db_plans import PlanBuilder, emit_plan
from xsrun.syntax.nodes import Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def external(compiler: Compiler, node: Statement) -> None:
    """A statement that runs a text on the database of its connection string."""
    builder = PlanBuilder(compiler)
    plan = RowPlan(node.name, "", *builder.place(node))
    builder.fill_direct(plan, node)
    emit_plan(compiler, node, plan, builder)


def example(engine: str) -> str:
    """The documentation of one engine's statement."""
    return f"""Run SQL on a {engine} database by its connection string, and bind its rows; `?` takes the arguments.

    Needs the database's driver, and leave to reach its host.

    >>> try_catch {{
    ...   try {{
    ...     db.external.{engine}.direct_query {{
    ...       connection_string = ""
    ...       code = "SELECT 1 AS one"
    ...     }} as $rows
    ...   }}
    ...   catch {{
    ...     var $message {{ value = $error.message }}
    ...   }}
    ... }}
    {{"message": "Missing param: connection_string"}}
    """


_ATTRIBUTES = "code|sql?: text, parser?: text, response_type?: text, connection_string?, arg?*"

for _engine in ("postgres", "mysql", "mssql", "oracle", "snowflake"):

    def _statement(compiler: Compiler, node: Statement) -> None:
        external(compiler, node)

    _statement.__doc__ = example(_engine)
    _statement.__name__ = _statement.__qualname__ = f"external_{_engine}"
    statement_form(
        f"db.external.{_engine}.direct_query",
        _ATTRIBUTES,
        editor_needs="" if _engine == "snowflake" else "code response_type connection_string",
    )(_statement)
