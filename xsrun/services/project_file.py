"""What a project says of itself: `xsrun.toml`, or the section `[tool.xsrun]` of `pyproject.toml`."""

from __future__ import annotations

import os
from collections.abc import Iterator

from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.reading import AnyPath, is_file, read_text
from xsrun.values.conversion import Value

#: The sections that the file may have, each with who reads it.
SECTIONS = {"check": "xsrun check", "jobs": "cloud.job"}
_PLACE = pattern(r"line (\d+), column (\d+)")


def read_project_file(start: AnyPath) -> tuple[str, dict[str, Value]] | None:
    """The nearest project file at or above a folder, and what it says; None without one.

    Raises UsageError for a file that cannot be read or has sections that nobody reads.
    """
    for folder in _folders(os.fspath(start)):
        for name, section in (("xsrun.toml", ()), ("pyproject.toml", ("tool", "xsrun"))):
            path = os.path.join(folder, name)
            if is_file(path):
                table = _table(path, section)
                if table is not None:
                    unknown = [f"[{one}]" for one in table if one not in SECTIONS]
                    if unknown:
                        hint = f"the sections are {' and '.join(f'[{one}] of {who}' for one, who in SECTIONS.items())}"
                        raise UsageError(f"{path}: unknown setting {', '.join(unknown)}", hint=hint)
                    return path, table
    return None


def _folders(start: str) -> Iterator[str]:
    """A folder and those above it."""
    while True:
        yield start
        above = os.path.dirname(start)
        if above == start or not start:
            return
        start = above


def _table(path: str, section: tuple[str, ...]) -> dict[str, Value] | None:
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
