"""The whole manual: its pages by section, found by name, by what names begin with, and by words."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain

from xsrun.manual.page import Page

#: What makes the parser of each command.
Parsers = Mapping[str, Callable[[], argparse.ArgumentParser]]
#: The sections in order: title -> kinds of its pages.
SECTIONS: dict[str, tuple[str, ...]] = {
    "guides": ("guide",),
    "commands": ("command",),
    "constructs": ("construct",),
    "blocks": ("block",),
    "types": ("type",),
    "operators": ("operator",),
    "topics": ("topic",),
    "statements": ("statement",),
    "filters": ("filter",),
    "query filters": ("query filter",),
    "input filters": ("input filter",),
    "error codes": ("error code",),
    "diagnostics": ("error", "warning", "info"),
    "Python": ("python",),
}
_SECTION_OF = {kind: title for title, kinds in SECTIONS.items() for kind in kinds}
#: What counts when words are searched: the weight of a word in a page's name, its title or summary, and its text.
_WEIGHTS = (40, 16, 4)
#: How often a word counts in each of them.
_COUNTED = 4
#: Words that tell nothing of what is looked for.
_TOO_COMMON = frozenset(
    re.findall(r"\w+", "a an and are as at be by do does for from how i in is it of on or the to what with")
)


class Manual:
    """Every page. `parsers` makes the parser of each command, when its page is asked for."""

    def __init__(self, parsers: Parsers) -> None:
        self._parsers = parsers

    @cached_property
    def pages(self) -> list[Page]:
        """Every page in the order of the sections."""
        from xsrun.manual.guides import guides
        from xsrun.manual.python_api import python_pages
        from xsrun.manual.reference import builtin_pages, diagnostic_pages, topic_pages

        found = chain(
            guides(), self._commands(self._parsers), topic_pages(), builtin_pages(), diagnostic_pages(), python_pages()
        )
        order = list(SECTIONS)
        return sorted(found, key=lambda page: order.index(section_of(page)))

    def names(self) -> dict[str, list[str]]:
        """The names of all pages by the title of their section."""
        listed: dict[str, list[str]] = {title: [] for title in SECTIONS}
        for page in self.pages:
            listed[section_of(page)] += [page.name, *(page.names if is_shared(page) else ())]
        return listed

    def named(self, name: str) -> list[Page]:
        """The pages with this name or spelling, in any case; `xsrun run`, `|trim` and `$auth` are names, too.

        Only what may have the name is made: a page of one statement needs no other builtin and no parser.
        """
        from xsrun.manual.guides import guides
        from xsrun.manual.reference import pages_named

        wanted = plain(name)
        found = [page for page in guides() if page.name == wanted]
        command = wanted.partition(" ")[0]
        if command in self._parsers:
            found += [page for page in self._commands([command]) if page.name == wanted]
        found += pages_named(wanted)
        if not found or name.startswith("xsrun."):
            from xsrun.manual.python_api import python_pages

            found += [page for page in python_pages() if wanted in spellings(page)]
        return found

    def _commands(self, names: Iterable[str]) -> Iterator[Page]:
        from xsrun.manual.commands import pages_of

        return pages_of({name: self._parsers[name]() for name in names})

    def beginning(self, name: str) -> list[Page]:
        """The pages that a part of a name means: a section (`filters`), a namespace or family, `jwe`."""
        wanted = plain(name).rstrip("*.")
        if not wanted:
            return []
        if wanted in SECTIONS:
            return [page for page in self.pages if section_of(page) == wanted]
        fits = [page for page in self.pages if wanted == page.group.casefold() or in_name(wanted, page)]
        return fits if len(wanted) > 1 else []

    def search(self, words: Iterable[str]) -> list[Page]:
        """The pages in which every word stands, the best first; when there is none, those with the most of them."""
        given = [word.casefold() for word in words]
        wanted = [word for word in given if word not in _TOO_COMMON] or given
        scored = [(*score(page, wanted), page) for page in self.pages]
        most = max((found for found, _, _ in scored), default=0)
        best = [(points, page) for found, points, page in scored if found == most and found]
        return [page for _, page in sorted(best, key=lambda one: -one[0])]


def section_of(page: Page) -> str:
    """The title of a page's section."""
    return _SECTION_OF[page.kind]


def is_shared(page: Page) -> bool:
    """Does the page tell of several things, rather than of one with several spellings?"""
    return page.kind in ("construct", "block", "type", "operator", "topic", "error code")


def plain(name: str) -> str:
    """A name as it is compared."""
    name = name.strip().removeprefix("xsrun ").casefold()
    return name[1:] if name[:1] == "|" and name[1:2].isalpha() else name


def spellings(page: Page) -> list[str]:
    """All names of a page as they are compared."""
    more = [page.name.removeprefix("xsrun.")] if page.kind == "python" else []
    return [plain(name) for name in (page.name, *page.names, *more)]


def in_name(wanted: str, page: Page) -> bool:
    """Does a part of a name of the page begin so: `jwe` of `security.jwe_encode`?"""
    return any(
        name.startswith(wanted) or f".{wanted}" in name or f"_{wanted}" in name or f"-{wanted}" in name
        for name in spellings(page)
    )


def score(page: Page, words: Iterable[str]) -> tuple[int, int]:
    """How many of some words begin words of the page, and how well it fits them."""
    places = (" ".join(spellings(page)), page.summary.casefold(), searched_text(page).casefold())
    matched = total = 0
    for word in words:
        begins = re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?P<more>[a-z0-9]*)")
        points = 0
        for weight, text in zip(_WEIGHTS, places, strict=True):
            found = [weight if not match["more"] else weight / 2 for match in begins.finditer(text)]
            points += int(sum(found[:_COUNTED]))
        matched += bool(points)
        total += points
    return matched, total


def searched_text(page: Page) -> str:
    """The words of a page beside its name and title."""
    parts = [f"{part['name']} {part.get('text', '')}" for part in page.parts]
    return "\n".join([page.group, page.about, *parts, page.note, *(example.source for example in page.examples)])
