"""A page as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from xsrun.diagnostics.color import paint
from xsrun.lazy_regex import pattern
from xsrun.manual.manual import is_shared
from xsrun.manual.page import Page, Part, described

_FENCE = pattern(r"^(?P<mark>`{3,}|~{3,})(?P<language>\w*)")
_LINK = pattern(r"\[([^\]]+)\]\((?:docs:)?[^)]*\)")


def shown(page: Page, color: bool = False) -> str:
    """The page as a text."""
    lines = [paint(head(page), "bold", color), *([f"  {page.form}"] if page.form not in ("", page.name) else [])]
    if page.names:
        word = "the same page tells of" if is_shared(page) else "also written:"
        lines.append(f"  {word} {', '.join(page.names)}")
    if page.about:
        lines += ["", *markdown_lines(page.about, color)]
    if page.parts:
        lines += ["", paint(page.parts_title, "bold", color), *(line for one in page.parts for line in part_lines(one))]
    if page.note:
        lines += ["", page.note]
    lines += example_lines(page, color)
    if page.see:
        lines += ["", f"see also: {', '.join(page.see)}"]
    return "\n".join(lines)


def head(page: Page) -> str:
    """`substr (filter)`; `XS130 (error): a filtered value needs parentheses`; of a guide its title."""
    if page.kind == "guide":
        return page.title
    return f"{page.name} ({page.kind})" + (f": {page.title}" if page.title else "")


def line_of(page: Page, color: bool = False) -> str:
    """A page among others: its name, its kind where the name does not tell, and what it is about."""
    name = page.name if page.kind in ("guide", "command") else head_name(page)
    return f"{paint(f'{name:<26}', 'bold', color)} {page.summary}"


def head_name(page: Page) -> str:
    return f"{page.name} ({page.kind})"


def part_lines(part: Part) -> Iterator[str]:
    """A line for an attribute, and below it what is said about it."""
    what = described(part)
    yield f"  {part['name']}" + (
        f": {what}" if what and not part["name"].startswith("-") else f" {part['type']}".rstrip()
    )
    if text := part.get("text"):
        yield f"      {text}"


def example_lines(page: Page, color: bool) -> Iterator[str]:
    """The examples, each with what comes of it."""
    titled = any(example.titles[0] for example in page.examples)
    if page.examples and not titled:
        yield from ("", paint("examples", "bold", color))
    for example in page.examples:
        margins = ("    ", "    ") if titled else ("  ", "    ")
        for title, text, margin in zip(example.titles, (example.source, example.result), margins, strict=True):
            if title:
                yield from ("", f"{title}:", "")
            yield from (f"{margin}{line}".rstrip() for line in text.splitlines())


def markdown_lines(text: str, color: bool) -> Iterator[str]:
    """Markdown for a terminal: headings stand out, code is set in, links are their words."""
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence:
            if line.startswith(fence):
                fence = ""
            else:
                yield f"    {paint(line, 'cyan', color)}".rstrip()
        elif mark is not None:
            fence = mark["mark"]
        elif line.startswith("#"):
            yield paint(line.lstrip("# "), "bold", color)
        else:
            yield _LINK.sub(r"\1", line)
