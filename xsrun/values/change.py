"""Writing into values where they are: by path, and for statements that change a variable.

A container may be changed where it is when the variable owns it (`xsrun.values.ownership`). These functions take what
a variable owns and what it holds, copy the containers on the way to the place that are not owned, and return what the
variable holds from then on. Values are computed before: a statement that fails changes nothing (semantics 1.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from xsrun.values.conversion import Value, as_list, as_text, parse_number, to_text
from xsrun.values.ownership import Owned
from xsrun.values.paths import Step, parse_path, set_path

Keys = tuple[Value, ...]


def as_index(key: Value) -> int | None:
    """The whole number that a key stands for as a position in a list, or None. A negative text is only a key."""
    if key.__class__ is int:
        return int(key)
    number = parse_number(key) if key.__class__ is str else key if key.__class__ is float else None
    if number is None or not math.isfinite(number) or number != int(number) or (number < 0 and key.__class__ is str):
        return None
    return int(number)


def pushable(value: Value) -> list[Value]:
    """The list to push onto when the variable does not hold a list: null and an empty object start one."""
    if value is None or (value.__class__ is dict and not value):
        return []
    return as_list(value)


# Setting what is at a path (semantics 1.2) ---------------------------------------------------------------------------


def assign(owned: Owned, target: Value, keys: Keys, value: Value) -> Value:
    """`target` with `value` at `keys`, missing objects created on the way; returns the container to keep."""
    target, parent, slot = _way(owned, target, keys)
    _store(parent, slot, value)
    return target


def _way(owned: Owned, target: Value, keys: Keys) -> tuple[Value, Value, Value]:
    """Make every container on the way to the last of the keys, and missing ones, the variable's own.

    Returns the container to keep, and the place: its container and the key or index there.
    """
    target = container = _own_root(owned, target)
    shaped = _shape_for(container, keys[0])
    if shaped is not container:
        target = container = owned.start(shaped)
    slot = _slot(container, keys[0])
    for key in keys[1:]:
        child = _child(container, slot)
        if child.__class__ is not list and child.__class__ is not dict:
            child = owned.add({}, container)
            _store(container, slot, child)
        elif not owned.holds(child, container):
            child = container[slot] = owned.take_member(child, container)
        shaped = _shape_for(child, key)
        if shaped is not child:
            child = container[slot] = owned.add(shaped, container)
        container, slot = child, _slot(child, key)
    return target, container, slot


def _own_root(owned: Owned, target: Value) -> Value:
    """The list or object that a variable holds as one that it owns; an empty object in place of anything else."""
    if target.__class__ is list or target.__class__ is dict:
        return target if owned.root is target else owned.take(target)
    return owned.start({})


# The container at a path ---------------------------------------------------------------------------------------------


def container_at(owned: Owned, target: Value, keys: Keys) -> Value:
    """The list or object at the keys if the variable owns it and what it is in, so that it may be changed; else None.

    It is good for the statement that asks: another may read it, and keep it.
    """
    if owned.root is not target:
        return None
    container = target
    for key in keys:
        child = _held_child(container, key)
        if child is None or not owned.holds(child, container):
            return None
        container = child
    return container


def list_at(owned: Owned, target: Value, keys: Keys) -> list[Value] | None:
    """`container_at` for a list."""
    container = container_at(owned, target, keys)
    return container if container.__class__ is list else None


def grow_text_at(check_size: Callable[[int], None], owned: Owned, target: Value, keys: Keys, added: str) -> bool:
    """Add to the text at the keys if the variable owns what it is in; False, with nothing changed, if it does not.

    The text is out of its container while it grows: CPython extends one that nothing else holds where it is.
    """
    container = container_at(owned, target, keys[:-1])
    slot = _slot(container, keys[-1]) if container is not None else None
    text = _child(container, slot) if slot.__class__ is str or (slot is not None and slot >= 0) else None
    if text.__class__ is not str:
        return False
    check_size(len(text) + len(added))
    container[slot] = None
    try:
        text += added
    finally:
        container[slot] = text
    return True


def _held_child(container: Value, key: Value) -> Value:
    """The list or object at a key, or None."""
    if container.__class__ is dict:
        child = container.get(key if key.__class__ is str else to_text(key))
    elif container.__class__ is list:
        index = key if key.__class__ is int else as_index(key)
        child = container[index] if index is not None and 0 <= index < len(container) else None
    else:
        return None
    return child if child.__class__ is dict or child.__class__ is list else None


def own_list(owned: Owned, target: Value, keys: Keys, convert: Callable[[Value], list[Value]]) -> Value:
    """`target` with a list at the keys that the variable owns, like every container on the way.

    `convert` makes a list of what is there, null where nothing is, or raises.
    """
    leaf = target if target.__class__ is list or target.__class__ is dict else {}
    for key in keys:
        leaf = _shape_for(leaf, key)
        leaf = _child(leaf, _slot(leaf, key))
    made = owned.copy(convert(leaf))
    target, parent, slot = _way(owned, target, keys)
    _store(parent, slot, owned.add(made, parent))
    return target


def own_containers(owned: Owned, target: Value, keys: Keys) -> Value:
    """`target` with the containers that are on the way to the keys, and the one there, owned by the variable.

    Where the way ends before, at a value of another class or a key that is not there, nothing is made.
    """
    if target.__class__ is not list and target.__class__ is not dict:
        return target
    target = container = _own_root(owned, target)
    for key in keys:
        child = _held_child(container, key)
        if child is None:
            break
        if not owned.holds(child, container):
            child = owned.take_member(child, container)
            container[_slot(container, key)] = child
        container = child
    return target


def set_here(owned: Owned, container: Value, path: Value, value: Value) -> bool:
    """Do what the filter `set` does, but in a container that the variable owns; False if it cannot be done so.

    Nothing is changed then. What needs more than following keys to where they lead is left to the filter.
    """
    if path.__class__ is int and container.__class__ is list and 0 <= path <= len(container):
        _store(container, path, value)
        return True
    steps = _steps_of_key(path)
    for step in steps[:-1]:
        key = step.key if container.__class__ is dict else step.position
        child = _held_child(container, key)
        if step.role != "key" or child is None:
            return False
        if not owned.holds(child, container):  # an equal copy in its place is not to be seen
            child = owned.take_member(child, container)
            container[_slot(container, key)] = child
        container = child
    last = steps[-1] if steps else None
    if last is None or last.role != "key":
        return False
    if container.__class__ is dict:
        size = len(container) + (last.key not in container)
        if last.position is not None and last.position == size - 1:
            return False  # it may have become a list
        container[last.key] = value
        return True
    if container.__class__ is list and last.position is not None and 0 <= last.position <= len(container):
        _store(container, last.position, value)
        return True
    return False


def set_member(value: Value, key: Value, item: Value) -> Value:
    """What the filter `set` gives for a key that is computed."""
    kind = key.__class__
    if kind is int and value.__class__ is list and 0 <= key < len(value):
        changed = value.copy()
        changed[key] = item
        return changed
    if kind is str and value.__class__ is dict and key.isidentifier():
        return {**value, key: item}
    return set_path(value, as_text(key), item)


def _steps_of_key(path: Value) -> tuple[Step, ...]:
    if path.__class__ is str:
        return (Step(path),) if path.isidentifier() else parse_path(path)
    return (Step(str(path), path),) if path.__class__ is int else ()


# Steps of a path -----------------------------------------------------------------------------------------------------


def _shape_for(container: Value, key: Value) -> Value:
    """The container, as an object when it is a list and the key is none of its indexes (PHP's arrays are both)."""
    if container.__class__ is list:
        index = key if key.__class__ is int else as_index(key)
        if index is None or not 0 <= index <= len(container):
            return {str(position): item for position, item in enumerate(container)}
    return container


def _slot(container: Value, key: Value) -> Value:
    if container.__class__ is list:
        return key if key.__class__ is int else as_index(key)
    return key if key.__class__ is str else to_text(key)


def _child(container: Value, slot: Value) -> Value:
    if container.__class__ is list:
        return container[slot] if slot is not None and slot < len(container) else None
    return container.get(slot) if container.__class__ is dict else None


def _store(container: Value, slot: Value, value: Value) -> None:
    if container.__class__ is list and slot == len(container):
        container.append(value)
    else:
        container[slot] = value
