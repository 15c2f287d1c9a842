"""The pages of the language, made from what the rooms below know of it: builtins, topics, codes of diagnostics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xsrun.lazy_regex import pattern
from xsrun.manual.page import Page, Part, Shown
from xsrun.registry import Builtin, Kind

if TYPE_CHECKING:
    from xsrun.diagnostics.codes import Code
    from xsrun.language.catalogue.pages import Topic
    from xsrun.registry import Parameter

#: Characters of a line in the text of a page.
_WIDTH = 112
#: What is in the catalogue, by the title of its list.
KINDS: dict[str, Kind] = {
    "statements": "statement",
    "filters": "filter",
    "query_filters": "query_filter",
    "input_filters": "input_filter",
}
#: Where comments cite the sources of a rule, for those who work on xsrun: `(semantics 1.5)`.
_CITATION = pattern(r"\s*\((?:see )?(?:(?:semantics|language) \d|evidence\b)[^()]*\)")
#: Names in the text of a page: `db.query`, `|trim`.
_CODE = pattern(r"`(\|?\w+(?:\.\w+)*)[:`]")


def without_citations(text: str) -> str:
    """A text without the marks that tell contributors where a rule comes from."""
    return _CITATION.sub("", text)


def builtin_pages() -> Iterator[Page]:
    """Every statement and filter in the catalogue's order."""
    from xsrun.language import catalogue

    for kind in KINDS.values():
        for name in catalogue.names(kind):
            page = builtin_page(kind, name)
            if page is not None:
                yield page


def pages_named(name: str) -> Iterator[Page]:
    """The pages with a name or spelling, in lower case or as it is written."""
    from xsrun.diagnostics.codes import code_of
    from xsrun.language.catalogue.pages import topics_of

    for topic in topics_of(name):
        yield topic_page(topic, next(one for one in topic.names if one.casefold() == name.casefold()))
    for kind in KINDS.values():
        page = builtin_page(kind, name) or builtin_page(kind, spelled(kind, name))
        if page is not None:
            yield page
    code = code_of(name)
    if code is not None:
        yield diagnostic_page(code)


def spelled(kind: Kind, name: str) -> str:
    """A builtin's name as it is written: `findindex` is `findIndex`."""
    from xsrun.language import catalogue

    return next((one for one in catalogue.names(kind) if one.casefold() == name.casefold()), name)


def builtin_page(kind: Kind, name: str) -> Page | None:
    """One statement or filter; None when there is none of this name."""
    from xsrun import registry
    from xsrun.language import catalogue

    found = registry.find(kind, name)
    if found is None:
        return None
    statement = catalogue.entry("statement", name) if kind == "statement" else None
    page = Page(
        found.name,
        kind.replace("_", " "),
        without_citations(about(found)),
        statement["header"] if statement is not None else f"|{found.signature}",
        names=list(found.aliases),
        parts=[part_of(one, found) for one in (found.attributes if kind == "statement" else found.arguments)],
        group=family(kind, found.name),
    )
    page.see = related(page)
    if found.stand_in:
        page.note = f"on this machine: {found.stand_in.what}"
    page.examples = [Shown(example.source, example.result) for example in found.examples]
    return page


def about(found: Builtin) -> str:
    """What the page of a builtin says: its docstring, and what holds for all that has the same stand-in."""
    if found.stand_in is None or not found.stand_in.how:
        return found.documentation
    from textwrap import fill

    how = fill(found.stand_in.how, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{found.documentation}\n\n{how}"


def related(page: Page) -> list[str]:
    """The statements and filters that the text of a page names, and what has its name among the other kind."""
    from xsrun.language import catalogue

    short, others = page.name.rpartition(".")[2], []
    twin = f"|{short}" if page.kind == "statement" else ""
    if twin and "_" in short and catalogue.entry("filter", short) is not None:
        others.append(twin)
    for word in _CODE.findall(page.about):
        name = word.removeprefix("|")
        known = catalogue.entry("statement", name) is not None and "." in name
        known = known or (word.startswith("|") and catalogue.entry("filter", name) is not None)
        if known and name != page.name:
            others.append(word)
    return list(dict.fromkeys(others))


def family(kind: Kind, name: str) -> str:
    """The namespace of a statement, the category of a filter."""
    from xsrun.language import catalogue

    if kind == "statement":
        return name.partition(".")[0] if "." in name else "control"
    return catalogue.category(kind, name)


def part_of(parameter: Parameter, owner: Builtin) -> Part:
    """An attribute or argument with its default; another spelling says what it stands for."""
    part: Part = {
        "name": parameter.name.rstrip("_"),
        "type": parameter.type,
        "required": parameter.required,
    }
    if not parameter.required and parameter.default is not None and not owner.form:
        part["default"] = parameter.default
    if owner.values and parameter.name in owner.values:
        part["values"] = [*owner.values[parameter.name]]
    if parameter.stands_for:
        part["text"] = f"another spelling of {', '.join(parameter.stands_for)}"
    elif parameter.variadic:
        part["text"] = "any number"
    elif parameter.repeatable:
        part["text"] = "may stand more than once"
    return part


def topic_pages() -> Iterator[Page]:
    """Constructs, blocks, types, operators, topics and error codes; one page may tell of several names."""
    from xsrun.language.catalogue.pages import topics

    for topic in topics():
        yield topic_page(topic, topic.names[0])


def topic_page(topic: Topic, name: str) -> Page:
    """A topic by one of its names."""
    others = [one for one in topic.names if one != name]
    examples = [Shown(text, "", language) for language, text in topic.examples]
    return Page(name, topic.kind, topic.text, names=others, examples=examples, see=list(topic.see))


def diagnostic_pages() -> Iterator[Page]:
    """What each code of a diagnostic means, with an example and its repair."""
    from xsrun.diagnostics.codes import all_codes

    for code in all_codes().values():
        yield diagnostic_page(code)


def diagnostic_page(code: Code) -> Page:
    """One code."""
    example = Shown(code.example, code.repair, "xs", ("wrong", "right"))
    return Page(code.code, code.severity, code.why, examples=[example], title=code.title, group=f"{code.code[:3]}xx")
