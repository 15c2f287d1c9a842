"""From the nodes of a `db.*` statement to its plan and the code of its operands."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

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
    Setting,
    SortKey,
)
from xsrun.errors import UnavailableError
from xsrun.evaluator.generated.filter_calls import fail
from xsrun.evaluator.quasiquote import call, constant, function, name, place, statement_position
from xsrun.language.roots import ADDON_FUNCTION
from xsrun.names.fixed_values import UNKNOWN, fixed_value
from xsrun.names.places import is_fixed, unwrapped
from xsrun.statements.template_filters import render_template
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Call,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Name,
    Node,
    ObjectLiteral,
    Path,
    Quoted,
    Segment,
    Spread,
    Statement,
    Ternary,
    Unary,
    Variable,
)
from xsrun.values.conversion import to_text

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

#: The call of an addon that documentation shows in `eval` (language 2.10).
#: What a filter that only values have may be replaced with in a condition.
_INSTEAD = {
    "starts_with": 'write `ilike "text%"`',
    "istarts_with": 'write `ilike "text%"`',
    "ends_with": 'write `ilike "%text"`',
    "iends_with": 'write `ilike "%text"`',
    "contains": "write `includes` for texts",
    "icontains": "write `includes`",
    "strlen": "compare the text itself, or filter the rows afterwards",
    "count": "write |length",
    "is_null": "write `== null`",
    "is_empty": 'write `== null` or `== ""`',
    "in": "write `in`",
    "regex_matches": "write `~`",
}


def is_operator(name: str) -> bool:
    """Can the database run the filter of this name? The operators are loaded when a condition first has one."""
    from xsrun.database.operators import OPERATORS

    return name in OPERATORS


def table_name(compiler: Compiler, node: Statement) -> str:
    """The table in the header of a statement."""
    if isinstance(node.target, Name) and node.target.text:
        return node.target.text
    hint = f'for example {node.name} "user" {{ }}'
    message = f"the name of a table must follow `{node.name}`"
    raise compiler.refuse("XS307", message, statement_position(node), hint)


def fails_without_table(compiler: Compiler, node: Statement) -> bool:
    """Emit the failure of a statement whose table is gone: exports leave its name empty. False for any other."""
    if not isinstance(node.target, Name) or node.target.text:
        return False
    at = statement_position(node)
    hint = constant("the table it worked on is gone; write the name of one", at)
    made = call(compiler.linker.helper(fail), at, constant("Invalid name: mvpw1:0", at), hint)
    compiler.bind_result(node, made)
    return True


def reads_database(node: Node) -> bool:
    """Does any part of an expression name a column, or an addon that is called for each row?"""
    return any(
        (isinstance(one, Variable) and one.name == "db") or (isinstance(one, Call) and one.name == ADDON_FUNCTION)
        for one in node.walk()
    )


def refuse_addon_call() -> NoReturn:
    """Documentation names the call; what it gives is recorded nowhere."""
    raise UnavailableError(
        f"`{ADDON_FUNCTION}` cannot run here: it is not known what it gives",
        hint="call the addon for each row with the attribute addon = [{name: ..., input: {...}, as: ...}]",
    )


class PlanBuilder:
    """Collects the operands of one statement while its plan is made."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.operands: list[ast.expr] = []
        self.truths: set[int] = set()
        self.optional: set[int] = set()
        self.lists: set[int] = set()
        self.aggregating = False

    def place(self, node: Statement) -> tuple[str, int, int]:
        """Where the statement stands."""
        return self.compiler.filename, node.line, node.column

    def operand(self, node: Expression) -> Operand:
        """A value that the generated code passes."""
        return self.add(self.compiler.value(node), node)

    def add(self, code: ast.expr, node: Expression) -> Operand:
        self.operands.append(code)
        made: Operand = Operand(len(self.operands) - 1).at(node, node)
        return made

    def setting(self, node: Expression | None) -> Setting:
        """A part that is mostly written as a literal: its value, else an operand."""
        if node is None:
            return None
        fixed = fixed_value(node)
        return fixed if fixed is not UNKNOWN else self.operand(node)

    # Conditions ----------------------------------------------------------------------------------------------------

    def condition(self, node: Expression) -> Expression:
        """A condition with its columns and operands told apart."""
        if isinstance(node, (Group, Quoted)):
            inner = node.expression
            return self.operand(node) if inner is None else self.condition(inner)
        if not reads_database(node):
            operand = self.operand(node)
            self.truths.add(operand.index)
            return operand
        if isinstance(node, Unary) and node.operator == "!":
            return self.rebuilt(Unary("!", self.condition(node.operand)), node)
        if isinstance(node, Binary) and node.operator in ("&&", "||"):
            sides = self.condition(node.left), self.condition(node.right)
            return self.rebuilt(Binary(sides[0], node.operator, sides[1]), node)
        if isinstance(node, Binary) and node.operator == "++":
            return self.value(node)
        return self.value(node)

    def value(self, node: Expression) -> Expression:
        """A value in a condition, with its columns and operands told apart."""
        if isinstance(node, (Group, Quoted)) and node.expression is not None:
            return self.value(node.expression)
        if not reads_database(node):
            return self.operand(node)
        if isinstance(node, Path):
            return self.column(node)
        if isinstance(node, Binary):
            return self.binary(node)
        if isinstance(node, Between):
            operand, low, high = (self.value(one) for one in (node.operand, node.low, node.high))
            if node.operator.endswith("?"):
                self.optional.update(one.index for one in (low, high) if isinstance(one, Operand))
            return self.rebuilt(Between(operand, node.operator, low, high), node)
        if isinstance(node, Unary):
            inner = self.condition(node.operand) if node.operator == "!" else self.value(node.operand)
            return self.rebuilt(Unary(node.operator, inner), node)
        if isinstance(node, Ternary):
            parts = self.condition(node.condition), self.value(node.then), self.value(node.otherwise)
            return self.rebuilt(Ternary(*parts), node)
        called = filtered_value(node)
        if isinstance(called, Call) and called.name == ADDON_FUNCTION:
            return self.add(call(self.compiler.linker.helper(refuse_addon_call), node), node)
        if isinstance(node, FilterCall):
            return self.filter_call(node)
        raise self.compiler.refuse("XS405", "this cannot stand in a database condition", node)

    def binary(self, node: Binary) -> Expression:
        if node.operator in ("&&", "||"):
            return self.condition(node)
        left, right = self.value(node.left), self.value(node.right)
        sides = [side.index for side in (left, right) if isinstance(side, Operand)]
        if node.operator.endswith("?") and node.operator != "??":
            self.optional.update(sides)
        if node.operator.removeprefix("not ").removesuffix("?") == "in" and isinstance(right, Operand):
            self.lists.add(right.index)
        return self.rebuilt(Binary(left, node.operator, right), node)

    def filter_call(self, node: FilterCall) -> Expression:
        if node.disabled and node.operand is not None:
            return self.value(node.operand)
        known = is_operator(node.name) or (self.aggregating and node.name in AGGREGATES)
        if not known or node.operand is None:
            raise self.unknown_filter(node)
        arguments = [self.value(argument) for argument in node.arguments]
        return self.rebuilt(FilterCall(self.value(node.operand), node.name, arguments, False), node)

    def unknown_filter(self, node: FilterCall) -> Exception:
        from xsrun.database.operators import filter_names

        names = filter_names()
        if node.name in AGGREGATES:
            hint = 'it belongs into the eval of return = {type: "aggregate"}'
        else:
            instead = _INSTEAD.get(node.name)
            listed = f"filters that work on columns: {', '.join(names)}"
            hint = f"{instead}; {listed}" if instead else listed
        return self.compiler.refuse("XS405", f"the filter `{node.name}` does not work on columns", node, hint)

    def column(self, node: Path) -> Expression:
        """`$db.a.b`: its names."""
        if not (isinstance(node.base, Variable) and node.base.name == "db"):
            raise self.compiler.refuse("XS408", "a member of a computed value cannot be read in the database", node)
        names = []
        for segment in node.segments:
            key = to_text(segment.key.value) if isinstance(segment.key, Literal) else segment.key
            if not is_fixed(segment):
                raise self.compiler.refuse("XS408", "the name of a column must be written out", segment)
            names.append(str(key))
        return self.rebuilt(Column(names), node)

    def rebuilt(self, made: Expression, node: Expression) -> Expression:
        placed: Expression = made.at(node, node)
        return placed

    # db.query ------------------------------------------------------------------------------------------------------

    def fill_query(self, plan: QueryPlan, node: Statement) -> None:
        """All attributes of `db.query`, in source order where they have operands."""
        for attribute in node.attributes():
            if attribute.disabled:
                continue
            fill = _ATTRIBUTES.get(attribute.name)
            if fill is not None:
                fill(self, plan, attribute.value)
        self.finish(plan)

    def finish(self, plan: QueryPlan) -> None:
        """Note the operands that the plan treats in a way of their own."""
        plan.truths, plan.optional = frozenset(self.truths), frozenset(self.optional)
        plan.lists = frozenset(self.lists)

    def where(self, plan: QueryPlan, node: Expression) -> None:
        if not reads_database(node) and isinstance(unwrapped(node), (Variable, Path, ListLiteral, ObjectLiteral)):
            # a condition that comes as data
            plan.additional_where = self.operand(node)
        else:
            plan.condition = self.condition(node)

    def additional_where(self, plan: QueryPlan, node: Expression) -> None:
        if reads_database(node):
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
                raise self.compiler.refuse("XS331", "a join is inner, left or right", settings["type"])
            condition = self.condition(settings["where"]) if "where" in settings else None
            name = fixed_value(table) if table is not None else entry.key
            if name.__class__ is not str:
                raise self.compiler.refuse("XS331", "the table of a join must be written out", table or entry)
            plan.joins.append(JoinPlan(entry.key, str(name), str(kind), condition))

    def evals(self, plan: QueryPlan, node: Expression) -> None:
        plan.evals += self.named(node, "eval")

    def named(self, node: Expression, what: str) -> list[NamedExpression]:
        """The entries of `eval` or `group`; the list form has name, as and filter."""
        if isinstance(unwrapped(node), ListLiteral):
            return [self.listed_eval(item, what) for item in unwrapped(node).items]  # type: ignore[attr-defined]
        return [NamedExpression(entry.key, self.value(entry.value)) for entry in self.entries(node, what)]

    def listed_eval(self, item: Expression, what: str) -> NamedExpression:
        settings = fixed_value(item)
        if settings.__class__ is not dict or not settings.get("name"):
            raise self.compiler.refuse("XS331", f"an entry of `{what}` is an object with a name", item)
        made: Expression = Column(str(settings["name"]).split(".")).at(item, item)
        for entry in settings.get("filter") or []:
            if entry.get("disabled") in (True, "true"):
                continue
            arguments = [self.operand(Literal(one.get("value")).at(item, item)) for one in entry.get("arg") or []]
            filtered = FilterCall(made, str(entry.get("name")), list(arguments), False).at(item, item)
            if not is_operator(filtered.name) and filtered.name not in AGGREGATES:
                raise self.unknown_filter(filtered)
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
            raise self.compiler.refuse("XS331", "an addon needs a name", node)
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

    # Objects -------------------------------------------------------------------------------------------------------

    def entries(self, node: Expression, what: str) -> list[Entry]:
        """The entries of an object that must be written out."""
        inner = unwrapped(node)
        if not isinstance(inner, ObjectLiteral) or any(isinstance(entry, Spread) for entry in inner.entries):
            raise self.compiler.refuse("XS328", f"`{what}` must be written as an object", node)
        return [entry for entry in inner.entries if isinstance(entry, Entry) and not entry.disabled]

    def object_of(self, node: Expression, what: str) -> dict[str, Expression]:
        return {entry.key: entry.value for entry in self.entries(node, what)}


def emit_plan(compiler: Compiler, node: Statement, plan: Plan, builder: PlanBuilder) -> None:
    """One call of a plan with its operands, bound to the statement's result."""
    at = statement_position(node)
    function = name(compiler.linker.constant(plan), at)
    made: ast.expr = place(ast.Call(function, [name("context", at), *builder.operands], []), at)
    if node.result is None and compiler.owner.startswith("addon\0") and node.name == "db.query":
        compiler.emit(place(ast.Return(made), at))  # an addon answers what its query gives (semantics 4.7)
    else:
        compiler.bind_result(node, made)


_ATTRIBUTES: dict[str, Callable[[PlanBuilder, QueryPlan, Expression], None]] = {
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


def filtered_value(node: Expression) -> Expression:
    """What a chain of filters begins with."""
    while isinstance(node, FilterCall) and node.operand is not None:
        node = node.operand
    return node
