"""The lines of a program that can run, and the ways between them: what coverage is measured against.

They are read from the generated code, since that is what runs. A statement counts as one line, the one it begins on.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator
from types import CodeType

from xsrun.errors import XanoScriptError
from xsrun.syntax.nodes import Node, Statement
from xsrun.workspace.code_cache import compiled_stack
from xsrun.workspace.construct import Construct

#: From one line to the next; a negative number is where a function begins or ends.
Arc = tuple[int, int]

_LEAVING = frozenset(("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"))
_ALWAYS = frozenset(("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE"))


class ProgramLines:
    """The lines and arcs of the constructs of one file.

    Code that belongs to no statement (the binding of inputs at the head of a construct) is on no line.
    """

    def __init__(self, constructs: Iterable[Construct]) -> None:
        self._begins: dict[int, int] = {}
        self.lines: set[int] = set()
        self.arcs: set[Arc] = set()
        for construct in constructs:
            self._add(construct)

    def _add(self, construct: Construct) -> None:
        try:
            code = compiled_stack(construct).code
        except XanoScriptError:
            return  # a construct that does not load never ran
        for root in [*construct.items, construct.node.find("response") if construct.node is not None else None]:
            if root is not None:
                self._note_beginnings(root)
        for function in _functions(code):
            self.lines |= {begin for *_, line in function.co_lines() if line and (begin := self.begin(line))}
            self.arcs |= {arc for arc in _arcs(function, self.begin) if arc[0] != arc[1]}

    def _note_beginnings(self, root: Node) -> None:
        """Map each line of a statement that takes several to its first; inner statements win."""
        for node in root.walk():
            if node is root or isinstance(node, Statement):
                for line in range(node.line, node.end_line + 1):
                    self._begins[line] = node.line

    def begin(self, line: int) -> int:
        """The line that the statement on a line begins on; 0 when there is no statement on it."""
        return self._begins.get(line, 0)

    def translated(self, arcs: Iterable[Arc]) -> set[Arc]:
        """Measured arcs as arcs between the beginnings of statements, without those inside one."""
        pairs = {(self._end(first), self._end(second)) for first, second in arcs}
        return {(first, second) for first, second in pairs if first != second and first and second}

    def _end(self, line: int) -> int:
        """One end of a measured arc. Negative ones are functions; they stay as they are."""
        return line if line < 0 else self.begin(line)

    def exits(self) -> dict[int, int]:
        """How many ways lead on from each line."""
        counts: dict[int, int] = {}
        for first, _ in self.arcs:
            if first > 0:
                counts[first] = counts.get(first, 0) + 1
        return counts


def _functions(code: CodeType) -> Iterator[CodeType]:
    """The functions inside the code of a module, at every depth, but those inside expressions."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            yield constant
            yield from _functions(constant)


def _arcs(code: CodeType, begin: Callable[[int], int]) -> set[Arc]:
    """The ways from line to line that the instructions of a function can take, exceptions left out."""
    instructions = list(dis.get_instructions(code))
    lines = [begin(one.positions.lineno or 0) if one.positions is not None else 0 for one in instructions]
    places = {one.offset: index for index, one in enumerate(instructions)}
    found: set[Arc] = set()
    seen: set[tuple[int, int]] = set()
    pending = [(0, -code.co_firstlineno)]
    while pending:
        index, before = pending.pop()
        if (index, before) in seen or index >= len(instructions):
            continue
        seen.add((index, before))
        line = lines[index] or before
        found.add((before, line))
        instruction = instructions[index]
        if instruction.opname.startswith("RETURN_"):
            found.add((line, -code.co_firstlineno))
        if instruction.opname in _LEAVING:
            continue
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            pending.append((places[instruction.argval], line))
        if instruction.opname not in _ALWAYS:
            pending.append((index + 1, line))
    return found
