"""Expressions that mean something else than they seem to (semantics 2, evidence 1): warnings."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.analysis.report import TextReport, span_of
from xsrun.analysis.rules import filter_rules, spelling
from xsrun.analysis.rules.expressions import CONDITION, PLAIN, QUERY
from xsrun.analysis.rules.filter_rules import EXPRESSION_FILTERS
from xsrun.names.places import member_of_root, unwrapped
from xsrun.syntax.nodes import (
    Binary,
    Entry,
    Expression,
    Field,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Now,
    ObjectLiteral,
    Path,
    Ternary,
    Unary,
    Variable,
    Word,
)
from xsrun.syntax.walk import parts
from xsrun.values.conversion import parse_number

_COMPARISONS = frozenset({"==", "!=", "===", "!==", "<", "<=", ">", ">="})
_LOGIC = frozenset({"&&", "||"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
#: Input types whose omitted value is a zero, never null (semantics 3.2).
_ZERO_TYPES = frozenset({"text", "int", "decimal", "bool", "email", "password"})


class Surprises:
    """Looks through the expressions of one construct. `inputs` are its declared inputs by name."""

    def __init__(self, report: TextReport, inputs: dict[str, Field]) -> None:
        self.report = report
        self.inputs = inputs
        #: whether the statement that is looked at is expected to fail
        self.expected = False

    def look(self, node: Expression, boolean: bool = False, mode: int = PLAIN) -> None:
        """Check an expression; `boolean` when only its truth matters, `mode` when a query evaluates it."""
        check = _CHECKS.get(node.__class__)
        if check is None:
            for part in parts(node):
                self.look(part, False, mode)
        else:
            check(self, node, boolean, mode)

    def each(self, nodes: list[Expression], mode: int) -> None:
        for node in nodes:
            self.look(node, False, mode)

    # Operators -----------------------------------------------------------------------------------------------------

    def binary(self, node: Binary, boolean: bool, mode: int) -> None:
        """Long chains of one operator lean to the left; they are followed without recursion."""
        while isinstance(node.left, Binary) and node.left.operator == node.operator and node.operator in ("~", "+"):
            self.now_arithmetic(node)
            self.side(node.right, mode)
            node = node.left
        self.one_binary(node, boolean, mode)

    def side(self, node: Expression, mode: int) -> None:
        """One operand."""
        if isinstance(node, Word) and mode == PLAIN:
            spelling.check_word(self.report, node)
        self.look(node, False, mode)

    def one_binary(self, node: Binary, boolean: bool, mode: int) -> None:
        operator = node.operator
        if operator in _LOGIC:
            self.mixed_logic(node, mode)
            if operator == "||" and not boolean and mode != CONDITION:
                self.or_default(node)
            self.look(node.left, boolean, mode)
            self.look(node.right, boolean, mode)
            return
        if operator in ("??", "?:") and mode == PLAIN:
            self.null_default(node)
        elif operator in ("==", "!=") and mode == PLAIN:
            self.null_test(node)
        elif operator in _ARITHMETIC and mode == PLAIN:
            self.now_arithmetic(node)
        elif operator.endswith("?") and operator != "??" and mode == PLAIN and len(operator) > 1:
            hint = f"outside of a query write {operator[:-1]}"
            self.report.add(
                "XS614", f"`{operator}` skips empty values only in a condition of a query", span_of(node), hint
            )
        self.side(node.left, mode)
        self.side(node.right, mode)

    def mixed_logic(self, node: Binary, mode: int) -> None:
        for side in (node.left, node.right):
            if isinstance(side, Binary) and side.operator in _LOGIC and side.operator != node.operator:
                shown = self.report.text_of(side)
                hint = f"write ({shown}) to say so" if len(shown) <= 60 else "put parentheses around the && part"
                start, end = self.report.offsets(side)
                # what the engine takes it for is contested outside of queries, so that no edit is sure to keep it
                fix = [(start, start, "("), (end, end, ")")] if mode != PLAIN else None
                self.report.add("XS605", "&& and || are mixed without parentheses", span_of(node), hint, fix)
                return

    def or_default(self, node: Binary) -> None:
        """`x || default` gives true or false, not the default (semantics 2.2)."""
        right = unwrapped(node.right)
        constant = isinstance(right, (ListLiteral, ObjectLiteral)) or (
            isinstance(right, Literal) and not isinstance(right.value, bool)
        )
        if constant or _same_member(unwrapped(node.left), right):
            left, other = self.report.text_of(node.left), self.report.text_of(node.right)
            hint = "for a default write |first_notempty:value, or ?? where only null counts"
            if len(left + other) < 40:
                hint = f"for a default write {left}|first_notempty:{other}, or ?? where only null counts"
            self.report.add("XS604", "`||` gives true or false, not the value of a side", span_of(node), hint)

    def null_default(self, node: Binary) -> None:
        """`$input.x ?? d` where x is optional and cannot be null: an omitted one is zero (evidence a1)."""
        name = member_of_root(node.left, "input")
        field = self.inputs.get(name or "")
        if node.operator != "??" or field is None or not _zero_when_omitted(field):
            if node.operator == "??" and isinstance(node.left, Literal) and node.left.value is not None:
                self.report.add("XS606", "this value is never null, so ?? does nothing", span_of(node.left))
            return
        shown = _declared(field)
        zero = '""' if field.type in ("text", "email", "password") else "0"
        zero = "[]" if field.list_size is not None else "false" if field.type == "bool" else zero
        hint = f"declare it {shown}, or use |first_notempty:... instead of ??"
        text = f"`$input.{name}` is never null: left out it is {zero}, and ?? does nothing"
        self.report.add("XS606", text, span_of(node), hint)

    def null_test(self, node: Binary) -> None:
        """A null test on an input that also passes for an explicit 0, "" or false (evidence a3)."""
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(other, Literal) and other.value is None and not other.style:
                name = member_of_root(side, "input")
                field = self.inputs.get(name or "")
                if (
                    not isinstance(side, Path)
                    or len(side.segments) > 1
                    or field is None
                    or not _zero_when_omitted(field)
                ):
                    return
                strict = node.operator + "="
                hint = f"to tell them apart, declare it {_declared(field)} and write {strict} null"
                text = f"`$input.{name} {node.operator} null` does not tell an omitted value from an empty or zero one"
                self.report.add("XS607", text, span_of(node), hint)
                return

    def now_arithmetic(self, node: Binary) -> None:
        if node.operator in _ARITHMETIC and (isinstance(node.left, Now) or isinstance(node.right, Now)):
            hint = "write now|add_secs_to_timestamp:60, or (now|to_ms) + 1000"
            self.report.add(
                "XS608", "`now` cannot be calculated with: the engine answers Not numeric", span_of(node), hint
            )

        self.text_arithmetic(node)

    def text_arithmetic(self, node: Binary) -> None:
        """A text that is not a number, written where one is calculated with; once for a chain of additions."""
        if node.operator not in _ARITHMETIC or self.expected:
            return
        texts = [side for side in (node.left, node.right) if _is_word(side)]
        before = node.left if isinstance(node.left, Binary) and node.left.operator == node.operator else None
        if not texts or (before is not None and (_is_word(before.left) or _is_word(before.right))):
            return
        shown = self.report.text_of(texts[0])
        shown = shown if len(shown) <= 40 else "the text"
        message = f"{shown} cannot be calculated with: the engine answers Not numeric"
        hint = "write a number, or convert the text with |to_int or |to_decimal"
        if node.operator == "+":
            left, right = self.report.text_of(node.left), self.report.text_of(node.right)
            hint = f"to join texts write {left} ~ {right}" if len(left + right) < 60 else "join texts with ~"
        self.report.add("XS624", message, span_of(node), hint)

    def unary(self, node: Unary, boolean: bool, mode: int) -> None:
        if node.operator == "!" and isinstance(node.operand, FilterCall):
            shown = self.report.text_of(node.operand)
            start, end = self.report.offsets(node.operand)
            self.report.add(
                "XS601",
                "`!` applies to the filtered value, not to what comes before the filter",
                span_of(node),
                f"write !({shown}) with parentheses to say so",
                [(start, start, "("), (end, end, ")")],
            )
        if node.operator == "-" and isinstance(node.operand, FilterCall):
            self.minus_of_filtered(node, node.operand)
        self.look(node.operand, node.operator == "!", mode)

    def minus_of_filtered(self, node: Unary, filtered: FilterCall) -> None:
        """`-$n|abs` is -($n|abs): a filter binds closer than the sign, unless a number follows (language 1.6, 2.2)."""
        first: Expression = filtered
        while isinstance(first, FilterCall) and first.operand is not None:
            first = first.operand
        start, end = self.report.offsets(filtered)
        shown, signed = self.report.text_of(filtered), self.report.text_of(first)
        rest = " ".join(self.report.source.text[self.report.offsets(first)[1] : end].split())
        self.report.add(
            "XS621",
            "`-` applies to the filtered value, not to what comes before the filter",
            span_of(node),
            f"write (-{signed}){rest} to filter the negative number, or -({shown}) to say so",
            [(start, start, "("), (end, end, ")")],
        )

    def ternary(self, node: Ternary, boolean: bool, mode: int) -> None:
        self.constant(node.condition)
        self.look(node.condition, True, mode)
        self.look(node.then, boolean, mode)
        self.look(node.otherwise, boolean, mode)

    def constant(self, node: Expression) -> None:
        """A condition that is a literal."""
        inner = unwrapped(node)
        if isinstance(inner, Literal) and not isinstance(inner.value, bool) and inner.style != "nothing":
            outcome = "true" if inner.value not in (None, 0, "", "0") else "false"
            self.report.add("XS609", f"this condition is always {outcome}", span_of(node))

    # Filters -------------------------------------------------------------------------------------------------------

    def filter_call(self, node: FilterCall, boolean: bool, mode: int) -> None:
        """A chain of filters, from its last to its first."""
        operand: Expression | None = node
        while isinstance(operand, FilterCall):
            self.one_filter(operand, mode)
            operand = operand.operand
        if operand is not None:
            self.look(operand, False, mode)

    def one_filter(self, node: FilterCall, mode: int) -> None:
        swallowed = False
        if not node.disabled:
            swallowed = self.swallowed(node)
            filter_rules.check_filter(self.report, node, self.inputs)
        takes_condition = node.name in ("filter", "some", "every", "find", "findIndex")
        arguments = [*node.arguments[:-1], *parts(node.arguments[-1])] if swallowed else node.arguments
        for argument in arguments:
            self.look(argument, takes_condition, PLAIN if mode == PLAIN else QUERY)

    def swallowed(self, node: FilterCall) -> bool:
        """An operator after an argument belongs to the argument (language 2.3, rule 2)."""
        if not node.arguments or node.name in EXPRESSION_FILTERS:
            return False
        last = node.arguments[-1]
        if not isinstance(last, Binary):
            return False
        default = last.operator in ("??", "?:") and isinstance(last.left, Literal)
        if last.operator in _COMPARISONS | _LOGIC or default:
            start = self.report.offsets(node)[0]
            middle = self.report.offsets(last.left)[1]
            shown = " ".join(self.report.source.text[start:middle].split())
            right = self.report.text_of(last.right)
            hint = f"write ({shown}) {last.operator} {right} to compare the filtered value"
            if default or last.operator in _LOGIC:
                hint = f"write ({shown}) {last.operator} {right}, with parentheses around the filtered value"
            text = f"`{last.operator}` belongs to the argument of `{node.name}`"
            self.report.add("XS602", text, span_of(last), hint)
            return True
        return False

    # Literals ------------------------------------------------------------------------------------------------------

    def object(self, node: ObjectLiteral, boolean: bool, mode: int) -> None:
        entries = [entry for entry in node.entries if isinstance(entry, Entry) and not entry.disabled]
        if (
            entries
            and len(entries) == len(node.entries)
            and [e.key for e in entries] == [str(i) for i in range(len(entries))]
        ):
            text = "an object whose keys are 0, 1, 2, ... becomes a list"
            self.report.add("XS603", text, span_of(node), "use other keys, such as k0, or write a list")
        for index, entry in enumerate(node.entries):
            if isinstance(entry, Entry) and not entry.disabled:
                if entry.style == "variable":
                    self.variable_key(entry)
                if mode == PLAIN and index + 1 < len(node.entries) and isinstance(entry.value, FilterCall):
                    self.filter_before_comma(entry)
                inner = CONDITION if entry.key in ("where", "search") and mode != PLAIN else mode
                self.look(entry.value, False, inner)
            elif not isinstance(entry, Entry):
                self.look(entry, False, mode)

    def filter_before_comma(self, entry: Entry) -> None:
        """A live report: the engine lost the keys after such an entry (semantics 12)."""
        end = self.report.offsets(entry.value)[1]
        if self.report.source.text[end : end + 40].lstrip(" \t").startswith(","):
            shown = self.report.text_of(entry.value)
            start = self.report.offsets(entry.value)[0]
            self.report.add(
                "XS612",
                "the engine may lose the keys after a filter that ends at a comma",
                span_of(entry.value),
                f"put it in parentheses: ({shown}), or the next key on a line of its own",
                [(start, start, "("), (end, end, ")")],
            )

    def variable_key(self, entry: Entry) -> None:
        place = (entry.line, entry.column, entry.line, entry.column + len(entry.key))
        hint = f"to use the value as a key, write {{}}|set:{entry.key}:..."
        self.report.add("XS613", f"the key is the text `{entry.key}`, not the variable's value", place, hint)


def _is_word(side: Expression) -> bool:
    """Is a side of a calculation a written text that is not a number?"""
    node = unwrapped(side)
    return isinstance(node, Literal) and isinstance(node.value, str) and parse_number(node.value) is None


def _zero_when_omitted(field: Field) -> bool:
    if not field.optional or field.nullable or field.default is not None:
        return False
    return field.type in _ZERO_TYPES or field.list_size is not None


def _declared(field: Field) -> str:
    size = "[]" if field.list_size is not None else ""
    return f"{field.type}{size}? {field.name}?"


def _same_member(left: Expression, right: Expression) -> bool:
    """`$input.name || $row.name`: two sources of one value."""
    if not (isinstance(left, Path) and isinstance(right, Path)):
        return False
    first, second = left.segments[-1].key, right.segments[-1].key
    return isinstance(first, str) and first == second


def _group(self: Surprises, node: Group, boolean: bool, mode: int) -> None:
    self.look(node.expression, boolean, mode)


def _literal(self: Surprises, node: Literal, boolean: bool, mode: int) -> None:
    spelling.check_literal(self.report, node)


def _nothing(self: Surprises, node: Expression, boolean: bool, mode: int) -> None:
    return


_CHECKS: dict[type[Expression], Callable[..., None]] = {
    Binary: Surprises.binary,
    Unary: Surprises.unary,
    Ternary: Surprises.ternary,
    FilterCall: Surprises.filter_call,
    ObjectLiteral: Surprises.object,
    Group: _group,
    Literal: _literal,
    Variable: _nothing,
    Word: _nothing,
}
