"""What `xsrun check` looks at: the programs around what was named, of which only that is reported."""

from __future__ import annotations

import os
from collections.abc import Iterable

from xsrun.cli.declared_options import Options
from xsrun.cli.named import Named, named
from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError
from xsrun.reading import tidy
from xsrun.records import made, record
from xsrun.workspace.loader import find_names, read_source
from xsrun.workspace.roots import chosen_workspace, neighbours, reaches_out, workspace_above

Texts = dict[str, str]


@record
class Checked:
    """Texts by the names that users know them by.

    `programs` are each checked by themselves; `texts` are those that were named, `files` the names of them that are
    files of XanoScript, which fixes may change, `pages` those of pages.
    """

    programs: list[Texts] = made(factory=list)
    texts: Texts = made(factory=dict)
    files: set[str] = made(factory=set)
    pages: set[str] = made(factory=set)

    def problems(self, texts: Texts | None = None) -> list[Diagnostic]:
        """The problems of what was named; `texts` stand for those of the same names, of pages not."""
        from xsrun.analysis.check_cache import check_programs

        programs = self.programs
        if texts is not None:
            texts = {name: text for name, text in texts.items() if name not in self.pages}
            programs = [{name: texts.get(name, text) for name, text in one.items()} for one in programs]
        found = [one for one in check_programs(programs) if one.file in self.texts]
        return sorted(found, key=Diagnostic.sort_key)

    def add(self, programs: Iterable[Texts]) -> None:
        """Take in programs all of whose texts were named."""
        for program in programs:
            self.programs.append(program)
            self.texts |= program
            self.files |= program.keys()


def collect_checked(paths: list[str], options: Options) -> Checked:
    """What to check for some paths. Raises UsageError when there is nothing."""
    checked = Checked()
    chosen = chosen_workspace(options.workspace)
    parts: dict[str, dict[str, str]] = {}
    lone: Texts = {}
    for given in paths:
        what = named(given, constructs=False, workspace=options.workspace)
        root = chosen or workspace_above(_folder_of(what))
        if what.text is None and (root is None or _real(root) == _real(_folder_of(what))):
            checked.add(_whole_folder(what))
        elif what.is_page:
            _add_page(checked, what)
        elif what.place is None:
            _add_text(checked, what, root, chosen is not None)
        elif root is not None:
            parts.setdefault(_real(root), {}).update(_selected(what))
        else:
            lone[what.name] = what.text or ""
    for root, selected in parts.items():
        _add_part(checked, root, selected)
    if lone:
        _add_lone(checked, lone)
    if not checked.texts:
        raise UsageError(f"there is no .xs file in {', '.join(paths)}")
    return checked


#: A path without links.
_real = os.path.realpath


def _folder_of(what: Named) -> str:
    """The folder that something is in, or is."""
    if what.place is None:
        return "."
    return what.place if what.text is None else os.path.dirname(_real(what.place))


def _whole_folder(what: Named) -> list[Texts]:
    """The programs of a folder: one, or several that lie side by side."""
    from xsrun.analysis.programs import divide
    from xsrun.diagnostics.progress import tracked

    below = {name: read_source(name) for name in tracked(find_names(what.name), "reading")}
    return divide(below, [what.name])


def _selected(what: Named) -> dict[str, str]:
    """The files that were named, and what users call them."""
    files = [what.place] if what.place is not None and what.text is not None else find_names(what.name)
    return {_real(file): file for file in files}


def _add_part(checked: Checked, root: str, selected: dict[str, str]) -> None:
    """Some files, with the rest of the workspace that they lie in."""
    around = {_real(file): _shown(file) for file in find_names(root)}
    program = {name: read_source(file) for file, name in {**around, **selected}.items()}
    checked.programs.append(program)
    named_texts = {name: program[name] for name in selected.values()}
    checked.texts |= named_texts
    checked.files |= named_texts.keys()


def _add_lone(checked: Checked, lone: Texts) -> None:
    """Files without a workspace around them, together one, with the files beside them where they need others."""
    program = dict(lone)
    if any(map(reaches_out, lone.values())):
        own = {_real(name) for name in lone}
        beside = {_real(file) for path in own for file in neighbours(path)} - own
        program |= {_shown(file): read_source(file) for file in sorted(beside)}
    checked.programs.append(program)
    checked.texts |= lone
    checked.files |= lone.keys()


def _add_text(checked: Checked, what: Named, root: str | None, chosen: bool) -> None:
    """A program that is in no file, in the workspace around the user where it may need that."""
    program = {what.name: what.text or ""}
    checked.texts |= program
    if root is not None and (chosen or reaches_out(what.text or "")):
        program = {**program, **{_shown(file): read_source(file) for file in find_names(root)}}
    checked.programs.append(program)


def _add_page(checked: Checked, what: Named) -> None:
    """The programs of a page, each by itself; their lines are those of the page."""
    from xsrun.cli.page_blocks import RESTING, examples_of

    examples = [one for one in examples_of(what, what.name) if one.kind not in RESTING]
    if what.line is not None:
        examples = [one for one in examples if one.block.holds(what.line)]
        if not examples:
            raise UsageError(f"there is no program at {what.name}:{what.line}")
    checked.programs += ({what.name: one.source} for one in examples)
    checked.texts[what.name] = what.text or ""
    checked.pages.add(what.name)


def _shown(file: str) -> str:
    """A file as a user in the current folder would write it."""
    return tidy(os.path.relpath(file))
