"""Diagnostics for other programs: SARIF 2.1.0 documents and annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xsrun.diagnostics.record import Diagnostic, Fix
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.documents import Json

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
#: Where readers of a document learn more of what wrote it.
_HOME = "https://github.com/xsrun/xsrun"


def to_sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Json]:
    """A SARIF document: one run, one rule for each code that occurs, one result for each diagnostic."""
    from xsrun import __version__

    rules = sorted({diagnostic.code for diagnostic in diagnostics if diagnostic.code})
    driver: Json = {
        "name": "xsrun",
        "version": __version__,
        "informationUri": _HOME,
        "rules": [_rule(code) for code in rules],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, rules) for diagnostic in diagnostics],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Json]:
    from xsrun.diagnostics.codes import code_of

    found = code_of(code)
    if found is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": found.title},
        "fullDescription": {"text": found.why},
        "help": {"text": found.page},
        "defaultConfiguration": {"level": _LEVELS[found.severity]},
    }


def _result(diagnostic: Diagnostic, rules: list[str]) -> dict[str, Json]:
    text = diagnostic.message + (f"\n{diagnostic.hint}" if diagnostic.hint else "")
    result: dict[str, Json] = {
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(diagnostic)}],
    }
    if diagnostic.code:
        result["ruleId"] = diagnostic.code
        result["ruleIndex"] = rules.index(diagnostic.code)
    if diagnostic.fix:
        change: Json = {
            "artifactLocation": {"uri": _uri(diagnostic.file)},
            "replacements": [_edit(e) for e in diagnostic.fix],
        }
        result["fixes"] = [{"description": {"text": diagnostic.hint or "repair"}, "artifactChanges": [change]}]
    return result


def _place(diagnostic: Diagnostic) -> dict[str, Json]:
    region: Json = {
        "startLine": diagnostic.line,
        "startColumn": diagnostic.column,
        "endLine": diagnostic.end_line,
        "endColumn": diagnostic.end_column,
    }
    return {"artifactLocation": {"uri": _uri(diagnostic.file)}, "region": region}


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(file.replace("\\", "/"))


def _edit(edit: Fix) -> dict[str, Json]:
    start, end, text = edit
    return {"deletedRegion": {"charOffset": start, "charLength": end - start}, "insertedContent": {"text": text}}


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands that GitHub Actions shows beside the changed lines, one a line."""
    return "\n".join(_command(diagnostic) for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "endLine": diagnostic.end_line,
        "col": diagnostic.column,
        "endColumn": diagnostic.end_column,
        "title": diagnostic.code or diagnostic.severity,
    }
    if diagnostic.end_line != diagnostic.line:  # columns of several lines are refused
        del properties["col"], properties["endColumn"]
    given = ",".join(f"{name}={_escaped(str(value), property=True)}" for name, value in properties.items())
    text = diagnostic.message + (f"\nhelp: {diagnostic.hint}" if diagnostic.hint else "")
    return f"::{_COMMANDS[diagnostic.severity]} {given}::{_escaped(text)}"


def _escaped(text: str, property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property else text
