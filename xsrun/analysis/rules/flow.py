"""In which order things happen in a construct: variables before they are assigned, code that is never reached."""

from __future__ import annotations

from collections.abc import Collection

from xsrun.analysis.report import TextReport, name_span, span_of
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.language.roots import POST_PROCESS, READ_ONLY, RESERVED, ROOTS
from xsrun.names.bindings import ASSIGNING, assigned_variables
from xsrun.names.places import member_of_root, root_of
from xsrun.names.reads import reads
from xsrun.registry.demands import LOOPS
from xsrun.syntax.nodes import (
    Attribute,
    Binary,
    Body,
    Expression,
    FilterCall,
    Path,
    Quoted,
    Statement,
)
from xsrun.syntax.tokens import HOLE
from xsrun.syntax.walk import below, expressions, is_off, parts, statements

_ENDS = frozenset({"return", "throw", "debug.stop", "break", "continue"})


class Flow:
    """Walks one construct in the order in which it runs."""

    def __init__(self, report: TextReport, inputs: Collection[str] | None, complete: bool) -> None:
        self.report = report
        #: the declared inputs; None when they are not all known (a dblink of an unknown table)
        self.inputs = inputs
        #: whether the text parsed whole: with holes in it, nothing is said about what is missing
        self.complete = complete
        self.everywhere: set[str] = set()
        self.known: set[str] = set()
        self.read: set[str] = set()
        self.told: set[str] = set()

    def construct(self, node: Statement) -> None:
        """Check the stack of a construct, then its response."""
        stack = node.block("stack")
        if stack is not None and stack.body is not None:
            self.everywhere = assigned_variables(stack.body)
            self.body(stack.body, loop="")
        for item in node.body.items if node.body else []:
            if isinstance(item, Attribute) and item.name == "response":
                self.expression(item.value)
        if self.complete and stack is not None:
            self.unused(stack)

    # Statements ----------------------------------------------------------------------------------------------------

    def body(self, body: Body | None, loop: str) -> None:
        """The statements of a body, and the name of the nearest loop around them."""
        ended: Statement | None = None
        for item in body.items if body else []:
            if not isinstance(item, Statement) or is_off(item):
                continue
            if ended is not None and item.name not in ("case", "default", "elseif", "else", "catch", "finally", HOLE):
                text = f"nothing after `{ended.name}` on line {ended.line} is reached"
                self.report.add("XS503", text, name_span(item), "delete it, or put the end into a conditional")
                ended = None
            self.statement(item, loop)
            if item.name in _ENDS:
                ended = item

    def statement(self, item: Statement, loop: str) -> None:
        name = item.name
        if name in ("break", "continue") and not loop:
            hint = "write return { value = ... }"
            self.report.add("XS410", f"`{name}` is outside of any loop", name_span(item), hint)
        elif name in ("foreach.remove", "remove") and loop != "foreach":
            where = f"a {loop}" if loop else "no loop"
            hint = "it takes the item of a foreach out of its list: foreach ($list) { each as $item { ... } }"
            self.report.add("XS410", f"`{name}` is in {where}, not in a foreach", name_span(item), hint)
        for expression, role in expressions(item):
            if role == "as":
                self.result(expression)
            elif role == "target" and self.is_assignment(item):
                self.assignment(item, expression)
            elif role != "mock":
                self.expression(expression)
        if name == "expect.to_throw":
            self.isolated(item)
        elif name in LOOPS:
            self.loop(item)
        else:
            if name == "util.post_process":
                self.known |= frozenset(POST_PROCESS)
            self.body(item.body, loop)
        if name in ("var", "each") or item.result is not None:
            self.bind(item)

    def is_assignment(self, item: Statement) -> bool:
        return item.name in ASSIGNING

    def assignment(self, item: Statement, target: Expression) -> None:
        for inner in below(target):
            if inner is not target and not (isinstance(target, Path) and inner is target.base):
                self.expression(inner)
        if item.name in ("each", "var.update"):
            self.bind(item)

    def result(self, node: Expression) -> None:
        if isinstance(node, FilterCall):
            for argument in node.arguments:
                self.expression(argument)

    def bind(self, item: Statement) -> None:
        for place in (item.target if self.is_assignment(item) else None, item.result):
            if isinstance(place, Expression):
                name = root_of(place)
                if name is not None:
                    self.known.add(name)
                    self.reserved(place, name, item)

    def reserved(self, place: Expression, name: str, item: Statement) -> None:
        read_only = item.name == "var.update" and name in READ_ONLY
        if name in RESERVED and name not in self.told and not read_only:
            self.told.add(name)
            # `$result` is on the documentation's list, and in most of its examples
            code, text = "XS502", f"`${name}` is a reserved name: the hosted editor rewrites it"
            if name == "result":
                code, text = "XS902", "`$result` is on the documentation's list of reserved names"
            listed = ", ".join(f"${other}" for other in RESERVED)
            self.report.add(code, text, span_of(place), f"choose another name; reserved are {listed}")

    def loop(self, item: Statement) -> None:
        """What the body of a loop assigns may be there already when it begins again."""
        if item.body is not None:
            for name in assigned_variables(item.body):
                self.known.add(name)
        self.body(item.body, item.name)

    def isolated(self, item: Statement) -> None:
        """The stack of a workflow's to_throw sees no variables from outside (semantics 8.3)."""
        stack = item.block("stack")
        if stack is None:
            return
        inner = Flow(self.report, self.inputs, self.complete)
        inner.everywhere = assigned_variables(stack.body)
        outer = self.known | self.everywhere
        for statement in statements(stack.body):
            for expression, role in expressions(statement):
                for name, node in reads(expression) if role not in ("as", "mock") else ():
                    self.read.add(name)
                    if name in outer and name not in ROOTS and name not in inner.everywhere and name not in self.told:
                        self.told.add(name)
                        hint = "assign it inside the stack; the missing variable itself counts as the error"
                        text = f"the stack of expect.to_throw does not see `${name}`"
                        self.report.add("XS801", text, span_of(node), hint)

    # Expressions ---------------------------------------------------------------------------------------------------

    def expression(self, node: Expression, *, lenient: bool = False) -> None:
        """Check what an expression reads. On the left of `??` a missing variable is allowed."""
        if isinstance(node, Binary) and node.operator in ("??", "?:"):
            self.expression(node.left, lenient=True)
            self.expression(node.right, lenient=lenient)
            return
        for name, place in reads(node):
            self.read.add(name)
            if name in ROOTS:
                continue
            if not lenient and self.complete:
                self.variable(name, place)
        if self.inputs is not None and not lenient and self.complete:
            self.undeclared_inputs(node)

    def variable(self, name: str, place: Expression) -> None:
        if name in self.known or name in self.told:
            return
        self.told.add(name)
        if name not in self.everywhere:
            self.report.add("XS511", f"`${name}` is assigned nowhere", span_of(place), self.meant(name))
        else:
            hint = f"assign it first: var ${name} {{ value = ... }}"
            self.report.add("XS512", f"`${name}` is read before it is assigned", span_of(place), hint)

    def meant(self, name: str) -> str | None:
        if self.inputs and name in self.inputs:
            return f"did you mean `$input.{name}`?"
        if name.startswith("http_") or name in ("remote_ip", "request_uri", "request_method", "request_querystring"):
            return f"did you mean `$env.${name}`?"
        if name in ("each", "loop", "item", "key", "value"):
            return "a loop gives its item to the variable of each as $...; count with for, or with a variable"
        return did_you_mean(name, self.everywhere)

    def undeclared_inputs(self, node: Expression) -> None:
        assert self.inputs is not None
        for inner in _strict(node):
            name = member_of_root(inner, "input")
            if name is not None and name not in self.inputs and f"input.{name}" not in self.told:
                self.told.add(f"input.{name}")
                hint = did_you_mean(name, self.inputs) or f"declare it: input {{ text {name} }}"
                self.report.add("XS513", f"the construct declares no input `{name}`", span_of(inner), hint)

    # Unused --------------------------------------------------------------------------------------------------------

    def unused(self, stack: Statement) -> None:
        """Variables that nothing reads. Templates, JavaScript and the like may read any of them."""
        every = list(statements(stack.body))
        if any(_reads_all(item) for item in every):
            return
        seen: set[str] = set()
        for item in every:
            name = root_of(item.target) if item.name == "var" and isinstance(item.target, Expression) else None
            if name is not None and name not in self.read and name not in seen and item.find("mock") is None:
                seen.add(name)
                assert item.target is not None
                self.report.add("XS504", f"`${name}` is never read", span_of(item.target), "delete it, or use it")


def _strict(node: Expression) -> list[Expression]:
    """Everything below an expression but what stands on the left of `??`."""
    found, stack = [], [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, Binary) and inner.operator in ("??", "?:"):
            stack.append(inner.right)
        else:
            found.append(inner)
            stack.extend(reversed(parts(inner)))
    return found


def _reads_all(item: Statement) -> bool:
    if item.name in ("api.lambda", "util.get_vars", "util.template_engine", "db.direct_query", "ai.agent.run"):
        return True
    for expression, _ in expressions(item):
        for inner in below(expression):
            if isinstance(inner, FilterCall) and (inner.name.startswith("lambda") or inner.name == "to_expr"):
                return True
            if isinstance(inner, Quoted) and inner.expression is None:
                return True
    return False
