"""The constructs of a document: their kinds, names, verbs and members (language 3)."""

from __future__ import annotations

import re

from xsrun.analysis.report import TextReport, article, attribute_span, name_span, span_of, title_span
from xsrun.analysis.rules import attribute_types, attributes, fields, statements, unit_tests
from xsrun.analysis.rules.expressions import check_value
from xsrun.diagnostics.suggest import did_you_mean, nearest
from xsrun.language import catalogue
from xsrun.language.constructs import (
    COMMON,
    FIELD_BLOCKS,
    FOREIGN_KINDS,
    FOREIGN_MEMBERS,
    KINDS,
    LOOSE_KINDS,
    OPEN_KINDS,
    VERBS,
    ConstructKind,
)
from xsrun.syntax.nodes import (
    Attribute,
    Document,
    Entry,
    FieldBlock,
    Item,
    Literal,
    Name,
    Node,
    ObjectLiteral,
    Statement,
    Variable,
)
from xsrun.syntax.tokens import HOLE

_SEPARATOR = re.compile(r"---[ \t]*(?://.*)?$")
#: Members that may also stand alone in a text: pieces of constructs, as documentation pages show them.
_MEMBERS = frozenset({"stack", "test", "schedule", "main"})


def check_document(report: TextReport, document: Document) -> None:
    """Check every construct of a text, or a bare list of statements, members or fields."""
    constructs = {id(item) for item in document.items if _is_construct(item)}
    previous: Node | None = None
    for item in document.items:
        if isinstance(item, Statement) and id(item) in constructs:
            if previous is not None and not _separated(report, previous, item):
                report.add(
                    "XS203",
                    "a second construct begins here; a document holds one",
                    name_span(item),
                    "put a line that holds only --- before it, or move it to a file of its own",
                )
            check_construct(report, item)
            previous = item
        elif constructs and getattr(item, "name", "") != HOLE:
            _outside(report, item)
        else:
            _piece(report, item)


def _is_construct(item: Node) -> bool:
    """A known kind, or something unknown that looks like one: it holds `input` or `stack`."""
    if not isinstance(item, Statement) or item.name == HOLE:
        return False
    if item.name in KINDS or item.name in OPEN_KINDS:
        return True
    if item.name in _MEMBERS or catalogue.entry("statement", item.name):
        return False
    if item.name.lower() in FOREIGN_KINDS and isinstance(item.target, Name) and item.body is not None:
        return True
    return any(member.__class__ is FieldBlock or getattr(member, "name", "") == "stack" for member in _items(item))


def _items(statement: Statement) -> list[Item]:
    return list(statement.body.items) if statement.body else []


def _separated(report: TextReport, first: Node, second: Node) -> bool:
    lines = range(first.end_line + 1, second.line)
    return not report.source.text or any(_SEPARATOR.match(report.source.line(number)) for number in lines)


def _outside(report: TextReport, item: Node) -> None:
    """Something beside the constructs of a text."""
    name = getattr(item, "name", "")
    if isinstance(item, Statement) and not catalogue.entry("statement", name) and name not in _MEMBERS:
        _unknown_kind(report, item)
        return
    place = name_span(item) if isinstance(item, Statement) else (item.line, item.column, item.line, item.column + 1)
    where = "inside the construct's braces" if name in FIELD_BLOCKS | COMMON | {"response", "test"} else "in a stack"
    report.add("XS209", f"`{name}` stands outside of any construct", place, f"move it {where}")


def _piece(report: TextReport, item: Node) -> None:
    """A part of a text without constructs: statements, members or fields on their own."""
    if isinstance(item, FieldBlock):
        fields.check_fields(report, item.declared, "schema" if item.name == "schema" else "input")
    elif isinstance(item, Attribute):
        if item.name.startswith("$"):
            attributes.attribute_in_stack(report, item)
        else:
            check_value(report, item.value, item.name)
    elif isinstance(item, Statement):
        if item.name == "test":
            unit_tests.check_test(report, item)
        elif item.name in _MEMBERS or item.name == HOLE:
            statements.check_body(report, item, "any")
        else:
            statements.check_statement(report, item, "any")


def _unknown_kind(report: TextReport, item: Statement) -> str | None:
    """Report a kind that there is none of; gives the one that was probably meant."""
    meant = FOREIGN_KINDS.get(item.name.lower()) or nearest(item.name, KINDS)
    hint = f"did you mean `{meant}`?" if meant else f"a file holds one of: {', '.join(KINDS)}"
    report.add("XS201", f"there is no construct `{item.name}`", name_span(item), hint)
    return meant


# One construct -------------------------------------------------------------------------------------------------------


def check_construct(report: TextReport, item: Statement) -> None:
    """Check one construct: its kind, header and members."""
    if item.name in OPEN_KINDS:
        return
    kind = KINDS.get(item.name)
    if kind is None:
        meant = _unknown_kind(report, item)
        if meant is None:
            return
        kind = KINDS[meant]
    _check_header(report, item)
    if item.body is None:
        report.add(
            "XS205", f"`{item.name}` needs a block in braces", title_span(item), f"write {item.name} name {{ ... }}"
        )
        return
    seen: set[str] = set()
    for member in _items(item):
        _check_member(report, item, kind, member)
        name = getattr(member, "name", "")
        if name in seen and name not in ("test", HOLE) and name in kind.members:
            place = attribute_span(member) if isinstance(member, Attribute) else _member_span(member)
            report.add(
                "XS210",
                f"`{name}` stands here a second time; {article(item.name)} has one",
                place,
                "keep one of the two",
            )
        seen.add(name)
    if HOLE not in seen:
        _check_required(report, item, kind, seen)
    unit_tests.check_test_names(report, item)


def _check_header(report: TextReport, item: Statement) -> None:
    target = item.target
    if target is None:
        report.add(
            "XS202",
            f"a name must follow `{item.name}`",
            title_span(item),
            f'write {item.name} "some name" {{' if item.name.startswith("run.") else f"write {item.name} some_name {{",
        )
    elif not isinstance(target, (Name, Variable)):
        report.add(
            "XS202",
            f"this is not a name for {article(item.name)}",
            span_of(target),
            'a name is a word, a path or a "text"',
        )
    elif isinstance(target, Name) and not target.text.strip("/ "):
        report.add("XS202", f"the name of {article(item.name)} cannot be empty", span_of(target))
    if item.name == "query":
        _check_verb(report, item)
    elif item.verb is not None and item.name in KINDS:
        report.add("XS204", f"{article(item.name)} has no verb", title_span(item), "only queries have one")
    if item.result is not None:
        report.add("XS208", f"{article(item.name)} binds no result", span_of(item.result), "delete `as` and the name")


def _check_verb(report: TextReport, item: Statement) -> None:
    hint = f"write verb={', verb='.join(VERBS[:-1])} or verb={VERBS[-1]}"
    if item.verb is None:
        report.add("XS204", "a query needs a verb after its name", title_span(item), hint)
    elif item.verb not in VERBS:
        upper = item.verb.upper()
        hint = f"verbs are written in capitals: verb={upper}" if upper in VERBS else hint
        place = _verb_span(report, item)
        end = report.source.offset(place[2], place[3])
        fix = [(end - len(item.verb), end, upper)] if upper in VERBS else None
        report.add("XS204", f"`{item.verb}` is not a verb of a query", place, hint, fix)


def _verb_span(report: TextReport, item: Statement) -> tuple[int, int, int, int]:
    line = report.source.line(item.line)
    column = line.find("verb", item.name_end_column) + 1 or item.name_end_column
    return item.line, column, item.line, column + len("verb=") + len(item.verb or "")


def _member_span(member: Node) -> tuple[int, int, int, int]:
    if isinstance(member, Statement):
        return name_span(member)
    return member.line, member.column, member.line, member.column + len(getattr(member, "name", " "))


def _check_required(report: TextReport, item: Statement, kind: ConstructKind, seen: set[str]) -> None:
    for name in kind.required:
        if name in seen:
            continue
        if name in kind.blocks:
            empty = f"add {name} {{ }}, even when nothing is in it" if name == "input" else f"add {name} {{ ... }}"
            report.add("XS211", f"Missing block: {name}", title_span(item), empty)
        else:
            report.add("XS211", f"Missing member: {name}", title_span(item), f"add {name} = ... to this {item.name}")


# Members -------------------------------------------------------------------------------------------------------------


def _check_member(report: TextReport, item: Statement, kind: ConstructKind, member: Node) -> None:
    if isinstance(member, Attribute):
        _check_attribute(report, item, kind, member)
    elif isinstance(member, FieldBlock):
        if member.name not in kind.blocks:
            _unknown_member(report, item, kind, member.name, _member_span(member))
        else:
            fields.check_fields(report, member.declared, "schema" if member.name == "schema" else "input")
    elif isinstance(member, Statement) and not member.disabled:
        _check_block(report, item, kind, member)


def _check_attribute(report: TextReport, item: Statement, kind: ConstructKind, member: Attribute) -> None:
    name = member.name
    if name in kind.attributes or (kind.common and name in COMMON):
        check_value(report, member.value, name)
        attribute_types.check_member(report, item.name, name, member.value)
        if name == "main" and isinstance(member.value, ObjectLiteral):
            _check_main(report, item, member)
        if name == "auth" and item.name == "query" and isinstance(member.value, Literal) and member.value.value is True:
            hint = 'name the table of the users: auth = "user"'
            report.add("XS213", "the `auth` of a query names a table", span_of(member.value), hint)
    elif name in kind.blocks:
        hint = f"write {name} {{ ... }} without `=`"
        start = report.source.offset(member.line, member.column + len(name))
        end = report.offsets(member.value)[0]
        fix = [(start, end, " ")] if isinstance(member.value, ObjectLiteral) and not member.value.entries else None
        report.add("XS207", f"`{name}` is a block, not an attribute", attribute_span(member), hint, fix)
    else:
        _unknown_member(report, item, kind, name, attribute_span(member))


def _check_main(report: TextReport, item: Statement, member: Attribute) -> None:
    """`main` of a job names the function that runs."""
    assert isinstance(member.value, ObjectLiteral)
    keys = [entry.key for entry in member.value.entries if isinstance(entry, Entry)]
    if "name" not in keys and HOLE not in keys:
        hint = 'write main = {name: "function name", input: {...}}'
        report.add("XS211", "Missing member: main.name", span_of(member.value), hint)


def _check_block(report: TextReport, item: Statement, kind: ConstructKind, member: Statement) -> None:
    name = member.name
    if name == HOLE or (name in kind.blocks and name == "stack"):
        context = item.name if item.name in ("workflow_test", "tool") else "stack"
        statements.check_body(report, member, "any" if name == HOLE else context)
    elif name == "test" and name in kind.blocks:
        unit_tests.check_test(report, member)
    elif name in kind.blocks:
        for attribute in member.attributes():
            check_value(report, attribute.value, attribute.name)
    elif name == "...":
        report.add("XS212", "a placeholder is left in the program", span_of(member), "write what `...` stands for")
    elif name in kind.attributes or (kind.common and name in COMMON):
        shown = "{ ... }" if member.body is not None else "..."
        place = _after(member)
        start = report.source.offset(place[0], place[1])
        plain = member.target is not None and member.body is None
        fix = [(start, start, " =")] if plain else None
        report.add("XS208", f"`=` must follow `{name}`", place, f"write {name} = {shown}", fix)
    elif (entry := catalogue.entry("statement", name)) and entry["contexts"] != "nested":
        hint = f"move it into the stack of the {item.name}"
        report.add("XS209", f"`{name}` is a statement and stands outside of the stack", name_span(member), hint)
    else:
        _unknown_member(report, item, kind, name, name_span(member))


def _after(member: Statement) -> tuple[int, int, int, int]:
    return member.line, member.name_end_column, member.line, member.name_end_column + 1


def _unknown_member(
    report: TextReport, item: Statement, kind: ConstructKind, name: str, place: tuple[int, int, int, int]
) -> None:
    if item.name in LOOSE_KINDS or name == HOLE:
        return
    if name.startswith("$"):
        report.add("XS206", "variables are assigned in the stack", place, f"write var {name} {{ value = ... }} there")
        return
    if not kind.common:
        allowed = ", ".join(sorted(kind.members))
        hint = f"{article(item.name)} holds only {allowed}; what runs is the function that main names"
    else:
        meant = FOREIGN_MEMBERS.get(name.lower())
        hint = f"did you mean `{meant}`?" if meant and meant in kind.members else did_you_mean(name, kind.members) or ""
        hint = hint or f"{article(item.name)} has: {', '.join(sorted(kind.members - COMMON))}"
    report.add("XS206", f"{article(item.name)} has no member `{name}`", place, hint)
