"""The record of one problem in a source text."""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING, Literal
from xsrun.records import record

if TYPE_CHECKING:
    from xsrun.documents import DiagnosticDocument

Severity = Literal["error", "warning", "info"]
#: One edit: replace the characters from `start` to `end` (offsets, end exclusive) by the text.
Fix = tuple[int, int, str]
#: Begins what stands for the text of a file that could not be read; the reason follows. No text of a file holds it.
UNREAD = "\ud800"


def severity_of(code: str) -> Severity:
    """The severity that a code stands for.

    Codes below XS500 are errors (the program cannot run as written), those from XS900 on notes, the others warnings.
    """
    return "error" if code[2] < "5" else "warning" if code[2] < "9" else "info"


@record
class Diagnostic:
    """A problem: what is wrong (`message`), what to write instead (`hint`), and where.

    Lines and columns count from 1, columns in characters, ends are exclusive. `fix` is a list of edits that repair it
    without changing the meaning of anything else, or None.
    """

    severity: Severity
    code: str
    message: str
    hint: str | None = None
    file: str = "<text>"
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0
    fix: list[Fix] | None = None

    def __post_init__(self) -> None:
        if not self.end_line:
            self.end_line = self.line
        if self.end_line == self.line and self.end_column <= self.column:
            self.end_column = self.column + 1

    def sort_key(self) -> tuple[str, int, int, str, str, str]:
        return (self.file, self.line, self.column, self.severity, self.code, self.message)

    def as_dict(self) -> DiagnosticDocument:
        """The record as `xsrun check --json` prints it."""
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "fix": self.fix,
        }
