"""From a Python traceback to the place in the XanoScript source, and from Python errors to the engine's."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType, TracebackType

from xsrun.errors import InputError, InternalError, LimitError, MissingVariableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from xsrun.running.context import Context

    class InFile(Protocol):
        """What stands somewhere in a file."""

        file: str
        line: int


#: line, end line, column and end column, as Python keeps them
Position = tuple[int | None, int | None, int | None, int | None]


def translate(error: BaseException, around: InFile | None = None) -> XanoScriptError:
    """The error of the program that an exception stands for, with its place filled in: a limit that is passed before
    any statement runs, as while a long program is compiled, is passed by the construct `around`.

    Reading a variable that nothing has set yet is a NameError in the generated code; Python's own recursion limit is
    the last guard of the call depth. Anything else that is not a XanoScriptError is a fault of xsrun.
    """
    problem: XanoScriptError
    instruction = None
    if isinstance(error, XanoScriptError):
        problem = error
    elif isinstance(error, NameError) and (read := _unset_variable(error.__traceback__)) is not None:
        unset, instruction = read
        problem = MissingVariableError(unset, hint=f"no statement that ran before has set ${unset}")
    elif isinstance(error, RecursionError):
        problem = LimitError("Calls or values are nested too deep.", hint="does the recursion end?")
    elif isinstance(error, MemoryError):
        problem = LimitError("The program needs more memory than there is.")
    else:
        problem = InternalError(error)
    if problem.line is None:
        fill_place(problem, error.__traceback__, instruction)
    if problem.line is None and isinstance(problem, LimitError) and around is not None:
        problem.file, problem.line = around.file, around.line
    if problem.line is None and isinstance(problem, InputError) and problem.declared_at is not None:
        # no statement is to blame: what was sent from outside does not fit the declaration
        problem.file, problem.line, problem.column, problem.end_column = problem.declared_at
        problem.end_line = problem.line
    return problem


def _unset_variable(traceback: TracebackType | None) -> tuple[str, int] | None:
    """The variable that the innermost frame of a NameError was to read, and the instruction that reads it, or None.

    Python may run two instructions as one, and then names the first: the one at fault reads what has no value.
    """
    import dis

    if traceback is None:
        return None
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    values = traceback.tb_frame.f_locals
    around = [one for one in dis.get_instructions(traceback.tb_frame.f_code) if one.offset >= traceback.tb_lasti]
    for one in around[:2]:
        for read in one.argval if isinstance(one.argval, tuple) else (one.argval,):
            is_name = isinstance(read, str) and one.opname != "LOAD_CONST"
            if is_name and read.startswith("v_") and read not in values:
                return read.removeprefix("v_"), one.offset
    return None


def run_unattended(context: Context, function: Callable[..., object], *arguments: object) -> None:
    """Call what runs when the response is known: an error is no longer the program's, it is logged."""
    try:
        function(*arguments)
    except Exception as error:
        context.warnings.append(translate(error))


def fill_place(problem: XanoScriptError, traceback: TracebackType | None, at: int | None = None) -> None:
    """Set file, line and column from the innermost frame that runs generated code, of its instruction `at` if that is
    given."""
    frames: list[tuple[CodeType, int]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename in _files:
            frames.append((code, traceback.tb_lasti))
        traceback = traceback.tb_next
    if not frames:
        return
    if isinstance(problem, (InputError, LimitError)) and len(frames) > 1 and _binds(frames[-1]):
        frames.pop()  # what a call begins with fails: the caller is to blame
    code, instruction = frames[-1]
    line, end_line, column, end_column = _position(code, instruction if at is None else at)
    problem.file = code.co_filename
    problem.line = line
    problem.column = column + 1 if column is not None else None
    problem.end_line = end_line
    problem.end_column = end_column + 1 if end_column is not None else None


def _binds(frame: tuple[CodeType, int]) -> bool:
    """Is the frame at the binding of its inputs, which has the position of the construct's first line?"""
    code, instruction = frame
    return code.co_name == "direct" and _position(code, instruction)[0] == code.co_firstlineno


def _position(code: CodeType, instruction: int) -> Position:
    """Where an instruction comes from. One that no text stands for, as the end of a loop, counts to what it follows."""
    positions = list(code.co_positions())
    at = instruction // 2
    while at > 0 and positions[at][0] is None:
        at -= 1
    return positions[at]


def line_of(place: FrameType | TracebackType) -> int:
    """The line at which a frame is, or was when an error passed through: Python has none for jumps of its own, as the
    one from the end of a loop to its beginning."""
    if isinstance(place, TracebackType):
        code, instruction, line = place.tb_frame.f_code, place.tb_lasti, place.tb_lineno
    else:
        code, instruction, line = place.f_code, place.f_lasti, place.f_lineno
    return line or _position(code, instruction)[0] or code.co_firstlineno


_files: set[str] = set()


def remember(filename: str) -> None:
    """Note that generated code carries this file name."""
    _files.add(filename)


def is_generated(filename: str) -> bool:
    """Is this the file name of generated code?"""
    return filename in _files
