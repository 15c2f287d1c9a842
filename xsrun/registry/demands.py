"""What a statement must have before it can be compiled.

The compiler refuses what lacks it and `xsrun check` reports it: both ask here, so that they name the same problem at
the same place. Each function gives the first problem that it sees, or None.
"""

from __future__ import annotations

from collections.abc import Collection

from xsrun.hints import TYPE_CHECKING, NamedTuple
from xsrun.language import catalogue
from xsrun.language.roots import READ_ONLY
from xsrun.names.places import place_of, ungrouped
from xsrun.registry.finding import find_statement
from xsrun.registry.signatures import COMMON_ATTRIBUTES
from xsrun.syntax.nodes import Expression, Group, Located, Name, Node, Path, Statement, Variable
from xsrun.syntax.spans import Span, after_title, attribute_span, name_span, span_of, title_span

if TYPE_CHECKING:
    from xsrun.language.catalogue.entries import StatementEntry
    from xsrun.registry.builtin import Builtin

LOOPS = frozenset({"for", "foreach", "while"})
#: Blocks with a condition or a value, and which of them.
ARMS = {"if": "condition", "elseif": "condition", "case": "value"}
#: The block of a statement that its statements belong into.
INNER = {"while": "each {", "for": "each as $i {", "foreach": "each as $item {", "try_catch": "try {"}
_EXAMPLES = {"for": "(10)", "foreach": "($list)", "while": "($n < 10)", "switch": "($value)"}
#: Attributes that stand for the name in the header of a statement.
_NAMED_BY = {"db.schema": "table", "api.call": "url"}


class Demand(NamedTuple):
    """A problem that no run gets past: its code and text, where it is, and what to write."""

    code: str
    message: str
    place: Span
    hint: str | None = None


def unmet(item: Statement) -> Demand | None:
    """The first thing that a statement lacks, what stands in its blocks left out."""
    entry, record = catalogue.entry("statement", item.name), find_statement(item.name)
    if entry is None or record is None or item.name in ARMS:
        return None  # of an arm the statement around it asks what it needs
    return header(item, entry) or attributes(item, entry, record) or blocks(item) or result(item, entry)


# Headers -------------------------------------------------------------------------------------------------------------


def header(item: Statement, entry: StatementEntry) -> Demand | None:
    """What stands between the name and the braces."""
    wanted = entry["target"]
    if wanted == "variable":
        return variable(item)
    if wanted == "name":
        return _name(item)
    return _value(item, entry) if wanted == "expr" else None


def variable(item: Statement) -> Demand | None:
    """The variable that a statement makes or changes."""
    target, name = item.target, item.name
    if target is None:
        hint = f"write {name} $name {{ value = ... }}"
        return Demand("XS307", f"a variable must follow `{name}`", title_span(item), hint)
    if isinstance(target, Name):
        hint = f"write {name} ${target.text.replace('-', '_')} {{ ... }}"
        text = f"the name of a variable begins with a dollar sign: `{target.text}`"
        return Demand("XS307", text, span_of(target), hint)
    if place_of(target) is None:
        what = "a value in parentheses" if isinstance(target, Group) else "a value"
        return Demand("XS307", f"`{name}` takes a variable, not {what}", span_of(target), "write $name alone")
    return unchanging(target)


def unchanging(place: Expression) -> Demand | None:
    """A place that a program can read but not change."""
    found = place_of(place)
    assert found is not None, "the grammar takes nothing else"
    if found.root in READ_ONLY or not found.root.isidentifier():
        hint = f"copy it first: var $copy {{ value = {_shown(place)} }}, then change $copy"
        return Demand("XS311", f"`${found.root}` is read-only", span_of(place), hint)
    return None


def result(item: Statement, entry: StatementEntry) -> Demand | None:
    """The variable or path behind `as`."""
    if not isinstance(item.result, (Variable, Path)):
        return None
    found = unchanging(item.result)
    if found is None or entry["as"] != "none":
        return found
    return Demand("XS310", f"Invalid arg: as: `{item.name}` gives no result", found.place, "delete `as` and the name")


def placeholder(node: Located) -> Demand:
    """Three dots where a program needs something."""
    hint = "write what `...` stands for"
    return Demand("XS212", "a placeholder is left in the program", span_of(node), hint)


def _shown(place: Expression) -> str:
    """A variable or a path as it is written, as far as its keys are plain names."""
    base = place.base if isinstance(place, Path) else place
    text = f"${base.name}" if isinstance(base, Variable) else "..."
    for segment in place.segments if isinstance(place, Path) else []:
        if segment.form != "name" or isinstance(segment.key, Expression):
            break
        text += f".{segment.key}"
    return text


def _name(item: Statement) -> Demand | None:
    """The name of a table or of another construct."""
    target, name = item.target, item.name
    what = "table" if name.startswith("db.") else "name"
    if target is None:
        other = _NAMED_BY.get(name)
        if other is not None and item.attribute(other) is not None:
            return None
        text = f"the name of a table must follow `{name}`" if what == "table" else f"a name must follow `{name}`"
        hint = f"write {name} {'some_table' if what == 'table' else 'some_name'} {{ ... }}"
        return Demand("XS307", text, title_span(item), hint)
    if not isinstance(target, Name):
        if name == "db.schema" and isinstance(target, (Variable, Path)):
            return None  # it runs, and finds no table (semantics 12)
        taken = "the name of a table" if what == "table" else "a name"
        return Demand("XS307", f"`{name}` takes {taken} as it is, not an expression", span_of(target))
    return None


def _value(item: Statement, entry: StatementEntry) -> Demand | None:
    """A value in parentheses, and of array statements the condition behind it."""
    target, name = item.target, item.name
    if target is None:
        hint = f"write {name} {_EXAMPLES.get(name, '(...)')}"
        return Demand("XS313", f"a value in parentheses must follow `{name}`", title_span(item), hint)
    if isinstance(target, Name):
        hint = f"write {name} ({_written(target)})"
        return Demand("XS313", f"the value after `{name}` needs parentheses", span_of(target), hint)
    if item.condition is None and "if (" in entry["header"]:
        hint = f"write {name} ({_subject(target)}) if ($this ...) as $result"
        return Demand("XS309", f"`{name}` needs `if (...)` after the list", after_title(item), hint)
    return None


def _written(name: Name) -> str:
    return f'"{name.text}"' if name.style in ('"', "'") else name.text


def _subject(target: Expression) -> str:
    inner = ungrouped(target)
    return _shown(inner) if isinstance(inner, (Variable, Path)) else "..."


# Attributes ----------------------------------------------------------------------------------------------------------


def attributes(item: Statement, entry: StatementEntry, record: Builtin) -> Demand | None:
    """The attributes that a statement cannot do without; documentation's other spellings count as them."""
    lacking = missing(record, {one.name for one in item.attributes() if not one.disabled})
    if not lacking:
        return None
    if item.target is None or entry["target"] is not None:
        return misspelt_attribute(item, lacking[0], record) or lacking_attribute(item, lacking[0], record)
    if not takes_header(item, entry):
        text = f"nothing can stand between `{item.name}` and its braces"
        return Demand("XS314", text, span_of(item.target), f"write {item.name} {{ ... }}")
    return None


def misspelt_attribute(item: Statement, lacking: str, record: Builtin) -> Demand | None:
    """An attribute that is given under a name that the statement does not know, but that is much like it."""
    from xsrun.diagnostics.suggest import nearest

    known = {*COMMON_ATTRIBUTES, *(one.name for one in record.attributes)}
    for member in item.attributes():
        if not member.disabled and member.name not in known and nearest(member.name, known) == lacking:
            text = f"`{item.name}` has no attribute `{member.name}`"
            return Demand("XS315", text, attribute_span(member), f"did you mean `{lacking}`?")
    return None


def takes_header(item: Statement, entry: StatementEntry) -> bool:
    """May anything stand between the name of a statement and its braces?"""
    return entry["target"] is not None or (
        item.name in ("await", "api.stream") and isinstance(item.target, (Variable, Path))
    )


def missing(record: Builtin, given: Collection[str]) -> list[str]:
    """The required attributes that are not given."""
    others = record.stood_for(given)
    return [one.name for one in record.attributes if one.required and not (one.name in given or one.name in others)]


def lacking_attribute(item: Statement, name: str, record: Builtin | None = None) -> Demand:
    """A statement lacks an attribute."""
    types = {one.name: one.type for one in record.attributes} if record is not None else {}
    shown = "{ ... }" if types.get(name) == "object" else "..."
    return Demand("XS317", f"`{item.name}` needs `{name}`", name_span(item), f"add {name} = {shown}")


# Blocks --------------------------------------------------------------------------------------------------------------


def blocks(item: Statement) -> Demand | None:
    """The blocks that a statement cannot do without."""
    if item.name == "conditional":
        return first_arm(item)
    if item.name in LOOPS:
        return body(item) or shortened_list(item)
    if item.name == "expect.to_throw":
        return outside(item) or throwing_stack(item)
    return None


def first_arm(item: Statement) -> Demand | None:
    """The `if` that a conditional begins with; one that begins with an `elseif` runs."""
    return None if item.blocks("if", "elseif") else no_if(item)


def no_if(item: Statement) -> Demand:
    """A conditional without an `if`."""
    arms = item.blocks("if", "elseif", "else")
    place = name_span(arms[0] if arms else item)
    return Demand("XS324", "this conditional has no `if`", place, "its first block is if (...) { ... }")


def arm(item: Statement) -> Demand | None:
    """The condition of an `if`, the value of a `case`."""
    if isinstance(item.target, Expression):
        return None
    what = ARMS[item.name]
    if item.target is None:
        text = f"a {what} in parentheses must follow `{item.name}`"
        return Demand("XS320", text, title_span(item), f"write {item.name} (...) {{")
    text = f"the {what} of `{item.name}` needs parentheses"
    return Demand("XS320", text, span_of(item.target), f"write {item.name} ({_written(item.target)}) {{")


def body(item: Statement) -> Demand | None:
    """The `each` of a loop that has anything in its braces."""
    if item.block("each") is not None or item.body is None or not item.body.items:
        return None
    return outside(item) or empty_loop(item)


def shortened_list(item: Statement) -> Demand | None:
    """The list of a `foreach` whose body takes items out of it."""
    subject = ungrouped(item.target) if item.name == "foreach" and removes_items(item) else None
    return unchanging(subject) if isinstance(subject, (Variable, Path)) and place_of(subject) is not None else None


def removes_items(item: Statement) -> bool:
    """Does the body of a loop remove items of this loop's list? Loops inside have their own."""
    pending: list[Node] = [inner for block in item.blocks("each") if block.body for inner in block.body.items]
    while pending:
        inner = pending.pop()
        if isinstance(inner, Statement):
            if inner.name in ("foreach.remove", "remove"):
                return True
            if inner.name not in LOOPS and inner.body is not None:
                pending.extend(inner.body.items)
    return False


def empty_loop(item: Statement) -> Demand:
    """A loop whose braces hold no `each`."""
    each = "each" if item.name == "while" else "each as $item"
    hint = f"write {item.name} (...) {{ {each} {{ ... }} }}"
    return Demand("XS322", f"the body of `{item.name}` stands in each {{ }}", name_span(item), hint)


def outside(item: Statement) -> Demand | None:
    """The first statement in the braces of one that takes only a block of statements there."""
    own = INNER.get(item.name, "stack {").split()[0]
    members = [member for member in item.blocks() if not member.disabled]
    return unwrapped_statement(item, members[0]) if members and members[0].name != own else None


def unwrapped_statement(item: Statement, member: Statement) -> Demand:
    """A statement that stands in the braces of another without the block around it."""
    inner = INNER.get(item.name, "stack {")
    hint = f"wrap the statements: {item.name}{' (...)' if item.name in LOOPS else ''} {{ {inner} ... }} }}"
    text = f"the statements of `{item.name}` stand in {inner.removesuffix(' {')} {{ }}"
    return Demand("XS322", text, name_span(member), hint)


def throwing_stack(item: Statement) -> Demand | None:
    """The stack that is to raise an error."""
    if item.block("stack") is not None:
        return None
    return Demand("XS324", f"`{item.name}` has no stack", name_span(item), "write stack { ... } inside")


def loop_variable(each: Statement) -> Demand | None:
    """What follows `each as`: a variable's name, if anything."""
    target = each.target
    if isinstance(target, Variable):
        return unchanging(target)
    if isinstance(target, Name):
        return Demand("XS321", "the name of a loop variable begins with a dollar sign", span_of(target))
    if target is not None:
        return Demand("XS321", "a loop variable is a plain name", span_of(target), "write each as $item {")
    return None
