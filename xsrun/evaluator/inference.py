"""What values an expression can have, so that generated code leaves out tests whose outcome is known.

The kind of a variable (see `kinds`) joins what every statement of the construct can give it, wherever that stands;
values are copied on assignment, so that nothing else changes them. `Kinds` finds them before anything is compiled: it
begins with nothing for each variable and goes over all assignments until no kind grows any more.
"""

from __future__ import annotations

from xsrun.evaluator.kinds import (
    ANY,
    BOOL,
    CONTAINER,
    COUNTER_BITS,
    DECIMAL,
    INT,
    INT_BITS,
    LIST,
    NATURAL,
    NEGATIVE,
    NOTHING,
    NULL,
    NUMBER,
    OBJECT,
    OTHER,
    TEXT,
    Kind,
    arithmetic,
    elementwise,
    holding,
    is_small,
    join,
    member_of,
    rounded,
    written,
)
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.language.roots import OF_ELEMENTS
from xsrun.names.places import ungrouped
from xsrun.registry import find_filter
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    ObjectLiteral,
    Path,
    Quoted,
    Segment,
    Spread,
    Ternary,
    Unary,
    Variable,
)
from xsrun.values.conversion import MAX_INT, MIN_INT

if TYPE_CHECKING:
    from collections.abc import Callable

    from xsrun.registry.builtin import Result

# Expressions ---------------------------------------------------------------------------------------------------------

_CLASSES: dict[type, int] = {bool: BOOL, float: DECIMAL, str: TEXT, type(None): NULL}
_ARITHMETIC = frozenset("+-*/%")
_TEXTS = frozenset(("~", "++"))
_FALLBACKS = frozenset(("??", "?:"))
#: The size of a text or list.
_SIZE = Kind(NATURAL, 48)


class Kinds:
    """The kinds of the expressions of one construct. Without its statements, anything may have any value."""

    def __init__(self, inputs: dict[str, Kind] | None = None) -> None:
        self.inputs = inputs or {}
        self.variables: dict[str, Kind] = {}
        #: kinds by the identity of their nodes, which are held so that no other node gets it; None while kinds grow
        self._known: dict[int, tuple[Expression, Kind]] | None = {}

    def of(self, node: Expression | None) -> Kind:
        """The kind of an expression; nothing, as long as it is not known that it can have a value."""
        if node is None:
            return Kind(NULL, 0)
        method = _METHODS.get(node.__class__)
        if method is None:
            return ANY
        if self._known is None:
            return method(self, node)
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = (node, method(self, node))
        return known[1]

    def settle(self, assigned: dict[str, list[Callable[[], Kind]]]) -> None:
        """Find the kinds of the variables, given what each assignment gives once the kinds so far are known."""
        self._known = None
        self.variables = dict.fromkeys(assigned, NOTHING)
        grows = True
        while grows:
            grows = False
            for variable, values in assigned.items():
                before = kind = self.variables[variable]
                for value in values:
                    kind = join(kind, value())
                kind = rounded(kind)
                if kind != before:
                    self.variables[variable] = kind
                    grows = True
        self._known = {}

    def inside_elements(self) -> Kinds:
        """The same for per-element expressions."""
        inside = self.with_inputs(self.inputs)
        if not self.variables.keys().isdisjoint(OF_ELEMENTS):
            inside.variables = {name: kind for name, kind in self.variables.items() if name not in OF_ELEMENTS}
        return inside

    def with_inputs(self, inputs: dict[str, Kind]) -> Kinds:
        """The same with other inputs."""
        narrower = Kinds(inputs)
        narrower.variables = self.variables
        return narrower

    # One kind of node after another --------------------------------------------------------------------------------

    def literal(self, node: Literal) -> Kind:
        value = node.value
        if value.__class__ is int and MIN_INT <= value <= MAX_INT:
            return Kind(NATURAL if value >= 0 else NEGATIVE, max(value.bit_length(), 1))
        classes = _CLASSES.get(value.__class__)
        return Kind(classes, 0) if classes is not None else ANY

    def inner(self, node: Group | Quoted) -> Kind:
        return self.of(node.expression) if node.expression is not None else Kind(TEXT, 0)

    def variable(self, node: Variable) -> Kind:
        return self.variables.get(node.name, ANY)

    def path(self, node: Path) -> Kind:
        return self.below(node.base, node.segments)

    def below(self, base: Expression, segments: list[Segment]) -> Kind:
        """The kind of what is at some segments below a base."""
        if isinstance(base, Variable) and base.name in ("input", "var") and segments:
            first = segments[0]
            if first.form != "name":
                return ANY
            names = self.inputs if base.name == "input" else self.variables
            kind, segments = names.get(str(first.key), ANY), segments[1:]
        else:
            kind = self.of(base)
        for _ in segments:
            kind = member_of(kind)
        return kind

    def binary(self, node: Binary) -> Kind:
        operator = node.operator
        if operator in _ARITHMETIC:
            counts = is_small(node.left) or is_small(node.right)
            return arithmetic(operator, self.of(node.left), self.of(node.right), counts=counts)
        if operator in _TEXTS:
            return Kind(TEXT, 0)
        if operator in _FALLBACKS:
            left = self.of(node.left)
            return join(left._replace(classes=left.classes & ~NULL), self.of(node.right))
        if operator == "..":
            return holding(LIST, Kind(INT))
        return Kind(BOOL, 0)

    def truth(self, _node: Expression) -> Kind:
        return Kind(BOOL, 0)

    def unary(self, node: Unary) -> Kind:
        if node.operator == "!":
            return Kind(BOOL, 0)
        kind = self.of(node.operand)
        if kind.within(INT) and node.operator == "+":
            return kind
        if kind.within(INT):
            return Kind(INT, kind.bits) if kind.bits < INT_BITS else Kind(NUMBER)
        return Kind(DECIMAL, 0) if kind.within(DECIMAL) else Kind(NUMBER)

    def ternary(self, node: Ternary) -> Kind:
        return join(self.of(node.then), self.of(node.otherwise))

    def list_literal(self, node: ListLiteral) -> Kind:
        item: Kind | None = NOTHING
        for member in node.items:
            item = None if item is None or isinstance(member, Spread) else join(item, self.of(member))
        return holding(LIST, item)

    def object_literal(self, node: ObjectLiteral) -> Kind:
        entries = [entry for entry in node.entries if isinstance(entry, Entry)]
        if len(entries) < len(node.entries):
            return Kind(CONTAINER, 0)  # something is spread in it
        item = NOTHING
        for entry in entries:
            item = join(item, self.of(entry.value))
        numbered = any(entry.key.isdigit() for entry in entries)
        return holding(CONTAINER if numbered else OBJECT, item)

    def filtered(self, node: FilterCall) -> Kind:
        operand = self.of(node.operand)
        if node.disabled or not operand.classes:
            return operand if node.disabled else NOTHING
        record = find_filter(node.name)
        if record is None:
            return ANY
        if record.operator is not None and len(node.arguments) == 1:
            counts = is_small(node.arguments[0])
            return arithmetic(record.operator, operand, self.of(node.arguments[0]), counts=counts)
        if record.result is None:
            return ANY
        kind = _RESULTS[record.result](self, operand, node)
        return elementwise(operand, kind) if record.elementwise else kind

    def leads_to_member(self, kind: Kind, path: Expression) -> bool:
        """Is the path of a filter surely one key or position of the value, whether that is there or not?

        A name over a list would go to its elements, and so would a number too long for a position.
        """
        if isinstance(path, Literal) and isinstance(path.value, str):
            return kind.within(OBJECT | NULL) and path.value.isidentifier()
        position = self.of(self.without_to_text(path, NUMBER))
        return kind.within(CONTAINER | NULL) and position.within(INT) and position.bits <= COUNTER_BITS

    def without_to_text(self, node: Expression, classes: int = INT) -> Expression:
        """A node without the `|to_text` around an int, whose text is the same; as a path, that of any number is."""
        inner = ungrouped(node)
        if isinstance(inner, FilterCall) and inner.name == "to_text" and not (inner.disabled or inner.arguments):
            number = inner.operand
            if number is not None and self.of(number).within(classes):
                return number
        return node


# Filters, by what their records say they give ----------------------------------------------------------------------


def _size(_kinds: Kinds, _operand: Kind, _node: FilterCall) -> Kind:
    return _SIZE


def _int(_kinds: Kinds, operand: Kind, _node: FilterCall) -> Kind:
    return operand if operand.within(INT) else Kind(INT)


def _rounded(_kinds: Kinds, operand: Kind, _node: FilterCall) -> Kind:
    return operand if operand.within(INT) else Kind(NUMBER)


def _text(_kinds: Kinds, operand: Kind, _node: FilterCall) -> Kind:
    return Kind(TEXT if operand.within(NUMBER | BOOL | TEXT | NULL) else TEXT | OTHER, 0)


def _new_text(_kinds: Kinds, _operand: Kind, _node: FilterCall) -> Kind:
    """A text that may be bytes, as one with part of a character is."""
    return Kind(TEXT | OTHER, 0)


def _texts(_kinds: Kinds, _operand: Kind, _node: FilterCall) -> Kind:
    return holding(LIST, Kind(TEXT | OTHER, 0))


def _member(_kinds: Kinds, operand: Kind, _node: FilterCall) -> Kind:
    """One of the members, or null."""
    return join(member_of(operand), Kind(NULL, 0)) if operand.within(CONTAINER) else ANY


def _same(_kinds: Kinds, operand: Kind, _node: FilterCall) -> Kind:
    """Members of a list as a list."""
    return operand if operand.within(LIST) else ANY


def _pushed(kinds: Kinds, operand: Kind, node: FilterCall) -> Kind:
    if len(node.arguments) != 1 or not operand.within(LIST):
        return ANY
    return holding(LIST, None if operand.item is None else join(operand.item, kinds.of(node.arguments[0])))


def _merged(kinds: Kinds, operand: Kind, node: FilterCall) -> Kind:
    if len(node.arguments) != 1 or not operand.within(LIST):
        return ANY
    added = kinds.of(node.arguments[0])
    return join(operand, added) if added.within(LIST) else ANY


def _at_path(kinds: Kinds, operand: Kind, node: FilterCall) -> Kind:
    arguments = node.arguments
    if len(arguments) not in (1, 2) or not kinds.leads_to_member(operand, arguments[0]):
        return ANY
    default = kinds.of(arguments[1]) if len(arguments) == 2 else Kind(NULL, 0)
    return default if operand.within(NULL) else join(member_of(operand), default)


def _with_path(kinds: Kinds, operand: Kind, node: FilterCall) -> Kind:
    if len(node.arguments) != 2 or not kinds.leads_to_member(operand, node.arguments[0]):
        return ANY
    return written(operand, 1, kinds.of(node.arguments[1]), made=CONTAINER)


_RESULTS: dict[Result, Callable[[Kinds, Kind, FilterCall], Kind]] = {
    "size": _size,
    "int": _int,
    "rounded": _rounded,
    "text": _text,
    "new text": _new_text,
    "texts": _texts,
    "member": _member,
    "same": _same,
    "pushed": _pushed,
    "merged": _merged,
    "at path": _at_path,
    "with path": _with_path,
}
_METHODS: dict[type, Callable[[Kinds, Any], Kind]] = {
    Literal: Kinds.literal,
    Group: Kinds.inner,
    Quoted: Kinds.inner,
    Variable: Kinds.variable,
    Path: Kinds.path,
    Binary: Kinds.binary,
    Between: Kinds.truth,
    Unary: Kinds.unary,
    Ternary: Kinds.ternary,
    ListLiteral: Kinds.list_literal,
    ObjectLiteral: Kinds.object_literal,
    FilterCall: Kinds.filtered,
}
