"""`xsrun docs --html`: every link leads somewhere, nothing comes from outside, and who cannot see well can read it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import browser_page, needs_browser, violations

from xsrun.cli.arguments import main
from xsrun.cli.docs import whole_manual
from xsrun.extras import installing
from xsrun.manual import guides

pytest.importorskip("markdown_it")
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """What a page of the site holds: its ids, links, headings and what is wrong with its structure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.is_header_empty = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag == "a":
            self.links.append(given.get("href") or "")
        self.loaded += [given[name] or "" for name in ("src", "srcset") if name in given]
        self.loaded += [given["href"] or ""] if tag == "link" else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("input", "button") and "aria-label" not in given:
            self.faults.append(f"<{tag}> without a name")
        if tag == "img" and "alt" not in given:
            self.faults.append("<img> without alt")
        if given.get("class") == "wide" and "tabindex" not in given:
            self.faults.append("a keyboard cannot scroll what is wide")
        self.is_header_empty = tag == "th"

    def handle_data(self, data: str) -> None:
        self.is_header_empty = self.is_header_empty and not data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "th" and self.is_header_empty:
            self.faults.append("<th> without words")
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manual")
    assert main(["docs", "--html", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def parsed(site: Path) -> dict[str, Page]:
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}


def test_every_link_leads_somewhere(parsed: dict[str, Page]) -> None:
    lost = []
    for file, page in parsed.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            aim = parsed.get(target or file)
            known = aim is not None and (not anchor or anchor in aim.ids)
            if not known and not link.startswith("https://"):
                lost.append(f"{file}: {link!r}")
    assert lost == []


def test_names_of_files_differ_in_more_than_case(parsed: dict[str, Page]) -> None:
    """On many systems `Python.html` and `python.html` are one file."""
    assert len({name.casefold() for name in parsed}) == len(parsed)


def test_every_page_can_be_reached(parsed: dict[str, Page]) -> None:
    pending, seen = ["index.html"], set()
    while pending:
        name = pending.pop()
        if name in parsed and name not in seen:
            seen.add(name)
            pending += [link.partition("#")[0] for link in parsed[name].links]
    assert seen == set(parsed)


def test_nothing_comes_from_elsewhere(site: Path, parsed: dict[str, Page]) -> None:
    loaded = {one for page in parsed.values() for one in page.loaded}
    assert loaded == {"manual.css", "manual.js", "search-index.js", "data:,"}
    assert "url(" not in (site / "manual.css").read_text(encoding="utf-8")
    assert "fetch(" not in (site / "manual.js").read_text(encoding="utf-8")


def test_pages_are_built_for_all_readers(site: Path, parsed: dict[str, Page]) -> None:
    for file, page in parsed.items():
        assert page.faults == [], file
        assert page.open == [], file
        assert len(page.ids) == len(set(page.ids)), file
        assert page.headings[0] == 1 and page.headings.count(1) == 1, file
        steps = [after - before for before, after in zip(page.headings, page.headings[1:], strict=False)]
        assert max(steps, default=0) <= 1, (file, "a level of headings is left out")
        assert {"main", "nav", "header", "title"} <= set(page.tags), file
        text = (site / file).read_text(encoding="utf-8")
        assert '<html lang="en">' in text and 'name="viewport"' in text


def themes(css: str) -> list[dict[str, str]]:
    return [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in re.findall(r"\{([^{}]*--paper:[^{}]*)\}", css)
    ]


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_text_stands_out_enough_in_both_themes(site: Path) -> None:
    """WCAG 2 AA: 4.5 to 1 for text."""
    found = themes((site / "manual.css").read_text(encoding="utf-8"))
    assert len(found) == 3
    for theme in found:
        for ink in theme.keys() - {"paper", "card", "code", "line"}:
            for paper in ("paper", "card", "code"):
                assert contrast(theme[ink], theme[paper]) >= 4.5, (ink, paper, theme)


def test_the_site_finds_what_the_terminal_finds(site: Path, tmp_path: Path) -> None:
    deno = shutil.which("deno", path=str(Path(sys.executable).parent)) or shutil.which("deno")
    if deno is None:
        pytest.skip("deno is not installed")
    asked = ["encrypt a token", "unit test mock", "--junit", "stop a loop", "JWE", "$auth", "a b c"]
    script = "".join((site / name).read_text(encoding="utf-8") for name in ("search-index.js", "manual.js"))
    script += f"console.log(JSON.stringify({json.dumps(asked)}.map((text) => search(text).map((one) => one.href))));"
    (tmp_path / "search.js").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [deno, "run", "--no-config", str(tmp_path / "search.js")], capture_output=True, encoding="utf-8", check=True
    )
    from xsrun.manual.site.writing import address_of

    manual = whole_manual()
    for text, found in zip(asked, json.loads(done.stdout), strict=True):
        assert found == [address_of(page) for page in manual.search(text.split())], text


def test_without_its_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    assert main(["docs", "--html", str(tmp_path / "site")]) == 2
    assert installing("docs") in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["docs", "--html", str(tmp_path / "file")]) == 2
    assert "cannot write" in capsys.readouterr().err


# In a browser ---------------------------------------------------------------------------------------------------------


LOOKS = [("light", 1280), ("dark", 400)]


@needs_browser
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(site: Path, scheme: str, width: int) -> None:
    """The first page, the one with the widest tables, and every fourth of the others: always the same ones."""
    look_at(site, ["index.html", "speed.html", *names_of_pages(site)[::4]], scheme, width)


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing_anywhere(site: Path, scheme: str, width: int) -> None:
    look_at(site, names_of_pages(site), scheme, width)


def names_of_pages(site: Path) -> list[str]:
    """Every guide and a page of each kind."""
    kinds = {path.name.partition("-")[0]: path.name for path in sorted(site.glob("*-*.html"))}
    return sorted({"index.html", *kinds.values(), *(f"{guide}.html" for guide in guides.ORDER)})


def look_at(site: Path, names: list[str], scheme: str, width: int) -> None:
    """Axe has nothing to say of the pages, and none is wider than the window."""
    found = {}
    with browser_page() as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        for name in names:
            page.goto((site / name).as_uri())
            found[name] = violations(page)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found[name].append("wider than the window")
    assert {name: faults for name, faults in found.items() if faults} == {}


@needs_browser
def test_a_search_leads_to_a_page(site: Path) -> None:
    """As a reader does it: words, the first find, by keyboard."""
    with browser_page() as page:
        page.goto((site / "index.html").as_uri())
        page.locator("#words").fill("unit test mock")
        page.locator("#results a").first.wait_for()
        page.locator("#results a").first.click()
        page.wait_for_url("**/*.html*")
        assert page.locator("main h1").inner_text()
