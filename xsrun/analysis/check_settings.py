"""What a project says about checks: `xsrun.toml`, or the section `[tool.xsrun]` of `pyproject.toml`.

[check]
ignore = ["XS607", "XS9"]   # codes, or how their names begin
errors = ["XS511"]          # warnings that shall count as errors
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.reading import read_text
from xsrun.records import record, replace
from xsrun.values.conversion import Value

_PLACE = pattern(r"line (\d+), column (\d+)")


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


def read_settings(start: Path) -> CheckSettings:
    """The settings of the nearest project file at or above a folder. Raises UsageError for one that makes no sense."""
    for folder in (start, *start.parents):
        for name, section in (("xsrun.toml", ()), ("pyproject.toml", ("tool", "xsrun"))):
            path = folder / name
            if path.is_file():
                table = _table(path, section)
                if table is not None:
                    return _settings(path, table)
    return CheckSettings()


def _table(path: Path, section: tuple[str, ...]) -> dict[str, Value] | None:
    import tomllib

    try:
        found: Value = tomllib.loads(read_text(path))
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        where = f"what stands at line {place[1]}, column {place[2]} does not fit" if place else "it ends too early"
        hint = 'settings are written name = "value", below a line with their section: [check]'
        raise UsageError(f"{path} is not TOML: {where}", hint=hint) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    for name in section:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _settings(path: Path, table: dict[str, Value]) -> CheckSettings:
    check = table.get("check", {})
    unknown = [f"[{name}]" for name in table if name != "check"]
    if isinstance(check, dict):
        unknown += [name for name in check if name not in ("ignore", "errors")]
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
