"""Roots and paths: `$x`, `$input.name`, `$env.NAME`, `$x.a[$i]`, and reading them where they may be missing."""

from __future__ import annotations

import ast
from functools import partial

from xsrun.evaluator.changes import owners_of
from xsrun.evaluator.guards import Guarded
from xsrun.evaluator.kinds import ANY, INT, LIST, NATURAL, OBJECT, TEXT, Kind, member_of
from xsrun.evaluator.quasiquote import call, constant, expression, function, is_simple, name, place, tuple_of
from xsrun.evaluator.state import CompilerState, compiles
from xsrun.fields.declared import Declared
from xsrun.names.places import fixed_key, short_form, ungrouped, unwrapped
from xsrun.syntax.nodes import (
    Expression,
    Literal,
    Located,
    Path,
    Quoted,
    Segment,
    Unary,
    Variable,
)
from xsrun.values.digits import whole_of_digits

_LOOP_ROOTS = {
    "$": "this",
    "this": "this",
    "index": "index",
    "parent": "parent",
    "result": "result",
    "output": "output",
}


class PathLabel:
    """How messages call a value: its path without the dollar sign, `{}` standing for keys that are computed."""

    __slots__ = ("keys", "text")

    def __init__(self, text: str, keys: list[ast.expr]) -> None:
        self.text = text
        self.keys = keys

    def with_name(self, name: str) -> PathLabel:
        plain = name.replace("{", "{{").replace("}", "}}")
        return PathLabel(f"{self.text}.{plain}" if self.text else plain, self.keys)

    def with_key(self, key: ast.expr) -> PathLabel:
        return PathLabel(f"{self.text}.{{}}", [*self.keys, key])

    def code(self, at: Located) -> ast.expr:
        """The expression of the text; what has to be computed is computed only when the message is needed."""
        if self.keys:
            return call("filled_path", at, constant(self.text, at), *self.keys)
        return constant(self.text.format(), at)


@compiles(Variable)
def compile_variable(state: CompilerState, node: Variable) -> ast.expr:
    return read_path(state, node, [], node)


@compiles(Path)
def compile_path(state: CompilerState, node: Path) -> ast.expr:
    if isinstance(node.base, Variable):
        return read_path(state, node.base, node.segments, node)
    return read_members(state, state.read(node.base), node.segments, "value", node, state.kinds.of(node.base))


def read_path(
    state: CompilerState, base: Variable, segments: list[Segment], at: Located, tolerant: bool = False
) -> ast.expr:
    root, rest = short_form(base, segments)
    operand = transform_operand(state, number, at) if (number := _operand_number(root, rest)) is not None else None
    value, rest, label = (operand, rest[1:], root) if operand is not None else root_value(state, root, rest, at)
    if tolerant and rest:
        return looked_up(state, value, rest, at)
    kind = state.kinds.below(base, segments[: len(segments) - len(rest)]) if rest else ANY
    return read_members(state, value, rest, label, at, kind)


def root_value(
    state: CompilerState, root: str, rest: list[Segment], at: Located
) -> tuple[ast.expr, list[Segment], str]:
    """The value of a root, the segments it leaves, and what it is called in messages."""
    if root == "input":
        return input_root(state, rest, at)
    if root == "env":
        return environment_root(state, rest, at)
    inside = bool(state.scope.elements) and not state.scope.elements[-1].binds_this
    if root == "auth":
        identity = "identity_or_nobody" if inside and not rest else "authentication"
        return call(identity, at, name("context", at)), rest, "auth"
    if root == "var":
        return environment(state, at), rest, "var"
    if root == "toolset" and not state.linker.may_assign(root):
        return call("toolset", at, name("context", at)), rest, root
    element = element_root(state, root, at)
    if element is not None:
        unbound = inside and isinstance(element, ast.Constant)  # a transform reads null below it, too (G16)
        return element, [] if unbound else rest, root
    if root == "error":
        known = state.scope.errors
        return (name(known[-1], at) if known else constant(None, at)), rest, "error"
    if root == "":
        return environment(state, at), rest, ""
    if root == "db" or (root == "output" and not state.linker.may_assign(root)):
        hint = "columns can be read in where, eval, sort and join of db.query only"
        made = call("no_value_here", at, constant(root, at), constant(hint if root == "db" else None, at))
        return made, rest, root
    return read_variable(state, root, at), rest, root


def environment(state: CompilerState, at: Located) -> ast.expr:
    """The variables that have a value at this point, as a dict without dollar signs (semantics 6.2)."""
    if not state.scope.elements and not state.scope.nested:
        return call("variables_of", at, call("locals", at), owners_of(state.scope.owners, at))
    readers = [function([], name(f"v_{one}", at), at) for one in sorted(state.linker.assigned)]
    keys: list[ast.expr | None] = [constant(one, at) for one in sorted(state.linker.assigned)]
    return call("variables_by", at, place(ast.Dict(keys, readers), at), owners_of(state.scope.owners, at))


def program_environment(state: CompilerState, at: Located) -> ast.expr:
    """What a lambda sees of the program: the variables that have a value, and the inputs (semantics 6.2)."""
    keys: list[ast.expr | None] = [constant(root, at) for root in ("$var", "$input", "$env")]
    values = [environment(state, at), all_inputs(state, at), call("lambda_environment", at, name("context", at))]
    return place(ast.Dict(keys, values), at)


def read_variable(state: CompilerState, root: str, at: Located) -> ast.expr:
    """A variable; one that no statement of the construct sets raises when it is read (semantics 1.2)."""
    named = state.scope.named.get(root)
    if named is not None:
        return name(named, at)
    if not state.linker.may_assign(root):
        return call("unset_variable", at, constant(root, at))
    return name(f"v_{root}", at)


def element_root(state: CompilerState, root: str, at: Located) -> ast.expr | None:
    if root in _LOOP_ROOTS:
        for element in reversed(state.scope.elements):
            found = element.names.get(root)
            if found is not None:
                return name(found, at)
        if state.scope.elements and not state.linker.may_assign(root):
            return constant(None, at)  # `$this` in a transform, `$result` outside reduce
        return None
    number = whole_of_digits(root)
    return (transform_operand(state, number, at) or constant(None, at)) if number is not None else None


def transform_operand(state: CompilerState, number: int, at: Located) -> ast.expr | None:
    """`$0`, `$[-1]`: the operands of the `transform`s around, outermost first, negative from the inside."""
    operands = [element.names["$"] for element in state.scope.elements if not element.binds_this]
    if not operands:
        return None
    return name(operands[number], at) if -len(operands) <= number < len(operands) else constant(None, at)


def input_root(state: CompilerState, rest: list[Segment], at: Located) -> tuple[ast.expr, list[Segment], str]:
    """`$input`, or one input: a local variable of the generated function."""
    key = _fixed_index(rest[0]) if rest else None
    if not rest or (rest[0].form == "index" and key is None):
        return all_inputs(state, at), rest, "input"
    key = key or str(rest[0].key)
    local = state.scope.inputs.get(key)
    if local is None:
        return call("unlocated_input", at, constant(key, at), all_inputs(state, at)), rest[1:], f"input.{key}"
    if input_may_be_unbound(state, key):
        value = expression("I if I is not UNBOUND else unlocated_input(K, {})", at, I=local, K=constant(key, at))
        return value, rest[1:], f"input.{key}"
    return name(local, at), rest[1:], f"input.{key}"


def all_inputs(state: CompilerState, at: Located) -> ast.expr:
    """The object that `$input` is: what is declared and bound."""
    names = state.scope.inputs
    made = place(ast.Dict([constant(key, at) for key in names], [name(local, at) for local in names.values()]), at)
    unbound = any(input_may_be_unbound(state, one) for one in state.scope.declared)
    return call("without_unbound", at, made) if unbound else made


def input_may_be_unbound(state: CompilerState, name: str) -> bool:
    """May a declared input be without a value? Attached middleware is given two of its inputs (semantics 7.2)."""
    return state.owner.kind == "middleware" or may_be_unbound(state.scope.declared[name])


def environment_root(state: CompilerState, rest: list[Segment], at: Located) -> tuple[ast.expr, list[Segment], str]:
    if not rest:
        return expression("context.environment", at), rest, "env"
    first = rest[0]
    if first.form == "variable":
        value = call("request_variable", at, name("context", at), constant(str(first.key), at))
        return value, rest[1:], f"env.${first.key}"
    return expression("context.environment.get(K)", at, K=key_value(state, first)), rest[1:], "env"


def key_value(state: CompilerState, segment: Segment) -> ast.expr:
    """The key or index of a segment as an expression."""
    key = segment.key
    if isinstance(key, Expression):
        return state.read(key)
    if segment.form == "variable":
        return read_variable(state, str(key), segment)
    return constant(key, segment)


def kind_of_key(state: CompilerState, segment: Segment) -> Kind:
    """What the key of a segment can be."""
    if isinstance(segment.key, Expression):
        return state.kinds.of(segment.key)
    return Kind(TEXT, 0) if segment.form == "name" and isinstance(segment.key, str) else ANY


def read_members(
    state: CompilerState, value: ast.expr, segments: list[Segment], label: str, at: Located, kind: Kind
) -> ast.expr:
    """Read the segments one after another. `label` is how messages call the value, `kind` what it can be."""
    path = PathLabel(label.replace("{", "{{").replace("}", "}}"), [])
    for position, segment in enumerate(segments):
        if position == 0 and label == "" and segment.form == "index":
            continue
        key = _fixed_index(segment)
        if segment.form == "name" or key is not None:
            text = key if key is not None else str(segment.key)
            path = path.with_name(text)
            value = read_member(state, value, text, path, segment, kind)
        else:
            value, path = read_element(state, value, segment, path, kind)
        kind = member_of(kind)
    return value


def read_member(state: CompilerState, value: ast.expr, key: str, path: PathLabel, at: Located, kind: Kind) -> ast.expr:
    if isinstance(value, ast.Constant):
        return call("member", at, value, constant(key, at), path.code(at))

    def slow(container: ast.expr) -> ast.expr:
        return call("member", at, container, constant(key, at), path.code(at))

    tests = ("" if kind.within(OBJECT) else "A.__class__ is dict", "K in A")
    return Guarded(state, at, value).code("A[K]", tests, slow, K=constant(key, at))


def read_element(
    state: CompilerState, value: ast.expr, segment: Segment, path: PathLabel, kind: Kind
) -> tuple[ast.expr, PathLabel]:
    """`value[key]` in line for a list and an index within it, and how messages call it."""
    at = segment
    if isinstance(value, ast.Constant):
        return call("element", at, value, key_value(state, segment), path.code(at)), path.with_key(constant("", at))
    key = key_value(state, segment)
    if isinstance(key, ast.Constant) and (key.value.__class__ is not int or key.value < 0):
        return call("element", at, value, key, path.code(at)), path.with_key(key)
    known = kind_of_key(state, segment)
    fixed = isinstance(key, ast.Constant)
    listed = "" if kind.within(LIST) else "A.__class__ is list"
    whole = "" if known.within(INT) or fixed else "B.__class__ is int"
    start = "" if known.within(NATURAL) or fixed else "B >= 0"
    guarded = Guarded(state, at, value, key)
    first = (whole, listed) if guarded.evaluated == ["B"] else (listed, whole)
    tests = (*first, start, state.inside("B < len(A)"))
    label = path.with_key(key)

    def slow(container: ast.expr, key: ast.expr) -> ast.expr:
        nonlocal label
        label = path.with_key(key)
        return call("element", at, container, key, path.code(at))

    return guarded.code("A[B]", tests, slow), label


def tolerant(state: CompilerState, node: Expression) -> ast.expr:
    """The value of a node where a missing variable or path is null (semantics 1.2); to be kept by nothing."""
    inner = ungrouped(node)
    if isinstance(inner, Quoted) and inner.expression is not None:
        return tolerant(state, inner.expression)
    if isinstance(inner, Variable):
        return tolerant_root(state, inner, [])
    if isinstance(inner, Path):
        if isinstance(inner.base, Variable):
            return tolerant_root(state, inner.base, inner.segments, inner)
        return looked_up(state, tolerant(state, inner.base), inner.segments, inner)
    return state.value(inner)


def kept_tolerant(state: CompilerState, node: Expression) -> ast.expr:
    """The same for a use that may keep it."""
    value = tolerant(state, node)
    return state.kept(node, value) if isinstance(unwrapped(node), (Variable, Path)) else value


def tolerant_root(state: CompilerState, base: Variable, segments: list[Segment], at: Located | None = None) -> ast.expr:
    at = at or base
    root, rest = short_form(base, segments)
    if root in ("auth", "env") or root in _LOOP_ROOTS or root.isdigit():
        return read_path(state, base, segments, at, tolerant=True)
    if root == "input":
        if not rest:
            return all_inputs(state, at)
        key = _fixed_index(rest[0]) or (str(rest[0].key) if rest[0].form != "index" else None)
        if key is None or key in state.scope.inputs:
            value, left, _ = input_root(state, rest, at)
            if key is not None and input_may_be_unbound(state, key):
                value = expression("I if I is not UNBOUND else None", at, I=state.scope.inputs[key])
            return looked_up(state, value, left, at)
        return constant(None, at)
    if root == "error" and state.scope.errors:
        value = name(state.scope.errors[-1], at)
    elif root in state.scope.assigned:
        value = name(f"v_{root}", at)
        return looked_up(state, value, rest, at, state.kinds.variables.get(root, ANY))
    else:
        state.linker.note_variable(root)
        value = expression("maybe(lambda: V)", at, V=f"v_{root}")
    return looked_up(state, value, rest, at)


def looked_up(
    state: CompilerState, value: ast.expr, segments: list[Segment], at: Located, holder: Kind = ANY
) -> ast.expr:
    """What is at the segments, or null where the path is missing. `holder` is what the value can be."""
    for segment in segments:
        is_object, holder = holder.within(OBJECT), ANY
        key = key_value(state, segment)
        if not is_simple(key) or isinstance(value, ast.Constant):
            value = _looked_up(at, value, key)
            continue
        kind = kind_of_key(state, segment)
        held = "" if is_object else "A.__class__ is dict"
        fast, tests = "A.get(B)", [held, "" if kind.within(TEXT) else "B.__class__ is str"]
        if kind.within(INT):
            start = "" if kind.within(NATURAL) else "0 <= "
            fast, tests = "A[B]", ["A.__class__ is list", f"{start}B < len(A)"]
        value = Guarded(state, at, value, key).code(fast, tests, partial(_looked_up, at))
    return value


def _looked_up(at: Located, value: ast.expr, key: ast.expr) -> ast.expr:
    return call("lookup", at, value, tuple_of([key], at))


def may_be_unbound(declared: Declared) -> bool:
    """Can an input be left without a value? An omitted optional `date` is (semantics 3.2)."""
    return declared.type == "date" and declared.optional and not declared.nullable and not declared.has_default


def _fixed_index(segment: Segment) -> str | None:
    """The key of `["k"]` as a text, or None."""
    return fixed_key(segment) if segment.form == "index" else None


def _operand_number(root: str, segments: list[Segment]) -> int | None:
    """The number in `$[-1]`."""
    key = segments[0].key if root == "" and segments and segments[0].form == "index" else None
    if isinstance(key, Unary) and key.operator == "-" and isinstance(key.operand, Literal):
        return -key.operand.value if key.operand.value.__class__ is int else None
    return key.value if isinstance(key, Literal) and key.value.__class__ is int else None
