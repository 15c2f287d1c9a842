"""`xsrun format`: format files in place."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import NotRequired, TypedDict

from xsrun.cli.arguments import show_error
from xsrun.cli.declared_options import Options
from xsrun.cli.differences import print_difference
from xsrun.cli.named import STDIN
from xsrun.diagnostics import Diagnostic
from xsrun.errors import UsageError, XanoScriptError
from xsrun.reading import is_folder, is_there, typed_path
from xsrun.values.conversion import to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", default=["."], help="files and folders (default: this folder); - is stdin")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something would change")
    parser.add_argument("--diff", action="store_true", help="change nothing; print what would change")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


class FileDocument(TypedDict):
    """What came of one file, in the document of `--json`: changed, unchanged, error or unwritten; `text` of stdin."""

    file: str
    status: str
    text: NotRequired[str]


def run(options: Options) -> int:
    """Format; a file with errors is reported and left alone: the exit status is then 1, of one not to be written 2."""
    from xsrun.workspace.loader import matching

    options.paths = matching(options.paths)
    outcomes: list[FileDocument] = []
    found: list[Diagnostic] = []
    for name, text in collect(options.paths).items():
        made = formatted(name, text, found, quiet=options.json)
        outcome: FileDocument = {"file": name, "status": "error" if made is None else "unchanged"}
        outcomes.append(outcome)
        if made is not None and name == STDIN and not (options.check or options.diff):
            print_formatted(made, outcome, options)
        elif made not in (None, text):
            outcome["status"] = delivered(name, text, made or "", options)
    if options.json:
        print(to_json({"files": outcomes, "diagnostics": [one.as_dict() for one in found]}))
    elif options.paths != ["-"]:
        print(summary(outcomes, would=options.check or options.diff), file=sys.stderr)
    statuses = {outcome["status"] for outcome in outcomes}
    return (
        2 if "unwritten" in statuses else 1 if "error" in statuses or (options.check and "changed" in statuses) else 0
    )


def print_formatted(made: str, outcome: FileDocument, options: Options) -> None:
    """Print what standard input was formatted to."""
    if options.json:
        outcome["text"] = made
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # source text, which is UTF-8 everywhere
    print(made, end="")


def collect(paths: list[str]) -> dict[str, str]:
    """The texts below some files and folders by name as given, of `-` alone the standard input.

    Raises UsageError when there is none.
    """
    from xsrun.cli.named import no_such_path, refuse_page
    from xsrun.workspace.loader import find_files, read_source, read_standard_input

    if paths == ["-"]:
        return {STDIN: read_standard_input()}
    sources: dict[str, str] = {}
    for given in paths:
        path = typed_path(given)
        if is_folder(path):
            sources |= {file.as_posix(): read_source(file) for file in find_files(path)}
        elif is_there(path):
            sources[path.as_posix()] = read_source(path)
            refuse_page(path.as_posix(), sources[path.as_posix()])
        else:
            raise no_such_path(given)
    if not sources:
        raise UsageError(f"there is no .xs file in {', '.join(paths)}")
    return sources


def formatted(name: str, text: str, found: list[Diagnostic], *, quiet: bool) -> str | None:
    """The formatted text of a file, or None after reporting why it cannot be formatted, and noting it in `found`."""
    from xsrun.diagnostics.of_errors import diagnostics_of
    from xsrun.syntax.format.formatter import format_source

    try:
        return format_source(text, name)
    except XanoScriptError as error:
        found += diagnostics_of(error)
        if not quiet:
            show_error(error, {name: text})
        return None


def delivered(name: str, text: str, made: str, options: Options) -> str:
    """Write a changed file, or say what would change in it: its status."""
    if options.diff and not options.json:
        print_difference(name, text, made)
    elif options.check and not options.json:
        print(f"would change {name}")
    elif not (options.diff or options.check):
        from xsrun.workspace.loader import write_source

        try:
            write_source(Path(name), made)
        except UsageError as error:
            show_error(error)
            return "unwritten"
        if not options.json:
            print(f"formatted {name}", file=sys.stderr)
    return "changed"


def summary(outcomes: list[FileDocument], *, would: bool) -> str:
    """How many files there were of each sort; of the changed ones also when there was none."""
    sorts = {
        "changed": "would be changed" if would else "changed",
        "unchanged": "already formatted",
        "error": "with errors",
        "unwritten": "that cannot be written",
    }
    counts = {sort: sum(outcome["status"] == sort for outcome in outcomes) for sort in sorts}
    shown = (f"{count} {sorts[sort]}" for sort, count in counts.items() if count or sort == "changed")
    return f"files: {', '.join(shown)}"
