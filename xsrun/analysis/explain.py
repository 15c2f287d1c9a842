"""What the checker knows of the line on which a program failed: run and eval give the hints that check gives."""

from __future__ import annotations

from xsrun.analysis import check_sources
from xsrun.diagnostics import Diagnostic
from xsrun.errors import (
    InputError,
    MissingVariableError,
    PreconditionError,
    ThrownError,
    XanoScriptError,
    XanoScriptSyntaxError,
)

#: Expressions are checked as the value of a variable.
_BEFORE, _AFTER = "var $value { value = ", "\n}"
#: What may be the reason of an error while running: expressions that mean something else than they seem to.
_SURPRISES = "XS6"
#: What the parser says, which is all that check says.
_SYNTAX = "XS1"
#: What is refused as well, or fails when it is reached, in fewer words: filters and their arguments.
_FILTERS = "XS4"
#: What is said of a variable that nothing has set, or not yet.
_UNSET = ("XS511", "XS512")
#: Problems whose messages only say what the error says.
_SAID = (_FILTERS, "XS624", *_UNSET)


def explain(error: XanoScriptError, text: str, *, expression: bool = False) -> None:
    """Give an error the hint that the checker has for its line, when it has one. `text` is that of the error's file."""
    if not error.line or isinstance(error, (InputError, PreconditionError, ThrownError)):
        return
    refused = isinstance(error, XanoScriptSyntaxError)
    if refused and any(one.code.startswith(_SYNTAX) for one in getattr(error, "diagnostics", [])):
        return  # the parser's own words
    file = error.file or ""
    found = _check_expression(text, file) if expression else check_sources({file: text})
    unset = isinstance(error, MissingVariableError) and not expression
    telling = [one for one in found if one.hint and (_may_explain(one, refused) or (unset and one.code in _UNSET))]
    error.hint = _hint(telling, error.line, error.column) or error.hint
    for diagnostic in getattr(error, "diagnostics", []):
        diagnostic.hint = _hint(telling, diagnostic.line, diagnostic.column) or diagnostic.hint


def _hint(telling: list[Diagnostic], line: int, column: int | None) -> str | None:
    """What the nearest of some diagnostics on a line says."""
    near = [one for one in telling if one.line == line]
    if not near:
        return None
    nearest = min(near, key=lambda one: abs(one.column - (column or 1)))
    return nearest.hint if nearest.code.startswith(_SAID) else f"{nearest.message}: {nearest.hint}"


def _may_explain(found: Diagnostic, refused: bool) -> bool:
    """May a diagnostic tell why a program was refused, or else why it failed?"""
    if found.code.startswith(_FILTERS):
        return refused or found.severity == "error"
    return not refused and found.code.startswith(_SURPRISES)


def _check_expression(text: str, file: str) -> list[Diagnostic]:
    found = check_sources({file: _BEFORE + text + _AFTER})
    for one in found:
        if one.line == 1:
            one.column -= len(_BEFORE)
    return found
