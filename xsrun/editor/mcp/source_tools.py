"""Tools over the text of programs: check, fix, format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.changes import difference
from xsrun.editor.mcp.agent_desk import GIVEN, AgentDesk, Arguments
from xsrun.editor.mcp.agent_tool import LONGEST_TEXT, AgentTool, flag, text
from xsrun.editor.mcp.answers import count, problems_answer
from xsrun.errors import UsageError

PATH = text("a file or folder, from the workspace's folder (default: the whole workspace)")
CODE = text(
    "the text of a program; with `path` it stands in for that of the file. Nothing is written", longest=LONGEST_TEXT
)


def problems_of(box: AgentDesk, sources: Mapping[str, str]) -> list[Diagnostic]:
    """Every problem of some texts together, by the settings of the folder."""
    from xsrun.analysis.check_cache import check_programs
    from xsrun.analysis.check_settings import read_settings
    from xsrun.analysis.programs import programs_below

    programs = programs_below("/", {f"/{name}": text for name, text in sources.items()})
    plain = [{name.removeprefix("/"): text for name, text in program.items()} for program in programs]
    return read_settings(box.folder.root).apply(check_programs(plain))


def chosen(box: AgentDesk, given: Arguments) -> tuple[dict[str, str], list[str]]:
    """All texts of the workspace, and the names of those that a call is about. Raises UsageError for none."""
    texts = box.texts(given)
    sources = {**box.folder.sources(), **texts}
    names = list(texts) or box.folder.below(given.get("path"), sources)
    if not names:
        raise UsageError(f"there is no .xs file in {given.get('path') or 'the workspace'}")
    return sources, names


def check(box: AgentDesk, given: Arguments) -> str:
    """The problems of the files that are meant, seen among all others."""
    sources, names = chosen(box, given)
    wanted = set(names)
    return problems_answer([one for one in problems_of(box, sources) if one.file in wanted], len(names))


def fix(box: AgentDesk, given: Arguments) -> str:
    """The safe fixes of the files that are meant."""
    from xsrun.analysis.fixing import fix_sources

    sources, names = chosen(box, given)
    wanted = set(names)

    def problems(texts: dict[str, str]) -> list[Diagnostic]:
        return [one for one in problems_of(box, texts) if one.file in wanted]

    made, repaired = fix_sources(sources, problems)
    left = [one for one in problems(made) if one.severity == "error"]
    then = "next: run it or its tests" if not left else f"next: {count(len(left), 'error')} left, see the tool check"
    return changes_answer(box, given, sources, made, f"{repaired} fixed", then)


def format_(box: AgentDesk, given: Arguments) -> str:
    """The style of Xano's own exports for the files that are meant."""
    from xsrun.syntax.format.formatter import format_source

    sources, names = chosen(box, given)
    made = {**sources, **{name: format_source(sources[name], name) for name in names}}
    return changes_answer(box, given, sources, made, "formatted", "")


def changes_answer(
    box: AgentDesk, given: Arguments, before: Mapping[str, str], after: Mapping[str, str], done: str, then: str
) -> str:
    """What was changed or would be: written to the files only where that was asked for."""
    from xsrun.workspace.loader import write_source

    changed = [name for name in after if after[name] != before[name]]
    writes = bool(given.get("write"))
    if writes and "code" in given:
        raise UsageError("`write` is about files, and `code` stands in none", hint="leave out one of the two")
    lines = [f"{done}: {count(len(changed), 'file')} {'changed' if writes else 'would change'}"]
    for name in changed:
        if writes:
            write_source(box.folder.path(name), after[name])
            lines.append(f"wrote {name}")
        elif name == GIVEN:
            lines.append(after[name])
        else:
            lines += difference(PurePosixPath(name).as_posix(), before[name], after[name])
    if changed and not writes and "code" not in given:
        lines.append("next: the same with write = true puts this into the files")
    elif then:
        lines.append(then)
    return "\n".join(lines)


WRITE = flag("put the changed text into the files; without it they are only shown")

TOOLS = (
    AgentTool(
        "check",
        "Report every problem of XanoScript files, each with file, line, code and what to write instead. Run it after "
        "each edit: it takes milliseconds and needs no network.",
        {"path": PATH, "code": CODE},
        check,
    ),
    AgentTool(
        "fix",
        "Apply the safe fixes of what check reports (they change the meaning of nothing else). Shows a diff; writes "
        "only with write = true.",
        {"path": PATH, "code": CODE, "write": WRITE},
        fix,
        writes=True,
    ),
    AgentTool(
        "format",
        "Lay out files in the style of Xano's exports. Shows a diff; writes only with write = true.",
        {"path": PATH, "code": CODE, "write": WRITE},
        format_,
        writes=True,
    ),
)
