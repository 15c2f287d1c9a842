"""What a project says about checks: `xsrun.toml`, or the section `[tool.xsrun]` of `pyproject.toml`.

[check]
ignore = ["XS607", "XS9"]   # codes, or how their names begin
errors = ["XS511"]          # warnings that shall count as errors
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError
from xsrun.reading import AnyPath
from xsrun.records import record, replace
from xsrun.services.project_file import read_project_file
from xsrun.values.conversion import Value


@record(frozen=True)
class CheckSettings:
    """Codes, or beginnings of codes, to leave out and to count as errors."""

    ignore: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def apply(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics that remain, with the severity they have here."""
        kept = []
        for one in diagnostics:
            if self.ignore and one.code.startswith(self.ignore):
                continue
            promoted = bool(self.errors) and one.code.startswith(self.errors)
            kept.append(replace(one, severity="error") if promoted else one)
        return kept


def read_settings(start: AnyPath) -> CheckSettings:
    """The settings of the nearest project file at or above a folder. Raises UsageError for one that makes no sense."""
    found = read_project_file(start)
    return CheckSettings() if found is None else _settings(*found)


def _settings(path: str, table: dict[str, Value]) -> CheckSettings:
    check = table.get("check", {})
    unknown = [name for name in check if name not in ("ignore", "errors")] if isinstance(check, dict) else []
    if unknown or not isinstance(check, dict):
        raise UsageError(
            f"{path}: unknown setting {', '.join(unknown) or 'check'}",
            hint="[check] has the lists `ignore` and `errors`",
        )
    lists = {}
    for name in ("ignore", "errors"):
        codes = check.get(name, [])
        if not isinstance(codes, list) or not all(isinstance(code, str) and code.startswith("XS") for code in codes):
            raise UsageError(f'{path}: `{name}` must be a list of codes such as ["XS607"]')
        lists[name] = tuple(codes)
    return CheckSettings(**lists)
