"""What a word of the command line names: a file, a page or a place in one, a folder, a construct, or a program itself.

`run`, `eval`, `check` and `doctest` ask here, so that all of them take the same things.
"""

from __future__ import annotations

from pathlib import Path

from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.reading import is_folder, is_there, typed_path
from xsrun.records import record
from xsrun.workspace.loader import matching, read_source, read_standard_input

#: What standard input, and a program that is an argument itself, are called in messages.
STDIN, ARGUMENT = "<stdin>", "<argument>"
#: What pages are, by the ends of their names.
PAGES = (".md", ".markdown", ".mdx", ".txt")
#: Ends of names of what lies in a workspace, too, and is not a program.
_OTHERS = (".html", ".htm", ".css", ".js", ".ts", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".csv", ".py", ".sql")
#: A line that begins a block of XanoScript on a page.
_FENCE = pattern(r"^ {0,3}(?:`{3,}|~{3,})[ \t]*(?:xs|xano|xanoscript)\b", 10)  # IGNORECASE | MULTILINE
#: What only a program has, and the beginning of a number.
_PROGRAM = pattern(r"[{}()\[\]|$\"'`\n]|^\s*[+-]?\d")
#: A line of a file, or the name of a construct in it, behind its path.
_PLACE = pattern(r"(.+?):(\d+|[^:\\/ ][^:\\]*)$")


@record
class Named:
    """What was named.

    `name` is what messages call it, `text` the text of a file or of a program, None for folders and constructs.
    `line` or `member` say which construct or block of the file is meant.
    """

    name: str
    text: str | None = None
    path: Path | None = None
    line: int | None = None
    member: str | None = None

    @property
    def is_page(self) -> bool:
        """Is this a page with programs in it, rather than a program?"""
        if self.text is None:
            return False
        if self.path is not None:
            return self.path.suffix.lower() in PAGES
        return self.name == STDIN and _FENCE.search(self.text) is not None


def named(given: str, *, expression: bool = False, constructs: bool = True, workspace: str | None = None) -> Named:
    """What a word names; with `expression`, whatever names no file is one; `constructs`: `KIND:NAME` is one.

    Raises UsageError when there is no such thing: with what may be meant of `workspace`, or of the one around the user.
    """
    if given == "-":
        return Named(STDIN, read_standard_input())
    path = typed_path(given)
    if is_there(path) and not (expression and path.suffix.lower() not in (".xs", *PAGES)):
        if path.suffix.lower() in _OTHERS and not is_folder(path):
            raise UsageError(f"{given} is not a program", hint="name a .xs file, a page (.md) or a folder")
        return Named(path.as_posix(), None if is_folder(path) else read_source(path), path)
    from xsrun.language.constructs import DECLARED_KINDS

    kind, colon, name = given.partition(":")
    if colon and kind in DECLARED_KINDS and constructs and not expression:
        return Named(f"{kind}:{name.strip()}")
    place = _place_in_file(given)
    if place is not None:
        return place
    if expression or is_program(given):
        return Named(ARGUMENT, given)
    if not constructs:
        raise no_such_path(given, workspace)
    from xsrun.cli.guesses import constructs_hint, files_hint
    from xsrun.diagnostics.suggest import nearest

    close = nearest(kind, DECLARED_KINDS) if colon and name.strip() else None
    if close is not None:
        raise UsageError(f"there is no kind of construct `{kind}`", hint=f"did you mean `{close}:{name.strip()}`?")
    hint = (files_hint if path.suffix == ".xs" else constructs_hint)(given, workspace)
    hint = hint or "name a .xs file, a page, or a construct as KIND:NAME, for example function:math/add"
    raise UsageError(f"no such file, folder or construct: {given}", hint=hint)


def no_such_path(given: str, workspace: str | None = None) -> UsageError:
    """The error of a file or folder that is not there, with the one that may be meant."""
    from xsrun.cli.guesses import files_hint

    return UsageError(f"no such file or folder: {given}", hint=files_hint(given, workspace))


def refuse_page(path: Path, text: str) -> None:
    """Raise UsageError for a page with blocks of XanoScript, where a program is wanted."""
    if path.suffix.lower() in PAGES and _FENCE.search(text):
        hint = f"xsrun doctest {path.as_posix()} runs its blocks, xsrun check {path.as_posix()} looks for what is wrong"
        raise UsageError(f"{path.as_posix()} is a page, not a program", hint=hint)


def is_program(given: str) -> bool:
    """Does a word look like a program or an expression, and not like the name of a file?"""
    return _PROGRAM.search(given) is not None and Path(given).suffix.lower() not in (".xs", *PAGES)


def spread(given: list[str]) -> list[str]:
    """Paths with `~` and quoted patterns (`'api/*.xs'`) filled in; programs stay as they are. Raises UsageError."""
    return [name for word in given for name in ([word] if is_program(word) else matching([word]))]


def _place_in_file(given: str) -> Named | None:
    """`FILE:LINE` or `FILE:NAME`, where there is such a file."""
    match = _PLACE.match(given)
    path = typed_path(match[1]) if match else None
    if match is None or path is None or not is_there(path) or is_folder(path):
        return None
    found = Named(path.as_posix(), read_source(path), path)
    if match[2].isdecimal():
        found.line = int(match[2][:9])
    else:
        found.member = match[2].strip()
    return found
