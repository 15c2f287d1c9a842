"""How answers to an agent are written: short, with files and lines, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.of_errors import diagnostics_of
from xsrun.diagnostics.render import render
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.running.trace import TraceEntry
    from xsrun.workspace.result import Result

#: Lines of a trace that are shown, the last ones.
_TRACED = 60


def count(number: int, what: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def shown_error(error: XanoScriptError, sources: Mapping[str, str]) -> str:
    """An error with its line and a caret, where it has a place."""
    found = diagnostics_of(error)
    return "\n".join(render(one, sources.get(one.file, "")) if one.line and one.file else plain(one) for one in found)


def plain(one: Diagnostic) -> str:
    """A problem in one line, and its help in another: `a.xs:3:7: error[XS305]: unknown statement`."""
    place = f"{one.file}:{one.line}:{one.column}: " if one.file and one.line else ""
    code = f"[{one.code}]" if one.code else ""
    return f"{place}{one.severity}{code}: {one.message}" + (f"\n  help: {one.hint}" if one.hint else "")


def problems_answer(found: list[Diagnostic], files: int) -> str:
    """The problems of some files, the errors first, and what to do about them."""
    if not found:
        return f"{count(files, 'file')} checked: no problems"
    errors = [one for one in found if one.severity == "error"]
    others = [one for one in found if one.severity != "error"]
    lines = [f"{count(len(errors), 'error')}, {count(len(others), 'other problem')} in {count(files, 'file')}"]
    lines += [plain(one) for one in (*errors, *others)]
    repaired = sum(bool(one.fix) for one in found)
    code = found[0].code if not errors else errors[0].code
    if repaired:
        lines.append(f"next: the tool fix repairs {repaired} of them")
    elif code:
        lines.append(f"next: the tool explain tells more of {code}")
    return "\n".join(lines)


def run_answer(result: Result, sources: Mapping[str, str], *, full_trace: bool = False) -> str:
    """What a run gave: status and time, response or error, logs, warnings, and its trace if there is one."""
    lines = [f"{'ok' if result.error is None else 'error'}: status {result.status}, {result.duration * 1000:.1f} ms"]
    if result.error is None:
        lines.append(f"response: {to_json(result.response, indent=True)}")
    else:
        lines.append(shown_error(result.error, sources))
    for entry in result.logs:
        place = f"{entry.file}:{entry.line}: " if entry.file else ""
        lines.append(f"log: {place}{entry.text}")
    lines += [f"warning: {getattr(one, 'message', one)}" for one in result.warnings]
    if result.trace is not None:
        lines += trace_lines(result.trace, full_trace)
    elif result.error is not None:
        lines.append("next: the tool trace shows each statement and its value up to the failure")
    text = "\n".join(lines)
    return text if result.secrets is None or result.error is None else result.secrets.hide_text(text)


def trace_lines(entries: list[TraceEntry], whole: bool) -> Iterable[str]:
    """A line for each statement; unless all are asked for, the last ones."""
    shown = entries if whole else entries[-_TRACED:]
    if len(shown) < len(entries):
        yield f"trace (the last {len(shown)} of {len(entries)} statements; `all` shows every one):"
    else:
        yield f"trace ({count(len(entries), 'statement')}):"
    for entry in shown:
        value = f" = {entry.value}" if entry.value else ""
        yield f"{entry.file}:{entry.line}  {'  ' * max(entry.depth - 1, 0)}{entry.statement}{value}"
