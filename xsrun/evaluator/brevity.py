"""Programs that are proved to be over in a moment: a server runs them where requests arrive, without another thread.

While such a program runs, no other request goes on, so the proof has to hold for whatever is asked. It follows from the
tree alone: there is no loop, no call and nothing that waits but a row looked for by one field; and every value has a
bound of its size, which follows from those of the inputs, of the rows and of what is written in the program. What all
expressions together may go through has to be small. The statements, operators and filters of the proof take time in
proportion to the sizes of their operands, and make nothing larger than these together.

What the proof takes for granted, whoever runs the program has to see to: that the inputs of a request have at most
`MOST_OF_INPUTS` bytes, and that a row is found by an index and has at most `MOST_OF_ROW`, or that the run is given up
and begun anew elsewhere (`xsrun.running.at_once`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xsrun.fields.declared import Declared
from xsrun.records import record
from xsrun.syntax.nodes import (
    Binary,
    Body,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Name,
    Node,
    Now,
    ObjectLiteral,
    Path,
    Quoted,
    Spread,
    Statement,
    Ternary,
    Timestamp,
    Unary,
    Variable,
)

#: Bytes of all inputs of a request together, as they come, and of a row as the driver gives it.
MOST_OF_INPUTS, MOST_OF_ROW = 8_192, 32_768
#: What all expressions may go through: some milliseconds' worth for the slowest of the filters.
_MOST = 400_000
#: What a node counts besides what it goes through, and how long a number, a date or a boolean is at most.
_NODE, _SCALAR = 200, 40

_OPERATORS = frozenset(
    ["+", "-", "*", "/", "%", "~", "==", "!=", "===", "!==", "=", "<", ">", "<=", ">=", "&&", "||", "??"]
)
#: Filters that give the piped value, a part of it, it and the arguments, or for each element what is no longer than it.
_KEEPING = frozenset(
    (
        *("to_lower", "to_upper", "substr", "to_text", "concat", "to_int", "to_decimal", "strlen", "odd", "even"),
        *("first", "last", "get", "keys", "values", "reverse", "push", "unshift", "min", "max"),
        *("first_notnull", "first_notempty"),
    )
)
#: Filters of the same kind that go through their mask for each character; and how long one may be.
_MASKED, _MOST_OF_MASK = frozenset(("trim", "ltrim", "rtrim")), 16
#: Filters that give a number, a boolean or null, whatever they are given. Not `contains`, which compares a text with
#: each number of a list, and reads it as a number each time.
_SCALAR_FILTERS = frozenset(
    (
        *("to_bool", "count", "abs", "ceil", "floor", "round", "add", "subtract", "multiply", "divide", "modulus"),
        *("equals", "not_equals", "greater_than", "less_than", "greater_than_or_equal", "less_than_or_equal", "not"),
        *("is_null", "is_empty", "is_object", "is_array", "is_int", "is_decimal", "is_bool", "is_text", "is_uuid"),
        *("icontains", "starts_with", "istarts_with", "ends_with", "iends_with", "index", "iindex"),
    )
)
#: Types of inputs that are read in one go, and filters of inputs that look at each character once.
_TYPES = frozenset(("int", "text", "bool", "decimal", "uuid", "enum", "json", "object"))
_INPUT_FILTERS = frozenset(("trim", "lower", "upper", "min", "max"))
_ROW_ATTRIBUTES = frozenset(("field_name", "field_value", "output", "description"))


@record(frozen=True)
class Brief:
    """A program that is over in a moment: the tables that it reads a row of, each with the field that it looks in."""

    reads: frozenset[tuple[str, str]]


class _Unproved(Exception):
    """The proof fails."""


def brief(items: Iterable[Node], response: Expression | None, declared: Iterable[Declared]) -> Brief | None:
    """What is known of a program that is proved to be over in a moment; None for any other."""
    declared = list(declared)
    if not all(map(_is_read_at_once, declared)):
        return None
    proof = _Proof(MOST_OF_INPUTS + sum(map(_filled_in, declared)))
    try:
        proof.stack(items)
        if response is not None:
            proof.counted(proof.size(response))
    except (_Unproved, RecursionError):
        return None
    return Brief(frozenset(proof.reads))


def _is_read_at_once(one: Declared) -> bool:
    """Is an input bound in time for what is sent? Not many objects, whose members are filled in where they lack."""
    steps = all(name in _INPUT_FILTERS and _is_short(arguments) for name, arguments in one.filters)
    many = one.list_size is not None and bool(one.schema)
    return one.type in _TYPES and steps and not many and all(map(_is_read_at_once, one.schema))


def _is_short(masks: Iterable[str]) -> bool:
    return all(len(text) <= _MOST_OF_MASK and ".." not in text for text in masks)


def _filled_in(one: Declared) -> int:
    """The size of what stands for an input, and for its members, that nobody sends."""
    return len(one.name) + _SCALAR + _extent(one.default) + sum(map(_filled_in, one.schema))


def _extent(value: object) -> int:
    """The size of a default, as it is written."""
    match value:
        case str():
            return len(value)
        case list():
            return sum(map(_extent, value)) + _SCALAR
        case dict():
            return sum(len(key) + _extent(member) for key, member in value.items()) + _SCALAR
    return _SCALAR


class _Proof:
    """The sizes of the variables so far, and what was gone through to make them.

    A variable has the largest of the sizes that any assignment gives it: nothing comes before an assignment that
    stands after it.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.variables: dict[str, int] = {}
        self.reads: set[tuple[str, str]] = set()
        self.cost = 0

    def counted(self, size: int) -> int:
        """Count a value that is gone through."""
        self.cost += size + _NODE
        if self.cost > _MOST:
            raise _Unproved
        return size

    # Statements ----------------------------------------------------------------------------------------------------

    def stack(self, items: Iterable[Node]) -> None:
        for item in items:
            if isinstance(item, Statement):
                self.statement(item)

    def statement(self, node: Statement) -> None:
        prove = _STATEMENTS.get(node.name)
        if prove is None or node.condition is not None or node.breaks:
            raise _Unproved
        prove(self, node)

    def assign(self, target: Expression | Name | None, size: int) -> None:
        """A variable, or a place in it, gets a value of this size."""
        inside = isinstance(target, Path)
        base = target.base if isinstance(target, Path) else target
        if not isinstance(base, Variable):
            raise _Unproved
        before = self.variables.get(base.name, 0)
        if isinstance(target, Path):
            size += self.size(target)
        self.variables[base.name] = self.counted(size + before if inside else max(size, before))

    def variable(self, node: Statement) -> None:
        """`var`, `var.update`."""
        self.assign(node.target, self.attributes(node, frozenset(("value", "description"))))

    def attributes(self, node: Statement, known: frozenset[str]) -> int:
        """The size of all attributes together, where there are no others than these."""
        total = 0
        for item in node.attributes():
            if item.name not in known:
                raise _Unproved
            total += self.size(item.value)
        if node.blocks():
            raise _Unproved
        return total

    def conditional(self, node: Statement) -> None:
        for block in node.blocks():
            if block.name not in ("if", "elseif", "else"):
                raise _Unproved
            if isinstance(block.target, Expression):
                self.size(block.target)
            self.stack(body_items(block.body))

    def ending(self, node: Statement) -> None:
        """`precondition`, `return`, `throw`."""
        if isinstance(node.target, Expression):
            self.size(node.target)
        known = frozenset(("value", "name", "error_type", "error", "payload", "description"))
        self.counted(self.attributes(node, known))

    def row(self, node: Statement) -> None:
        """`db.get`, `db.has`."""
        field = node.attribute("field_name")
        if not isinstance(node.target, Name) or not isinstance(field, Literal) or not isinstance(field.value, str):
            raise _Unproved
        self.attributes(node, _ROW_ATTRIBUTES)
        self.reads.add((node.target.text, field.value))
        self.counted(MOST_OF_ROW)
        if node.result is not None:
            self.assign(node.result, MOST_OF_ROW)

    # Expressions ---------------------------------------------------------------------------------------------------

    def size(self, node: Expression) -> int:
        """The largest size of a value. What makes one of others goes through these; the others only name it."""
        self.counted(0)
        return self._measured(node)

    def _measured(self, node: Expression) -> int:
        match node:
            case Literal():
                return len(node.value) if isinstance(node.value, str) else _SCALAR
            case Now() | Timestamp():
                return _SCALAR
            case Variable():
                return self.root(node)
            case Path():
                return self.path(node)
            case ListLiteral():
                return self.counted(sum(self.size(one.value if isinstance(one, Spread) else one) for one in node.items))
            case ObjectLiteral():
                return self.entries(node)
            case Binary():
                return self.binary(node)
            case Unary():
                return self.size(node.operand)
            case Ternary():
                return self.size(node.condition) + self.size(node.then) + self.size(node.otherwise)
            case FilterCall():
                return self.filtered(node)
            case Group(expression=inside) | Quoted(expression=Expression() as inside):
                return self.size(inside)
        raise _Unproved

    def root(self, node: Variable) -> int:
        found = self.inputs if node.name == "input" else self.variables.get(node.name)
        if found is None:
            raise _Unproved
        return found

    def path(self, node: Path) -> int:
        for segment in node.segments:
            if isinstance(segment.key, Expression):
                self.size(segment.key)
            elif segment.form == "variable":
                raise _Unproved
        return self.size(node.base)

    def entries(self, node: ObjectLiteral) -> int:
        total = _SCALAR
        for entry in node.entries:
            if isinstance(entry, Entry) and not entry.disabled and entry.style != "block":
                total += len(entry.key) + self.size(entry.value)
            elif isinstance(entry, Spread):
                total += self.size(entry.value)
            else:
                raise _Unproved
        return self.counted(total)

    def binary(self, node: Binary) -> int:
        if node.operator not in _OPERATORS:
            raise _Unproved
        both = self.counted(self.size(node.left) + self.size(node.right))
        return both if node.operator in ("~", "??") else _SCALAR

    def filtered(self, node: FilterCall) -> int:
        if node.operand is None or node.disabled:
            raise _Unproved
        together = self.counted(self.size(node.operand) + sum(map(self.size, node.arguments)))
        if node.name in _KEEPING or (node.name in _MASKED and all(map(_is_short_text, node.arguments))):
            return together
        if node.name in _SCALAR_FILTERS:
            return _SCALAR
        raise _Unproved


def _is_short_text(node: Expression) -> bool:
    return isinstance(node, Literal) and isinstance(node.value, str) and _is_short([node.value])


def body_items(body: Body | None) -> Iterable[Node]:
    """What stands in a block."""
    return body.items if body is not None else ()


_STATEMENTS: dict[str, Callable[[_Proof, Statement], None]] = {
    "var": _Proof.variable,
    "var.update": _Proof.variable,
    "conditional": _Proof.conditional,
    "precondition": _Proof.ending,
    "return": _Proof.ending,
    "throw": _Proof.ending,
    "db.get": _Proof.row,
    "db.has": _Proof.row,
}
