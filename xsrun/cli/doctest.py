"""`xsrun doctest`: run the examples of documentation pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.cli.declared_options import Options
from xsrun.cli.named import PAGES
from xsrun.cli.options import (
    add_fill_options,
    add_workspace_options,
    read_auth,
    read_file,
    read_inputs,
    read_value,
    split_pair,
    workspace_settings,
)
from xsrun.diagnostics.color import paint, use_color
from xsrun.diagnostics.progress import counter
from xsrun.errors import UsageError
from xsrun.reading import is_folder, is_there, real_path, typed_path
from xsrun.records import record
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.testing.doctest.page_runner import BlockResult
    from xsrun.testing.doctest.page_settings import PageSettings
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.options import WorkspaceOptions

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
        "pages",
        nargs="+",
        metavar="PAGE",
        help="pages (page.md:12 is the block at that line), folders of them, .xs files, programs, - for standard input",
    )
    parser.add_argument(
        "--input", "-i", action="append", default=[], metavar="INPUT", help="NAME=VALUE, JSON, or @FILE"
    )
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="set a variable for statements"
    )
    add_fill_options(parser)
    parser.add_argument("--auth", metavar="TABLE:ID", help="run as this row of an auth table")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--quiet", "-q", action="store_true", help="show only what differs or fails")
    parser.add_argument(
        "--write-stubs", action="store_true", help="print the tables and functions that the pages mention and lack"
    )
    add_workspace_options(parser)


def run(options: Options) -> int:
    """Run every example; the exit status is 1 when one differs from what its page says, or fails."""
    from xsrun.testing.doctest import test_page
    from xsrun.testing.doctest.page_runner import BlockResult
    from xsrun.testing.doctest.stubs import Missing

    settings, missing = PageOptions(options), Missing()
    results = []
    chosen = pages(options.pages)
    counting = counter("page", len(chosen))
    for number, page in enumerate(chosen):
        if counting is not None:
            counting.at(number)
        if page.error is not None:
            found = [BlockResult(page.name, 1, "page", "failed", str(page.error))]
        else:
            found = test_page(page.text, page.name, settings.around(page), missing, line=page.line, whole=page.whole)
        results += found
        if counting is not None:
            counting.clear()
        if not (options.json or options.write_stubs):
            show(page.name, found, quiet=options.quiet)
    if options.write_stubs:
        print(missing.text(), end="")
        return 0
    if options.json:
        print(to_json({"blocks": [result.as_dict() for result in results]}))
    else:
        print(summary(results))
    return 1 if any(result.status in ("differs", "failed") for result in results) else 0


class PageOptions:
    """What the options give to every example, and the workspace around each page."""

    def __init__(self, options: Options) -> None:
        from xsrun.testing.doctest.page_settings import LIMITS
        from xsrun.workspace.roots import chosen_workspace

        self.options = options
        self.given = workspace_settings(options)
        if not options.limit:
            self.given["limits"] = LIMITS
        self.rows = {}
        if options.seed:
            from xsrun.cli.seeds import read_seeds

            self.rows = read_seeds(options.seed)
        self.variables = {name: read_value(value) for name, value in (split_pair(one, "--var") for one in options.var)}
        self.inputs = read_inputs(options.input)[0]
        self.auth = read_auth(options.auth)
        self.chosen = chosen_workspace(options.workspace)
        self._constructs: dict[str, list[Construct]] = {}

    def around(self, page: NamedPage) -> PageSettings:
        """The settings for one page."""
        from xsrun.api import Workspace
        from xsrun.running.context import system_clock
        from xsrun.testing.doctest.page_settings import PageSettings
        from xsrun.workspace.roots import reaches_out, workspace_above

        root = self.chosen or workspace_above(real_path(page.path).parent if page.path is not None else ".")
        given = self.given
        later: WorkspaceOptions = given if self.options.now else {**given, "clock": lambda: system_clock() + _LATER}
        return PageSettings(
            lambda sources: Workspace(sources, **given),
            self.inputs,
            self.variables,
            self.auth,
            self.rows,
            has_database=bool(self.options.database),
            make_later=lambda sources: Workspace(sources, **later),
            fill=self.options.fill_seed if self.options.fill else None,
            around=self._around(root) if root is not None and (self.chosen or reaches_out(page.text)) else [],
        )

    def _around(self, root: str) -> list[Construct]:
        """The constructs of a workspace, read once."""
        from xsrun.api import Workspace
        from xsrun.workspace.roots import shortest

        if root not in self._constructs:
            self._constructs[root] = Workspace.load(shortest(root)).constructs
        return self._constructs[root]


@record
class NamedPage:
    """A page to test, or the error of one that cannot be read. `line`: only the block there; `whole`: it is one block.

    A file of XanoScript is a page of one block.
    """

    name: str
    text: str = ""
    path: Path | None = None
    line: int | None = None
    whole: bool = False
    error: UsageError | None = None


def pages(given: list[str]) -> list[NamedPage]:
    """The pages, files and programs that were named, and the pages below folders.

    Raises UsageError when there is none.
    """
    from xsrun.cli.named import named, spread

    found = []
    for name in spread(given):
        path = typed_path(name)
        if is_page_file(path):
            found.append(read_page(path))
            continue
        what = named(name, constructs=False)
        if what.text is not None:
            whole = not what.is_page
            line = what.line if what.is_page else None
            found.append(NamedPage(what.name, what.text, what.path, line, whole))
        elif what.path is not None:
            files = sorted(file for file in what.path.rglob("*") if file.suffix.lower() in PAGES)
            if not files:
                raise UsageError(f"there is no page in {name}", hint=f"pages end in {', '.join(PAGES)}")
            found += map(read_page, files)
    return found


def is_page_file(path: Path) -> bool:
    """Is this the path of a file with the name of a page?"""
    return path.suffix.lower() in PAGES and is_there(path) and not is_folder(path)


def read_page(file: Path) -> NamedPage:
    try:
        return NamedPage(file.as_posix(), read_file(str(file)), file)
    except UsageError as error:
        return NamedPage(file.as_posix(), path=file, error=error)


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
    color = use_color(sys.stdout)
    words = ", ".join(
        paint(f"{count} {_words(status, count)}", _STYLES[status], color) for status, count in counts.items() if count
    )
    total = f"{len(results)} block{'' if len(results) == 1 else 's'}"
    text = f"{total}: {words}" if words else f"{total} of XanoScript found"
    lacking = counts["needs_input"]
    if not lacking:
        return text
    was = "1 block was" if lacking == 1 else f"{lacking} blocks were"
    ways = "give what is missing with --input, --var, --auth or --seed; --fill makes it up"
    return f"{text}\n{was} not run to the end: {ways}"


def _words(status: str, count: int) -> str:
    if status == "needs_input":
        return "needs input" if count == 1 else "need input"
    return status.replace("_", " ")
