"""Writing the site: a file for each guide, command and family, a style, a script and the index that it searches."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun import __version__
from xsrun.errors import UsageError
from xsrun.manual.manual import SECTIONS, Manual, is_shared, searched_text, spellings
from xsrun.manual.page import Page, described
from xsrun.manual.site.markdown import highlighted, renderer
from xsrun.manual.site.places import SitePage, anchor_of, file_of, site_pages, slug
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = ("manual.css", "manual.js")
_FOLDER = Path(__file__).parent


class Site:
    """The whole site in memory: its files by name."""

    def __init__(self, manual: Manual) -> None:
        self.manual = manual
        self.pages = site_pages(manual)
        self._places = self._all_places()
        self._markdown = renderer(self.place)
        self._environment = self._templates()

    def _all_places(self) -> dict[str, str]:
        """spelling -> address; of several things with one spelling the first, so statements before filters."""
        found: dict[str, str] = {}
        for page in self.manual.pages:
            for name in (f"xsrun {page.name}" if page.kind == "command" else page.name, *page.names):
                for spelling in (name, f"|{name}") if page.kind == "filter" else (name,):
                    found.setdefault(spelling, address_of(page))
        return found

    def place(self, name: str) -> str | None:
        """The address of the page that a text in code means: names that are plain words are not taken for such."""
        found = self._places.get(name)
        return None if found is None or (name.isalpha() and name.islower()) else found

    def lead(self, name: str) -> str | None:
        """The address of the page that a reference such as `see also` names."""
        pages = self.manual.named(name)
        return address_of(pages[0]) if pages else None

    def _templates(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup

        made = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters["markdown"] = lambda text: Markup(self._markdown.render(text))
        made.filters["code"] = lambda text, language="xs": Markup(highlighted(text, language))
        made.globals.update(
            version=__version__,
            sections=self.sections(),
            lead=self.lead,
            described=described,
            anchor=anchor_of,
            slug=slug,
            shared=is_shared,
            address=address_of,
        )
        return made

    def sections(self) -> list[tuple[str, list[SitePage]]]:
        """The navigation: the title of each section with its files."""
        return [(title, [page for page in self.pages if page.section == title]) for title in SECTIONS]

    def files(self) -> dict[str, str]:
        """Every file of the site by name."""
        template = self._environment.get_template("page.html")
        made = {page.file: template.render(current=page) for page in self.pages}
        made["index.html"] = self._environment.get_template("index.html").render(current=None, manual=self.manual)
        made.update({name: (_FOLDER / name).read_text(encoding="utf-8") for name in ASSETS})
        made["search-index.js"] = f"const INDEX = {to_json([self.entry(page) for page in self.manual.pages])};\n"
        return made

    def entry(self, page: Page) -> dict[str, str]:
        """What the script searches of a page: see `Manual.search`."""
        return {
            "name": page.title if page.kind == "guide" else page.name,
            "names": " ".join(spellings(page)),
            "kind": page.kind,
            "summary": page.summary,
            "text": searched_text(page).casefold(),
            "href": address_of(page),
        }


def address_of(page: Page) -> str:
    """The file of a page, with its place in it unless it has the file alone."""
    return file_of(page) if page.kind == "guide" else f"{file_of(page)}#{html.escape(anchor_of(page))}"


def write(manual: Manual, folder: Path) -> tuple[Path, int]:
    """Write the site into a folder; its first page and the number of its files.

    Raises UsageError when the folder cannot be written, and where what makes HTML is not installed.
    """
    files = Site(manual).files()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}") from None
    return folder / "index.html", len(files)
