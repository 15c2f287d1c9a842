"""Declared fields that work, but not as they seem to (language 4): warnings."""

from __future__ import annotations

from xsrun.analysis.report import TextReport, span_of
from xsrun.language import catalogue
from xsrun.language.types import type_named
from xsrun.syntax.nodes import Field, ListLiteral, Literal, Word


def check_fields(report: TextReport, declared: list[Field], place: str) -> None:
    """Look at the fields of an `input` or `schema` block. `place` is "input" or "column"."""
    for field in declared:
        _private(report, field)
        _enum(report, field)
        _filters(report, field)
        if field.name == "run":
            text = f"{'an' if place == 'input' else 'a'} {place} called `run` gets lost on the hosted engine"
            report.add("XS531", text, _name_span(field), "give it another name")
        check_fields(report, field.schema, place)


def _name_span(field: Field) -> tuple[int, int, int, int]:
    return field.line, field.name_column, field.line, field.name_column + max(1, len(field.name))


def _private(report: TextReport, field: Field) -> None:
    if field.default is not None and not field.optional:
        place = span_of(field.default)
        hint = f"write {field.name}?={report.text_of(field.default)} for a default"
        report.add("XS530", "`=` without `?` makes a private field, not a default", place, hint)


def _enum(report: TextReport, field: Field) -> None:
    if field.type != "enum":
        return
    values = field.attribute("values")
    if not isinstance(values, ListLiteral) or not values.items:
        hint = f'write enum {field.name} {{ values = ["a", "b"] }}'
        report.add("XS532", f"the enum `{field.name}` has no values", _name_span(field), hint)
        return
    known = [value.value for value in values.items if isinstance(value, Literal)]
    default = field.default
    chosen = default.text if isinstance(default, Word) else getattr(default, "value", None)
    if default is not None and chosen not in (None, "") and str(chosen) not in [str(value) for value in known]:
        hint = f"its values are {', '.join(str(value) for value in known)}"
        report.add("XS533", f"the default `{chosen}` is not one of the values", span_of(default), hint)


def _filters(report: TextReport, field: Field) -> None:
    """Filters that do nothing for this type."""
    allowed = type_named(field.type).filters
    if allowed is None or field.list_size is not None:
        return
    for filter in field.filters:
        known = catalogue.entry("input_filter", filter.name) is not None
        if known and not filter.disabled and filter.name not in allowed:
            listed = ", ".join(name for name in catalogue.names("input_filter") if name in allowed)
            hint = f"{field.type} takes {listed}" if allowed else f"{field.type} takes no filters"
            report.add("XS534", f"the filter `{filter.name}` is not one for {field.type}", span_of(filter), hint)
