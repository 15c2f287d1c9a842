"""The trees of texts that were read before, so that an unchanged file needs no Lark.

They are keyed by the text and by the version of xsrun and Python. `xsrun.cache` gives back only what this user wrote.
"""

from __future__ import annotations

from xsrun import cache
from xsrun.diagnostics import Diagnostic
from xsrun.reading import stem_of
from xsrun.records import replace
from xsrun.syntax.source import Source
from xsrun.workspace.construct import Construct

_Read = tuple[list[Construct], list[Diagnostic]]


def read_text(source: Source) -> _Read | None:
    """The constructs and problems of a text that was read before, or None."""
    data = cache.read("tree", cache.digest(cache.fingerprint(), source.text))
    if data is None:
        return None
    records, problems = cache.unpacked(data)
    return [_construct(source, *record) for record in records], [_placed(one, source) for one in problems]


def write_text(source: Source, constructs: list[Construct], problems: list[Diagnostic]) -> None:
    """Keep what was read of a text, unless it is nested too deeply to be kept: then it is parsed each time."""
    try:
        records = [
            (one.kind, one.name, one.verb, one.api_group, one.line, one.text, one.tree(), one.problems)
            for one in constructs
        ]
    except RecursionError:
        return
    data = cache.packed((records, problems))
    assert data is not None
    cache.write("tree", cache.digest(cache.fingerprint(), source.text), data)


def _construct(
    source: Source,
    kind: str,
    name: str,
    verb: str | None,
    api_group: str | None,
    line: int,
    text: str,
    tree: bytes,
    problems: list[Diagnostic],
) -> Construct:
    if kind == "stack":
        name = stem_of(source.filename)
    made = Construct(kind, name, verb, api_group, source.filename, line, text=text, stored=tree)
    made.problems = [_placed(problem, source) for problem in problems]
    return made


def _placed(problem: Diagnostic, source: Source) -> Diagnostic:
    """The problem under the name that the text has now."""
    return problem if problem.file == source.filename else replace(problem, file=source.filename)
