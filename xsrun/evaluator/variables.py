"""Roots and paths: `$x`, `$input.name`, `$env.NAME`, `$x.a[$i]`, and reading them where they may be missing."""

from __future__ import annotations

import ast

from xsrun import registry
from xsrun.evaluator.base import CompilerBase
from xsrun.evaluator.changes import owned_call, owners_of
from xsrun.evaluator.inference import ANY, CONTAINER, INT, LIST, NATURAL, TEXT, Kind, member_of
from xsrun.evaluator.quasiquote import call, constant, expression, function, is_simple, name, place, tuple_of
from xsrun.fields.declared import Declared
from xsrun.names.places import fixed_key, short_form, ungrouped, unwrapped
from xsrun.syntax.nodes import (
    Binary,
    Expression,
    FilterCall,
    Group,
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


class VariableCompiler(CompilerBase):
    """Compiles variables and paths."""

    def variable(self, node: Variable) -> ast.expr:
        return self.path_from(node, [], node)

    def path(self, node: Path) -> ast.expr:
        if isinstance(node.base, Variable):
            return self.path_from(node.base, node.segments, node)
        return self.members(self.read(node.base), node.segments, "value", node, self.kinds.of(node.base))

    # What variables own (`xsrun.values.ownership`) ------------------------------------------------------------------

    def kept(self, node: Expression, value: ast.expr) -> ast.expr:
        """The value of a variable, path or filter as something that may be kept: what it gives away is not owned."""
        if not self.scope.owners or not self.kinds.of(node).classes & CONTAINER:
            return value
        root, reach = self.reach(node)
        if root not in self.scope.owners or (reach == "member" and root not in self.scope.changes.below):
            return value
        if reach == "value":
            return owned_call("escape", root, node, value)
        made = self.scope.temporary()
        method = "release" if reach == "member" else "release_found"
        template = "T if (T := A).__class__ is not dict and T.__class__ is not list else GIVEN"
        return expression(template, node, T=made, A=value, GIVEN=owned_call(method, root, node, name(made, node)))

    def released(self, target: Expression, value: ast.expr, at: Located) -> ast.expr:
        """A member that is taken out of the list at a variable or path."""
        root, _ = self.reach(target)
        return owned_call("release", root, at, value) if root in self.scope.changes.below else value

    def reach(self, node: Expression | None) -> tuple[str, str]:
        """The variable that an expression reads, or "", and what of it the result may be.

        "value": what the variable holds; "member": one container below it, "members": any of these, or a new container
        with some that are.
        """
        if isinstance(node, Variable):
            return node.name, "value"
        if isinstance(node, Path):
            if not isinstance(node.base, Variable):
                root, reach = self.reach(node.base)
                return root, "members" if reach == "members" else "member"
            root, rest = short_form(node.base, node.segments)
            return root, "member" if rest else "value"
        if isinstance(node, (Group, Quoted)):
            return self.reach(node.expression)
        if isinstance(node, FilterCall):
            record = registry.find_filter(node.name)
            gives = record.gives if record is not None else None
            if node.disabled:
                return self.reach(node.operand)
            if gives is not None:
                root, reach = self.reach(node.operand)
                return root, "members" if "members" in (gives, reach) else "member"
        return "", ""

    def read(self, node: Expression | None) -> ast.expr:
        """The value of a node for a use that keeps neither it nor anything in it."""
        inner = unwrapped(node)
        if isinstance(inner, Binary) and inner.operator in ("??", "?:"):
            return self.fallback(inner, keep=False)
        if inner is None or self.reach(inner)[0] == "":
            return self.value(node)
        return self.compiled(inner)

    def path_from(self, base: Variable, segments: list[Segment], at: Located, tolerant: bool = False) -> ast.expr:
        root, rest = short_form(base, segments)
        operand = self.transform_operand(number, at) if (number := _operand_number(root, rest)) is not None else None
        value, rest, label = (operand, rest[1:], root) if operand is not None else self.root(root, rest, at)
        if tolerant and rest:
            return self.looked_up(value, rest, at)
        kind = self.kinds.below(base, segments[: len(segments) - len(rest)]) if rest else ANY
        return self.members(value, rest, label, at, kind)

    def root(self, root: str, rest: list[Segment], at: Located) -> tuple[ast.expr, list[Segment], str]:
        """The value of a root, the segments it leaves, and what it is called in messages."""
        if root == "input":
            return self.input_root(rest, at)
        if root == "env":
            return self.environment_root(rest, at)
        inside = bool(self.scope.elements) and not self.scope.elements[-1].binds_this
        if root == "auth":
            identity = "identity_or_nobody" if inside and not rest else "authentication"
            return call(identity, at, name("context", at)), rest, "auth"
        if root == "var":
            return self.environment(at), rest, "var"
        element = self.element_root(root, at)
        if element is not None:
            unbound = inside and isinstance(element, ast.Constant)  # a transform reads null below it, too (G16)
            return element, [] if unbound else rest, root
        if root == "error":
            known = self.scope.errors
            return (name(known[-1], at) if known else constant(None, at)), rest, "error"
        if root == "":
            return self.environment(at), rest, ""
        if root == "db" or (root == "output" and not self.linker.may_assign(root)):
            hint = "columns can be read in where, eval, sort and join of db.query only"
            made = call("no_value_here", at, constant(root, at), constant(hint if root == "db" else None, at))
            return made, rest, root
        return self.read_variable(root, at), rest, root

    def environment(self, at: Located) -> ast.expr:
        """The variables that have a value at this point, as a dict without dollar signs (semantics 6.2)."""
        if not self.scope.elements and not self.scope.nested:
            return call("variables_of", at, call("locals", at), owners_of(self.scope.owners, at))
        readers = [function([], name(f"v_{one}", at), at) for one in sorted(self.linker.assigned)]
        keys: list[ast.expr | None] = [constant(one, at) for one in sorted(self.linker.assigned)]
        return call("variables_by", at, place(ast.Dict(keys, readers), at), owners_of(self.scope.owners, at))

    def program_environment(self, at: Located) -> ast.expr:
        """What a lambda sees of the program: the variables that have a value, and the inputs (semantics 6.2)."""
        keys: list[ast.expr | None] = [constant(root, at) for root in ("$var", "$input", "$env")]
        values = [self.environment(at), self.all_inputs(at), call("lambda_environment", at, name("context", at))]
        return place(ast.Dict(keys, values), at)

    def read_variable(self, root: str, at: Located) -> ast.expr:
        """A variable; one that no statement of the construct sets raises when it is read (semantics 1.2)."""
        named = self.scope.named.get(root)
        if named is not None:
            return name(named, at)
        if not self.linker.may_assign(root):
            return call("unset_variable", at, constant(root, at))
        return name(f"v_{root}", at)

    def element_root(self, root: str, at: Located) -> ast.expr | None:
        if root in _LOOP_ROOTS:
            for element in reversed(self.scope.elements):
                found = element.names.get(root)
                if found is not None:
                    return name(found, at)
            if self.scope.elements and not self.linker.may_assign(root):
                return constant(None, at)  # `$this` in a transform, `$result` outside reduce
            return None
        number = whole_of_digits(root)
        return (self.transform_operand(number, at) or constant(None, at)) if number is not None else None

    def transform_operand(self, number: int, at: Located) -> ast.expr | None:
        """`$0`, `$[-1]`: the operands of the `transform`s around, outermost first, negative from the inside."""
        operands = [element.names["$"] for element in self.scope.elements if not element.binds_this]
        if not operands:
            return None
        return name(operands[number], at) if -len(operands) <= number < len(operands) else constant(None, at)

    def input_root(self, rest: list[Segment], at: Located) -> tuple[ast.expr, list[Segment], str]:
        """`$input`, or one input: a local variable of the generated function."""
        key = _fixed_index(rest[0]) if rest else None
        if not rest or (rest[0].form == "index" and key is None):
            return self.all_inputs(at), rest, "input"
        key = key or str(rest[0].key)
        local = self.scope.inputs.get(key)
        if local is None:
            return call("unlocated_input", at, constant(key, at), self.all_inputs(at)), rest[1:], f"input.{key}"
        if self.may_be_unbound(key):
            value = expression("I if I is not UNBOUND else unlocated_input(K, {})", at, I=local, K=constant(key, at))
            return value, rest[1:], f"input.{key}"
        return name(local, at), rest[1:], f"input.{key}"

    def all_inputs(self, at: Located) -> ast.expr:
        """The object that `$input` is: what is declared and bound."""
        names = self.scope.inputs
        made = place(ast.Dict([constant(key, at) for key in names], [name(local, at) for local in names.values()]), at)
        unbound = any(map(self.may_be_unbound, self.scope.declared))
        return call("without_unbound", at, made) if unbound else made

    def may_be_unbound(self, name: str) -> bool:
        """May a declared input be without a value? Attached middleware is given two of its inputs (semantics 7.2)."""
        return self.owner.startswith("middleware\0") or may_be_unbound(self.scope.declared[name])

    def environment_root(self, rest: list[Segment], at: Located) -> tuple[ast.expr, list[Segment], str]:
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
            return self.read(key)
        if segment.form == "variable":
            return self.read_variable(str(key), segment)
        return constant(key, segment)

    def kind_of_key(self, segment: Segment) -> Kind:
        """What the key of a segment can be."""
        if isinstance(segment.key, Expression):
            return self.kinds.of(segment.key)
        return Kind(TEXT, 0) if segment.form == "name" and isinstance(segment.key, str) else ANY

    def members(self, value: ast.expr, segments: list[Segment], label: str, at: Located, kind: Kind) -> ast.expr:
        """Read the segments one after another. `label` is how messages call the value, `kind` what it can be."""
        path = PathLabel(label.replace("{", "{{").replace("}", "}}"), [])
        for position, segment in enumerate(segments):
            if position == 0 and label == "" and segment.form == "index":
                continue
            key = _fixed_index(segment)
            if segment.form == "name" or key is not None:
                text = key if key is not None else str(segment.key)
                path = path.with_name(text)
                value = self.member(value, text, path, segment)
            else:
                value, path = self.element(value, segment, path, kind)
            kind = member_of(kind)
        return value

    def member(self, value: ast.expr, key: str, path: PathLabel, at: Located) -> ast.expr:
        if isinstance(value, ast.Constant):
            return call("member", at, value, constant(key, at), path.code(at))
        first, later = self.simple(value, at)
        slow = call("member", at, later, constant(key, at), path.code(at))
        return expression(
            "B[K] if A.__class__ is dict and K in B else SLOW", at, A=first, B=later, K=constant(key, at), SLOW=slow
        )

    def element(self, value: ast.expr, segment: Segment, path: PathLabel, kind: Kind) -> tuple[ast.expr, PathLabel]:
        """`value[key]` in line for a list and an index within it, and how messages call it."""
        at = segment
        if isinstance(value, ast.Constant):
            return call("element", at, value, self.key(segment), path.code(at)), path.with_key(constant("", at))
        first, base = self.simple(value, at)
        second, key = self.simple(self.key(segment), at)
        slow = call("element", at, base, key, path.code(at))
        if isinstance(key, ast.Constant) and (key.value.__class__ is not int or key.value < 0):
            return call("element", at, value, key, path.code(at)), path.with_key(key)
        known = self.kind_of_key(segment)
        listed = "" if kind.within(LIST) else "B.__class__ is list"
        whole = "" if known.within(INT) or isinstance(key, ast.Constant) else "K.__class__ is int"
        inside = "K < len(B)" if known.within(NATURAL) or isinstance(key, ast.Constant) else "0 <= K < len(B)"
        if is_simple(first) and is_simple(second):
            tests = [listed, whole, inside]
        elif is_simple(second):
            tests = ["A.__class__ is list" if listed else "A.__class__", whole, inside]  # a class is true
        elif self.is_set(first):  # then it can be looked at after the key
            tests = ["I.__class__ is int" if whole else "I.__class__", listed, inside]
        else:
            tests = ["(A, I)[0].__class__ is list" if listed else "(A, I)", whole, inside]
        template = f"B[K] if {' and '.join(filter(None, tests))} else SLOW"
        return expression(template, at, A=first, B=base, I=second, K=key, SLOW=slow), path.with_key(key)

    def is_set(self, value: ast.expr) -> bool:
        """Is a value the name of a variable or input that surely has a value here?"""
        if not isinstance(value, ast.Name):
            return False
        return value.id.startswith("i_") or value.id.removeprefix("v_") in self.scope.assigned

    def tolerant(self, node: Expression) -> ast.expr:
        """The value of a node where a missing variable or path is null (semantics 1.2); to be kept by nothing."""
        inner = ungrouped(node)
        if isinstance(inner, Quoted) and inner.expression is not None:
            return self.tolerant(inner.expression)
        if isinstance(inner, Variable):
            return self.tolerant_root(inner, [])
        if isinstance(inner, Path):
            if isinstance(inner.base, Variable):
                return self.tolerant_root(inner.base, inner.segments, inner)
            return self.looked_up(self.tolerant(inner.base), inner.segments, inner)
        return self.value(inner)

    def kept_tolerant(self, node: Expression) -> ast.expr:
        """The same for a use that may keep it."""
        value = self.tolerant(node)
        return self.kept(node, value) if isinstance(unwrapped(node), (Variable, Path)) else value

    def tolerant_root(self, base: Variable, segments: list[Segment], at: Located | None = None) -> ast.expr:
        at = at or base
        root, rest = short_form(base, segments)
        if root in ("auth", "env") or root in _LOOP_ROOTS or root.isdigit():
            return self.path_from(base, segments, at, tolerant=True)
        if root == "input":
            if not rest:
                return self.all_inputs(at)
            key = _fixed_index(rest[0]) or (str(rest[0].key) if rest[0].form != "index" else None)
            if key is None or key in self.scope.inputs:
                value, left, _ = self.input_root(rest, at)
                if key is not None and self.may_be_unbound(key):
                    value = expression("I if I is not UNBOUND else None", at, I=self.scope.inputs[key])
                return self.looked_up(value, left, at)
            return constant(None, at)
        if root == "error" and self.scope.errors:
            value = name(self.scope.errors[-1], at)
        elif root in self.scope.assigned:
            value = name(f"v_{root}", at)
        else:
            self.linker.note_variable(root)
            value = expression("maybe(lambda: V)", at, V=f"v_{root}")
        return self.looked_up(value, rest, at)

    def looked_up(self, value: ast.expr, segments: list[Segment], at: Located) -> ast.expr:
        """What is at the segments, or null where the path is missing."""
        for segment in segments:
            key = self.key(segment)
            if not is_simple(key) or isinstance(value, ast.Constant):
                value = call("lookup", at, value, tuple_of([key], at))
                continue
            kind = self.kind_of_key(segment)
            template = "B.get(K) if A.__class__ is dict and K.__class__ is str else SLOW"
            if kind.within(TEXT):
                template = "B.get(K) if A.__class__ is dict else SLOW"
            elif kind.within(INT):
                start = "" if kind.within(NATURAL) else "0 <= "
                template = f"B[K] if A.__class__ is list and {start}K < len(B) else SLOW"
            first, later = self.simple(value, at)
            slow = call("lookup", at, later, tuple_of([key], at))
            value = expression(template, at, A=first, B=later, K=key, SLOW=slow)
        return value


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
