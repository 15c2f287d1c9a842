"""`xsrun docs`: the offline manual, page by page, searched, or as a site."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from xsrun.cli.declared_options import Options
from xsrun.diagnostics.color import use_color
from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.reading import typed_path
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.manual.manual import Manual
    from xsrun.manual.page import Page

#: How many pages are shown whole; of more, their names and what each is about.
WHOLE = 4
#: How many pages a search shows.
FOUND = 20
_CODE = pattern(r"(?i)xs\d+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a statement, filter, type, construct, code, command or guide, or how names begin: `security`, `jwe` "
        "(default: list everything); several words are searched",
    )
    parser.add_argument("--search", "-s", action="store_true", help="search the text of all pages for the words")
    parser.add_argument("--html", metavar="FOLDER", help="write the whole manual as web pages that need no network")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def run(options: Options) -> int:
    manual = whole_manual()
    if options.html:
        return write_site(manual, options)
    if not options.names:
        print(
            to_json({title.replace(" ", "_"): names for title, names in manual.names().items()})
            if options.json
            else overview(manual)
        )
        return 0
    pages = find(manual, options)
    if options.json:
        print(to_json({"pages": [page.as_dict() for page in pages]}))
    else:
        show(pages)
    return 0


def whole_manual() -> Manual:
    """The manual with the pages of all commands."""
    from xsrun.cli.arguments import COMMANDS, build
    from xsrun.manual.manual import Manual

    return Manual({name: partial(build, name) for name in COMMANDS})


def find(manual: Manual, options: Options) -> list[Page]:
    """The pages that are meant. Raises UsageError when there is none."""
    name = " ".join(options.names)
    pages = [] if options.search else manual.named(name)
    if not pages and not options.search:
        pages = [] if foreign(name) else manual.beginning(name)
    if not pages and (options.search or len(options.names) > 1):
        pages = manual.search(options.names)[:FOUND]
    if not pages:
        raise unknown(manual, name, searched=options.search)
    return pages


def show(pages: list[Page]) -> None:
    """Print pages, or a line for each of many."""
    from xsrun.manual.terminal import line_of, shown

    color = use_color(sys.stdout)
    if len(pages) > WHOLE:
        print("\n".join(line_of(page, color) for page in pages))
    else:
        print("\n\n".join(shown(page, color) for page in pages))


def overview(manual: Manual) -> str:
    """What there is: guides and commands with what they are about, the names of everything else by family."""
    from xsrun.manual.manual import section_of
    from xsrun.manual.terminal import line_of

    lines: list[str] = []
    for title, names in manual.names().items():
        lines.append(title)
        pages = [page for page in manual.pages if section_of(page) == title]
        if title in ("guides", "commands"):
            lines += [f"  {line_of(page)}" for page in pages]
            continue
        groups: dict[str, list[str]] = {}
        for page in pages:
            groups.setdefault(page.group, []).append(page.name)
        if not any(groups):
            groups = {"": names}
        ordered = sorted(groups.items()) if title == "statements" else groups.items()
        lines += [f"  {f'{group}: ' if group else ''}{' '.join(of_group)}" for group, of_group in ordered]
    return "\n".join(lines)


def write_site(manual: Manual, options: Options) -> int:
    """Write the manual as web pages."""

    from xsrun.manual.site.writing import write

    first, count = write(manual, typed_path(options.html))
    if options.json:
        print(to_json({"index": str(first), "files": count}))
    else:
        print(f"{count} files written; open {first}", file=sys.stderr)
    return 0


def foreign(name: str) -> str | None:
    """What another language's word for a type or a construct is called here."""
    from xsrun.language.constructs import FOREIGN_KINDS
    from xsrun.language.types import FOREIGN_TYPES

    return FOREIGN_TYPES.get(name.lower()) or FOREIGN_KINDS.get(name.lower())


def unknown(manual: Manual, name: str, *, searched: bool) -> UsageError:
    """Nothing has this name; what may be meant, also by words of other languages."""
    from xsrun.diagnostics.suggest import nearest, one_of

    if searched:
        alone = [word for word in name.split() if manual.search([word])] if " " in name else []
        hint = f"there are pages with {one_of(alone)}, none with all" if alone else "see xsrun docs"
        return UsageError(f"no page has the words `{name}`", hint=hint)
    every = [known for names in manual.names().values() for known in names]
    if _CODE.fullmatch(name):
        family = name[:3].upper()
        listed = family if any(known.startswith(family) for known in every) else family[:2]
        return UsageError(f"there is no code `{name}`", hint=f"xsrun docs {listed} lists the codes")
    close = foreign(name) or nearest(name, every)
    hint = f"did you mean `{close}`?" if close else f"xsrun docs --search {name} looks into the pages"
    return UsageError(f"nothing is called `{name}`", hint=hint)
