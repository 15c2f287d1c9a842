"""Declared fields: types, defaults, filters and the attributes of their blocks (language 4)."""

from __future__ import annotations

from xsrun.analysis.report import TextReport, attribute_span, name_span, span_of
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.language import catalogue
from xsrun.language.types import FOREIGN_TYPES, GEO_TYPES, TYPES
from xsrun.registry import find
from xsrun.syntax.nodes import (
    Attribute,
    Expression,
    Field,
    FieldBlock,
    FieldFilter,
    ListLiteral,
    Literal,
    Now,
    ObjectLiteral,
    Statement,
    Word,
)
from xsrun.syntax.tokens import HOLE

_LISTS = frozenset({"array", "list", "tuple", "set"})
ATTRIBUTES = ("description", "docs", "sensitive", "visibility", "table", "values", "size", "override", "hidden")
_NUMBER_FILTERS = frozenset({"min", "max", "minAlpha", "minLowerAlpha", "minUpperAlpha", "minDigit", "minSymbol"})
_FOREIGN_FILTERS = {
    "to_lower": "lower",
    "tolower": "lower",
    "lowercase": "lower",
    "to_upper": "upper",
    "toupper": "upper",
    "uppercase": "upper",
    "strip": "trim",
    "minLength": "min",
    "min_length": "min",
    "minlength": "min",
    "maxLength": "max",
    "max_length": "max",
    "maxlength": "max",
    "regex": "pattern",
    "match": "pattern",
    "starts_with": "startsWith",
    "startswith": "startsWith",
    "alpha": "alphaOk",
    "digit": "digitOk",
    "digits": "digitOk",
}


def check_fields(report: TextReport, declared: list[Field], place: str) -> None:
    """Check the fields of an `input` or `schema` block and everything below them."""
    seen: set[str] = set()
    for field in declared:
        if field.type == HOLE:
            continue
        _check_type(report, field)
        if field.name and field.name in seen:
            report.add("XS228", f"a second field is called `{field.name}`", _name_span(field), "rename or delete one")
        seen.add(field.name)
        _check_default(report, field)
        _check_mark(report, field)
        for filter in field.filters:
            _check_filter(report, field, filter)
        _check_block(report, field, place)


def _type_span(field: Field) -> tuple[int, int, int, int]:
    return field.line, field.column, field.line, field.column + len(field.type)


def _name_span(field: Field) -> tuple[int, int, int, int]:
    return field.line, field.name_column, field.line, field.name_column + max(1, len(field.name))


def _check_mark(report: TextReport, field: Field) -> None:
    """`timestamp ?seen?`: the question mark of the type stands at the type."""
    line = report.source.text.split("\n")[field.line - 1]
    between = line[field.column - 1 : field.name_column - 1]
    at = between.find(" ?")
    if field.nullable and at >= 0:
        place = (field.line, field.column + at + 1, field.line, field.column + at + 2)
        hint = f"write {field.type}? {field.name} for a value that may be null"
        report.add("XS235", f"a question mark does not go before the name `{field.name}`", place, hint)


def _check_type(report: TextReport, field: Field) -> None:
    kind = field.type
    if kind not in TYPES and field.name:
        lower = kind.lower()
        if lower in _LISTS:
            hint = "write the type of its items, as in text[] or int[], or json for anything"
        elif lower in FOREIGN_TYPES or lower in TYPES:
            meant = FOREIGN_TYPES.get(lower, lower)
            hint = f"did you mean `{meant}`?"
        else:
            hint = did_you_mean(kind, TYPES) or f"the types are: {', '.join(sorted(TYPES))}"
        fix = None
        if lower in FOREIGN_TYPES:
            start = report.source.offset(field.line, field.column)
            fix = [(start, start + len(kind), FOREIGN_TYPES[lower])]
        report.add("XS221", f"there is no type `{kind}`", _type_span(field), hint, fix)
    if not field.name and kind != "dblink":
        column = field.column + len(kind)
        shown = f"write {kind} some_name" if kind in TYPES else f"write text {kind}"
        report.add("XS222", "a field needs a type and a name", (field.line, column, field.line, column + 1), shown)
    if field.list_size is not None:
        least, most = field.list_size
        if least is not None and most is not None and most < least:
            report.add(
                "XS223", f"no list has at least {least} and at most {most} items", _type_span(field), "swap them"
            )


def _check_default(report: TextReport, field: Field) -> None:
    default = field.default
    if default is None or (isinstance(default, Literal) and default.value is None):
        return
    if _unsuitable(field, default):
        shown = report.text_of(default) or "this"
        message = f"{shown} is not a default for a field of type {_shown_type(field)}"
        report.add("XS224", message, span_of(default), f"write one of the type, or {field.name}? without a default")


def _shown_type(field: Field) -> str:
    return field.type + ("[]" if field.list_size is not None else "")


def _unsuitable(field: Field, default: Expression) -> bool:
    """Whether a default cannot be a value of its field."""
    value = default.value if isinstance(default, Literal) else None
    text = default.text if isinstance(default, Word) else value if isinstance(value, str) else None
    if isinstance(default, (ListLiteral, ObjectLiteral)):
        composite = field.list_size is not None or field.type in GEO_TYPES | {"json", "object", "vector", "file"}
        return not composite and field.type in TYPES
    if field.list_size is not None:
        return False
    if isinstance(default, Now):
        return field.type in ("int", "bool", "decimal", "enum", "uuid", "email")
    if field.type in ("int", "decimal"):
        if isinstance(value, bool) or (text and not _is_number(text)):
            return True
        return field.type == "int" and isinstance(value, float) and not value.is_integer()
    return field.type == "bool" and bool(text) and str(text).lower() not in ("true", "false", "0", "1")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Filters -------------------------------------------------------------------------------------------------------------


def _check_filter(report: TextReport, field: Field, filter: FieldFilter) -> None:
    if filter.disabled or filter.name == "@":
        return
    name = filter.name
    record = find("input_filter", name)
    if record is None:
        _unknown_filter(report, field, filter)
        return
    wanted = [argument.name for argument in record.arguments if argument.required]
    if len(filter.arguments) < len(wanted):
        shown = f"filters={name}:{wanted[len(filter.arguments)]}"
        report.add("XS226", f"the input filter `{name}` needs an argument", span_of(filter), f"write {shown}")
    elif name in _NUMBER_FILTERS and filter.arguments and not _is_number(filter.arguments[0]):
        shown = filter.arguments[0]
        report.add("XS226", f"the argument of `{name}` is a number, not `{shown}`", span_of(filter))


def _unknown_filter(report: TextReport, field: Field, filter: FieldFilter) -> None:
    name = filter.name
    known = catalogue.names("input_filter")
    if name in ("required", "notnull", "not_null", "notempty", "presence"):
        hint = f"fields are required unless a ? follows the name: {field.type} {field.name}?"
    elif name in ("optional", "nullable", "null"):
        hint = f"write {field.type}? {field.name} for nullable, {field.type} {field.name}? for optional"
    elif name == "unique":
        hint = 'a table gets an index of type "btree|unique"'
    elif name in TYPES or name in ("email", "url"):
        hint = f"write the type in front: {name if name in TYPES else 'text'} {field.name}"
    elif name in _FOREIGN_FILTERS:
        hint = f"did you mean `{_FOREIGN_FILTERS[name]}`? filters of inputs have names of their own"
    else:
        hint = did_you_mean(name, known) or f"the filters of inputs are: {', '.join(known)}"
    report.add("XS225", f"there is no input filter `{name}`", span_of(filter), hint)


# Blocks --------------------------------------------------------------------------------------------------------------


def _check_block(report: TextReport, field: Field, place: str) -> None:
    items = field.body.items if field.body else []
    has_schema = False
    for item in items:
        if isinstance(item, FieldBlock):
            if item.name == "schema":
                has_schema = True
                check_fields(report, item.declared, place)
            else:
                span = (item.line, item.column, item.line, item.column + len(item.name))
                report.add(
                    "XS227",
                    f"a field has no block `{item.name}`",
                    span,
                    "the members of an object belong in schema { }",
                )
        elif isinstance(item, Attribute):
            _check_attribute(report, field, item)
        elif isinstance(item, Statement) and item.name == "schema" and item.body is None:
            has_schema = True
        elif isinstance(item, Statement) and not item.disabled and item.name != HOLE:
            hint = _field_hint(field, item.name, None) or "write one attribute a line: name = value"
            report.add("XS227", f"`{item.name}` is not an attribute of a field", name_span(item), hint)
    if field.type == "object" and not has_schema and not any(getattr(i, "name", "") == HOLE for i in items):
        hint = f"declare its members: object {field.name} {{ schema {{ ... }} }}, or use json for any shape"
        report.add("XS229", f"the object `{field.name}` has no schema", _type_span(field), hint)
    if (
        field.type == "dblink"
        and field.attribute("table") is None
        and HOLE not in {getattr(i, "name", "") for i in items}
    ):
        report.add("XS229", "a dblink names no table", _type_span(field), 'write dblink { table = "name" }')


def _check_attribute(report: TextReport, field: Field, item: Attribute) -> None:
    if item.name not in ATTRIBUTES:
        hint = _field_hint(field, item.name, item.value)
        hint = hint or did_you_mean(item.name, ATTRIBUTES) or f"a field has: {', '.join(ATTRIBUTES)}"
        report.add("XS227", f"`{item.name}` is not an attribute of a field", attribute_span(item), hint)


def _field_hint(field: Field, name: str, value: Expression | None) -> str | None:
    """How a common wish is spelled: limits, defaults, required and optional fields."""
    written = str(value.value) if isinstance(value, Literal) else "..."
    head = f"{field.type} {field.name}"
    if name == "filters":
        return f"filters follow the name: {head} filters={written}"
    meant = _FOREIGN_FILTERS.get(name, name)
    if catalogue.entry("input_filter", meant) is not None:
        argument = "" if meant in ("trim", "lower", "upper", "alphaOk", "digitOk") else f":{written}"
        return f"filters follow the name: {head} filters={meant}{argument}"
    if name == "default":
        return f"a default follows the name: {head}?={written}"
    if name in ("required", "nullable", "optional", "null"):
        return f"write {field.type}? {field.name} for nullable, {head}? for optional; fields are required otherwise"
    if name in ("enum", "options", "choices", "allowed"):
        return f'write enum {field.name} {{ values = ["a", "b"] }}'
    if name in ("unique", "primary", "index"):
        return 'use the table\'s index = [{type: "btree|unique", field: [{name: "..."}]}]'
    if name in ("type", "name"):
        return "the type and the name come before the braces"
    return None
