"""The filters for YAML.

What the engine writes (`{ a: { b: 1 } }`, arguments named inline and indent) is Symfony's YAML component, so its rules
hold here: YAML 1.2 scalars (`yes` is a text), dates without quotes are Unix seconds, a key may not occur twice.
"""

from __future__ import annotations

from xsrun.errors import LimitError, XanoScriptError
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.running.unfolded_size import check_unfolded
from xsrun.values.conversion import Value, to_bytes
from xsrun.values.extent import TOO_DEEP


@filter("yaml_decode")
def yaml_decode(value: str) -> Value:
    """The value of a YAML document. Raises for text that is not YAML, and for more than one document.

    A number with leading zeros and a number beyond 64 bits stay text, a date without quotes becomes Unix seconds.

    >>> "name: Ann\\ntags: [x, 2, yes]"|yaml_decode
    {"name": "Ann", "tags": ["x", 2, "yes"]}
    """
    from xsrun.filters.yaml_reading import read_yaml

    try:
        return read_yaml(to_bytes(value))
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


@filter("yaml_encode")
def yaml_encode(
    context: Context, value: Value, options: bool = False, inline: int | None = None, indent: int | None = None
) -> str:
    """A value as YAML.

    `inline` is the depth at which the writing in one line begins, by default 2 (0: everything in one line), `indent`
    the blanks of one level, by default 4. `options` changes nothing here.

    >>> {a: 1, b: [x, {c: true}]}|yaml_encode
    "a: 1\\nb:\\n    - x\\n    - { c: true }\\n"
    >>> {a: {b: 1}}|yaml_encode:false:0
    "{ a: { b: 1 } }"
    """
    from xsrun.filters.yaml_writing import write_yaml

    width = 4 if indent is None else indent
    if width < 1:
        raise XanoScriptError("The indentation must be greater than zero")
    context.check_size(width)
    try:
        check_unfolded(context, value)
        return write_yaml(context, value, 2 if inline is None else inline, width)
    except RecursionError:
        raise LimitError(TOO_DEEP) from None
