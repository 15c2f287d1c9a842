"""From the nodes of a `db.*` statement to its plan and the code of its operands."""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun.database.aggregates import AGGREGATES
from xsrun.database.plans import (
    AddonPlan,
    Column,
    JoinPlan,
    NamedExpression,
    Operand,
    Plan,
    QueryPlan,
    RowPlan,
    SortKey,
)
from xsrun.evaluator.generated.filter_calls import fail
from xsrun.evaluator.quasiquote import call, constant, function, name, place, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.names.fixed_values import fixed_value
from xsrun.names.places import unwrapped
from xsrun.registry import demands
from xsrun.statements.db_conditions import ConditionBuilder, is_operator
from xsrun.statements.template_filters import render_template
from xsrun.syntax.nodes import (
    Binary,
    Expression,
    FilterCall,
    ListLiteral,
    Literal,
    Name,
    ObjectLiteral,
    Path,
    Placeholder,
    Segment,
    Statement,
    Variable,
)

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def fails_without_table(compiler: Compiler, node: Statement) -> bool:
    """Emit the failure of a statement whose table is gone: exports leave its name empty. False for any other."""
    if not isinstance(node.target, Name) or node.target.text:
        return False
    at = statement_position(node)
    hint = constant("the table it worked on is gone; write the name of one", at)
    made = call(compiler.linker.helper(fail), at, constant("Invalid name: mvpw1:0", at), hint)
    compiler.bind_result(node, made)
    return True


class PlanBuilder(ConditionBuilder):
    """Makes the plan of one statement from its attributes."""

    # db.query ------------------------------------------------------------------------------------------------------

    def fill_query(self, plan: QueryPlan, node: Statement) -> None:
        """All attributes of `db.query`, in source order where they have operands."""
        for attribute in node.attributes():
            if attribute.disabled:
                continue
            fill = QUERY_ATTRIBUTES.get(attribute.name)
            if fill is not None:
                fill(self, plan, attribute.value)
        self.finish(plan)

    def finish(self, plan: QueryPlan) -> None:
        """Note the operands that the plan treats in a way of their own."""
        plan.truths, plan.optional = frozenset(self.truths), frozenset(self.optional)
        plan.lists = frozenset(self.lists)

    def where(self, plan: QueryPlan, node: Expression) -> None:
        if not self.reads_database(node) and isinstance(unwrapped(node), (Variable, Path, ListLiteral, ObjectLiteral)):
            # a condition that comes as data
            plan.additional_where = self.operand(node)
        else:
            plan.condition = self.condition(node)

    def additional_where(self, plan: QueryPlan, node: Expression) -> None:
        if self.reads_database(node):
            extra = self.condition(node)
            plan.condition = extra if plan.condition is None else Binary(plan.condition, "&&", extra).at(node, node)
        else:
            plan.additional_where = self.operand(node)

    def joins(self, plan: QueryPlan, node: Expression) -> None:
        for entry in self.entries(node, "join"):
            settings = self.object_of(entry.value, f"join {entry.key}")
            table = settings.get("table")
            kind = fixed_value(settings["type"]) if "type" in settings else "inner"
            if kind not in ("inner", "left", "right"):
                hint = 'write type: "left"'
                raise self.compiler.refuse("XS331", "a join is inner, left or right", settings["type"], hint)
            condition = self.condition(settings["where"]) if "where" in settings else None
            name = fixed_value(table) if table is not None else entry.key
            if name.__class__ is not str:
                hint = 'write table: "its_name"'
                raise self.compiler.refuse("XS331", "the table of a join must be written out", table or entry, hint)
            plan.joins.append(JoinPlan(entry.key, str(name), str(kind), condition))

    def evals(self, plan: QueryPlan, node: Expression) -> None:
        plan.evals += self.named(node, "eval")

    def named(self, node: Expression, what: str) -> list[NamedExpression]:
        """The entries of `eval` or `group`; the list form has name, as and filter."""
        if isinstance(unwrapped(node), ListLiteral):
            return [self.listed_eval(item, what) for item in unwrapped(node).items]  # type: ignore[attr-defined]
        return [NamedExpression(entry.key, self.value(entry.value)) for entry in self.entries(node, what)]

    def listed_eval(self, item: Expression, what: str) -> NamedExpression:
        if isinstance(item, Placeholder):
            self.compiler.demand(demands.placeholder(item))
        settings = fixed_value(item)
        if settings.__class__ is not dict or not settings.get("name"):
            listed = '[{name: "some_table.column", as: "twice"}]'
            hint = f"write {what} = {{twice: $db.some_table.column|mul:2}}, or {listed}"
            raise self.compiler.refuse("XS331", f"an entry of `{what}` is an object with a name", item, hint)
        made: Expression = Column(str(settings["name"]).split(".")).at(item, item)
        for entry in settings.get("filter") or []:
            if entry.get("disabled") in (True, "true"):
                continue
            arguments = [self.operand(Literal(one.get("value")).at(item, item)) for one in entry.get("arg") or []]
            filtered = FilterCall(made, str(entry.get("name")), list(arguments), False).at(item, item)
            if not is_operator(filtered.name) and filtered.name not in AGGREGATES:
                raise self.unknown_filter(filtered, item)
            made = filtered
        return NamedExpression(str(settings.get("as") or settings["name"]), made)

    def sort(self, plan: QueryPlan, node: Expression) -> None:
        inner = unwrapped(node)
        objects = inner.items if isinstance(inner, ListLiteral) else [inner]
        for item in objects:
            if isinstance(unwrapped(item), ObjectLiteral):
                entries = self.entries(item, "sort")
                by_name = {entry.key: entry for entry in entries}
                if "sortBy" in by_name:
                    way = by_name.get("orderBy")
                    key = str(fixed_value(by_name["sortBy"].value))
                    plan.sort.append(SortKey(key, self.setting(way.value if way else None), item.line, item.column))
                    continue
                for entry in entries:
                    plan.sort.append(SortKey(entry.key, self.setting(entry.value), entry.line, entry.column))
            elif plan.override_sort is None:
                plan.override_sort = self.operand(item)

    def override_sort(self, plan: QueryPlan, node: Expression) -> None:
        plan.override_sort = self.operand(node)

    def returns(self, plan: QueryPlan, node: Expression) -> None:
        inner = unwrapped(node)
        if not isinstance(inner, ObjectLiteral):
            plan.returns = self.setting(inner)
            return
        for entry in self.entries(inner, "return"):
            if entry.key == "type":
                plan.returns = self.setting(entry.value)
            elif entry.key == "distinct":
                plan.distinct = self.setting(entry.value)
            elif entry.key == "paging":
                self.paging(plan, entry.value)
            elif entry.key == "group":
                plan.groups += self.named(entry.value, "group")
            elif entry.key == "eval":
                self.aggregating = True
                plan.aggregates += self.named(entry.value, "eval")
                self.aggregating = False

    def paging(self, plan: QueryPlan, node: Expression) -> None:
        if fixed_value(node) is None:
            return
        plan.paged = True
        for entry in self.entries(node, "paging"):
            plan.paging[entry.key] = self.setting(entry.value)

    def external(self, plan: QueryPlan, node: Expression) -> None:
        inner = unwrapped(node)
        if not isinstance(inner, ObjectLiteral):
            plan.external["value"] = self.operand(node)
            return
        for entry in self.entries(inner, "external"):
            plan.external[entry.key] = self.setting(entry.value)

    def output(self, plan: QueryPlan, node: Expression) -> None:
        plan.output = self.setting(node)

    def lock(self, plan: QueryPlan, node: Expression) -> None:
        plan.lock = self.setting(node)

    def addon(self, plan: QueryPlan, node: Expression) -> None:
        plan.addons = self.addons(node)

    # Direct queries ------------------------------------------------------------------------------------------------

    def fill_direct(self, plan: RowPlan, node: Statement) -> None:
        """The attributes of a direct query; a text that is a template is rendered before it runs."""
        for position, attribute in enumerate(node.attributes()):
            if attribute.disabled:
                continue
            if attribute.name in ("sql", "code"):
                plan.given["sql"] = self.sql(node, attribute.value).index
            elif attribute.name == "arg":
                plan.given[f"arg{position}"] = self.operand(attribute.value).index
            elif attribute.name in ("response_type", "connection_string"):
                plan.given[attribute.name] = self.operand(attribute.value).index

    def sql(self, node: Statement, value: Expression) -> Operand:
        parser = node.attribute("parser")
        if parser is None or fixed_value(parser) != "template_engine":
            return self.operand(value)
        at = statement_position(node)
        render = self.compiler.linker.constant(render_template)
        parts = [name("context", at), self.compiler.value(value), self.compiler.program_environment(at)]
        return self.add(call(render, at, *parts), value)

    # Addons --------------------------------------------------------------------------------------------------------

    def addons(self, node: Expression | None) -> list[AddonPlan]:
        """The addons of a statement, from the list or from the object keyed by path."""
        if node is None:
            return []
        inner = unwrapped(node)
        if isinstance(inner, ListLiteral):
            return [self.one_addon(self.object_of(item, "addon"), None, item) for item in inner.items]
        return [
            self.one_addon(self.object_of(entry.value, "addon"), entry.key, entry.value)
            for entry in self.entries(node, "addon")
        ]

    def one_addon(self, settings: dict[str, Expression], at_path: str | None, node: Expression) -> AddonPlan:
        name = fixed_value(settings["name"]) if "name" in settings else None
        if name.__class__ is not str:
            hint = 'write {name: "its_name", input: { ... }}'
            raise self.compiler.refuse("XS331", "an addon needs a name", settings.get("name") or node, hint)
        given = settings.get("input") or ObjectLiteral([]).at(node, node)
        row, key = self.compiler.scope.fresh("output_"), self.compiler.scope.fresh("this_")
        scope = self.compiler.scope
        outer, scope.named = scope.named, {**scope.named, "this": key}  # `$output.$this` looks `$this` up as a variable
        with scope.element({"output": row, "this": key}, binds_this=False):
            body = self.compiler.value(given)
        scope.named = outer
        inputs = self.add(function([row, key], body, given), given).index
        destination = at_path if at_path is not None else fixed_value(settings["as"]) if "as" in settings else name
        prefix = fixed_value(settings["offset"]) if "offset" in settings else None
        path = addon_path(f"{prefix}.{destination}" if prefix else str(destination))
        plan = AddonPlan(str(name), path, inputs)
        plan.each = any(
            isinstance(one, Segment) and (one.form, one.key) == ("variable", "this") for one in given.walk()
        )
        plan.merges = at_path is None and not {"as", "offset"} & set(settings) and "output" in settings
        plan.output = self.setting(settings.get("output"))
        plan.nested = self.addons(settings.get("addon"))
        return plan


def emit_plan(compiler: Compiler, node: Statement, plan: Plan, builder: PlanBuilder) -> None:
    """One call of a plan with its operands, bound to the statement's result."""
    at = statement_position(node)
    function = name(compiler.linker.constant(plan), at)
    made: ast.expr = place(ast.Call(function, [name("context", at), *builder.operands], []), at)
    if node.result is None and compiler.owner.kind == "addon" and node.name == "db.query":
        compiler.emit(place(ast.Return(made), at))  # an addon answers what its query gives (semantics 4.7)
    else:
        compiler.bind_result(node, made)


#: What the attributes of `db.query` bring into its plan.
QUERY_ATTRIBUTES: dict[str, Callable[[PlanBuilder, QueryPlan, Expression], None]] = {
    "where": PlanBuilder.where,
    "additional_where": PlanBuilder.additional_where,
    "join": PlanBuilder.joins,
    "eval": PlanBuilder.evals,
    "sort": PlanBuilder.sort,
    "override_sort": PlanBuilder.override_sort,
    "return": PlanBuilder.returns,
    "output": PlanBuilder.output,
    "addon": PlanBuilder.addon,
    "lock": PlanBuilder.lock,
    "external": PlanBuilder.external,
    "external_classic": PlanBuilder.external,
}


def addon_path(destination: str) -> list[str]:
    """The keys of an addon's destination below a row: the prefix `items` is that of the envelope (semantics 4.7)."""
    names = [name for name in destination.replace("[]", "").split(".") if name]
    return names[1:] if len(names) > 1 and names[0] == "items" else names
