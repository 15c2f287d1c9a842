"""Which texts belong together: a folder may hold several programs side by side, each a workspace of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from xsrun.reading import is_folder, typed_path

#: The document that only the top of a program has: what it runs, or its settings.
_TOP = re.compile(r'^(?:run\.job|run\.service|workspace)[ \t]+(?:"[^"\n]*"|\S+)[ \t]*\{', re.MULTILINE)
#: One of these is in every such document.
_TOP_WORDS = ("run.job", "run.service", "workspace")
#: The folders of a program in which such a document may lie.
_OWN_FOLDERS = ("run", "workspace")


def divide(sources: Mapping[str, str], paths: Iterable[str]) -> list[dict[str, str]]:
    """The texts of some files and folders as programs.

    Each folder among `paths` is a program of its own, or several (see `programs_below`); the files among them are one
    together. A text that two folders hold belongs to the one named first.
    """
    left = dict(sources)
    files: dict[str, str] = {}
    found: list[dict[str, str]] = []
    for given in paths:
        path = typed_path(given)
        if is_folder(path):
            top = path.as_posix()
            below = {name: left.pop(name) for name in list(left) if _is_below(top, name)}
            found += programs_below(path.as_posix(), below)
        elif path.as_posix() in left:
            files[path.as_posix()] = left.pop(path.as_posix())
    return [texts for texts in (files, *found) if texts]


def _is_below(folder: str, name: str) -> bool:
    if folder == ".":
        return not name.startswith("/")
    return name.startswith(folder if folder.endswith("/") else f"{folder}/")


def programs_below(folder: str, sources: Mapping[str, str]) -> list[dict[str, str]]:
    """The texts of a folder as one program, or as several when its sub-folders have a top each and it has none."""
    tops = {PurePosixPath(top) for name, text in sources.items() if (top := _top_of(folder, name, text)) is not None}
    if len(tops) < 2 or PurePosixPath(folder) in tops:
        return [dict(sources)]
    programs: dict[PurePosixPath | None, dict[str, str]] = {}
    for name, text in sources.items():
        nearest = next((parent for parent in PurePosixPath(name).parents if parent in tops), None)
        programs.setdefault(nearest, {})[name] = text
    return list(programs.values())


def _top_of(folder: str, name: str, text: str) -> str | None:
    """The folder of the program that a text is the top of, if it is that."""
    if not name.endswith("run.xs") and not any(word in text for word in _TOP_WORDS):
        return None
    inside = PurePosixPath(name).relative_to(folder)
    if inside.name != "run.xs" and not _TOP.search(text):
        return None
    own = next((place for place, part in enumerate(inside.parts[:-1]) if part in _OWN_FOLDERS), len(inside.parts) - 1)
    return PurePosixPath(folder, *inside.parts[:own]).as_posix()
