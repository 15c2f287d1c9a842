"""Where each page of the manual stands in the site: its file and its place in it."""

from __future__ import annotations

import re
from typing import NamedTuple

from xsrun.manual.manual import Manual, section_of
from xsrun.manual.page import Page

#: Sections whose pages are files of their own; pages of the others share one, by family.
_ALONE = ("guides", "commands")
_WORDS = {
    ":": "colon",
    "$": "dollar",
    "&": "and",
    "|": "or",
    "~": "tilde",
    "+": "plus",
    "=": "eq",
    "!": "not",
    "?": "q",
    "<": "lt",
    ">": "gt",
}


class SitePage(NamedTuple):
    """A file of the site: its name, its section in the navigation, its title, and the manual's pages in it."""

    file: str
    section: str
    title: str
    pages: list[Page]


def site_pages(manual: Manual) -> list[SitePage]:
    """The files in the order of the navigation."""
    found: dict[str, SitePage] = {}
    for page in manual.pages:
        section = section_of(page)
        file, title = file_of(page), title_of(page)
        found.setdefault(file, SitePage(file, section, title, [])).pages.append(page)
    return list(found.values())


def family_of(page: Page) -> str:
    """What the pages of one file have in common besides their section; empty when the section is one file."""
    section = section_of(page)
    if section in _ALONE:
        return page.name.partition(" ")[0] if section == "commands" else page.name
    return page.group if section in ("statements", "filters", "diagnostics") else ""


def file_of(page: Page) -> str:
    """The file's name: `first-steps.html`, `command-run.html`, `statements-db.html`, `types.html`."""
    section, family = section_of(page), family_of(page)
    parts = [family] if section == "guides" else [{"commands": "command"}.get(section, section), family]
    return f"{slug('-'.join(filter(None, parts)))}.html"


def title_of(page: Page) -> str:
    """What the file is called in the navigation."""
    section, family = section_of(page), family_of(page)
    if section == "guides":
        return page.title
    return family or section


def anchor_of(page: Page) -> str:
    """The page's place in its file. A value filter and a statement of one name never share a file."""
    return slug(page.name)


def slug(text: str) -> str:
    """A text as part of an address: letters, digits, dots and dashes."""
    plain = "".join(f"-{_WORDS[one]}" if one in _WORDS else one for one in text)
    return re.sub(r"[^\w.]+", "-", plain).strip("-") or re.sub(r".", lambda one: f"{ord(one[0]):x}", text)
