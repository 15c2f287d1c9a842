"""The constructs of some source texts, each once, with the problems that belong to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable

from xsrun.diagnostics import Diagnostic
from xsrun.hints import TYPE_CHECKING
from xsrun.language.constructs import DECLARED_KINDS
from xsrun.reading import stem_of
from xsrun.syntax.nodes import Document, Item, Statement
from xsrun.syntax.source import Source
from xsrun.workspace import tree_cache
from xsrun.workspace.construct import Construct, construct_of

if TYPE_CHECKING:
    from xsrun.syntax.parsed import Parsed

Key = tuple[str | None, ...]
#: Texts from which on a counter may be shown.
_MANY = 100


def collect(
    sources: Collection[Source], structure_problems: Callable[[Parsed[Document]], list[Diagnostic]]
) -> tuple[list[Construct], list[Diagnostic]]:
    """Every construct of the texts in order, and every problem found on the way.

    The errors of a text are those of the construct they lie in, so that one broken file never stops the others.
    `structure_problems` says what the tables of the language object to in one parsed text.
    """
    found: dict[Key, Construct] = {}
    problems: list[Diagnostic] = []
    texts: Iterable[Source] = sources
    if len(sources) > _MANY:
        from xsrun.diagnostics.progress import tracked

        texts = tracked(sources, "loading")
    for source in texts:
        constructs, here = tree_cache.read_text(source) or read(source, structure_problems)
        problems.extend(here)
        for construct in constructs:
            twice = add(construct, found)
            if twice is not None:
                problems.append(twice)
    return list(found.values()), problems


def read(
    source: Source, structure_problems: Callable[[Parsed[Document]], list[Diagnostic]]
) -> tuple[list[Construct], list[Diagnostic]]:
    """Parse one text: its constructs and its problems."""
    from xsrun.workspace.forms import read_form

    parsed = read_form(source)
    items = parsed.tree.items if parsed.tree is not None else []
    problems = [*parsed.diagnostics, *structure_problems(parsed)]
    errors = [problem for problem in problems if problem.severity == "error"]
    constructs = constructs_of(source, items)
    tell_apart(constructs, errors)
    tree_cache.write_text(source, constructs, problems)
    return constructs, problems


def constructs_of(source: Source, items: list[Item]) -> list[Construct]:
    """The constructs of a text; what stands in none becomes one bare list, named after the file.

    Such a list may have members of a construct: inputs, a response, tests.
    """
    from xsrun.workspace.forms import around, statements_of

    constructs: list[Construct] = []
    loose: list[Item] = []
    for item in items:
        if isinstance(item, Statement) and item.name in DECLARED_KINDS and item.name != "stack":
            begin = source.offset(item.line, item.column)
            end = source.offset(item.end_line, item.end_column)
            constructs.append(construct_of(item, source.filename, source.text[begin:end]))
        else:
            loose.append(item)
    if loose or not constructs:
        stem = stem_of(source.filename)
        line, node = loose[0].line if loose else 1, around(loose)
        items = loose if node is None else statements_of(loose)
        constructs.append(Construct("stack", stem, None, None, source.filename, line, node, items, text=source.text))
    return constructs


def tell_apart(constructs: list[Construct], errors: list[Diagnostic]) -> None:
    """Give each construct of a text the errors that lie in it; those before the first belong to the first."""
    lines = sorted({construct.line for construct in constructs})
    found: dict[int, list[Diagnostic]] = {line: [] for line in lines}
    for error in errors:
        found[lines[max(bisect_right(lines, error.line) - 1, 0)]].append(error)
    for construct in constructs:
        construct.problems = [*found[construct.line]]


def add(construct: Construct, found: dict[Key, Construct]) -> Diagnostic | None:
    """Add a construct, once when it is found twice with the same text; else the error that names both places."""
    before = found.get(construct.key)
    if construct.kind == "stack" or before is None:
        found[(*construct.key, construct.file) if construct.kind == "stack" else construct.key] = construct
        return None
    if " ".join(before.text.split()) == " ".join(construct.text.split()):
        return None
    problem = Diagnostic(
        "error",
        "XS420",
        f"{construct.label} is declared twice, with different texts",
        f"the other is in {before.file}, line {before.line}; keep one of the two",
        construct.file,
        construct.line,
    )
    before.problems.append(problem)
    return problem
