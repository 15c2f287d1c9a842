"""YAML text to values. PyYAML reads the document into nodes; the values are built here, so that no tag ever makes an
object and aliases cannot explode. What is accepted is what Symfony's YAML component accepts: a key may not occur twice,
tags other than `!!str`, `!!float` and `!!binary` are refused.
"""

from __future__ import annotations

import base64
import re
from functools import cache

import yaml

from xsrun.errors import LimitError, XanoScriptError
from xsrun.filters.yaml_scalars import plain_scalar
from xsrun.values.conversion import Value, normalize_object, parse_number, text_of_bytes

#: Members that aliases may unfold to.
MAX_UNFOLDED = 1_000_000


def read_yaml(data: bytes) -> Value:
    """The value of a YAML document. Raises XanoScriptError for what is none; may raise RecursionError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("the text is not valid UTF-8") from None
    loader = _loader()(text)
    try:
        return _Builder().value(loader.get_single_node())
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _unreadable(f"{error.problem or error.context}{line}") from None
    except yaml.YAMLError as error:
        raise _unreadable(str(error).partition("\n")[0]) from None
    finally:
        loader.dispose()


def _unreadable(problem: str) -> XanoScriptError:
    return XanoScriptError(f"Error parsing YAML: {problem}")


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


@cache
def _loader() -> type[yaml.SafeLoader]:
    """A loader that marks every plain scalar, so that `1` and `'1'` can be told apart afterwards."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    Loader.add_implicit_resolver("!plain", re.compile("", re.DOTALL), None)
    return Loader


class _Builder:
    """Builds the value of a node tree. A node that aliases share is built once and its value shared."""

    def __init__(self) -> None:
        self.built: dict[int, tuple[Value, int]] = {}
        self.open: set[int] = set()

    def value(self, node: yaml.Node | None) -> Value:
        return self._build(node)[0] if node is not None else None

    def _build(self, node: yaml.Node) -> tuple[Value, int]:
        """The value of a node and the number of members it unfolds to."""
        known = self.built.get(id(node))
        if known is not None:
            return known
        if id(node) in self.open:
            raise _unreadable(f"a value contains itself at line {node.start_mark.line + 1}")
        self.open.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            result = self._scalar(node), 1
        elif isinstance(node, yaml.SequenceNode):
            result = self._sequence(node)
        else:
            result = self._mapping(node)
        # without aliases a value has no more members than nodes were built for it, however many those are
        if result[1] > max(MAX_UNFOLDED, len(self.built) + 1):
            raise LimitError(f"The aliases of this YAML document unfold to more than {MAX_UNFOLDED:,} members.")
        self.open.discard(id(node))
        self.built[id(node)] = result
        return result

    def _scalar(self, node: yaml.Node) -> Value:
        name = node.tag.removeprefix("tag:yaml.org,2002:")
        if name == "!plain":
            return plain_scalar(node.value)
        if name == "str" or name == "!":
            return node.value
        if name == "float":
            return float(parse_number(node.value) or 0)
        if name == "binary":
            try:
                return text_of_bytes(base64.b64decode("".join(node.value.split()), validate=True))
            except ValueError:
                raise self._refused(node, "the value of !!binary is not base64") from None
        raise self._refused(node, f'the tag "{_short(node.tag)}" is not supported')

    def _sequence(self, node: yaml.Node) -> tuple[Value, int]:
        self._check_tag(node, "seq")
        items = [self._build(item) for item in node.value]
        return [value for value, _ in items], 1 + sum(size for _, size in items)

    def _mapping(self, node: yaml.Node) -> tuple[Value, int]:
        self._check_tag(node, "map")
        result: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        total = 1
        for key_node, value_node in node.value:
            value, size = self._build(value_node)
            total += size
            key = self._key(key_node)
            if key == "<<" and key_node.tag == "!plain":
                merged = merged | self._merged(value_node, value)
            elif key in result:
                raise self._refused(key_node, f'duplicate key "{key}"')
            else:
                result[key] = value
        return normalize_object({**merged, **result} if merged else result), total

    def _key(self, node: yaml.Node) -> str:
        """A key as text; a plain one as it is written, be it `1.50` or `true`."""
        key = node.value if node.tag == "!plain" else self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            raise self._refused(node, "a key must be a text")
        return key

    def _merged(self, node: yaml.Node, value: Value) -> dict[str, Value]:
        entries: dict[str, Value] = {}
        for part in reversed(value) if value.__class__ is list else [value]:
            if part.__class__ is not dict:
                raise self._refused(node, "a merge key needs a mapping")
            entries |= part
        return entries

    def _check_tag(self, node: yaml.Node, expected: str) -> None:
        if node.tag not in (f"tag:yaml.org,2002:{expected}", "!"):
            raise self._refused(node, f'the tag "{_short(node.tag)}" is not supported')

    @staticmethod
    def _refused(node: yaml.Node, problem: str) -> XanoScriptError:
        return _unreadable(f"{problem} at line {node.start_mark.line + 1}")
