"""The calls of a program at a moment, out of the Python frames that run it, and the values that they hold."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from xsrun.errors import UsageError
from xsrun.evaluator.generated.tracebacks import is_generated, line_of
from xsrun.evaluator.scope import input_locals
from xsrun.fields.literals import OMITTED, UNBOUND
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.lookup import ConstructTable

#: The elements around an expression, as generated code names them: `this_3`.
_ELEMENTS = ("this", "index", "parent", "result")
#: Values that stand for none.
_NOTHING = (OMITTED, UNBOUND)


class ProgramFrame:
    """One call: what runs, where it is, and its values by name.

    `live` is the Python frame while it is stopped, and None once it has ended: then its values can only be read.
    """

    def __init__(self, label: str, file: str, line: int) -> None:
        self.label = label
        self.file = file
        self.line = line
        #: how many calls are inside it
        self.depth = 0
        self.live: FrameType | None = None
        self.variables: dict[str, Value] = {}
        self.inputs: dict[str, Value] = {}
        self.elements: dict[str, Value] = {}
        #: the names of generated code, by root and name
        self.locals: dict[tuple[str, str], str] = {}

    def look(self, frame: FrameType, construct: Construct | None) -> None:
        """Take the values of a Python frame."""
        known = input_locals(construct.declared) if construct is not None and construct.error() is None else {}
        self.locals = {("input", name): local for name, local in known.items()}
        self.locals |= {("var", name[2:]): name for name in names_of(frame) if name.startswith("v_")}
        held = frame.f_locals
        self.variables = {
            name: held[local] for (root, name), local in self.locals.items() if root == "var" and local in held
        }
        self.inputs = {
            name: held[local]
            for (root, name), local in self.locals.items()
            if root == "input" and local in held and held[local] not in _NOTHING
        }

    def assign(self, root: str, name: str, value: Value) -> None:
        """Give a variable or input another value. Raises UsageError where that cannot be."""
        local = self.locals.get((root, name))
        shown = f"$input.{name}" if root == "input" else f"${name}"
        if self.live is None:
            raise UsageError(f"{shown} cannot be set here", hint="this moment has passed; go forward to the present")
        if local is None:
            raise UsageError(f"no statement of {self.label} sets {shown}", hint="only what the program uses can be set")
        set_local(self.live, local, value)
        (self.inputs if root == "input" else self.variables)[name] = value


def names_of(frame: FrameType) -> Iterator[str]:
    """The names of the local variables that a Python frame may have."""
    code = frame.f_code
    yield from (*code.co_varnames, *code.co_cellvars, *code.co_freevars)


def set_local(frame: FrameType, name: str, value: Value) -> None:
    """Change a local variable of a Python frame."""
    frame.f_locals[name] = value
    if sys.version_info < (3, 13):  # from there on the mapping writes through
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))


def calls_from(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    """The Python frames from one outwards, each with its line."""
    while frame is not None:
        yield frame, line_of(frame)
        frame = frame.f_back


def calls_of(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """The Python frames that an error came through, the innermost first, and those around where it was caught."""
    inner: list[tuple[FrameType, int]] = []
    outer = traceback.tb_frame.f_back if traceback is not None else None
    while traceback is not None:
        inner.append((traceback.tb_frame, line_of(traceback)))
        traceback = traceback.tb_next
    yield from reversed(inner)
    yield from calls_from(outer)


def program_frames(
    calls: Iterable[tuple[FrameType, int]], table: ConstructTable, *, ended: int = 0
) -> list[ProgramFrame]:
    """The calls of the program among Python frames, the innermost first. The first `ended` Python frames have ended."""
    found: list[ProgramFrame] = []
    elements: dict[str, Value] = {}
    line_inside: int | None = None
    for number, (frame, line) in enumerate(calls):
        code = frame.f_code
        if not is_generated(code.co_filename) or code.co_name == "run":
            continue
        if code.co_name != "direct" and not code.co_name.startswith("stack_"):  # a function inside an expression
            elements = {**elements_of(frame), **elements}
            line_inside = line_inside or line
            continue
        construct = construct_at(table, code.co_filename, code.co_firstlineno)
        label = construct.label if construct is not None and construct.kind != "stack" else "statements"
        if code.co_name != "direct":
            label += ": inner stack"
        made = ProgramFrame(label, code.co_filename, line_inside or line)
        made.look(frame, construct)
        made.live = frame if number >= ended else None
        made.elements = {**elements_of(frame), **elements}
        made.depth = len(found)
        elements, line_inside = {}, None
        found.append(made)
    return found


def elements_of(frame: FrameType) -> dict[str, Value]:
    """`$this` and the like, where a frame is inside an expression for each element: those of the innermost one."""
    found: dict[str, tuple[int, Value]] = {}
    for name, value in frame.f_locals.items():
        root, _, number = name.partition("_")
        if root in _ELEMENTS and number.isdigit() and int(number) >= found.get(root, (0, None))[0]:
            found[root] = (int(number), value)
    return {root: value for root, (_, value) in found.items()}


def construct_at(table: ConstructTable, file: str, line: int) -> Construct | None:
    """The construct that begins on a line of a file, or before it."""
    there = [one for one in table.constructs if one.file == file and (one.line <= line or one.kind == "stack")]
    return max(there, key=lambda one: one.line, default=None)
