"""Problems as an editor shows them, and their fixes as it offers them."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from xsrun.analysis.fixing import fix_sources
from xsrun.analysis.guesses import offers
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.codes import code_of
from xsrun.editor.lsp.desk import Desk, Opened

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
#: Codes of what can be left out: variables that nothing reads, statements that nothing reaches.
_UNNECESSARY = frozenset({"XS503", "XS504"})
FIX_ALL = "source.fixAll.xsrun"


def shown(opened: Opened, problem: Diagnostic) -> types.Diagnostic:
    """A problem for the editor: its hint is a second line of the message."""
    place = opened.positions.range(problem.line, problem.column, problem.end_line, problem.end_column)
    message = problem.message if problem.hint is None else f"{problem.message}\n{problem.hint}"
    tags = [types.DiagnosticTag.Unnecessary] if problem.code in _UNNECESSARY else None
    return types.Diagnostic(place, message, _SEVERITIES[problem.severity], problem.code, source="xsrun", tags=tags)


def edits_of(opened: Opened, problem: Diagnostic) -> list[types.TextEdit]:
    """The edits of a problem's fix."""
    return [types.TextEdit(opened.positions.range_between(start, end), text) for start, end, text in problem.fix or ()]


def code_actions(desk: Desk, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The fixes of the problems at a place, comments that switch them off, and all safe fixes of the text at once."""
    opened = desk.opened(params.text_document.uri)
    if opened is None:
        return []
    wanted = params.context.only
    found: list[types.CodeAction] = []
    if _is_wanted(types.CodeActionKind.QuickFix, wanted):
        for problem in _between(opened, desk.programs.problems(opened.name), params.range):
            diagnostic = shown(opened, problem)
            if problem.fix:
                found.append(_fix(opened, problem, diagnostic))
            found += _offers(opened, problem, diagnostic)
            if problem.severity != "error":
                found.append(_ignore(opened, problem, diagnostic))
    if _is_wanted(FIX_ALL, wanted):
        found += _fix_all(desk, opened)
    return found


def _is_wanted(kind: str, wanted: Iterable[str] | None) -> bool:
    """Is a kind of actions one that was asked for, or below one?"""
    return wanted is None or any(one == "" or kind == one or kind.startswith(f"{one}.") for one in wanted)


def _between(opened: Opened, problems: list[Diagnostic], place: types.Range) -> list[Diagnostic]:
    first, last = opened.positions.place(place.start), opened.positions.place(place.end)
    return [one for one in problems if (one.line, one.column) <= last and (one.end_line, one.end_column) >= first]


def _fix(opened: Opened, problem: Diagnostic, diagnostic: types.Diagnostic) -> types.CodeAction:
    title = problem.hint or f"fix: {problem.message}"
    edit = types.WorkspaceEdit({opened.uri: edits_of(opened, problem)})
    kind = types.CodeActionKind.QuickFix
    return types.CodeAction(title, kind, diagnostics=[diagnostic], is_preferred=True, edit=edit)


def _offers(opened: Opened, problem: Diagnostic, diagnostic: types.Diagnostic) -> list[types.CodeAction]:
    """Names that may be meant. None is preferred, so that no client takes one unasked."""
    found = []
    for name, (start, end, text) in offers(problem, opened.source):
        edit = types.TextEdit(opened.positions.range_between(start, end), text)
        change = types.WorkspaceEdit({opened.uri: [edit]})
        kind = types.CodeActionKind.QuickFix
        found.append(types.CodeAction(f"write `{name}`", kind, diagnostics=[diagnostic], edit=change))
    return found


def _ignore(opened: Opened, problem: Diagnostic, diagnostic: types.Diagnostic) -> types.CodeAction:
    line = opened.source.line(problem.line)
    margin = line[: len(line) - len(line.lstrip())]
    start = types.Position(problem.line - 1, 0)
    edit = types.TextEdit(types.Range(start, start), f"{margin}// xsrun: ignore {problem.code}{opened.line_end}")
    known = code_of(problem.code)
    title = f"switch {problem.code} off here" + (f": {known.title}" if known is not None else "")
    change = types.WorkspaceEdit({opened.uri: [edit]})
    return types.CodeAction(title, types.CodeActionKind.QuickFix, diagnostics=[diagnostic], edit=change)


def _fix_all(desk: Desk, opened: Opened) -> list[types.CodeAction]:
    """All safe fixes, until none is left, as one replacement of the text."""
    session = desk.programs.session_of(opened.name)
    if session is None or not any(one.fix for one in session.diagnostics(opened.name)):
        return []
    kept = session.texts[opened.name]
    made, count = fix_sources({opened.name: kept}, lambda texts: session.problems_with(opened.name, texts[opened.name]))
    text = made[opened.name]
    if text == kept:
        return []
    edit = types.WorkspaceEdit({opened.uri: [types.TextEdit(opened.positions.whole(), text)]})
    return [types.CodeAction(f"apply all safe fixes of this file ({count})", FIX_ALL, edit=edit)]
