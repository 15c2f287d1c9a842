"""An error of a run as diagnostics: what is wrong and where, to be shown as other problems are."""

from __future__ import annotations

from xsrun.diagnostics.record import Diagnostic
from xsrun.errors import InputError, XanoScriptError, XanoScriptSyntaxError


def diagnostics_of(error: XanoScriptError) -> list[Diagnostic]:
    """An error as diagnostics: those of a syntax error, else one at the error's place."""
    if isinstance(error, XanoScriptSyntaxError) and error.diagnostics:
        return list(error.diagnostics)
    message = str(error) or {403: "access denied"}.get(error.status, error.code)
    if isinstance(error, InputError):
        message = error.described()
    return [
        Diagnostic(
            "error",
            error.code if error.code != "ERROR_FATAL" else "",
            message,
            error.hint,
            error.file or "",
            error.line or 0,
            error.column or 1,
            error.end_line or 0,
            error.end_column or 0,
        ),
        *declaration_of(error),
    ]


def declaration_of(error: XanoScriptError) -> list[Diagnostic]:
    """Where the input stands that a call inside the program did not fit."""
    place = error.declared_at if isinstance(error, InputError) else None
    if place is None or place[:2] == (error.file, error.line):
        return []
    file, line, column, end = place
    return [Diagnostic("info", "", "the input is declared here", None, file, line, column, line, end)]
