"""Breakpoints: on which lines a program can stop, and when it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from xsrun.editor.dap.frame_evaluation import Surroundings, evaluate_in, holds, tree_of
from xsrun.errors import XanoScriptError
from xsrun.language import catalogue
from xsrun.lazy_regex import pattern
from xsrun.records import record
from xsrun.running.context import Context
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct

#: What stands in braces in the text of a logpoint.
_HOLE = pattern(r"\{([^{}]+)\}")
#: Begins a condition on the number of hits: `> 3`, `% 10 == 0`.
_COMPARES = ("=", ">", "<", "%", "!")


@record
class LineBreakpoint:
    """One breakpoint. Its texts are XanoScript: `condition`, `hits` about `$hits`, `message` with some in braces."""

    number: int
    line: int
    condition: str = ""
    hits: str = ""
    message: str = ""
    times: int = 0

    def check(self) -> None:
        """Raise XanoScriptSyntaxError for a text that is not an expression."""
        for text in (self.condition, hits_condition(self.hits), *_HOLE.findall(self.message)):
            if text:
                tree_of(text)

    def met(self, given: Callable[[], Surroundings], context: Context) -> bool:
        """Is it met by a program that is at its line?"""
        if self.condition and not holds(self.condition, given(), context):
            return False
        self.times += 1
        wanted = hits_condition(self.hits)
        return not wanted or holds(wanted, Surroundings({"hits": self.times}), context)

    def text(self, given: Surroundings, context: Context) -> str:
        """The text of a logpoint with the values of what stands in braces."""

        def shown(expression: str) -> str:
            try:
                value = evaluate_in(expression, given, context)
            except XanoScriptError as error:
                return f"<{error}>"
            value = value if context.secrets is None else context.secrets.hide(value)
            return value if isinstance(value, str) else to_json(value)

        parts = _HOLE.split(self.message)
        return "".join(shown(part) if number % 2 else part for number, part in enumerate(parts))


def hits_condition(text: str) -> str:
    """A condition on `$hits`: `5` is the fifth time alone, `> 3` and `% 10 == 0` compare, others are written out."""
    plain = text.strip()
    if plain.isdigit():
        return f"$hits == {plain}"
    return f"$hits {plain}" if plain.startswith(_COMPARES) else plain


def stops_of(constructs: Iterable[Construct], file: str) -> dict[int, int]:
    """The lines of a file at which a program can stop, by the lines that mean them: all those of a statement."""
    found: dict[int, int] = {}
    for construct in constructs:
        if construct.file != file or construct.error() is not None:
            continue
        for statement in statements_in(construct):
            for line in range(statement.line, statement.end_line + 1):
                found[line] = statement.line
        response = construct.response
        if response is not None:
            found.update(dict.fromkeys(range(response.line, response.end_line + 1), response.line))
    return found


def column_at(constructs: Iterable[Construct], file: str, line: int) -> int:
    """The column at which the first statement of a line begins; 1 where none does."""
    columns = [
        statement.column
        for construct in constructs
        if construct.file == file and construct.error() is None
        for statement in (*statements_in(construct), *([construct.response] if construct.response is not None else []))
        if statement.line == line
    ]
    return min(columns, default=1)


def statements_in(construct: Construct) -> Iterator[Statement]:
    """The statements of a construct that a trace shows, the outer ones before those in them."""
    for item in construct.items:
        for node in item.walk():
            if isinstance(node, Statement) and is_shown(node):
                yield node


def is_shown(node: Statement) -> bool:
    """Does a trace show a node? Blocks it does not, but for each pass of a loop that names its item."""
    if node.name == "each":
        return node.target is not None
    return catalogue.entry("statement", node.name) is not None


def place_for(stops: dict[int, int], line: int) -> int | None:
    """The line at which a breakpoint on a line stops: that of its statement, else of the next one."""
    found = stops.get(line)
    if found is not None:
        return found
    return min((stop for stop in stops.values() if stop > line), default=None)
