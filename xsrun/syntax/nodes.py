"""The syntax tree.

Nodes are plain objects with `__slots__` and a position: `line` and `column` from 1, columns in characters, the end
exclusive. The grammar knows shapes, not names: a `Statement` is anything that looks like one, a construct is one
`Statement` at the top of a document, and which names, attributes and blocks are right is decided by tables after
parsing (see `xsrun.analysis`), so that a wrong name gets a message of its own instead of a syntax error.
"""

from __future__ import annotations

from collections.abc import Iterator

from xsrun.hints import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.values.conversion import Value


class Located(Protocol):
    """What stands somewhere in a source text: a node, a token, a comment. Lines and columns count from 1."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...

    @property
    def end_line(self) -> int: ...

    @property
    def end_column(self) -> int: ...


class Node:
    """A node of the tree. Subclasses list their fields in `__slots__`; two nodes are equal when their fields are,
    wherever they stand."""

    __slots__ = ("line", "column", "end_line", "end_column")

    line: int
    column: int
    end_line: int
    end_column: int

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self.__slots__, values, strict=True):
            setattr(self, name, value)
        self.line = self.column = self.end_line = self.end_column = 0

    def at(self, first: Located, last: Located) -> Self:
        """Take the position from the first to the last of two nodes or tokens; returns the node."""
        self.line, self.column = first.line, first.column
        self.end_line, self.end_column = last.end_line, last.end_column
        return self

    def fields(self) -> Iterator[tuple[str, Any]]:
        """The (name, value) pairs of the node's own fields."""
        for name in self.__slots__:
            yield name, getattr(self, name)

    def children(self) -> Iterator[Node]:
        """The nodes directly below, in source order."""
        for _, value in self.fields():
            if isinstance(value, Node):
                yield value
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, Node):
                        yield item

    def walk(self) -> Iterator[Node]:
        """This node and every node below it, parents first."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(list(node.children())))

    def __eq__(self, other: object) -> bool:
        from xsrun.syntax.equality import are_equal

        return are_equal(self, other, Node)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.fields())
        return f"{type(self).__name__}({shown})"


# Expressions ---------------------------------------------------------------------------------------------------------


class Expression(Node):
    __slots__ = ()


class Literal(Expression):
    """A text, number, boolean or null. `style` tells the spelling: `"`, `'`, `block` (a text block), or empty.

    `nothing` is the null that stands for the condition missing in `()`.
    """

    __slots__ = ("value", "style")
    value: Value
    style: str

    def __init__(self, value: Value, style: str = "") -> None:
        self.value, self.style = value, style
        self.line = self.column = self.end_line = self.end_column = 0


class Now(Expression):
    """The word `now`."""

    __slots__ = ()


class Timestamp(Expression):
    """A timestamp literal: its `text` as written, and its `value` in milliseconds since the epoch, UTC."""

    __slots__ = ("text", "value")
    text: str
    value: int


class Variable(Expression):
    """A root: `$name` without the dollar sign; `$$` is "$", `$0` is "0", the empty root `$` is ""."""

    __slots__ = ("name",)
    name: str


class Path(Expression):
    """Members of a value: `$x.a[0]`, `($list|first).name`. There is at least one segment."""

    __slots__ = ("base", "segments")
    base: Expression
    segments: list[Segment]


class Segment(Node):
    """One step of a path. `key` is a text, an int or an expression; `form` tells the spelling:

    "name" (`.name`, `."odd name"`, `.0`), "index" (`[expr]`) or "variable" (`.$name`, the key is the name).
    """

    __slots__ = ("key", "form")
    key: str | int | Expression
    form: str


class ListLiteral(Expression):
    __slots__ = ("items",)
    items: list[Expression]


class ObjectLiteral(Expression):
    __slots__ = ("entries",)
    entries: list[Entry | Spread]


class Entry(Node):
    """`key: value` of an object. `style` is "" for a word, `"` or `'` for a quoted key, "variable" for `$key`,
    "block" for the `output { }` fields inside an agent's `llm`. A `disabled` entry was written with a `!`."""

    __slots__ = ("key", "value", "style", "disabled")
    key: str
    value: Expression
    style: str
    disabled: bool

    def __init__(self, key: str, value: Expression, style: str = "", disabled: bool = False) -> None:
        self.key, self.value, self.style, self.disabled = key, value, style, disabled
        self.line = self.column = self.end_line = self.end_column = 0


class Spread(Expression):
    """`...value` in a list or object literal."""

    __slots__ = ("value",)
    value: Expression


class DeclaredFields(Expression):
    """The fields of an `output { }` block inside an object."""

    __slots__ = ("declared",)
    declared: list[Field]


class Placeholder(Expression):
    """A lone `...`, as documentation pages leave them."""

    __slots__ = ()


class Binary(Expression):
    """`left operator right`. Word operators have one blank between their words; `?` suffixes stay on."""

    __slots__ = ("left", "operator", "right")
    left: Expression
    operator: str
    right: Expression


class Between(Expression):
    """`operand between low:high`; `operator` is `between` or `not between`, perhaps with a `?`."""

    __slots__ = ("operand", "operator", "low", "high")
    operand: Expression
    operator: str
    low: Expression
    high: Expression


class Unary(Expression):
    """A prefix `!`, `-` or `+`."""

    __slots__ = ("operator", "operand")
    operator: str
    operand: Expression


class Ternary(Expression):
    __slots__ = ("condition", "then", "otherwise")
    condition: Expression
    then: Expression
    otherwise: Expression


class FilterCall(Expression):
    """`operand|name:argument:...`. `operand` is None for `(|name)`; a `disabled` filter was written `|!name`."""

    __slots__ = ("operand", "name", "arguments", "disabled")
    operand: Expression | None
    name: str
    arguments: list[Expression]
    disabled: bool


class Group(Expression):
    """A parenthesised expression."""

    __slots__ = ("expression",)
    expression: Expression


class Quoted(Expression):
    """A backtick or fenced expression. `expression` is None when its text does not parse; then it is kept as text."""

    __slots__ = ("expression", "text", "fenced")
    expression: Expression | None
    text: str
    fenced: bool


class Cast(Expression):
    """A tagged literal: `!int "5"`."""

    __slots__ = ("tag", "operand")
    tag: str
    operand: Expression


class Word(Expression):
    """A bare word, which stands for its own text."""

    __slots__ = ("text",)
    text: str


class Call(Expression):
    """A domain call: `math.add(5, 3)`."""

    __slots__ = ("name", "arguments")
    name: str
    arguments: list[Expression]


# Statements and constructs -------------------------------------------------------------------------------------------


class Document(Node):
    """A file: constructs separated by `---`; or a bare list of statements, fields or members."""

    __slots__ = ("items", "diagnostics")
    items: list[Item]
    diagnostics: list[Diagnostic]

    def __init__(self, items: list[Item]) -> None:
        self.items, self.diagnostics = items, []
        self.line = self.column = self.end_line = self.end_column = 0

    def fields(self) -> Iterator[tuple[str, Any]]:
        yield "items", self.items


class Statement(Node):
    """Anything of the shape `name header { body } as $result`: statements, constructs, sub-blocks, members.

    `name` is dotted; `name_line` to `name_end_column` say where it stands. `target` is the header: a `Variable` or
    `Path`, a `Group` (`if (c)`), or a `Name`. `condition` is the `if (...)` clause of an array statement. `verb` is
    the query's method. `result` is what follows `as`: a variable or path, perhaps with filters. `breaks` tells that
    a `break` follows the closing brace. `each as $x` keeps `$x` as its target.
    """

    __slots__ = (
        "name",
        "target",
        "verb",
        "condition",
        "body",
        "result",
        "disabled",
        "breaks",
        "name_end_column",
    )
    name: str
    target: Expression | Name | None
    verb: str | None
    condition: Expression | None
    body: Body | None
    result: Expression | None
    disabled: bool
    breaks: bool
    name_end_column: int

    def attribute(self, name: str) -> Expression | None:
        """The value of an attribute of the body, the last one if it repeats."""
        found = self.find(name)
        return found.value if found else None

    def find(self, name: str) -> Attribute | None:
        """The attribute of this name, the last one if it repeats."""
        for item in reversed(self.body.items if self.body is not None else []):
            if item.__class__ is Attribute and item.name == name:
                return item
        return None

    def attributes(self) -> list[Attribute]:
        return [item for item in self.body.items if isinstance(item, Attribute)] if self.body else []

    def block(self, name: str) -> Statement | None:
        """The sub-block of this name (`stack`, `else`, `try`, ...)."""
        return next(iter(self.blocks(name)), None)

    def blocks(self, *names: str) -> list[Statement]:
        """The statements or sub-blocks of the body with one of these names; all of them when no name is given."""
        items = self.body.items if self.body is not None else []
        return [s for s in items if isinstance(s, Statement) and (not names or s.name in names)]

    def fields_of(self, name: str) -> list[Field] | None:
        """The fields of an `input`, `schema` or `output` block; None when there is no such block."""
        if self.body is None:
            return None
        return next((b.declared for b in self.body.items if isinstance(b, FieldBlock) and b.name == name), None)

    @property
    def label(self) -> str | None:
        """The text of a name header: a construct's or table's name, without one leading slash (language 9)."""
        return self.target.text if isinstance(self.target, Name) else None


class Name(Node):
    """A name in a header. `style` is `"`, `'`, "word", "path", "dashed", "variable" or "number"."""

    __slots__ = ("text", "style")
    text: str
    style: str


class Body(Node):
    """What stands between the braces, in order."""

    __slots__ = ("items",)
    items: list[Item]


class Attribute(Node):
    """`name = value`. `separator` is what stood between it and the attribute before it: newline, `,` or a blank."""

    __slots__ = ("name", "value", "separator", "disabled")
    name: str
    value: Expression
    separator: str
    disabled: bool


class FieldBlock(Node):
    """`input { ... }`, `schema { ... }` or `output { ... }`; `declared` holds its fields."""

    __slots__ = ("name", "declared")
    name: str
    declared: list[Field]


class Field(Node):
    """A declared field of an input, a table or an object (language 4).

    `list_size` is None for a plain field, `(None, None)` for `[]`, `(1, 5)` for `[1:5]`. `nullable` is the `?` after
    the type, `optional` the one after the name. `default` is None when there is none. `filters` are in order.
    """

    __slots__ = (
        "type",
        "name",
        "list_size",
        "nullable",
        "optional",
        "default",
        "filters",
        "body",
        "name_column",
    )
    type: str
    name: str
    list_size: tuple[int | None, int | None] | None
    nullable: bool
    optional: bool
    default: Expression | None
    filters: list[FieldFilter]
    body: Body | None
    name_column: int

    def attribute(self, name: str) -> Expression | None:
        """The value of an attribute of the field's block."""
        items = self.body.items if self.body else []
        return next((a.value for a in items if isinstance(a, Attribute) and a.name == name), None)

    @property
    def schema(self) -> list[Field]:
        """The children of an object field."""
        items = self.body.items if self.body else []
        return next((b.declared for b in items if isinstance(b, FieldBlock) and b.name == "schema"), [])


class FieldFilter(Node):
    """One filter of `filters=`: its name, its arguments as texts, and whether a `!` disables it."""

    __slots__ = ("name", "arguments", "disabled")
    name: str
    arguments: list[str]
    disabled: bool


#: What stands in a document or between braces.
Item = Attribute | Statement | FieldBlock | Field
