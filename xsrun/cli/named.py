"""What a word of the command line names: a file, a page or a place in one, a folder, a construct, or a program itself.

`run`, `eval`, `check` and `doctest` ask here, so that all of them take the same things.
"""

from __future__ import annotations

from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.lazy_regex import pattern
from xsrun.reading import is_folder, is_there, suffix_of, typed_name
from xsrun.records import record
from xsrun.workspace.loader import matching, read_source, read_standard_input

if TYPE_CHECKING:
    from pathlib import Path

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


@record
class Named:
    """What was named.

    `name` is what messages call it, `text` the text of a file or of a program, None for folders and constructs.
    `place` is the path of a file or folder; `line` or `member` say which construct or block of the file is meant.
    """

    name: str
    text: str | None = None
    place: str | None = None
    line: int | None = None
    member: str | None = None

    @property
    def is_page(self) -> bool:
        """Is this a page with programs in it, rather than a program?"""
        if self.text is None:
            return False
        if self.place is not None:
            return suffix_of(self.place) in PAGES
        return self.name == STDIN and _FENCE.search(self.text) is not None

    @property
    def path(self) -> Path | None:
        """The path of a file or folder."""
        if self.place is None:
            return None
        from pathlib import Path

        return Path(self.place)


def named(given: str, *, expression: bool = False, constructs: bool = True, workspace: str | None = None) -> Named:
    """What a word names; with `expression`, whatever names no file is one; `constructs`: `KIND:NAME` is one.

    Raises UsageError when there is no such thing: with what may be meant of `workspace`, or of the one around the user.
    """
    if given == "-":
        return Named(STDIN, read_standard_input())
    place = typed_name(given)
    if is_there(place) and not (expression and suffix_of(place) not in (".xs", *PAGES)):
        if suffix_of(place) in _OTHERS and not is_folder(place):
            raise UsageError(f"{given} is not a program", hint="name a .xs file, a page (.md) or a folder")
        return Named(place, None if is_folder(place) else read_source(place), place)
    from xsrun.language.constructs import DECLARED_KINDS

    kind, colon, name = given.partition(":")
    if colon and kind in DECLARED_KINDS and constructs and not expression:
        return Named(f"{kind}:{name.strip()}")
    inside = _place_in_file(given)
    if inside is not None:
        return inside
    if expression or is_program(given):
        return Named(ARGUMENT, given)
    if not constructs:
        raise no_such_path(given, workspace)
    from xsrun.cli.guesses import constructs_hint, files_hint
    from xsrun.diagnostics.suggest import nearest

    close = nearest(kind, DECLARED_KINDS) if colon and name.strip() else None
    if close is not None:
        raise UsageError(f"there is no kind of construct `{kind}`", hint=f"did you mean `{close}:{name.strip()}`?")
    hint = (files_hint if place.endswith(".xs") else constructs_hint)(given, workspace)
    hint = hint or "name a .xs file, a page, or a construct as KIND:NAME, for example function:math/add"
    raise UsageError(f"no such file, folder or construct: {given}", hint=hint)


def no_such_path(given: str, workspace: str | None = None) -> UsageError:
    """The error of a file or folder that is not there, with the one that may be meant."""
    from xsrun.cli.guesses import files_hint

    return UsageError(f"no such file or folder: {given}", hint=files_hint(given, workspace))


def refuse_page(name: str, text: str) -> None:
    """Raise UsageError for a page with blocks of XanoScript, where a program is wanted."""
    if suffix_of(name) in PAGES and _FENCE.search(text):
        hint = f"xsrun doctest {name} runs its blocks, xsrun check {name} looks for what is wrong"
        raise UsageError(f"{name} is a page, not a program", hint=hint)


def is_program(given: str) -> bool:
    """Does a word look like a program or an expression, and not like the name of a file?"""
    return suffix_of(given) not in (".xs", *PAGES) and _PROGRAM.search(given) is not None


def spread(given: list[str]) -> list[str]:
    """Paths with `~` and quoted patterns (`'api/*.xs'`) filled in; programs stay as they are. Raises UsageError."""
    return [name for word in given for name in ([word] if is_program(word) else matching([word]))]


def _place_in_file(given: str) -> Named | None:
    """`FILE:LINE` or `FILE:NAME`, where there is such a file."""
    file, _, inside = given.rpartition(":")
    inside = inside.rstrip("\n")
    if not file or not inside or inside[0] in "/ " or "\\" in inside:
        return None
    place = typed_name(file)
    if not is_there(place) or is_folder(place):
        return None
    found = Named(place, read_source(place), place)
    if inside.isdecimal():
        found.line = int(inside[:9])
    else:
        found.member = inside.strip()
    return found
