"""Expressions to Python expressions.

Two ints, a key that is there, a text that is a text: the common case is in line, everything else calls `support`. An
operand that is needed twice is kept in a temporary with `:=`. A guard like `(t1 := A).__class__ is (t2 := B).__class__
is int` evaluates both operands, in order, before it decides.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from xsrun import registry
from xsrun.errors import XanoScriptSyntaxError
from xsrun.evaluator.quote import (
    bind,
    call,
    constant,
    expression,
    function,
    is_simple,
    list_of,
    name,
    place,
    tuple_of,
)
from xsrun.evaluator.scope import Scope
from xsrun.runtime.values import MAX_INT, MIN_INT, parse_number, to_text, truthy
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Call,
    Cast,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Now,
    ObjectLiteral,
    Path,
    Placeholder,
    Quoted,
    Segment,
    Spread,
    Ternary,
    Timestamp,
    Unary,
    Variable,
    Word,
)

if TYPE_CHECKING:
    from xsrun.registry import Parameter

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_INLINE = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
_COMPARISON = {"<": "less", "<=": "less_or_equal", ">": "greater", ">=": "greater_or_equal"}
_EQUALITY = {
    "==": "loose_equal",
    "=": "loose_equal",
    "!=": "not_equal",
    "===": "strict_equal",
    "!==": "not_identical",
}
_WORD_OPERATORS = {
    "in": "is_in",
    "contains": "contains",
    "includes": "includes",
    "overlaps": "overlaps",
    "like": "like",
    "ilike": "ilike",
    "@>": "contains",
}
_CONVERTERS = {
    "text": ("as_text", "str"),
    "int": ("as_int", "int"),
    "number": ("as_number", ""),
    "bool": ("as_bool", "bool"),
    "list": ("as_list", "list"),
    "object": ("as_object", "dict"),
    "array": ("as_array", ""),
}
_PYTHON_TYPES = {"text": str, "int": int, "bool": bool}
_BOOLEAN_OPERATORS = frozenset((*_COMPARISON, *_EQUALITY, "&&", "||", *_WORD_OPERATORS))
_LOOP_ROOTS = {
    "$": "this",
    "this": "this",
    "index": "index",
    "parent": "parent",
    "result": "result",
    "output": "output",
}


class ExpressionCompiler:
    """Compiles expressions in a scope. Statement forms and filter forms get one through their compiler."""

    def __init__(self, scope: Scope, linker: Any, filename: str) -> None:
        #: kind and name of the construct, which mocks belong to
        self.owner = ""
        self.scope = scope
        self.linker = linker
        self.filename = filename

    # Values --------------------------------------------------------------------------------------------------------

    def value(self, node: Expression | None) -> ast.expr:
        """The Python expression that gives the value of a node; null for a missing one."""
        if node is None:
            return ast.Constant(None)
        method = _METHODS.get(node.__class__)
        if method is None:
            raise self.refuse(f"{type(node).__name__.lower()} cannot stand here", node)
        return method(self, node)

    def refuse(self, message: str, node: Any, hint: str | None = None) -> XanoScriptSyntaxError:
        """An error of the program text found while compiling, at a node."""
        from xsrun.diagnostics import Diagnostic

        end = (node.end_line, node.end_column)
        found = Diagnostic("error", "XS300", message, hint, self.filename, node.line, node.column, *end)
        return XanoScriptSyntaxError(
            message, [found], hint=hint, file=self.filename, line=node.line, column=node.column
        )

    def condition(self, node: Expression) -> ast.expr:
        """A Python expression whose Python truth is the XanoScript truth of a node."""
        inner = node
        while inner.__class__ is Group:
            inner = inner.expression
        if isinstance(inner, Binary) and inner.operator in ("&&", "||"):
            operator = ast.And() if inner.operator == "&&" else ast.Or()
            return place(ast.BoolOp(operator, [self.condition(inner.left), self.condition(inner.right)]), inner)
        if isinstance(inner, Unary) and inner.operator == "!":
            return place(ast.UnaryOp(ast.Not(), self.condition(inner.operand)), inner)
        if isinstance(inner, Quoted) and inner.expression is not None:
            return self.condition(inner.expression)
        if isinstance(inner, Literal):
            return constant(truthy(inner.value), inner)
        value = self.value(inner)
        if self.is_boolean(inner):
            return value
        return expression("V if (V := E).__class__ is bool else truthy(V)", inner, E=value, V=self.scope.temporary())

    def is_boolean(self, node: Expression) -> bool:
        """Does the node always give a bool?"""
        while node.__class__ is Group:
            node = node.expression
        if isinstance(node, Binary):
            return node.operator in _BOOLEAN_OPERATORS or node.operator.startswith("not ")
        if isinstance(node, Unary):
            return node.operator == "!"
        if isinstance(node, FilterCall):
            record = registry.find_filter(node.name)
            return record is not None and record.function.__annotations__.get("return") in ("bool", bool)
        return isinstance(node, Between) or (isinstance(node, Literal) and node.value.__class__ is bool)

    def simple(self, value: ast.expr, at: Any) -> tuple[ast.expr, ast.expr]:
        """(first use, later uses) of a value that is needed more than once."""
        if is_simple(value):
            return value, value
        temporary = self.scope.temporary()
        return bind(temporary, value, at), name(temporary, at)

    # Literals ------------------------------------------------------------------------------------------------------

    def literal(self, node: Literal) -> ast.expr:
        return constant(node.value, node)

    def timestamp(self, node: Timestamp) -> ast.expr:
        return constant(node.value, node)

    def now(self, node: Now) -> ast.expr:
        return expression("context.clock()", node)

    def word(self, node: Word) -> ast.expr:
        return constant(node.text, node)

    def placeholder(self, node: Placeholder) -> ast.expr:
        raise self.refuse("a placeholder `...` was left in the code", node, "write the value it stands for")

    def group(self, node: Group) -> ast.expr:
        return self.value(node.expression)

    def quoted(self, node: Quoted) -> ast.expr:
        return constant(node.text, node) if node.expression is None else self.value(node.expression)

    def list_literal(self, node: ListLiteral) -> ast.expr:
        if not any(isinstance(item, Spread) for item in node.items):
            return list_of([self.value(item) for item in node.items], node)
        parts = [
            tuple_of([constant(isinstance(item, Spread), item), self.value(_spread_value(item))], item)
            for item in node.items
        ]
        return call("spread_list", node, *parts)

    def object_literal(self, node: ObjectLiteral) -> ast.expr:
        entries = [entry for entry in node.entries if not (isinstance(entry, Entry) and entry.disabled)]
        if any(isinstance(entry, Placeholder) for entry in entries):
            raise self.refuse("a placeholder `...` was left in the code", node, "write the entries it stands for")
        if any(isinstance(entry, Spread) for entry in entries):
            parts = [
                tuple_of([constant(getattr(entry, "key", None), entry), self.value(entry.value)], entry)
                for entry in entries
            ]
            return call("spread_object", node, *parts)
        pairs = [(entry.key, self.value(entry.value)) for entry in entries if isinstance(entry, Entry)]
        keys = list(dict(pairs))
        if keys and keys == [str(index) for index in range(len(keys))]:
            return list_of(list(dict(pairs).values()), node)  # semantics 2.1
        return place(ast.Dict([constant(key, node) for key, _ in pairs], [value for _, value in pairs]), node)

    def cast(self, node: Cast) -> ast.expr:
        """A tagged literal: `!int "5"` (language 2.7)."""
        operand = node.operand
        if node.tag in ("input", "var", "env", "auth", "expr") and isinstance(operand, Literal):
            prefix = "" if node.tag == "expr" else f"${node.tag}."
            return self.value(self.parse(prefix + to_text(operand.value), node))
        filters = {"int": "to_int", "decimal": "to_decimal", "bool": "to_bool", "timestamp": "to_timestamp"}
        if node.tag in filters:
            return self.filter_call(self.positioned(FilterCall(operand, filters[node.tag], [], False), node))
        if node.tag in ("object", "array") and isinstance(operand, Literal):
            return self.filter_call(self.positioned(FilterCall(operand, "json_decode", [], False), node))
        if node.tag == "null":
            return constant(None, node)
        return self.value(operand)

    def positioned(self, made: Any, at: Any) -> Any:
        return made.at(at, at)

    def parse(self, text: str, at: Any) -> Expression:
        """Parse an expression that a program holds as a text literal."""
        from xsrun.syntax.parser import parser
        from xsrun.syntax.source import Source

        parsed = parser().parse(Source(text, self.filename), "expression")
        if parsed.tree is None or any(found.severity == "error" for found in parsed.diagnostics):
            message = parsed.diagnostics[0].message if parsed.diagnostics else "not an expression"
            raise self.refuse(f"the text is not an expression: {message}", at)
        for node in parsed.tree.walk():
            node.at(at, at)
        return parsed.tree

    # Operators -----------------------------------------------------------------------------------------------------

    def binary(self, node: Binary) -> ast.expr:
        operator = node.operator
        if operator in _ARITHMETIC:
            return self.arithmetic(node)
        if operator in ("&&", "||"):
            return self.condition_as_bool(node)
        if operator in _COMPARISON:
            return self.comparison(node)
        if operator in _EQUALITY:
            return self.equality(node)
        if operator in ("~", "++"):
            return self.concatenation(node)
        if operator in ("??", "?:"):
            return self.fallback(node)
        if operator == "..":
            return call("number_range", node, name("context", node), self.value(node.left), self.value(node.right))
        return self.word_operator(node, operator)

    def word_operator(self, node: Binary, operator: str) -> ast.expr:
        plain = operator.removesuffix("?")
        if operator != plain:
            raise self.refuse(f"`{operator}` works in database conditions only", node, f"write {plain}")
        negated = plain.startswith("not ")
        function = _WORD_OPERATORS.get(plain.removeprefix("not "))
        if function is None:
            raise self.refuse(f"`{operator}` works in database conditions only", node)
        found = call(function, node, self.value(node.left), self.value(node.right))
        return place(ast.UnaryOp(ast.Not(), found), node) if negated else found

    def condition_as_bool(self, node: Binary) -> ast.expr:
        """`&&` and `||` as values give booleans (evidence c)."""
        operator = ast.And() if node.operator == "&&" else ast.Or()
        sides = [self.boolean(side) for side in (node.left, node.right)]
        return place(ast.BoolOp(operator, sides), node)

    def boolean(self, node: Expression) -> ast.expr:
        """The truth of a node as a Python bool."""
        value = self.condition(node)
        return value if self.is_boolean(node) or isinstance(value, ast.Constant) else call("bool", node, value)

    def arithmetic(self, node: Binary) -> ast.expr:
        function = _ARITHMETIC[node.operator]
        if any(side.__class__ is Now for side in (node.left, node.right)):
            return call("refuse_now", node, self.value(node.left), self.value(node.right))
        left, right = self.value(node.left), self.value(node.right)
        folded = _fold(node.operator, left, right)
        if folded is not None:
            return constant(folded, node)
        first, a = self.simple(left, node.left)
        second, b = self.simple(right, node.right)
        guard = self.both_ints(node, first, a, second, b)
        if guard is None:
            return call(function, node, left, right)
        result = self.scope.temporary()
        if node.operator in _INLINE:
            operation = place(ast.BinOp(a, _INLINE[node.operator](), b), node)
            check = expression(f"{MIN_INT} <= (R := OPERATION) <= {MAX_INT}", node, R=result, OPERATION=operation)
            both = place(ast.BoolOp(ast.And(), [guard, check]), node)
            return place(ast.IfExp(both, name(result, node), call(function, node, a, b)), node)
        if node.operator == "%":
            test = expression("G and A >= 0 < B", node, G=guard, A=a, B=b)
            operation = place(ast.BinOp(a, ast.Mod(), b), node)
            return place(ast.IfExp(test, operation, call(function, node, a, b)), node)
        return call(function, node, left, right)

    def both_ints(self, node: Any, first: ast.expr, a: ast.expr, second: ast.expr, b: ast.expr) -> ast.expr | None:
        """A test that both operands are ints, evaluating both; None when a constant rules it out."""
        left_constant = isinstance(a, ast.Constant)
        right_constant = isinstance(b, ast.Constant)
        if (left_constant and a.value.__class__ is not int) or (  # type: ignore[attr-defined]
            right_constant and b.value.__class__ is not int  # type: ignore[attr-defined]
        ):
            return None
        if right_constant:
            return expression("A.__class__ is int", node, A=first)
        if left_constant:
            return expression("B.__class__ is int", node, B=second)
        return expression("A.__class__ is B.__class__ is int", node, A=first, B=second)

    def comparison(self, node: Binary) -> ast.expr:
        left, right = self.value(node.left), self.value(node.right)
        first, a = self.simple(left, node.left)
        second, b = self.simple(right, node.right)
        guard = self.both_ints(node, first, a, second, b)
        function = _COMPARISON[node.operator]
        if guard is None:
            return call(function, node, left, right)
        return expression(
            f"A {node.operator} B if GUARD else SLOW", node, A=a, B=b, GUARD=guard, SLOW=call(function, node, a, b)
        )

    def equality(self, node: Binary) -> ast.expr:
        function = _EQUALITY[node.operator]
        left, right = self.value(node.left), self.value(node.right)
        sides = (left, right)
        fixed = next((side for side in sides if isinstance(side, ast.Constant)), None)
        sign = "==" if node.operator in ("==", "=", "===") else "!="
        if fixed is not None and node.operator in ("==", "=", "!="):
            other = left if fixed is right else right
            kind = fixed.value.__class__
            if isinstance(fixed.value, str) and parse_number(fixed.value) is not None:
                return call(function, node, left, right)
            if kind in (int, str):
                first, later = self.simple(other, node)
                return expression(
                    f"B {sign} C if A.__class__ is {kind.__name__} else SLOW",
                    node,
                    A=first,
                    B=later,
                    C=fixed,
                    SLOW=call(function, node, later, fixed),
                )
        if node.operator in ("==", "=", "!=") and fixed is None:
            first, a = self.simple(left, node.left)
            second, b = self.simple(right, node.right)
            guard = self.both_ints(node, first, a, second, b)
            assert guard
            slow = call(function, node, a, b)
            return expression(f"A {sign} B if GUARD else SLOW", node, A=a, B=b, GUARD=guard, SLOW=slow)
        return call(function, node, left, right)

    def concatenation(self, node: Binary) -> ast.expr:
        """A chain of `~` as one join, so that a long one stays linear and is checked once."""
        parts: list[Expression] = []

        def gather(side: Expression) -> None:
            if isinstance(side, Binary) and side.operator in ("~", "++"):
                gather(side.left)
                gather(side.right)
            else:
                parts.append(side)

        gather(node)
        values = [self.value(part) for part in parts]
        return self.short_text(values, node) or call("concatenate_all", node, name("context", node), *values)

    def short_text(self, values: list[ast.expr], node: Any) -> ast.expr | None:
        """Texts and ints joined in line, as long as the result is short; None when that would evaluate a part twice."""
        if sum(not is_simple(value) for value in values) > 1:
            return None
        pairs = [self.simple(value, node) for value in values]
        tests, pieces = [], []
        for first, later in sorted(pairs, key=lambda pair: is_simple(pair[0])):
            if not isinstance(later, ast.Constant):
                template = "A.__class__ is str or B.__class__ is int"
                tests.append(expression(template, node, A=first, B=later))
        for _, later in pairs:
            if isinstance(later, ast.Constant):
                pieces.append(constant(to_text(later.value), node))
            else:
                pieces.append(place(ast.FormattedValue(later, -1, None), node))
        joined = place(ast.JoinedStr(pieces), node)
        made = self.scope.temporary()
        tests.append(expression("len(T := JOINED) < 4096", node, T=made, JOINED=joined))
        slow = call("concatenate_all", node, name("context", node), *[later for _, later in pairs])
        test = tests[0] if len(tests) == 1 else place(ast.BoolOp(ast.And(), tests), node)
        return place(ast.IfExp(test, name(made, node), slow), node)

    def fallback(self, node: Binary) -> ast.expr:
        """`a ?? b`: b when a is null or its path is missing; `a ?: b`: b when a is falsy."""
        left, right = self.tolerant(node.left), self.value(node.right)
        temporary = self.scope.temporary()
        if node.operator == "??":
            return expression("V if (V := A) is not None else B", node, V=temporary, A=left, B=right)
        return expression("V if truthy(V := A) else B", node, V=temporary, A=left, B=right)

    def tolerant(self, node: Expression) -> ast.expr:
        """The value of a node where a missing variable or path is null (semantics 1.2)."""
        inner: Expression = node
        while inner.__class__ is Group:
            inner = inner.expression
        if isinstance(inner, Quoted) and inner.expression is not None:
            return self.tolerant(inner.expression)
        if isinstance(inner, Variable):
            return self.tolerant_root(inner, [])
        if isinstance(inner, Path):
            if isinstance(inner.base, Variable):
                return self.tolerant_root(inner.base, inner.segments, inner)
            keys = tuple_of([self.key(segment) for segment in inner.segments], inner)
            return call("lookup", inner, self.tolerant(inner.base), keys)
        if isinstance(inner, Binary) and inner.operator == "??":
            return self.value(inner)
        return self.value(inner)

    def tolerant_root(self, base: Variable, segments: list[Segment], at: Any = None) -> ast.expr:
        at = at or base
        root, rest = self.normalize(base, segments)
        if root in ("auth", "env") or root in _LOOP_ROOTS or root.isdigit():
            return self.path_from(base, segments, at, tolerant=True)
        if root == "input":
            if not rest:
                return self.all_inputs(at)
            key = _literal_text(rest[0]) or (str(rest[0].key) if rest[0].form != "index" else None)
            if key is None or key in self.scope.inputs:
                value, left, _ = self.input_root(rest, at)
                if key is not None and self.may_be_unbound(key):
                    value = expression("I if I is not UNBOUND else None", at, I=self.scope.inputs[key])
                return call("lookup", at, value, tuple_of([self.key(one) for one in left], at)) if left else value
            return constant(None, at)
        if root == "error" and self.scope.errors:
            value = name(self.scope.errors[-1], at)
        elif root in self.scope.assigned:
            value = name(f"v_{root}", at)
        else:
            self.linker.note_variable(root)
            value = expression("maybe(lambda: V)", at, V=f"v_{root}")
        if not rest:
            return value
        return call("lookup", at, value, tuple_of([self.key(segment) for segment in rest], at))

    def between(self, node: Between) -> ast.expr:
        if node.operator.endswith("?"):
            raise self.refuse(f"`{node.operator}` works in database conditions only", node)
        found = call("between", node, self.value(node.operand), self.value(node.low), self.value(node.high))
        return place(ast.UnaryOp(ast.Not(), found), node) if node.operator.startswith("not") else found

    def unary(self, node: Unary) -> ast.expr:
        if node.operator == "!":
            return place(ast.UnaryOp(ast.Not(), self.condition(node.operand)), node)
        if node.operand.__class__ is Now:
            return call("refuse_now", node, self.value(node.operand), constant(0, node))
        return call("negate" if node.operator == "-" else "to_number", node, self.value(node.operand))

    def ternary(self, node: Ternary) -> ast.expr:
        condition = self.condition(node.condition)
        return place(ast.IfExp(condition, self.value(node.then), self.value(node.otherwise)), node)

    # Variables and paths -------------------------------------------------------------------------------------------

    def normalize(self, base: Variable, segments: list[Segment]) -> tuple[str, list[Segment]]:
        """Root and segments, with the long form `$var.x` made short."""
        if base.name == "var" and segments and segments[0].form != "index":
            return str(segments[0].key), segments[1:]
        if base.name == "var" and segments and isinstance(segments[0].key, Literal):
            return to_text(segments[0].key.value), segments[1:]
        return base.name, segments

    def variable(self, node: Variable) -> ast.expr:
        return self.path_from(node, [], node)

    def path(self, node: Path) -> ast.expr:
        if isinstance(node.base, Variable):
            return self.path_from(node.base, node.segments, node)
        return self.members(self.value(node.base), node.segments, "value", node)

    def path_from(self, base: Variable, segments: list[Segment], at: Any, tolerant: bool = False) -> ast.expr:
        root, rest = self.normalize(base, segments)
        operand = self.transform_operand(number, at) if (number := _operand_number(root, rest)) is not None else None
        value, rest, label = (operand, rest[1:], root) if operand is not None else self.root(root, rest, at)
        if tolerant and rest:
            return call("lookup", at, value, tuple_of([self.key(segment) for segment in rest], at))
        return self.members(value, rest, label, at)

    def root(self, root: str, rest: list[Segment], at: Any) -> tuple[ast.expr, list[Segment], str]:
        """The value of a root, the segments it leaves, and what it is called in messages."""
        if root == "input":
            return self.input_root(rest, at)
        if root == "env":
            return self.environment_root(rest, at)
        if root == "auth":
            return call("authentication", at, name("context", at)), rest, "auth"
        if root == "var":
            return self.environment(at), rest, "var"
        element = self.element_root(root, at)
        if element is not None:
            return element, rest, root
        if root == "error":
            known = self.scope.errors
            return (name(known[-1], at) if known else constant(None, at)), rest, "error"
        if root == "":
            return self.environment(at), rest, ""
        if root == "db" or (root == "output" and "output" not in self.scope.assigned):
            hint = "columns can be read in where, eval, sort and join of db.query only"
            raise self.refuse(f"`${root}` has no value here", at, hint if root == "db" else None)
        return self.read_variable(root, at), rest, root

    def environment(self, at: Any) -> ast.expr:
        """The variables that have a value at this point, as a dict without dollar signs (semantics 6.2)."""
        if not self.scope.elements and not self.scope.nested:
            return call("variables_of", at, call("locals", at))
        readers = [function([], name(f"v_{one}", at), at) for one in sorted(self.linker.assigned)]
        keys: list[ast.expr | None] = [constant(one, at) for one in sorted(self.linker.assigned)]
        return call("variables_by", at, place(ast.Dict(keys, readers), at))

    def read_variable(self, root: str, at: Any) -> ast.expr:
        """A variable; one that no statement of the construct sets raises when it is read (semantics 1.2)."""
        named = self.scope.named.get(root)
        if named is not None:
            return name(named, at)
        if not self.linker.may_assign(root):
            return call("unset_variable", at, constant(root, at))
        return name(f"v_{root}", at)

    def element_root(self, root: str, at: Any) -> ast.expr | None:
        if root in _LOOP_ROOTS:
            for element in reversed(self.scope.elements):
                found = element.names.get(root)
                if found is not None:
                    return name(found, at)
            if self.scope.elements and not self.linker.may_assign(root):
                return constant(None, at)  # `$this` in a transform, `$result` outside reduce
            return None
        return self.transform_operand(int(root), at) if root.isdigit() else None

    def transform_operand(self, number: int, at: Any) -> ast.expr | None:
        """`$0`, `$[-1]`: the operands of the `transform`s around, outermost first, negative from the inside."""
        operands = [element.names["$"] for element in self.scope.elements if not element.binds_this]
        if not operands:
            return None
        return name(operands[number], at) if -len(operands) <= number < len(operands) else constant(None, at)

    def input_root(self, rest: list[Segment], at: Any) -> tuple[ast.expr, list[Segment], str]:
        """`$input`, or one input: a local variable of the generated function."""
        key = _literal_text(rest[0]) if rest else None
        if not rest or (rest[0].form == "index" and key is None):
            return self.all_inputs(at), rest, "input"
        key = key or str(rest[0].key)
        local = self.scope.inputs.get(key)
        if local is None:
            return call("unlocated_input", at, constant(key, at), self.all_inputs(at)), rest[1:], key
        if self.may_be_unbound(key):
            value = expression("I if I is not UNBOUND else unlocated_input(K, {})", at, I=local, K=constant(key, at))
            return value, rest[1:], key
        return name(local, at), rest[1:], key

    def all_inputs(self, at: Any) -> ast.expr:
        """The object that `$input` is: what is declared and bound."""
        names = self.scope.inputs
        made = place(ast.Dict([constant(key, at) for key in names], [name(local, at) for local in names.values()]), at)
        unbound = any(map(self.may_be_unbound, self.scope.declared))
        return call("without_unbound", at, made) if unbound else made

    def may_be_unbound(self, name: str) -> bool:
        """May a declared input be without a value? Attached middleware is given two of its inputs (semantics 7.2)."""
        return self.owner.startswith("middleware\0") or may_be_unbound(self.scope.declared[name])

    def environment_root(self, rest: list[Segment], at: Any) -> tuple[ast.expr, list[Segment], str]:
        if not rest:
            return expression("context.environment", at), rest, "env"
        first = rest[0]
        if first.form == "variable":
            value = call("request_variable", at, name("context", at), constant(str(first.key), at))
            return value, rest[1:], f"env.${first.key}"
        return expression("context.environment.get(K)", at, K=self.key(first)), rest[1:], "env"

    def key(self, segment: Segment) -> ast.expr:
        """The key or index of a segment as an expression."""
        key = segment.key
        if isinstance(key, Expression):
            return self.value(key)
        if segment.form == "variable":
            return self.read_variable(str(key), segment)
        return constant(key, segment)

    def members(self, value: ast.expr, segments: list[Segment], label: str, at: Any) -> ast.expr:
        """Read the segments one after another."""
        for position, segment in enumerate(segments):
            if position == 0 and label == "" and segment.form == "index":
                continue
            key = _literal_text(segment)
            if segment.form == "name" or key is not None:
                value = self.member(value, key if key is not None else str(segment.key), label, segment)
            else:
                value = self.element(value, segment, label)
            label = f"{label}.{key if key is not None else segment.key if segment.form == 'name' else '[]'}"
        return value

    def member(self, value: ast.expr, key: str, label: str, at: Any) -> ast.expr:
        path = f"{label}.{key}" if label else key
        if isinstance(value, ast.Constant):
            return call("member", at, value, constant(key, at), constant(path, at))
        first, later = self.simple(value, at)
        slow = call("member", at, later, constant(key, at), constant(path, at))
        return expression(
            "B[K] if A.__class__ is dict and K in B else SLOW", at, A=first, B=later, K=constant(key, at), SLOW=slow
        )

    def element(self, value: ast.expr, segment: Segment, label: str) -> ast.expr:
        if isinstance(value, ast.Constant):
            return call("element", segment, value, self.key(segment), constant(label, segment))
        first, base = self.simple(value, segment)
        second, key = self.simple(self.key(segment), segment)
        slow = call("element", segment, base, key, constant(label, segment))
        if isinstance(key, ast.Constant):
            if key.value.__class__ is not int or key.value < 0:
                return call("element", segment, value, key, constant(label, segment))
            template = "B[K] if A.__class__ is list and K < len(B) else SLOW"
            return expression(template, segment, A=first, B=base, K=key, SLOW=slow)
        return expression(
            "B[K] if (A, I)[0].__class__ is list and K.__class__ is int and 0 <= K < len(B) else SLOW"
            if not is_simple(second)
            else "B[K] if A.__class__ is list and K.__class__ is int and 0 <= K < len(B) else SLOW",
            segment,
            A=first,
            B=base,
            I=second,
            K=key,
            SLOW=slow,
        )

    # Filters and calls ---------------------------------------------------------------------------------------------

    def filter_call(self, node: FilterCall) -> ast.expr:
        operand = constant(None, node) if node.operand is None else None
        if node.disabled:
            return operand or self.value(node.operand)
        record = registry.find_filter(node.name)
        if record is None:
            raise self.unknown_filter(node)
        if record.form:
            compiled = operand or (self.operand(record, node))
            return record.function(self, compiled, node)
        self.check_arguments(record, node)
        piped = operand or self.operand(record, node)
        return self.builtin_call(record, [piped, *map(self.value, node.arguments)], node)

    def operand(self, record: registry.Builtin, node: FilterCall) -> ast.expr:
        """The piped value; some filters may be given a path that is missing."""
        if record.name in _TOLERANT and node.operand is not None:
            return self.tolerant(node.operand)
        return self.value(node.operand)

    def builtin_call(self, record: registry.Builtin, values: list[ast.expr], node: Any) -> ast.expr:
        """A call of a value builtin with positional values, each converted as its parameter asks."""
        parameters = list(record.parameters)
        converted = []
        for position, value in enumerate(values):
            parameter = parameters[min(position, len(parameters) - 1)]
            converted.append(self.convert(value, parameter, node))
        if record.wants_context:
            converted.insert(0, name("context", node))
        extra = {registry.ENVIRONMENT: self.program_environment(node)} if record.wants_environment else {}
        return call(self.linker.builtin(record), node, *converted, **extra)

    def program_environment(self, at: Any) -> ast.expr:
        """What a lambda sees of the program: the variables that have a value, and the inputs (semantics 6.2)."""
        keys = [constant(root, at) for root in ("$var", "$input", "$env")]
        values = [self.environment(at), self.all_inputs(at), call("lambda_environment", at, name("context", at))]
        return place(ast.Dict(keys, values), at)

    def convert(self, value: ast.expr, parameter: Parameter, at: Any) -> ast.expr:
        """The value as the parameter's type: in line when it has the type already, else through its converter."""
        found = _CONVERTERS.get(parameter.type)
        if found is None:
            return value
        function, python = found
        if isinstance(value, ast.Constant):
            if value.value.__class__ is _PYTHON_TYPES.get(parameter.type):
                return value
            if value.value is None and parameter.nullable:
                return value
            return call(function, at, value)
        if not python and not parameter.nullable:
            return call(function, at, value)
        first, later = self.simple(value, at)
        tests = []
        if python:
            tests.append(expression(f"A.__class__ is {python}", at, A=first))
            first = later
        if parameter.nullable:
            tests.append(expression("A is None", at, A=first))
        test = tests[0] if len(tests) == 1 else place(ast.BoolOp(ast.Or(), tests), at)
        return place(ast.IfExp(test, later, call(function, at, later)), at)

    def check_arguments(self, record: registry.Builtin, node: FilterCall) -> None:
        given = len(node.arguments)
        parameters = record.parameters if record.form else record.parameters[1:]
        needed = sum(parameter.required for parameter in parameters)
        variadic = any(parameter.variadic for parameter in parameters)
        if given < needed or (given > len(parameters) and not variadic):
            count = str(needed) if needed == len(parameters) else f"{needed} to {len(parameters)}"
            if variadic:
                count = f"at least {needed}"
            few = "Too few arguments: " if given < needed else "Too many arguments: "
            message = f"{few}the filter `{node.name}` takes {count}, not {given}"
            raise self.refuse(message, node, f"its form is |{record.signature}")

    def unknown_filter(self, node: FilterCall) -> XanoScriptSyntaxError:
        from xsrun import catalogue
        from xsrun.diagnostics.suggest import nearest

        names = [*catalogue.names("filter")]
        close = nearest(node.name, names)
        hint = f"did you mean `{close}`?" if close else None
        return self.refuse(f"unknown filter `{node.name}`", node, hint)

    def call(self, node: Call) -> ast.expr:
        """A domain call: `math.add(5, 3)`, the filter of the same name on its first argument (language 2.10)."""
        names = [node.name.rpartition(".")[2], node.name.replace(".", "_")]
        aliases = {"object.keys": "keys", "object.values": "values", "object.entries": "entries"}
        for candidate in [aliases.get(node.name, ""), *names]:
            if candidate and registry.find_filter(candidate) is not None:
                operand = node.arguments[0] if node.arguments else None
                made = FilterCall(operand, candidate, node.arguments[1:], False)
                return self.filter_call(self.positioned(made, node))
        raise self.refuse(f"unknown function `{node.name}`", node, "use a filter: value|name:argument")


def may_be_unbound(declared: Any) -> bool:
    """Can an input be left without a value? An omitted optional `date` is (semantics 3.2)."""
    return declared.type == "date" and declared.optional and not declared.nullable and not declared.has_default


#: Filters that may be given a path that is missing: they exist to deal with it (semantics 1.2).
_TOLERANT = frozenset(("first_notnull", "first_notempty", "is_null", "is_empty"))


def _spread_value(item: Expression) -> Expression:
    return item.value if isinstance(item, Spread) else item


def _literal_text(segment: Segment) -> str | None:
    """The key of `["k"]` as a text, or None."""
    key = segment.key
    return key.value if segment.form == "index" and isinstance(key, Literal) and isinstance(key.value, str) else None


def _operand_number(root: str, segments: list[Segment]) -> int | None:
    """The number in `$[-1]`."""
    key = segments[0].key if root == "" and segments and segments[0].form == "index" else None
    if isinstance(key, Unary) and key.operator == "-" and isinstance(key.operand, Literal):
        return -key.operand.value if key.operand.value.__class__ is int else None
    return key.value if isinstance(key, Literal) and key.value.__class__ is int else None


def _fold(operator: str, left: ast.expr, right: ast.expr) -> float | None:
    """The result of arithmetic on two int constants, when it is surely an int within 64 bits."""
    if not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)):
        return None
    a, b = left.value, right.value
    if a.__class__ is not int or b.__class__ is not int:
        return None
    result = {"+": a + b, "-": a - b, "*": a * b}.get(operator)
    return result if result is not None and MIN_INT <= result <= MAX_INT else None


_METHODS: dict[type, Any] = {
    Literal: ExpressionCompiler.literal,
    Timestamp: ExpressionCompiler.timestamp,
    Now: ExpressionCompiler.now,
    Word: ExpressionCompiler.word,
    Placeholder: ExpressionCompiler.placeholder,
    Group: ExpressionCompiler.group,
    Quoted: ExpressionCompiler.quoted,
    ListLiteral: ExpressionCompiler.list_literal,
    ObjectLiteral: ExpressionCompiler.object_literal,
    Cast: ExpressionCompiler.cast,
    Binary: ExpressionCompiler.binary,
    Between: ExpressionCompiler.between,
    Unary: ExpressionCompiler.unary,
    Ternary: ExpressionCompiler.ternary,
    Variable: ExpressionCompiler.variable,
    Path: ExpressionCompiler.path,
    FilterCall: ExpressionCompiler.filter_call,
    Call: ExpressionCompiler.call,
}
