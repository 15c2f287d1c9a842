"""Places: the variable that an expression, a header or a result names, and the keys below it."""

from __future__ import annotations

from xsrun.hints import NamedTuple, overload
from xsrun.syntax.nodes import Expression, FilterCall, Group, Literal, Node, Path, Quoted, Segment, Variable
from xsrun.values.conversion import to_text


class Place(NamedTuple):
    """A root and the segments below it, with the long form `$var.x` made short."""

    root: str
    segments: list[Segment]


@overload
def unwrapped(node: Expression) -> Expression: ...


@overload
def unwrapped(node: Expression | None) -> Expression | None: ...


def unwrapped(node: Expression | None) -> Expression | None:
    """An expression without the parentheses and backticks around it."""
    while isinstance(node, (Group, Quoted)) and node.expression is not None:
        node = node.expression
    return node


@overload
def ungrouped(node: Expression) -> Expression: ...


@overload
def ungrouped(node: Node | None) -> Node | None: ...


def ungrouped(node: Node | None) -> Node | None:
    """A node without the parentheses around it."""
    while isinstance(node, Group):
        node = node.expression
    return node


def short_form(base: Variable, segments: list[Segment]) -> Place:
    """The place of a path that begins at a variable; `$var.x` and `$var["x"]` are `$x`, `$var[$key]` is not known."""
    if base.name == "var" and segments:
        key = segments[0].key
        if segments[0].form != "index":
            return Place(str(key), segments[1:])
        if isinstance(key, Literal):
            return Place(to_text(key.value), segments[1:])
    return Place(base.name, segments)


def place_of(node: Node | None) -> Place | None:
    """The place that an expression reads whole; None for one that computes, or begins with what is not a variable."""
    if isinstance(node, Variable):
        return Place(node.name, [])
    if isinstance(node, Path) and isinstance(node.base, Variable):
        return short_form(node.base, node.segments)
    return None


def target_of(node: Node | None) -> Place | None:
    """The place that a header or a result names: filters and parentheses around it say what is done with the value."""
    while isinstance(node, (FilterCall, Group)):
        node = node.operand if isinstance(node, FilterCall) else node.expression
    return place_of(node)


def root_of(node: Node | None) -> str | None:
    """The variable or root that a header or a result names."""
    place = target_of(node)
    return place.root if place is not None else None


def member_of_root(node: Expression, root: str) -> str | None:
    """The first member of a path below a root: `name` of `$input.name.first` for "input"; None for anything else."""
    if isinstance(node, Path) and isinstance(node.base, Variable) and node.base.name == root:
        return fixed_key(node.segments[0])
    return None


def is_fixed(segment: Segment) -> bool:
    """Is the key of a segment written out: `.name`, `.0`, `["name"]`, `[0]`?"""
    return segment.form != "variable" and (isinstance(segment.key, Literal) or not isinstance(segment.key, Expression))


def fixed_key(segment: Segment) -> str | None:
    """The key of `.name` or `["name"]` as a text; None for one that is computed, a number or a variable's."""
    key = segment.key
    if isinstance(key, Literal):
        return key.value if isinstance(key.value, str) else None
    return key if isinstance(key, str) and segment.form != "variable" else None
