"""Writing into values where they are: by path, and for statements that change a variable.

A container may be changed where it is when nothing else holds it (`xsrun.runtime.sharing`). The functions named `_here`
change something only if that is so all the way, and tell whether they did. Generated code tries them first, lets go of
what its own temporaries hold, and then calls the function that copies what is shared. So a container is copied only
when another variable really sees it.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.runtime.paths import Step, parse_path, set_path
from xsrun.runtime.sharing import _UNIQUE_ARGUMENT as UNIQUE_ARGUMENT
from xsrun.runtime.sharing import UNIQUE_CHILD, reference_count
from xsrun.runtime.values import Value, as_list, as_text, parse_number, to_text

Keys = tuple[Value, ...]


def as_index(key: Value) -> int | None:
    """The whole number that a key stands for as a position in a list, or None. A negative text is only a key."""
    if key.__class__ is int:
        return int(key)
    number = parse_number(key) if key.__class__ is str else key if key.__class__ is float else None
    if number is None or number != int(number) or (number < 0 and key.__class__ is str):
        return None
    return int(number)


def pushable(value: Value) -> list[Value]:
    """The list to push onto when the variable does not hold a list: null and an empty object start one."""
    if value is None or (value.__class__ is dict and not value):
        return []
    return as_list(value)


# Setting what is at a path (semantics 1.2) ---------------------------------------------------------------------------


def assign_here(target: Value, keys: Keys, value: Value) -> bool:
    """Put a value at the keys of a target that nobody else holds, if every container on the way is there already."""
    if reference_count(target) > UNIQUE_ARGUMENT:
        return False
    container = target
    last = len(keys) - 1
    for position in range(last):
        child = _held_child(container, keys[position])
        if child is None or reference_count(child) > UNIQUE_CHILD:
            return False
        container = child
        del child
    key = keys[last]
    if container.__class__ is dict:
        container[key if key.__class__ is str else to_text(key)] = value
        return True
    if container.__class__ is list and key.__class__ is int and 0 <= key < len(container):
        container[key] = value
        return True
    return False


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


def assign(target: Value, keys: Keys, value: Value) -> Value:
    """`target` with `value` at `keys`, missing objects created on the way; returns the container to keep.

    Containers held by nobody else are changed where they are, others are copied first.
    """
    root = _writable(target) if reference_count(target) <= UNIQUE_ARGUMENT else _writable_copy(target)
    return _write(root, keys, value)


def _write(target: Value, keys: Keys, value: Value) -> Value:
    """`assign` for a target that may be changed."""
    container = target
    parent: Value = None
    parent_key: Value = None
    last = len(keys) - 1
    for position in range(last + 1):
        key = keys[position]
        shaped = _shape_for(container, key)
        if shaped is not container:
            if parent is None:
                target = shaped
            else:
                parent[parent_key] = shaped
            container = shaped
        slot = _slot(container, key)
        if position == last:
            _store(container, slot, value)
            break
        parent, parent_key = container, slot
        child = _child(container, slot)
        if child.__class__ is not list and child.__class__ is not dict:
            child = {}
            _store(container, slot, child)
        elif reference_count(child) > UNIQUE_CHILD:
            child = child.copy()
            container[slot] = child
        container = child
        del child
    return target


# The container at a path ---------------------------------------------------------------------------------------------


def container_here(target: Value, keys: Keys) -> Value:
    """The list or object at the keys if nothing else holds it or what it is in, so that it may be changed; else None.

    The caller must let go of it before the next statement.
    """
    if reference_count(target) > UNIQUE_ARGUMENT:
        return None
    container = target
    for key in keys:
        child = _held_child(container, key)
        if child is None or reference_count(child) > UNIQUE_CHILD:
            return None
        container = child
        del child
    return container


def list_here(target: Value, keys: Keys) -> list[Value] | None:
    """`container_here` for a list."""
    if reference_count(target) > UNIQUE_ARGUMENT:
        return None
    container = target
    for key in keys:
        child = _held_child(container, key)
        if child is None or reference_count(child) > UNIQUE_CHILD:
            return None
        container = child
        del child
    return container if container.__class__ is list else None


def list_at(target: Value, keys: Keys) -> list[Value]:
    """The list at the keys, which `own_list` has just made sure of."""
    for key in keys:
        target = _child(target, _slot(target, key))
    return as_list(target)


def set_here(container: Value, path: Value, value: Value) -> bool:
    """Do what the filter `set` does, but in a container that the caller may change; False if it cannot be done so.

    Nothing is changed then. What needs more than following keys to where they lead is left to the filter.
    """
    if path.__class__ is int and container.__class__ is list and 0 <= path <= len(container):
        _store(container, path, value)
        return True
    steps = _steps_of_key(path)
    for step in steps[:-1]:
        child = _held_child(container, step.key if container.__class__ is dict else step.position)
        if step.role != "key" or child is None or reference_count(child) > UNIQUE_CHILD:
            return False
        container = child
        del child
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


def own_list(target: Value, keys: Keys, convert: Callable[[Value], list[Value]]) -> Value:
    """`target` with a list at the keys that, like every container on the way, nobody else holds.

    `convert` makes a list of what is there, null where nothing is, or raises.
    """
    root = _writable(target) if reference_count(target) <= UNIQUE_ARGUMENT else _writable_copy(target)
    leaf = root
    for key in keys:
        leaf = _child(leaf, _slot(_shape_for(leaf, key), key))
    return _write(root, keys, convert(leaf).copy())


def unshared(target: Value, keys: Keys) -> Value:
    """`target` with every container on the way to `keys`, and the one there, safe to change in place."""
    target = _writable(target) if reference_count(target) <= UNIQUE_ARGUMENT else _writable_copy(target)
    container = target
    for key in keys:
        slot = _slot(_shape_for(container, key), key)
        child = _child(container, slot)
        if (child.__class__ is list or child.__class__ is dict) and reference_count(child) > UNIQUE_CHILD:
            child = child.copy()
            container[slot] = child
        container = child
        del child
        if container.__class__ is not list and container.__class__ is not dict:
            break
    return target


def own(target: Value) -> Value:
    """The same container if only the caller's variable holds it, else a copy of it."""
    if (target.__class__ is list or target.__class__ is dict) and reference_count(target) > UNIQUE_ARGUMENT:
        return target.copy()
    return target


# Steps of a path -----------------------------------------------------------------------------------------------------


def _writable(value: Value) -> Value:
    return value if value.__class__ is list or value.__class__ is dict else {}


def _writable_copy(value: Value) -> Value:
    return value.copy() if value.__class__ is list or value.__class__ is dict else {}


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
