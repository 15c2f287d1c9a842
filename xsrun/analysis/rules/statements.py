"""The statements of a stack: their names, headers, attributes, results and places (language 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xsrun.analysis.report import TextReport, attribute_span, name_span, span_of, title_span
from xsrun.analysis.rules import attribute_types, control, query_clauses
from xsrun.analysis.rules.attributes import allowed_attributes, attribute_in_stack, wrapped
from xsrun.analysis.rules.expressions import check_condition, check_expression, check_value
from xsrun.diagnostics.suggest import did_you_mean, nearest, one_of
from xsrun.language import catalogue
from xsrun.language.foreign_words import FOREIGN_STATEMENTS, FOREIGN_WORDS
from xsrun.language.types import TYPES
from xsrun.registry import COMMON, COMMON_ATTRIBUTES, Parameter, demands, find_statement
from xsrun.syntax.nodes import (
    Attribute,
    Expression,
    FieldBlock,
    Group,
    Literal,
    Name,
    Path,
    Statement,
    Variable,
)
from xsrun.syntax.tokens import HOLE

if TYPE_CHECKING:
    from xsrun.language.catalogue.entries import StatementEntry

#: Statements that run only in some places; elsewhere the engine answers that the object does not exist (runtime 1.7).
_TEST_ONLY = frozenset({"api.call", "task.call", "trigger.call", "workflow_test.call"})
_TEST_CONTEXTS = frozenset({"workflow_test", "tool", "any"})
#: Statements without a result whose `as` the engine nevertheless takes; it binds null.
_BINDS_NULL = frozenset({"db.del", "db.truncate"})
#: Statements whose header is a condition.
_CONDITIONS = frozenset({"while", "precondition"})


def check_body(report: TextReport, block: Statement, context: str) -> None:
    """Check what stands in the braces of a stack, or of a block that holds statements."""
    report.look_into(block, context)
    _check_all(report)


def check_statement(report: TextReport, item: Statement, context: str) -> None:
    """Check one statement and everything below it."""
    report.look_at(item, context)
    _check_all(report)


def _check_all(report: TextReport) -> None:
    """Check statements, and those that checking finds in them, until none is left."""
    while report.unchecked:
        item, context, whole = report.unchecked.pop()
        if whole:
            _check_one(report, item, context)
        else:
            _check_members(report, item, context)


def _check_members(report: TextReport, block: Statement, context: str) -> None:
    """Check the members of a block."""
    items = block.body.items if block.body else []
    for index, item in enumerate(items):
        if isinstance(item, Statement):
            if item.name == "if" and block.name == "each" and control.stands_alone(items, index):
                control.lone_if(report, item, context)
                continue
            if item.name == "if" and not item.disabled and isinstance(item.target, Group):
                control.stray_if(report, item, items[index + 1 :], context)
                continue
            if item.name in ("else", "elseif") and index and control.follows_stray_if(items[index - 1]):
                report.look_into(item, context)
                continue
            report.look_at(item, context)
        elif isinstance(item, Attribute):
            if block.name == HOLE:
                if item.name.startswith("$"):
                    attribute_in_stack(report, item)
                else:
                    check_value(report, item.value, item.name)
            elif item.name not in ("description", "disabled") or block.name == "stack":
                attribute_in_stack(report, item)
        elif isinstance(item, FieldBlock) and block.name != HOLE:
            span = (item.line, item.column, item.line, item.column + len(item.name))
            hint = "move it out of the stack, into the braces of the construct"
            report.add("XS301", f"`{item.name}` is a member of the construct, not a statement", span, hint)


def _check_one(report: TextReport, item: Statement, context: str) -> None:
    """Check one statement."""
    if item.disabled or _switched_off(item):
        return
    name = item.name
    if name == HOLE:
        report.look_into(item, context)
        return
    if name == "...":
        report.add("XS212", "a placeholder is left in the program", span_of(item), "write what `...` stands for")
        return
    entry = catalogue.entry("statement", name)
    if entry is None or entry["contexts"] == "nested":
        if not control.stray_block(report, item, context):
            _unknown_statement(report, item)
            _look_inside(report, item, context)
        return
    if name == "placeholder":
        left = getattr(item.target, "text", "") or "a statement"
        hint = "write what it did, or switch it off with a leading !"
        text = f"the export left out `{left}`; this raises an error when it is reached"
        report.add("XS723", text, span_of(item), hint)
    _check_place(report, item, context)
    _check_header(report, item, entry)
    if entry["blocks"]:
        control.check_control(report, item, entry, context)
    else:
        _check_attributes(report, item, entry)
        if name.startswith("db."):
            query_clauses.check_clauses(report, item)
    if item.breaks:
        report.add("XS304", "`break` follows only the closing brace of a case", _end_of(item), "put it on its own line")


def _switched_off(item: Statement) -> bool:
    value = item.attribute("disabled") if item.body else None
    return isinstance(value, Literal) and value.value is True


def _end_of(item: Statement) -> tuple[int, int, int, int]:
    return item.end_line, max(1, item.end_column - 5), item.end_line, item.end_column


def _look_inside(report: TextReport, item: Statement, context: str) -> None:
    """Check the statements below one whose own name means nothing, so that one run reports them too."""
    for inner in item.blocks():
        report.look_at(inner, context)


def _unknown_statement(report: TextReport, item: Statement) -> None:
    name = item.name
    if name == "response" or (name == "test" and item.body is not None):
        control.misplaced_member(report, item)
        return
    if name.startswith("$"):
        report.add(
            "XS303", f"`{name}` begins no statement", name_span(item), f"write var.update {name} {{ value = ... }}"
        )
        return
    known = catalogue.names("statement")
    hint = FOREIGN_STATEMENTS.get(name) or FOREIGN_STATEMENTS.get(name.lower()) or FOREIGN_WORDS.get(name)
    if hint is None:
        space, dot, last = name.partition(".")
        same = [other for other in known if other.startswith(space + ".")] if dot else []
        endings = [other for other in known if other.rpartition(".")[2] == (last or space)]
        hint = did_you_mean(name, known)
        if hint is None and endings:
            hint = f"did you mean {one_of(endings[:3])}?"
        if hint is None and same:
            hint = f"`{space}` has: {', '.join(other[len(space) + 1 :] for other in same[:12])}"
    if name in TYPES:
        hint = "fields are declared in input { } or schema { }"
    hint = hint or "xsrun docs lists the statements"
    report.add("XS305", f"there is no statement `{name}`", name_span(item), hint)


def _check_place(report: TextReport, item: Statement, context: str) -> None:
    if item.name in _TEST_ONLY and context not in _TEST_CONTEXTS:
        hint = (
            "use function.run for functions"
            if item.name != "api.call"
            else "use api.request, or move what it does to a function"
        )
        report.add("XS306", f"`{item.name}` runs only in workflow tests and tools", name_span(item), hint)


# Headers -------------------------------------------------------------------------------------------------------------


def _check_header(report: TextReport, item: Statement, entry: StatementEntry) -> None:
    name, target, wanted = item.name, item.target, entry["target"]
    if wanted == "variable":
        _check_variable_target(report, item)
    elif wanted == "name":
        _check_name_target(report, item, entry)
    elif wanted == "expr":
        _check_expression_target(report, item, entry)
    elif target is not None and not demands.takes_header(item, entry):
        _check_no_target(report, item)
    if item.verb is not None and name != "api.call":
        report.add("XS308", f"`{name}` takes no verb", title_span(item))
    takes_condition = "if (" in entry["header"]
    if item.condition is not None:
        if not takes_condition:
            report.add("XS308", f"`{name}` takes no `if (...)`", title_span(item), "use a conditional block")
        check_condition(report, item.condition)
    elif takes_condition and isinstance(target, Expression):
        hint = f"write {name} ({report.text_of(target).strip('()')}) if ($this ...) as $result"
        report.demand(demands.header(item, entry), hint)
    _check_result(report, item, entry)


def _check_result(report: TextReport, item: Statement, entry: StatementEntry) -> None:
    result = item.result
    if result is None:
        return
    if entry["as"] == "none" and item.name not in _BINDS_NULL:
        report.add(
            "XS310",
            f"Invalid arg: as: `{item.name}` gives no result",
            span_of(result),
            "delete `as` and the name"
            + (f"; use |{item.name[5:]} to get a value" if item.name.startswith("text.") else ""),
        )
    elif not isinstance(result, (Variable, Path)):
        check_expression(report, result)
    else:
        report.demand(demands.result(item, entry))


def _check_variable_target(report: TextReport, item: Statement) -> None:
    target, name = item.target, item.name
    fix = None
    if isinstance(target, Name) and target.style == "word":
        start = report.source.offset(target.line, target.column)
        fix = [(start, start, "$")]
    if report.demand(demands.variable(item), fix=fix):
        return
    if isinstance(target, Path) and isinstance(target.base, Variable):
        root = target.base.name
        if name == "var" and not (root == "var" and len(target.segments) == 1):
            hint = f"write var.update {report.text_of(target)} {{ ... }} to change a part of a value"
            report.add("XS312", "`var` creates a variable, not a part of one", span_of(target), hint)
        for segment in target.segments:
            if isinstance(segment.key, Expression):
                check_expression(report, segment.key)


def _check_name_target(report: TextReport, item: Statement, entry: StatementEntry) -> None:
    target, name = item.target, item.name
    if not report.demand(demands.header(item, entry)) and isinstance(target, Name) and target.style == "number":
        what = "table" if name.startswith("db.") else "name"
        report.add("XS307", f"a {what} is called by its name, not by a number", span_of(target))


def _check_expression_target(report: TextReport, item: Statement, entry: StatementEntry) -> None:
    target, name = item.target, item.name
    if isinstance(target, Group):
        missing = isinstance(target.expression, Literal) and target.expression.style == "nothing"
        if missing and name == "precondition":
            text = "a condition is missing; what the engine makes of that is not known, here it is false"
            report.add("XS609", text, span_of(target))
        else:
            (check_condition if name in _CONDITIONS else check_expression)(report, target.expression)
    elif name.startswith("array.") and isinstance(target, (Variable, Path)):
        check_expression(report, target)
    elif isinstance(target, Expression):
        text, hint = f"the value after `{name}` needs parentheses", f"write {name} ({report.text_of(target)})"
        report.add("XS313", text, span_of(target), hint, wrapped(report, target))
    else:
        fix = wrapped(report, target) if target is not None else None
        report.demand(demands.header(item, entry), fix=fix)


def _check_no_target(report: TextReport, item: Statement) -> None:
    name, target = item.name, item.target
    assert target is not None
    own = allowed_attributes(name) - COMMON_ATTRIBUTES
    hint = f"write {name} {{ ... }}" if own else f"write {name}"
    fix = None
    if name in ("return", "debug.log", "debug.stop", "util.sleep") or "value" in own:
        shown = report.text_of(target)
        inner = shown[1:-1].strip() if isinstance(target, Group) else shown
        hint = f"write {name} {{ value = {inner} }}"
        start, end = report.offsets(target)
        fix = [(start, end, f"{{ value = {report.source.text[start:end]} }}")] if item.body is None else None
    report.add("XS314", f"nothing can stand between `{name}` and its braces", span_of(target), hint, fix)
    if isinstance(target, Expression):
        check_expression(report, target)


# Attributes ----------------------------------------------------------------------------------------------------------


def _check_attributes(report: TextReport, item: Statement, entry: StatementEntry) -> None:
    record = find_statement(item.name)
    known = {one.name: one for one in (*COMMON, *(record.attributes if record is not None else ()))}
    seen: set[str] = set()
    for member in item.body.items if item.body else []:
        if isinstance(member, Attribute):
            parameter = known.get(member.name)
            if parameter is None:
                _unknown_attribute(report, item, member, entry, known)
                seen.add(nearest(member.name, known) or "")
            else:
                if member.name in seen and not parameter.repeatable:
                    text = f"`{member.name}` stands here a second time"
                    report.add("XS316", text, attribute_span(member), "keep one of the two")
                attribute_types.check_attribute(report, item.name, parameter, member.value)
            seen.add(member.name)
            check_value(report, member.value, member.name)
        elif isinstance(member, FieldBlock):
            _field_block_in_statement(report, item, member)
            seen.add(member.name)
        elif isinstance(member, Statement):
            _statement_in_statement(report, item, member)
            seen.add(member.name)
    misplaced = item.target is not None and entry["target"] is None
    if record is not None and HOLE not in seen and not misplaced:
        for lacking in demands.missing(record, seen):
            report.demand(demands.lacking_attribute(item, lacking, record))


def _unknown_attribute(
    report: TextReport, item: Statement, member: Attribute, entry: StatementEntry, known: Mapping[str, Parameter]
) -> None:
    name = member.name
    if name == "response":
        attribute_in_stack(report, member)
        return
    own = sorted(known.keys() - COMMON_ATTRIBUTES)
    hint = None
    if name in ("index", "key", "path") and entry["target"] == "variable" and isinstance(item.target, Variable):
        where = report.text_of(member.value)
        variable = f"${item.target.name}"
        hint = f"write {item.name} {variable}[{where}] {{ ... }}, or {variable}|set:{where}:value"
    elif name in ("as", "result", "output_variable"):
        hint = f"write `as $name` after the closing brace of {item.name}"
    elif name.startswith("$"):
        hint = "assign variables in statements of their own"
    hint = hint or did_you_mean(name, known)
    if hint is None:
        hint = f"`{item.name}` takes: {', '.join(own)}" if own else f"`{item.name}` takes no attributes"
    report.add("XS315", f"`{item.name}` has no attribute `{name}`", attribute_span(member), hint)


def _field_block_in_statement(report: TextReport, item: Statement, member: FieldBlock) -> None:
    span = (member.line, member.column, member.line, member.column + len(member.name))
    hint = f"write {member.name} = {{name: value}}"
    report.add("XS318", f"`{member.name}` of `{item.name}` is an attribute, not a block", span, hint)


def _statement_in_statement(report: TextReport, item: Statement, member: Statement) -> None:
    name = member.name
    if name == "mock" and isinstance(member.target, Name):
        return
    if name == HOLE or member.disabled:
        return
    if name == "...":
        report.add("XS212", "a placeholder is left in the program", span_of(member), "write what `...` stands for")
    elif name in allowed_attributes(item.name):
        hint = f"write {name} = {'{ ... }' if member.body is not None else '...'}"
        report.add("XS318", f"`=` must follow `{name}`", name_span(member), hint)
    elif catalogue.entry("statement", name) is not None:
        hint = "close the braces before it; one statement does not hold another"
        report.add("XS319", f"`{name}` is written inside the braces of `{item.name}`", name_span(member), hint)
        report.look_at(member, "any")
    else:
        hint = f"write one attribute a line: {name} = ..."
        report.add("XS319", f"`{name}` is not an attribute of `{item.name}`", name_span(member), hint)
