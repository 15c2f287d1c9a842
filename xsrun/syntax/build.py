"""The actions of the grammar: what each rule makes of its children. Lark calls them while it parses."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.hints import Any
from xsrun.syntax.build_fields import Children, FieldBuilder
from xsrun.syntax.literals import (
    TimestampError,
    block_value,
    number_value,
    text_value,
    time_value,
)
from xsrun.syntax.nodes import (
    Attribute,
    Between,
    Binary,
    Body,
    Call,
    Cast,
    DeclaredFields,
    Document,
    Entry,
    Expression,
    FilterCall,
    Group,
    Item,
    ListLiteral,
    Literal,
    Located,
    Name,
    Node,
    Now,
    ObjectLiteral,
    Path,
    Placeholder,
    Quoted,
    Segment,
    Spread,
    Statement,
    Ternary,
    Timestamp,
    Unary,
    Variable,
    Word,
)
from xsrun.syntax.tokens import LexicalError, Token

#: Steps of one path: more than any program needs, fewer than Python can compile.
MOST_STEPS = 1_000


def _constant(value: bool | None) -> Callable[[Builder, Children], Expression]:
    """The action of a word that stands for a value."""

    def action(builder: Builder, children: Children) -> Expression:
        return Literal(value).at(children[0], children[0])

    return action


class Builder(FieldBuilder):
    """Makes nodes. One instance serves one parser; `begin` sets what is particular to one text."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[tuple[str, int, int, int]] = []
        self.parse_region: Callable[[int, int], Expression] | None = None
        self.backticks = 0

    def as_it_is(self, children: Children) -> Children:
        """What the rule above puts together."""
        return children

    head = result = field_list = as_it_is

    def only(self, children: Children) -> Any:
        """What stands there alone."""
        return children[0]

    expression = name_or_text = only

    # Documents and bodies ------------------------------------------------------------------------------------------

    def document(self, children: Children) -> Document:
        items = [child for child in children if isinstance(child, Item)]
        node = Document(items)
        return node.at(items[0], items[-1]) if items else _whole(node)

    def body(self, children: Children) -> Body:
        items = [child for child in children if isinstance(child, Node)]
        return Body(items).at(children[0], children[-1])

    def placeholder_item(self, children: Children) -> Statement:
        token = children[0]
        node = Statement("...", None, None, None, None, None, False, False, token.end_column)
        return node.at(token, token)

    def attribute(self, children: Children) -> Attribute:
        disabled = children[0].type == "BANG"
        name, _, value = children[1:] if disabled else children
        text = name.value if name.type == "NAME" else text_value(name.value)
        return Attribute(text, value, "", disabled).at(children[0], value)

    def name(self, children: Children) -> Name:
        token = children[0]
        if token.type == "STRING":
            return Name(text_value(token.value), token.value[0]).at(token, token)
        text = token.value
        style = "number" if text.isdigit() else "path" if "/" in text else "dashed" if "-" in text else "word"
        return Name(text, style).at(token, token)

    def path_target(self, children: Children) -> Expression:
        base = self.variable(children[:1])
        if len(children) == 1:
            return base
        return Path(base, children[1:]).at(children[0], children[-1])

    def nothing(self, children: Children) -> Expression:
        """Parentheses without a condition: only a precondition may have them."""
        first, last = children
        return Group(Literal(None, "nothing").at(first, last)).at(first, last)

    def statement(self, children: Children) -> Statement:
        disabled = children[0].__class__ is Token
        head = children[1] if disabled else children[0]
        name = head[0]
        target = verb = condition = body = result = None
        breaks = False
        for index, part in enumerate(head[1:], 1):
            if part.__class__ is Token:
                if part.type == "HEAD_NAME":
                    verb = part.value
                elif part.type == "IF":
                    condition = head[index + 1].expression
            elif not (index > 1 and head[index - 1].__class__ is Token):
                target = part
        last: Located = head[-1]
        for part in children[2 if disabled else 1 :]:
            last = part
            if part.__class__ is Body:
                body = part
            elif part.__class__ is list:
                result, last = part[1], part[1]
            else:
                breaks = True
        if name.value == "each" and result is not None and target is None:
            target, result = result, None
        node = Statement(name.value, target, verb, condition, body, result, disabled, breaks, name.end_column)
        return node.at(children[0] if disabled else name, last)

    # Fields --------------------------------------------------------------------------------------------------------

    def fields(self, children: Children) -> Document:
        node = Document(children[0] if children else [])
        return node.at(node.items[0], node.items[-1]) if node.items else _whole(node)

    # Operators -----------------------------------------------------------------------------------------------------

    def ternary(self, children: Children) -> Expression:
        condition, _, then, otherwise = children
        return Ternary(condition, then, otherwise).at(condition, otherwise)

    def binary(self, children: Children) -> Expression:
        left, operator, right = children
        last: Expression = left
        while True:
            if isinstance(last, Binary):
                last = last.right
            elif isinstance(last, Unary):
                last = last.operand
            else:
                break
        if isinstance(last, FilterCall) and not last.arguments and not last.disabled:
            self.filter_before_operator(last, operator)
        node = Binary(left, operator.value, right)
        return node.at(left, right)

    def filter_before_operator(self, left: FilterCall, operator: Token) -> None:
        """An operator after a filter without arguments needs parentheses (language 2.3, rule 1).

        Not inside backticks: published programs write it there, and nothing refuses them.
        """
        if self.backticks:
            self.notes.append(("filter-before-operator", operator.line, operator.column, len(operator.value)))
            return
        start = self.source.offset(left.line, left.column)
        end = self.source.offset(left.end_line, left.end_column)
        shown = " ".join(self.source.text[start:end].split())
        message = f"a filtered value needs parentheses before `{operator.value}`"
        hint = f"write ({shown}) {operator.value} ..."
        self.report("XS130", message, hint, operator, [(start, start, "("), (end, end, ")")])

    def between(self, children: Children) -> Expression:
        operand, operator, low, high = children
        return Between(operand, operator.value, low, high).at(operand, high)

    def prefix(self, children: Children) -> Expression:
        operator, operand = children
        if operator.value == "-":
            if isinstance(operand, Literal) and _is_number(operand):
                return Literal(-operand.value).at(operator, operand)
            if isinstance(operand, FilterCall) and self.sign_of_number(operator, operand):
                return operand
        return Unary(operator.value, operand).at(operator, operand)

    def sign_of_number(self, operator: Token, filtered: FilterCall) -> bool:
        """`-10|abs` is 10: the sign of a number belongs to it, before any filter (language 1.6)."""
        calls = [filtered]
        while isinstance(calls[-1].operand, FilterCall):
            calls.append(calls[-1].operand)
        number = calls[-1].operand
        if not (isinstance(number, Literal) and _is_number(number)):
            return False
        calls[-1].operand = Literal(-number.value).at(operator, number)
        for call in calls:
            call.line, call.column = operator.line, operator.column
        return True

    def filter_call(self, children: Children) -> Expression:
        operand, token, *arguments = children
        return self.filtered(operand, operand, token, arguments)

    def null_filter_call(self, children: Children) -> Expression:
        token, *arguments = children
        self.notes.append(("piped-null", token.line, token.column, token.end_pos - token.start_pos))
        return self.filtered(token, None, token, arguments)

    def filtered(self, first: Located, operand: Expression | None, token: Token, arguments: Children) -> Expression:
        name = token.value.removeprefix("!")
        node = FilterCall(operand, name, arguments, name != token.value)
        return node.at(first, arguments[-1] if arguments else token)

    def path(self, children: Children) -> Expression:
        base, segment = children
        if base.__class__ is Path:
            if len(base.segments) == MOST_STEPS:
                hint = "put a part of the path into a variable"
                self.report("XS138", f"a path has more than {MOST_STEPS:,} steps", hint, segment)
            if len(base.segments) <= MOST_STEPS:
                base.segments.append(segment)
            base.end_line, base.end_column = segment.end_line, segment.end_column
            return base
        return Path(base, [segment]).at(base, segment)

    def segment(self, children: Children) -> Segment:
        first = children[0]
        if first.type == "MEMBER":
            text = first.value
            form = "variable" if text[0] == "$" else "name"
            return Segment(text.lstrip("$"), form).at(first, first)
        if first.type == "DOT" and children[1].__class__ is Token and children[1].type == "STRING":
            return Segment(text_value(children[1].value), "name").at(first, children[1])
        return Segment(children[-2], "index").at(first, children[-1])

    # Operands ------------------------------------------------------------------------------------------------------

    def text(self, children: Children) -> Expression:
        token = children[0]
        return Literal(text_value(token.value), token.value[0]).at(token, token)

    def text_block(self, children: Children) -> Expression:
        token = children[0]
        return Literal(block_value(token.value), "block").at(token, token)

    def number(self, children: Children) -> Expression:
        token = children[0]
        return Literal(number_value(token.value)).at(token, token)

    true, false, null = _constant(True), _constant(False), _constant(None)

    def now(self, children: Children) -> Expression:
        return Now().at(children[0], children[0])

    def timestamp(self, children: Children) -> Expression:
        token = children[0]
        text = " ".join(token.value.split())
        try:
            value = time_value(text)
        except TimestampError as error:
            hint = "a timestamp is written YYYY-MM-DD HH:MM:SS+ZZZZ"
            self.report("XS124", f"not a timestamp: {error}", hint, token)
            value = 0
        return Timestamp(text, value).at(token, token)

    def backtick(self, children: Children) -> Expression:
        token = children[0]
        return self.quoted(token, 1, token.value[1:-1], fenced=False)

    def fence(self, children: Children) -> Expression:
        token = children[0]
        inner = token.value[3 : token.value.rindex("```")]
        return self.quoted(token, 3, inner, fenced=True)

    def quoted(self, token: Token, margin: int, text: str, *, fenced: bool) -> Expression:
        """Parse the expression inside backticks where it stands; one that does not parse is kept as text."""
        assert self.parse_region
        start = token.start_pos + margin
        expression: Expression | None
        self.backticks += 1
        try:
            expression = self.parse_region(start, start + len(text))
        except LexicalError:
            expression = None
            self.notes.append(("backtick-text", token.line, token.column, 1))
        finally:
            self.backticks -= 1
        return Quoted(expression, text, fenced).at(token, token)

    def variable(self, children: Children) -> Expression:
        token = children[0]
        if token.value == "$":
            self.notes.append(("empty-root", token.line, token.column, 1))
        return Variable(token.value[1:]).at(token, token)

    def word(self, children: Children) -> Expression:
        return Word(children[0].value).at(children[0], children[0])

    def words(self, children: Children) -> Expression:
        return Literal(children[0].value, "words").at(children[0], children[0])

    def placeholder(self, children: Children) -> Expression:
        return Placeholder().at(children[0], children[0])

    def cast(self, children: Children) -> Expression:
        return Cast(children[0].value, children[1]).at(children[0], children[1])

    def call(self, children: Children) -> Expression:
        arguments = [child for child in children[2:-1] if isinstance(child, Node)]
        return Call(children[0].value, arguments).at(children[0], children[-1])

    def group(self, children: Children) -> Expression:
        return Group(children[1]).at(children[0], children[2])

    def list(self, children: Children) -> Expression:
        items = [child for child in children if isinstance(child, Node)]
        return ListLiteral(items).at(children[0], children[-1])

    def spread(self, children: Children) -> Expression:
        return Spread(children[1]).at(children[0], children[1])

    def object(self, children: Children) -> Expression:
        entries = [child for child in children if isinstance(child, Node)]
        return ObjectLiteral(entries).at(children[0], children[-1])

    def entry(self, children: Children) -> Entry:
        disabled = children[0].type == "BANG"
        key, value = children[1:] if disabled else children
        text = key.value
        if text[0] in "\"'":
            return Entry(text_value(text), value, text[0], disabled).at(children[0], value)
        return Entry(text, value, "variable" if text[0] == "$" else "", disabled).at(children[0], value)

    def block_entry(self, children: Children) -> Entry:
        block = children[0]
        value = DeclaredFields(block.declared).at(block, block)
        return Entry(block.name, value, "block", False).at(block, block)


def _is_number(node: Literal) -> bool:
    return node.value.__class__ in (int, float)


def _whole(node: Document) -> Document:
    """An empty text has a place too."""
    node.line = node.column = node.end_line = node.end_column = 1
    return node
