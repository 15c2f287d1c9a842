"""`xsrun check`: report every problem of some files, and apply the safe fixes when asked."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xsrun.cli.arguments import one_of
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.color import use_color
from xsrun.errors import UsageError
from xsrun.values.conversion import to_json

#: What the standard input is called.
STDIN = "<stdin>"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        help="files, together one workspace, and folders (default: this folder); - is standard input",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    shown.add_argument(
        "--format",
        type=one_of("text", "sarif", "github"),
        metavar="{text,sarif,github}",
        default="text",
        help="how to report (default: text)",
    )
    parser.add_argument("--fix", action="store_true", help="apply the safe fixes")
    parser.add_argument("--diff", action="store_true", help="change nothing; print what --fix would change")


def collect(paths: list[str]) -> dict[str, str]:
    """The texts below some files and folders by name as given, of `-` alone the standard input.

    Raises UsageError when there is none.
    """
    from xsrun.workspace.loader import find_names, read_source, read_standard_input

    if paths == ["-"]:
        return {STDIN: read_standard_input()}
    sources = {}
    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            for name in find_names(path):
                sources[name] = read_source(name)
        elif path.exists():
            sources[path.as_posix()] = read_source(path)
        else:
            raise UsageError(f"no such file or folder: {given}")
    if not sources:
        raise UsageError(f"there is no .xs file in {', '.join(paths)}")
    return sources


def problems(sources: dict[str, str], paths: list[str]) -> list[Diagnostic]:
    """The problems that the project's settings leave. Each program is checked by itself (see `analysis.programs`)."""
    from xsrun.analysis.check_cache import check_programs
    from xsrun.analysis.check_settings import read_settings
    from xsrun.analysis.programs import divide

    piped = STDIN in sources
    first = Path("." if piped else paths[0]).expanduser().resolve()
    found = check_programs([sources] if piped else divide(sources, paths))
    found.sort(key=Diagnostic.sort_key)
    return read_settings(first if first.is_dir() else first.parent).apply(found)


def run(options: argparse.Namespace) -> int:
    from xsrun.workspace.loader import matching

    options.paths = matching(options.paths)
    sources = collect(options.paths)
    if options.fix and STDIN in sources:
        raise UsageError("--fix changes files, and standard input is none", hint="--diff prints what it would change")
    if options.fix or options.diff:
        sources = fixed(sources, options)
    diagnostics = problems(sources, options.paths)
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    report(diagnostics, sources, "json" if options.json else options.format)
    if not options.json and options.format == "text":
        warnings = sum(diagnostic.severity == "warning" for diagnostic in diagnostics)
        files = f"{len(sources)} file{'' if len(sources) == 1 else 's'}"
        found = f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
        print(f"{files} checked: {found if diagnostics else 'no problems'}", file=sys.stderr)
    return 1 if errors else 0


def report(diagnostics: list[Diagnostic], sources: dict[str, str], form: str) -> None:
    """Print the problems to standard output."""
    if form == "json":
        print(to_json({"diagnostics": [diagnostic.as_dict() for diagnostic in diagnostics]}))
    elif form == "sarif":
        from xsrun.diagnostics.export import to_sarif

        print(to_json(to_sarif(diagnostics), indent=True))
    elif form == "github":
        from xsrun.diagnostics.export import to_github

        if diagnostics:
            print(to_github(diagnostics))
    elif diagnostics:
        from xsrun.diagnostics.render import render_all

        print(render_all(diagnostics, sources, color=use_color(sys.stdout)))


def fixed(sources: dict[str, str], options: argparse.Namespace) -> dict[str, str]:
    """The texts with the safe fixes applied, written to their files unless only the difference is wanted."""
    from xsrun.analysis.fixing import fix_sources
    from xsrun.cli.differences import print_difference
    from xsrun.workspace.loader import write_source

    made, count = fix_sources(sources, lambda texts: problems(texts, options.paths))
    changed = {name: text for name, text in made.items() if text != sources[name]}
    for name, text in changed.items():
        if options.diff:
            print_difference(name, sources[name], text)
        else:
            write_source(Path(name), text)
    if not options.diff:
        print(f"{count} fixed in {len(changed)} file{'' if len(changed) == 1 else 's'}", file=sys.stderr)
    return sources if options.diff else made
