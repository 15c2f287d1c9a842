"""What the rules for statements and for the blocks in them share: attributes, and where one cannot stand."""

from __future__ import annotations

from xsrun.analysis.report import TextReport, attribute_span
from xsrun.analysis.rules.expressions import check_value
from xsrun.diagnostics.record import Fix
from xsrun.registry import COMMON_ATTRIBUTES, find_statement
from xsrun.syntax.nodes import Attribute, Expression, Name


def allowed_attributes(name: str) -> frozenset[str]:
    """Every attribute that a statement may have, by any source."""
    record = find_statement(name)
    return COMMON_ATTRIBUTES.union(one.name for one in record.attributes) if record is not None else COMMON_ATTRIBUTES


def attribute_in_stack(report: TextReport, item: Attribute) -> None:
    """`name = value` where a statement should stand."""
    name = item.name
    value = report.text_of(item.value)
    shown = value if len(value) <= 40 else "..."
    if name == "response":
        report.add(
            "XS302",
            "`response` is inside the stack",
            attribute_span(item),
            "write it after the stack's closing brace; to leave early, write return { value = ... }",
        )
    elif name.startswith("$") or name == "return":
        meant = name if name == "return" else f"var.update {name}"
        hint = f"write {meant} {{ value = {shown} }}"
        if name != "return":
            hint += f", or var {name} {{ ... }} to create it"
        start, end = report.offsets(item)
        whole = report.source.text[report.offsets(item.value)[0] : end]
        alone = "\n" not in whole and report.source.line(item.line).strip() == report.text_of(item)
        fix = [(start, end, f"{meant} {{ value = {whole} }}")] if alone else None
        report.add("XS303", f"`{name} = ...` is not a statement", attribute_span(item), hint, fix)
    elif name in ("input", "schema"):
        report.add("XS301", f"`{name}` is a member of the construct, not a statement", attribute_span(item))
    else:
        hint = f"write var ${name} {{ value = {shown} }}"
        report.add("XS303", f"`{name} = ...` is not a statement", attribute_span(item), hint)
    check_value(report, item.value, name)


def wrapped(report: TextReport, node: Expression | Name) -> list[Fix]:
    """The edit that puts parentheses around a value."""
    start, end = report.offsets(node)
    return [(start, start, "("), (end, end, ")")]
