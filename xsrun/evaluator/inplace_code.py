"""Changing a variable where it is: `array.push`, and `var.update $a { value = $a|push:$x }` as if it were one.

A list or object that the variable owns is changed, any other is copied first (`xsrun.values.ownership`), so that a
loop which adds to a list, an object or a text stays linear. Every value is computed before anything changes: a
statement that fails changes nothing (semantics 1.2).
"""

from __future__ import annotations

import ast

from xsrun import registry
from xsrun.evaluator.builtin_calls import builtin_call
from xsrun.evaluator.changes import ADDING_FILTERS, owner_name
from xsrun.evaluator.hoisting import PUSHES, Push
from xsrun.evaluator.kinds import ANY, LIST, NUMBER, TEXT
from xsrun.evaluator.operators import joined
from xsrun.evaluator.quasiquote import Part, expression, name, place, statements, tuple_of
from xsrun.evaluator.state import CompilerState
from xsrun.evaluator.storing import changeable, held, held_keys, owned, place_test, store
from xsrun.names.places import short_form, unwrapped
from xsrun.syntax.nodes import Binary, Expression, FilterCall, Literal, Located, Path, Segment, Variable

#: Members between two looks at the size limit.
_SIZE_CHECK = "if not len(L) & 1023:\n    context.check_size(len(L))"


# A list in a variable ------------------------------------------------------------------------------------------------


def list_in_place(state: CompilerState, target: Expression, at: Located, *, starts: bool = True) -> ast.expr:
    """Emit what makes the list at a variable or path the statement's own; gives the expression of the list.

    With `starts`, null and a path that is not there yet become an empty list. Anything else that is not a list raises.
    """
    root, segments = changeable(state, target)
    variable = f"v_{root}"
    state.scope.assigned.add(root)
    convert = "pushable" if starts else "as_list"
    if not segments:
        owner = owned(state, root, False, at)
        test = "O.root is not V" if _is_list(state, root) else "O.root is not V or V.__class__ is not list"
        state.emit(statements(f"if {test}:\n    V = O.take({convert}(V))", at, V=variable, O=owner))
        return name(variable, at)
    items = state.scope.fresh("list_")
    keys = held_keys(state, segments, at, root)
    template = f"""
L = list_at(O, V, K)
if L is None:
    V = own_list(O, V, K, {convert})
    L = list_at(O, V, K)
"""
    owner = owned(state, root, True, at)
    state.emit(statements(template, at, L=items, V=variable, O=owner, K=tuple_of(keys, at)))
    return name(items, at)


def append(state: CompilerState, target: Expression, values: list[Expression], at: Located) -> None:
    """`array.push`: add values at the end of the list in a variable or path."""
    root, segments = changeable(state, target)
    surely_set = root in state.scope.assigned
    items = [held(state, state.value(value), at, root) for value in values]
    changed = list_in_place(state, target, at)
    own = state.code[-1]
    for item in items:
        state.emit(statements("L.append(T)", at, L=changed, T=item))
    state.emit(statements(_SIZE_CHECK, at, L=changed))
    pushes = state.scope.loops[-1].get(PUSHES) if state.scope.loops else None
    if pushes is not None and not segments and surely_set and _is_list(state, root):
        pushes.append(Push(root, own, state.code[-1]))


def _is_list(state: CompilerState, root: str) -> bool:
    """Is what a variable holds surely a list?"""
    return state.kinds.variables.get(root, ANY).within(LIST)


def count_moved(state: CompilerState, value: ast.expr, at: Located) -> None:
    """Emit the count of what moves when something is taken from the front of a list or text, or added there."""
    state.emit(statements("if len(L) > 4096:\n    context.count_moved(len(L))", at, L=value))


# Assignments that only add to what is there --------------------------------------------------------------------------


def update_in_place(state: CompilerState, target: Expression, value: Expression, at: Located) -> bool:
    """Compile `target = target|push:...` and its kin as a change in place; False when the value is nothing like it.

    Kin are `push`, `append`, `merge` with lists, `set`, chains of these, and `target ~ ...`.
    """
    inner = unwrapped(value)
    if isinstance(inner, Binary) and inner.operator in ("~", "++"):
        return _grow_text(state, target, inner, at)
    chain: list[FilterCall] = []
    while isinstance(inner, FilterCall) and inner.operand is not None and not inner.disabled:
        chain.insert(0, inner)
        inner = unwrapped(inner.operand)
    if not chain or not _same_place(state, target, inner):
        return False
    names = [record.name if (record := registry.find_filter(one.name)) is not None else "" for one in chain]
    if all(ADDING_FILTERS.get(known) == len(one.arguments) for known, one in zip(names, chain, strict=True)):
        _extend(state, target, chain, names, at)
        return True
    if all(known == "set" and len(one.arguments) == 2 for known, one in zip(names, chain, strict=True)):
        return _set_members(state, target, chain, at)
    if names == ["slice"] and isinstance(target, Variable):
        variable = name(f"v_{changeable(state, target)[0]}", at)
        with state.collecting() as counted:
            count_moved(state, variable, at)
        state.emit(place(ast.If(expression("V.__class__ is list", at, V=variable), counted, []), at))
    return False


def _same_place(state: CompilerState, target: Expression, value: Expression | None) -> bool:
    """Is the value just what the target holds? Keys that are computed count as different."""
    if not isinstance(target, (Variable, Path)) or not isinstance(value, (Variable, Path)):
        return False
    return _plain_place(state, target) == _plain_place(state, value) is not None


def _plain_place(state: CompilerState, node: Variable | Path) -> tuple[str, list[Segment]] | None:
    base, segments = (node, []) if isinstance(node, Variable) else (node.base, node.segments)
    if not isinstance(base, Variable):
        return None
    root, rest = short_form(base, segments)
    plain = all(not isinstance(one.key, Expression) or isinstance(one.key, (Literal, Variable)) for one in rest)
    return (root, rest) if plain and f"v_{root}".isidentifier() else None


def _filtered(
    state: CompilerState, target: Expression, chain: list[FilterCall], arguments: list[list[ast.expr]]
) -> ast.expr:
    """The value of the whole chain by its filters, with arguments that are computed already."""
    made = state.read(target)
    for one, given in zip(chain, arguments, strict=True):
        record = registry.find_filter(one.name)
        assert record is not None
        made = builtin_call(state, record, [made, *given], one)
    return made


def _container(state: CompilerState, target: Expression, at: Located, *, below: bool = False) -> str:
    """Emit what makes the container at the target the variable's own; its name. The caller looks what it is.

    `below`: containers below it will be changed too.
    """
    root, segments = changeable(state, target)
    variable = f"v_{root}"
    if not segments:
        template = "if O.root is not V and (V.__class__ is list or V.__class__ is dict):\n    V = O.take(V)"
        state.emit(statements(template, at, V=variable, O=owned(state, root, below, at)))
        return variable
    keys = tuple_of(held_keys(state, segments, at, root), at)
    found = state.scope.fresh("found_")
    template = """
C = container_at(O, V, K)
if C is None:
    V = own_containers(O, V, K)
    C = container_at(O, V, K)
"""
    state.emit(statements(template, at, C=found, V=variable, O=owned(state, root, True, at), K=keys))
    return found


def _choose(
    state: CompilerState,
    target: Expression,
    test: ast.expr,
    fast: list[ast.stmt],
    value: ast.expr,
    at: Located,
) -> None:
    """Change in place if the test holds, else store what the filters make."""
    with state.collecting() as slow:
        store(state, target, value, at)
    state.emit(place(ast.If(test, fast, slow), at))


def _extend(state: CompilerState, target: Expression, chain: list[FilterCall], names: list[str], at: Located) -> None:
    """A chain of `push`, `append` and `merge` on the target itself."""
    root, segments = changeable(state, target)
    if not segments and root in state.scope.assigned and _is_list(state, root) and "merge" not in names:
        append(state, target, [one.arguments[0] for one in chain], at)
        return
    items = [held(state, state.value(one.arguments[0]), at, root) for one in chain]
    value = _filtered(state, target, chain, [[item] for item in items])
    container = _container(state, target, at)
    tests = ["C.__class__ is list"]
    parts: dict[str, Part] = {"C": container}
    fast: list[ast.stmt] = []
    for number, (item, known) in enumerate(zip(items, names, strict=True)):
        if known == "merge":
            parts[f"T{number}"] = item
            tests.append(f"T{number}.__class__ is list")
        template = "context.check_size(len(L) + len(T))\nL.extend(T)" if known == "merge" else "L.append(T)"
        fast.extend(statements(template, at, L=container, T=item))
    fast.extend(statements(_SIZE_CHECK, at, L=container))
    _choose(state, target, expression(" and ".join(tests), at, **parts), fast, value, at)


def _set_members(state: CompilerState, target: Expression, chain: list[FilterCall], at: Located) -> bool:
    """A chain of `set` on the target itself: any one of them, or several with plain names as their keys."""
    plain = all(_is_plain_key(one.arguments[0]) for one in chain)
    if not plain and len(chain) > 1:
        return False
    root, _ = changeable(state, target)
    paths = [state.kinds.without_to_text(one.arguments[0], NUMBER) for one in chain]
    given = [
        [held(state, state.value(part), at, root) for part in (path, one.arguments[1])]
        for path, one in zip(paths, chain, strict=True)
    ]
    value = _filtered(state, target, chain, given)
    container = _container(state, target, at, below=not plain)
    checked = statements(_SIZE_CHECK, at, L=container)
    if plain:
        test = expression("C.__class__ is dict", at, C=container)
        fast = [made for key, item in given for made in statements("C[K] = T", at, C=container, K=key, T=item)]
        _choose(state, target, test, [*fast, *checked], value, at)
        return True
    owner = name(owner_name(root), at)
    parts: dict[str, Part] = {"O": owner, "C": container, "K": given[0][0], "T": given[0][1]}
    with state.collecting() as slow:
        _choose(state, target, expression("set_here(O, C, K, T)", at, **parts), checked, value, at)
    kind = state.kinds.of(paths[0])
    test = expression(place_test("C", "K", kind) + (" and K.isidentifier()" if kind.within(TEXT) else ""), at, **parts)
    fast = statements("C[K] = T", at, **parts)
    if kind.within(TEXT):
        fast += checked
    else:
        adds = expression("C.__class__ is list and K.__class__ is int and K == len(C)", at, **parts)
        slow = [place(ast.If(adds, [*statements("C.append(T)", at, **parts), *checked], slow), at)]
    state.emit(place(ast.If(test, fast, slow), at))
    return True


def _is_plain_key(node: Expression) -> bool:
    """Is the argument a text literal that is one key and nothing more?"""
    return isinstance(node, Literal) and isinstance(node.value, str) and node.value.isidentifier()


# Text ----------------------------------------------------------------------------------------------------------------


def _grow_text(state: CompilerState, target: Expression, value: Binary, at: Located) -> bool:
    """`target = target ~ a ~ b` as an addition to the text that is there."""
    parts = joined_parts(value)
    if len(parts) < 2 or not _same_place(state, target, unwrapped(parts[0])):
        return False
    root, _ = changeable(state, target)
    added = held(state, joined(state, parts[1:], at), at, root)
    grow_text(state, target, added, at)
    return True


def joined_parts(node: Binary) -> list[Expression]:
    """The operands of a chain of `~`, in order."""
    parts: list[Expression] = []
    pending: list[Expression] = [node]
    while pending:
        side = pending.pop()
        if isinstance(side, Binary) and side.operator in ("~", "++"):
            pending.extend((side.right, side.left))
        else:
            parts.append(side)
    return parts


def grow_text(state: CompilerState, target: Expression, added: ast.expr, at: Located) -> None:
    """Emit `target ~= added`, where `added` is a text that is computed already.

    CPython extends a text that one variable alone holds where it is; one at a path is taken out of it before.
    """
    root, segments = changeable(state, target)
    variable = f"v_{root}"
    state.scope.assigned.add(root)
    if not segments:
        template = (
            "if V.__class__ is str:\n    V += T\n    if len(V) > 65536:\n        context.check_size(len(V))\n"
            "else:\n    V = concatenate_all(context, V, T)"
        )
        state.emit(statements(template, at, V=variable, T=added))
        return
    keys = tuple_of(held_keys(state, segments, at, root), at)
    parts: dict[str, Part] = {"V": variable, "O": owned(state, root, len(segments) > 1, at), "K": keys, "T": added}
    test = expression("not grow_text_at(context.check_size, O, V, K, T)", at, **parts)
    value = expression("concatenate_all(context, A, T)", at, A=state.read(target), T=added)
    with state.collecting() as slow:
        store(state, target, value, at)
    state.emit(place(ast.If(test, slow, []), at))
