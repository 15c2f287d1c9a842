"""`xsrun check`: report every problem of some files, and apply the safe fixes when asked."""

from __future__ import annotations

import os
import sys

from xsrun.cli.arguments import one_of
from xsrun.cli.declared_options import Declaring, Options
from xsrun.cli.named import STDIN
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.color import paint, use_color
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import is_folder, is_there, typed_name
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.analysis.check_settings import CheckSettings
    from xsrun.cli.checked import Checked


def add_arguments(parser: Declaring) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        help="files, together one workspace, folders, pages, programs (default: this folder); - is standard input",
    )
    parser.add_argument(
        "--workspace", "-w", metavar="PATH", help="the workspace's folder (default: the nearest around what is checked)"
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


def run(options: Options) -> int:
    """Report the problems that the project's settings leave; the exit status is 1 when one is an error."""
    from xsrun.analysis.check_settings import read_settings
    from xsrun.cli.checked import collect_checked
    from xsrun.cli.named import spread

    options.paths = spread(options.paths)
    checked = collect_checked(options.paths, options)
    settings = read_settings(start_of(options.paths[0]))
    sources = checked.texts
    if options.fix or options.diff:
        sources = fixed(checked, settings, options)
    diagnostics = settings.apply(checked.problems(sources))
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    report(diagnostics, sources, "json" if options.json else options.format)
    if not options.json and options.format == "text":
        repairable = [] if options.fix or options.diff else [one for one in diagnostics if is_repairable(one, checked)]
        print(summary(len(sources), diagnostics, len(repairable), use_color(sys.stderr)), file=sys.stderr)
    return 1 if errors else 0


def is_repairable(problem: Diagnostic, checked: Checked) -> bool:
    """Would `--fix` repair it?"""
    return problem.fix is not None and problem.file in checked.files


def summary(files: int, diagnostics: list[Diagnostic], repairable: int, color: bool) -> str:
    """`12 files checked: 2 errors, 1 warning; --fix repairs 2`."""
    counts = []
    for severity, style in (("error", "bold red"), ("warning", "bold yellow")):
        count = sum(one.severity == severity for one in diagnostics)
        counts.append(paint(f"{count} {severity}{'' if count == 1 else 's'}", style if count else "", color))
    found = ", ".join(counts) if diagnostics else paint("no problems", "green", color)
    more = f"; --fix repairs {repairable}" if repairable else ""
    return f"{files} file{'' if files == 1 else 's'} checked: {found}{more}"


def start_of(given: str) -> str:
    """The folder from which on upwards the project's settings are looked for."""
    path = os.path.realpath(typed_name(given))
    return path if is_folder(path) else os.path.dirname(path) if is_there(path) else os.path.realpath(".")


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


def fixed(checked: Checked, settings: CheckSettings, options: Options) -> dict[str, str]:
    """The texts with the safe fixes applied, written to their files unless only the difference is wanted.

    Raises UsageError for what is not a file of XanoScript.
    """
    from xsrun.analysis.fixing import fix_sources
    from xsrun.cli.differences import print_difference
    from xsrun.workspace.loader import write_source

    sources = checked.texts
    others = [name for name in sources if name not in checked.files and not (options.diff and name.startswith("<"))]
    if others:
        what = "standard input is not a file" if others[0] == STDIN else f"{others[0]} is not XanoScript"
        hint = "--diff prints what it would change" if others[0] == STDIN else "name .xs files"
        raise UsageError(f"--fix changes files, and {what}", hint=hint)
    made, count = fix_sources(sources, lambda texts: settings.apply(checked.problems(texts)))
    changed = {name: text for name, text in made.items() if text != sources[name]}
    for name, text in changed.items():
        if options.diff:
            print_difference(name, sources[name], text)
        else:
            write_source(name, text)
    if not options.diff:
        print(f"{count} fixed in {len(changed)} file{'' if len(changed) == 1 else 's'}", file=sys.stderr)
    return sources if options.diff else made
