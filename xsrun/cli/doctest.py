"""`xsrun doctest`: run the examples of documentation pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.options import (
    add_workspace_options,
    read_auth,
    read_file,
    read_inputs,
    read_value,
    split_pair,
    workspace_settings,
)
from xsrun.diagnostics.color import paint, use_color
from xsrun.errors import UsageError
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.testing.doctest.page_runner import BlockResult, PageSettings
    from xsrun.workspace.options import WorkspaceOptions

#: What pages are, by the ends of their names.
SUFFIXES = (".md", ".markdown", ".mdx", ".txt")
#: How much later a block is run again that differs, in milliseconds: another year, month, weekday, hour and minute.
_LATER = 439 * 86_400_000 + 7 * 3_600_000 + 11 * 60_000
_STYLES = {
    "passed": "green",
    "ran": "green",
    "differs": "red",
    "failed": "red",
    "needs_input": "yellow",
    "not_xanoscript": "dim",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pages", nargs="+", metavar="PAGE", help="Markdown or text files, folders, or - for standard input"
    )
    parser.add_argument(
        "--input", "-i", action="append", default=[], metavar="INPUT", help="NAME=VALUE, JSON, or @FILE"
    )
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="set a variable for statements"
    )
    parser.add_argument("--auth", metavar="TABLE:ID", help="run as this row of an auth table")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--quiet", "-q", action="store_true", help="show only what differs or fails")
    parser.add_argument(
        "--write-stubs", action="store_true", help="print the tables and functions that the pages mention and lack"
    )
    add_workspace_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run every example; the exit status is 1 when one differs from what its page says, or fails."""
    from xsrun.testing.doctest import test_page
    from xsrun.testing.doctest.page_runner import BlockResult
    from xsrun.testing.doctest.stubs import Missing
    from xsrun.workspace.loader import matching

    settings, missing = settings_of(options), Missing()
    results = []
    for file, text in pages(matching(options.pages)):
        if isinstance(text, UsageError):
            found = [BlockResult(file, 1, "page", "failed", str(text))]
        else:
            found = test_page(text, file, settings, missing)
        results += found
        if not (options.json or options.write_stubs):
            show(file, found, quiet=options.quiet)
    if options.write_stubs:
        print(missing.text(), end="")
        return 0
    if options.json:
        print(to_json({"blocks": [result.as_dict() for result in results]}))
    else:
        print(summary(results))
    return 1 if any(result.status in ("differs", "failed") for result in results) else 0


def settings_of(options: argparse.Namespace) -> PageSettings:
    """What the options give to every example."""
    from xsrun.api import Workspace
    from xsrun.running.context import system_clock
    from xsrun.testing.doctest.page_runner import LIMITS, PageSettings

    given = workspace_settings(options)
    if not options.limit:
        given["limits"] = LIMITS
    rows = {}
    if options.seed:
        from xsrun.cli.seeds import read_seed

        rows = read_seed(options.seed)
    variables = {name: read_value(value) for name, value in (split_pair(text, "--var") for text in options.var)}
    inputs = read_inputs(options.input)[0]
    later: WorkspaceOptions = given if options.now else {**given, "clock": lambda: system_clock() + _LATER}
    return PageSettings(
        lambda sources: Workspace(sources, **given),
        inputs,
        variables,
        read_auth(options.auth),
        rows,
        has_database=bool(options.database),
        make_later=lambda sources: Workspace(sources, **later),
    )


def pages(given: list[str]) -> list[tuple[str, str | UsageError]]:
    """The pages below some files and folders by name, of those that cannot be read the error.

    Raises UsageError when there is none.
    """
    from xsrun.workspace.loader import read_standard_input

    found: list[tuple[str, str | UsageError]] = []
    for name in given:
        path = Path(name).expanduser()
        if name == "-":
            found.append(("<stdin>", read_standard_input()))
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
            if not files:
                raise UsageError(f"there is no page in {name}", hint=f"pages end in {', '.join(SUFFIXES)}")
            found += [(file.as_posix(), read_page(file)) for file in files]
        elif path.exists():
            found.append((path.as_posix(), read_page(path)))
        else:
            raise UsageError(f"no such file or folder: {name}")
    return found


def read_page(file: Path) -> str | UsageError:
    try:
        return read_file(str(file))
    except UsageError as error:
        return error


def show(file: str, results: list[BlockResult], *, quiet: bool) -> None:
    """A line for each block, and below it what is wrong."""
    color = use_color(sys.stdout)
    shown = [result for result in results if not quiet or result.status in ("differs", "failed")]
    if not shown:
        return
    print(file)
    for result in shown:
        status = result.status.replace("_", " ")
        mark = paint(f"{status:<14}", _STYLES[result.status], color)
        print(f"  {mark} {result.line:>4}  {result.title}")
        for text in [result.message, *result.details]:
            if text:
                print(f"                        {text}")


def summary(results: list[BlockResult]) -> str:
    """`12 blocks: 8 passed, 2 ran, 2 need input`, and how to give it."""
    from xsrun.testing.doctest.page_runner import STATUSES

    counts = {status: sum(result.status == status for result in results) for status in reversed(STATUSES)}
    words = ", ".join(f"{count} {_words(status, count)}" for status, count in counts.items() if count)
    total = f"{len(results)} block{'' if len(results) == 1 else 's'}"
    text = f"{total}: {words}" if words else f"{total} of XanoScript found"
    lacking = counts["needs_input"]
    if not lacking:
        return text
    was = "1 block was" if lacking == 1 else f"{lacking} blocks were"
    return f"{text}\n{was} not run to the end: give what is missing with --input, --var, --auth or --seed"


def _words(status: str, count: int) -> str:
    if status == "needs_input":
        return "needs input" if count == 1 else "need input"
    return status.replace("_", " ")
