"""What the uses of a name tell of its value: its members, its elements, its type. For values that nobody declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from xsrun import registry
from xsrun.fields.declared import Declared
from xsrun.lazy_regex import pattern
from xsrun.names.places import fixed_key, place_of, target_of, unwrapped
from xsrun.records import made, record
from xsrun.syntax.nodes import Attribute, Binary, Expression, FilterCall, Group, Literal, Node, Statement, Unary
from xsrun.values.conversion import Value

#: Types by the words that signatures use for them.
_TYPES = {
    "text": "text",
    "number": "int",
    "int": "int",
    "decimal": "decimal",
    "bool": "bool",
    "list": "list",
    "array": "list",
    "timestamp": "timestamp",
    "object": "object",
}
#: Words that only names of lists have, and what is in such a list.
_NUMBERS = pattern(r"(?:num|number|age|temperature|score|price|value|amount|total|id|count|size|year)s$")
_TEXTS = pattern(r"(?:tag|name|word|email|key|role|text|line|color|title|message|line|status|emails|letter|fruit)e?s$")
_LIST = pattern(r"(?:list|array\w*|arr|\w*[^sui]s|\w*ies|nums|rows|collection|history|cart)$")
#: What names are of, the first that fits.
_BY_NAME = (
    (pattern(r"^(?:is|has|can|should|allow|enable)_|^(?:active|enabled|confirm|condition|verified|required)$"), "bool"),
    (pattern(r"(?:^|_)id$"), "int"),
    (pattern(r"(?:^|_)email$|^(?:to|cc|bcc|recipient)$"), "email"),
    (pattern(r"_at$|timestamp$|^ts$|(?:^|_)(?:start|end)$"), "timestamp"),
    (pattern(r"(?:^|_)(?:file|photo|image|upload|attachment|avatar)$"), "file"),
    (
        pattern(
            r"(?:^|_)(?:count|amount|price|total|age|score|quantity|qty|limit|offset|page|per_page|skip|num|number|size|"
            r"width|height|year|month|day|hour|rate|discount|value|index|base|mask|threshold|percent|factor|balance)\d?$"
            r"|^(?:[abnixy]|bits_.*|max_.*|min_.*|counter)$"
        ),
        "int",
    ),
    (
        pattern(
            r"(?:^|_)(?:user|product|order|customer|payload|data|object|obj|config|settings|document|request|item|json|"
            r"record|row|profile|task|post|entry|body|event|response|result|person|address)$"
        ),
        "json",
    ),
)
#: Roots that stand for the element of a list, in an expression that runs for each.
_ELEMENT = ("this", "$", "")
_ARITHMETIC = frozenset("+-*/%")
_COMPARISONS = frozenset(("<", ">", "<=", ">=", "==", "!=", "===", "!=="))
_CONDITIONS = frozenset(("if", "elseif", "while", "precondition"))


@record
class Shape:
    """What is known of a value: its members by name, what its elements are, its type."""

    members: dict[str, Shape] = made(factory=dict)
    element: Shape | None = None
    type: str | None = None

    def of_elements(self) -> Shape:
        """The shape of its elements."""
        if self.element is None:
            self.element = Shape()
        return self.element


class ShapeReader:
    """Reads programs, and notes how they use each variable and each root, by its name."""

    def __init__(self, roots: Iterable[Node]) -> None:
        self.shapes: dict[str, Shape] = {}
        with suppress(RecursionError):  # of a program that is nested so deeply, what was seen is enough
            for root in roots:
                self._visit(root)

    @contextmanager
    def _of_elements(self, operand: Expression | None) -> Iterator[None]:
        """Read an expression that runs for each element of a list: what it says of `$this` and `$$` is said of them."""
        shape = self._use(unwrapped(operand))
        kept = {name: self.shapes.get(name) for name in _ELEMENT}
        for name in _ELEMENT:
            self.shapes[name] = shape.of_elements() if shape is not None else Shape()
        try:
            yield
        finally:
            for name, before in kept.items():
                self.shapes[name] = before if before is not None else Shape()

    def _visit(self, node: Node, hint: str | None = None) -> None:
        match node:
            case Statement():
                self._statement(node)
                return
            case Attribute():
                self._visit(node.value)
                return
            case FilterCall():
                self._filter(node)
                return
            case Binary():
                self._binary(node)
                return
            case Unary():
                self._visit(node.operand, "bool" if node.operator == "!" else "int")
                return
            case Group() if node.expression is not None:
                self._visit(node.expression, hint)
                return
        self._use(node, hint)
        for child in node.children():
            if place_of(node) is None or child is not getattr(node, "base", None):
                self._visit(child)

    def _statement(self, node: Statement) -> None:
        record = registry.find_statement(node.name)
        types = {one.name: one.type for one in record.attributes} if record is not None else {}
        if isinstance(node.target, Expression) and node.name != "var":
            hint = "bool" if node.name in _CONDITIONS else "list" if node.name == "foreach" else None
            self._visit(node.target, hint)
        if node.name == "foreach":
            self._name_elements(node)
        if node.name.startswith("array.") and isinstance(node.target, Group):
            with self._of_elements(node.target):
                self._inside(node, types)
        else:
            self._inside(node, types)

    def _inside(self, node: Statement, types: dict[str, str]) -> None:
        """What stands in the braces of a statement, and its clause."""
        for item in node.body.items if node.body is not None else []:
            if isinstance(item, Attribute):
                self._visit(item.value, _TYPES.get(types.get(item.name, "")))
                if node.name == "var" and item.name == "value":
                    self._name(node.target, item.value)
            else:
                self._visit(item)
        if node.condition is not None:
            self._visit(node.condition, "bool")

    def _name_elements(self, loop: Statement) -> None:
        """The variable of a loop is the element of its list."""
        each = loop.block("each")
        target = loop.target if isinstance(loop.target, Expression) else None
        place, shape = target_of(each.target) if each is not None else None, self._use(unwrapped(target))
        if place is not None and shape is not None:
            self.shapes[place.root] = shape.of_elements()

    def _name(self, target: Node | None, value: Expression) -> None:
        """A variable that is another value has its shape."""
        place, shape = target_of(target), self._use(unwrapped(value))
        if place is not None and shape is not None and not place.segments and place.root not in self.shapes:
            self.shapes[place.root] = shape

    def _filter(self, node: FilterCall) -> None:
        record = registry.find_filter(node.name)
        piped = record.parameters[0].type if record is not None and record.parameters and not record.form else ""
        if record is not None and record.form:
            piped = "list"
        if node.operand is not None:
            self._visit(node.operand, _TYPES.get(piped))
        if record is not None and record.form:
            with self._of_elements(node.operand):
                for argument in node.arguments:
                    self._visit(argument)
            return
        types = [one.type for one in record.arguments] if record is not None else []
        for place, argument in enumerate(node.arguments):
            self._visit(argument, _TYPES.get(types[place]) if place < len(types) else None)

    def _binary(self, node: Binary) -> None:
        hint = "int" if node.operator in _ARITHMETIC else "bool" if node.operator in ("&&", "||") else None
        for one, other in ((node.left, node.right), (node.right, node.left)):
            literal = unwrapped(other)
            compared = node.operator in _COMPARISONS and isinstance(literal, Literal)
            self._visit(one, _type_of(literal.value) if compared and isinstance(literal, Literal) else hint)

    def _use(self, node: Node | None, hint: str | None = None) -> Shape | None:
        """Note one use of a place; its shape."""
        place = place_of(node)
        if place is None:
            return None
        shape = self.shapes.setdefault(place.root, Shape())
        for segment in place.segments:
            key = fixed_key(segment)
            if key is not None and not key.isdecimal():
                shape = shape.members.setdefault(key, Shape())
            else:
                shape = shape.of_elements()
                if isinstance(segment.key, Expression):
                    self._visit(segment.key)
        if shape.type is None:
            shape.type = hint
        return shape


def _type_of(value: Value) -> str | None:
    kinds = {bool: "bool", int: "int", float: "decimal", str: "text"}
    return kinds.get(value.__class__)


def declared_of(name: str, shape: Shape, fallback: str = "text") -> Declared:
    """A field that what is known of a value fits; what neither its uses nor its name tell is of the type `fallback`."""
    if shape.members:
        return Declared(name, "object", schema=[declared_of(key, one, fallback) for key, one in shape.members.items()])
    if shape.element is not None or shape.type == "list":
        return _list_of(name, shape.element or Shape())
    if shape.type is not None and shape.type != "object":
        named = _by_name(name)
        return Declared(name, named if shape.type == "int" and named == "timestamp" else shape.type)
    if _LIST.match(name) or fallback == "list":
        return _list_of(name, Shape())
    return Declared(name, "json" if shape.type == "object" else _by_name(name) or fallback)


def _list_of(name: str, element: Shape) -> Declared:
    size = (None, None)
    if element.members:
        schema = [declared_of(key, one) for key, one in element.members.items()]
        return Declared(name, "object", list_size=size, schema=schema)
    if element.type is not None and element.type not in ("list", "object"):
        return Declared(name, element.type, list_size=size)
    kind = "int" if _NUMBERS.search(name) else "text" if _TEXTS.search(name) else "json"
    return Declared(f"{name}_entry", kind, list_size=size) if kind == "json" else Declared(name, kind, list_size=size)


def _by_name(name: str) -> str | None:
    return next((kind for words, kind in _BY_NAME if words.search(name)), None)
