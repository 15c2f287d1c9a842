"""Control statements and the blocks that only they hold (language 5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xsrun.analysis.report import TextReport, attribute_span, name_span, span_of
from xsrun.analysis.rules.attributes import allowed_attributes, attribute_in_stack, wrapped
from xsrun.analysis.rules.expressions import check_condition, check_expression, check_value
from xsrun.registry import demands
from xsrun.registry.demands import LOOPS
from xsrun.syntax.nodes import Attribute, FieldBlock, Group, Item, Statement
from xsrun.syntax.tokens import HOLE

if TYPE_CHECKING:
    from xsrun.language.catalogue.entries import StatementEntry

_ATTRIBUTES = frozenset({"description", "disabled", "mock"})
#: sub-block -> the statement that holds it
OWNERS = {
    "if": "conditional",
    "elseif": "conditional",
    "else": "conditional",
    "case": "switch",
    "default": "switch",
    "try": "try_catch",
    "catch": "try_catch",
    "finally": "try_catch",
    "each": "foreach",
    "stack": "group",
}


def check_control(report: TextReport, item: Statement, entry: StatementEntry, context: str) -> None:
    """Check the body of a statement that holds blocks."""
    name = item.name
    allowed = {block.rstrip("*?").split()[0] for block in entry["blocks"]}
    attributes = allowed_attributes(name)
    seen: list[str] = []
    for member in item.body.items if item.body else []:
        if isinstance(member, Attribute):
            _check_attribute(report, item, member, attributes)
        elif isinstance(member, FieldBlock):
            span = (member.line, member.column, member.line, member.column + len(member.name))
            report.add("XS301", f"`{member.name}` is a member of the construct, not of `{name}`", span)
        elif not isinstance(member, Statement) or member.disabled:
            continue
        elif member.name == HOLE:
            seen.append(HOLE)
            report.look_into(member, context)
        else:
            seen.append(member.name)
            if member.name in allowed:
                _check_block(report, item, member, context)
            else:
                _foreign_in_control(report, item, member, seen, context)
    if HOLE not in seen:
        _check_complete(report, item, seen, context)


def _check_attribute(report: TextReport, item: Statement, member: Attribute, allowed: frozenset[str]) -> None:
    if member.name in allowed:
        check_value(report, member.value, member.name)
    elif member.name == "response" or member.name.startswith("$"):
        attribute_in_stack(report, member)
    else:
        hint = f"put statements into the {_block_hint(item.name)} of {item.name}"
        report.add("XS315", f"`{item.name}` has no attribute `{member.name}`", attribute_span(member), hint)


def _block_hint(name: str) -> str:
    return {
        "conditional": "if (...) { } block",
        "switch": "case (...) { } blocks",
        "for": "each as $i { } block",
        "foreach": "each as $item { } block",
        "while": "each { } block",
        "try_catch": "try { } and catch { } blocks",
    }.get(name, "stack { } block")


def _check_block(report: TextReport, item: Statement, member: Statement, context: str) -> None:
    """One sub-block in its place: its header, then its statements."""
    name = member.name
    if name in ("if", "elseif", "case"):
        if not isinstance(member.target, Group):
            _check_arm(report, member)
        elif name == "case":
            check_expression(report, member.target.expression)
        else:
            check_condition(report, member.target.expression)
    elif name == "each":
        _check_each(report, item, member)
    elif member.target is not None:
        report.add(
            "XS314", f"nothing can stand between `{name}` and its braces", span_of(member.target), f"write {name} {{"
        )
    if member.result is not None:
        report.add("XS310", f"Invalid arg: as: `{name}` gives no result", span_of(member.result))
    if member.breaks and name not in ("case", "default"):
        report.add(
            "XS304", "`break` follows only the closing brace of a case", name_span(member), "put it on its own line"
        )
    report.look_into(member, context)


def _check_arm(report: TextReport, member: Statement) -> None:
    """An arm without parentheses: nothing runs without a condition, and the engine wants it in parentheses."""
    target, name = member.target, member.name
    fix = wrapped(report, target) if target is not None else None
    if not report.demand(demands.arm(member), fix=fix) and target is not None:
        text, hint = (
            f"the {demands.ARMS[name]} of `{name}` needs parentheses",
            f"write {name} ({report.text_of(target)}) {{",
        )
        report.add("XS320", text, span_of(target), hint, fix)


def _check_each(report: TextReport, item: Statement, member: Statement) -> None:
    if item.name == "while":
        if member.target is not None:
            report.add("XS321", "the each of a while loop binds nothing", span_of(member.target), "write each {")
        return
    if member.target is None:
        variable = "$i" if item.name == "for" else "$item"
        report.add(
            "XS321", f"the each of `{item.name}` names its variable", name_span(member), f"write each as {variable} {{"
        )
    else:
        report.demand(demands.loop_variable(member))


def _foreign_in_control(report: TextReport, item: Statement, member: Statement, seen: list[str], context: str) -> None:
    """A statement where only a block may stand: the wrapper is missing."""
    name = item.name
    if name in LOOPS or name in ("group", "db.transaction", "util.post_process", "expect.to_throw", "try_catch"):
        if not any(other in seen[:-1] for other in ("*", "each", "stack")):
            report.demand(demands.unwrapped_statement(item, member))
            seen.append("*")
        if name in LOOPS and member.name in ("if", "elseif", "else"):
            report.look_into(member, context)
        elif member.name not in OWNERS or not stray_block(report, member, context):
            report.look_at(member, context)
    elif name == "conditional" and member.name in ("else_if", "elsif", "elif", "elseIf"):
        place = name_span(member)
        start = report.source.offset(place[0], place[1])
        fix = [(start, start + len(member.name), "elseif")]
        report.add("XS323", f"`{member.name}` is spelled elseif here", place, "write elseif (...) {", fix)
        report.look_into(member, context)
    else:
        hint = f"put it into the {_block_hint(name)}, or after the closing brace"
        report.add("XS319", f"`{member.name}` stands directly inside `{name}`", name_span(member), hint)
        if member.name not in OWNERS:
            report.look_at(member, context)


def _check_complete(report: TextReport, item: Statement, seen: list[str], context: str) -> None:
    name = item.name
    if name == "conditional":
        _check_conditional(report, item)
    elif name == "switch":
        if seen.count("default") > 1:
            again = item.blocks("default")[1]
            report.add("XS325", "a switch has one default", name_span(again), "merge the two")
        if not seen:
            report.add("XS324", "this switch has no case", name_span(item), "write case (...) { } break inside")
    elif name in LOOPS and not {"each", "*"} & set(seen) and (item.body is not None or name == "while"):
        report.demand(demands.empty_loop(item))
    if name == "foreach":
        report.demand(demands.shortened_list(item))
    if name in LOOPS and seen.count("each") > 1:
        report.add("XS325", f"a {name} has one each", name_span(item.blocks("each")[1]), "merge the two")
    if name == "expect.to_throw" and context != "test" and not {"stack", "*"} & set(seen):
        report.demand(demands.throwing_stack(item))
    if name == "try_catch":
        for block in ("try", "catch", "finally"):
            if seen.count(block) > 1:
                report.add("XS325", f"a try_catch has one {block}", name_span(item.blocks(block)[1]), "merge the two")


def _check_conditional(report: TextReport, item: Statement) -> None:
    arms = item.blocks("if", "elseif", "else")
    ifs = [arm for arm in arms if arm.name == "if"]
    for again in ifs[1:]:
        hint = "write elseif (...) for another branch, or a second conditional { } for an independent test"
        report.add("XS325", "this conditional has a second `if`", name_span(again), hint)
    if not ifs:
        report.demand(demands.no_if(item))
    elif arms[0].name != "if" and item.blocks("if"):
        report.add("XS326", f"`{arms[0].name}` comes before the `if`", name_span(arms[0]), "put the if first")
    others = item.blocks("else")
    for again in others[1:]:
        report.add("XS325", "this conditional has a second `else`", name_span(again), "write elseif (...)")
    if len(others) == 1 and arms and arms[-1].name == "elseif":
        report.add("XS326", "an `elseif` stands after the `else`", name_span(arms[-1]), "put the else last")


# Blocks in the wrong place -------------------------------------------------------------------------------------------


def stray_block(report: TextReport, item: Statement, context: str) -> bool:
    """A sub-block where a statement should stand. False when the name is not a sub-block."""
    name = item.name
    owner = OWNERS.get(name)
    if owner is None:
        return False
    if name == "if":
        hint = "write conditional { if (...) { ... } }"
        report.add("XS327", "`if` is only allowed inside a conditional", name_span(item), hint)
    elif name in ("else", "elseif"):
        hint = "it belongs inside the braces of conditional, after the closing brace of the if"
        report.add("XS327", f"`{name}` is only allowed inside a conditional", name_span(item), hint)
    elif name == "each":
        report.add(
            "XS327",
            "`each` is only allowed inside a loop",
            name_span(item),
            "write foreach ($list) { each as $item { } }",
        )
    elif name == "stack":
        report.add("XS327", "a stack cannot hold another stack", name_span(item), "use group { stack { ... } }")
    else:
        report.add(
            "XS327",
            f"`{name}` is only allowed inside {owner} {{ }}",
            name_span(item),
            f"write {owner} {{ {name} ... }}",
        )
    if isinstance(item.target, Group):
        check_expression(report, item.target.expression)
    report.look_into(item, context)
    return True


def stands_alone(items: Sequence[Item], index: int) -> bool:
    """Whether no `else` or `elseif` follows the `if` at this place."""
    following = items[index + 1] if index + 1 < len(items) else None
    return not (isinstance(following, Statement) and following.name in ("else", "elseif"))


def follows_stray_if(previous: Item) -> bool:
    """Whether the `if` that an `else` belongs to lacks its conditional too: then that was said already."""
    return isinstance(previous, Statement) and previous.name in ("if", "elseif", "else")


def stray_if(report: TextReport, item: Statement, following: Sequence[Item], context: str) -> None:
    """An `if` without its conditional, perhaps with branches after it."""
    last = item
    for branch in following:
        if not (isinstance(branch, Statement) and branch.name in ("elseif", "else")):
            break
        last = branch
    line = report.source.line(item.line)
    margin = line[: len(line) - len(line.lstrip())]
    start, end = report.offsets(item)[0], report.offsets(last)[1]
    fix = [(start, start, f"conditional {{\n{margin}"), (end, end, f"\n{margin}}}")]
    hint = "write conditional { if (...) { ... } }"
    report.add("XS327", "`if` is only allowed inside a conditional", name_span(item), hint, fix)
    if isinstance(item.target, Group):
        check_expression(report, item.target.expression)
    report.look_into(item, context)


def lone_if(report: TextReport, item: Statement, context: str) -> None:
    """An `if` alone in the body of a loop runs as a conditional with one arm (language 9)."""
    report.add(
        "XS501",
        "`if` stands here without its conditional",
        name_span(item),
        "it runs, but Xano's own exports write conditional { if (...) { ... } }",
    )
    if isinstance(item.target, Group):
        check_condition(report, item.target.expression)
    report.look_into(item, context)


def misplaced_member(report: TextReport, item: Statement) -> None:
    """`response` or `test` where a statement should stand."""
    name = item.name
    if name == "test":
        hint = "move it out of the stack, into the braces of the construct"
        report.add("XS301", "`test` is a member of the construct, not a statement", name_span(item), hint)
    else:
        hint = "write response = ... after the stack's closing brace; to leave early, return { value = ... }"
        report.add("XS302", "`response` is inside the stack", name_span(item), hint)
