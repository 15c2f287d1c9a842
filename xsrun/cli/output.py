"""What commands print: values, errors, logs, traces."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable

from xsrun.errors import InternalError, XanoScriptError, XanoScriptSyntaxError
from xsrun.hints import TYPE_CHECKING, cast
from xsrun.records import replace
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.documents import ErrorDocument, RunDocument
    from xsrun.running.context import LogEntry
    from xsrun.running.trace import TraceEntry
    from xsrun.workspace.result import Result

#: The path that people know a file by, from its name in the workspace.
Shown = Callable[[str], str]


def describe_error(error: XanoScriptError, sources: dict[str, str], shown_path: Shown = str) -> str:
    """An error as people read it: what is wrong, where, the line with a caret, and what to do.

    `sources` holds the texts by file name; `shown_path` gives the path that people know a file by.
    """
    from xsrun.diagnostics.color import paint, use_color
    from xsrun.diagnostics.of_errors import diagnostics_of

    shown, color = [], use_color(sys.stderr)
    for diagnostic in diagnostics_of(error):
        if diagnostic.line and diagnostic.file:
            from xsrun.diagnostics.render import render

            text, path = sources.get(diagnostic.file, ""), shown_path(diagnostic.file)
            shown.append(render(diagnostic, text, color=color, path=path))
        else:
            mark = f"[{diagnostic.code}]" if diagnostic.code else ""
            text = paint(f"error{mark}", "bold red", color) + paint(f": {diagnostic.message}", "bold", color)
            help_ = f"\n  {paint('help', 'bold green', color)}: {diagnostic.hint}"
            shown.append(text + (help_ if diagnostic.hint else ""))
    if isinstance(error, InternalError) and os.environ.get("XSRUN_TRACEBACK"):
        import traceback

        shown.append("".join(traceback.format_exception(error.fault)).rstrip())
    return "\n".join(shown)


def escape_unprintable(error: UnicodeError) -> tuple[str, int]:
    """Write characters that an output's encoding lacks as JSON does: `\\u20ac`, pairs of these beyond 16 bits."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def prepare_output() -> None:
    """Never fail because the encoding of the terminal or pipe lacks a character, and keep the order of what is written.

    Python writes a pipe in blocks: in `xsrun check a.xs 2>&1 | less` what is for standard error would come first.
    """
    import codecs

    codecs.register_error("xsrun.escape", escape_unprintable)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="xsrun.escape", line_buffering=True)


def flush_output() -> None:
    """Write what is still buffered. Raises OSError when standard output is closed or full."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_output() -> None:
    """Discard what standard output did not take, or Python would try again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def is_of_output(error: Exception) -> bool:
    """Whether an error is about writing to an open stream, as a full disk or a closed pipe gives it."""
    codes = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)
    return isinstance(error, OSError) and error.filename is None and error.errno in codes


def print_value(value: Value) -> None:
    """Print a value as JSON, laid out for reading."""
    print(to_json(value, indent=True))


def warn(text: str) -> None:
    """Print a warning to standard error."""
    print(f"warning: {text}", file=sys.stderr)


def print_logs(logs: list[LogEntry], shown_path: Shown = str) -> None:
    """Print what `debug.log` and `console.log` left, to standard error."""
    for entry in logs:
        place = f"{shown_path(entry.file)}:{entry.line}: " if entry.file else ""
        print(f"log: {place}{entry.text}", file=sys.stderr)


def print_trace(entries: list[TraceEntry], shown_path: Shown = str) -> None:
    """Print the trace of a run to standard error: place, time in milliseconds, statement, value."""
    for entry in entries:
        indent = "  " * max(entry.depth - 1, 0)
        value = f" = {entry.value}" if entry.value else ""
        place = f"{shown_path(entry.file)}:{entry.line}"
        print(f"{place:<28} {entry.seconds * 1000:9.3f} ms  {indent}{entry.statement}{value}", file=sys.stderr)


def result_document(result: Result, shown_path: Shown = str) -> RunDocument:
    """The document of `--json` for a run. `shown_path` gives the path that people know a file by."""

    def shown(file: str | None) -> str | None:
        return file if file is None else shown_path(file)

    error: ErrorDocument | None = None
    if result.error is not None:
        error = {
            **result.error.as_dict(),
            "file": shown(result.error.file),
            "line": result.error.line,
            "column": result.error.column,
            "hint": result.error.hint,
        }
        error.setdefault("message", str(result.error))
        if result.secrets is not None:
            error = cast("ErrorDocument", result.secrets.hide(cast("Value", error)))
    document: RunDocument = {
        "response": result.response if result.error is None else None,
        "error": error,
        "status": result.status,
        "logs": [{"value": entry.value, "file": shown(entry.file), "line": entry.line} for entry in result.logs],
        "duration": round(result.duration, 6),
    }
    if isinstance(result.error, XanoScriptSyntaxError) and result.error.diagnostics:
        found = [replace(one, file=shown_path(one.file)) for one in result.error.diagnostics]
        document["diagnostics"] = [one.as_dict() for one in found]
    if result.trace is not None:
        document["trace"] = [
            {
                "statement": entry.statement,
                "file": shown_path(entry.file),
                "line": entry.line,
                "depth": entry.depth,
                "seconds": round(entry.seconds, 6),
                "value": entry.value,
            }
            for entry in result.trace
        ]
    return document
