"""What `--json` prints when a command cannot do its work: the command's document, empty, with the error in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from xsrun.cli.output import result_document
from xsrun.diagnostics.of_errors import diagnostics_of
from xsrun.errors import XanoScriptError
from xsrun.workspace.result import Result

if TYPE_CHECKING:
    from xsrun.documents import DiagnosticDocument, ErrorDocument, Json, RunDocument

    class FailureDocument(TypedDict, total=False):
        error: ErrorDocument | None
        diagnostics: list[DiagnosticDocument]
        passed: int
        failed: int
        results: list[Json]
        blocks: list[Json]
        files: list[Json]


def wants_document(words: list[str]) -> bool:
    """Do the words of a command line ask for a JSON document? The line may be one that no command accepts."""
    given = words[: words.index("--")] if "--" in words else words
    return "--json" in given


def failure_document(command: str, error: XanoScriptError) -> RunDocument | FailureDocument:
    """The document of a command that ended in an error of its own, with the keys that it always has."""
    document = result_document(Result(error=error, status=error.status))
    if command in ("run", "eval"):
        return document
    empty: dict[str, FailureDocument] = {
        "check": {"diagnostics": [one.as_dict() for one in diagnostics_of(error)]},
        "test": {"passed": 0, "failed": 0, "results": []},
        "doctest": {"blocks": []},
        "format": {"files": [], "diagnostics": [one.as_dict() for one in diagnostics_of(error)]},
    }
    return {**empty.get(command, {}), "error": document["error"]}
