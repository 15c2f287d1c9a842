"""The filter `sprintf`: PHP's placeholders, counted in bytes as PHP counts them."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, text_of_bytes, to_bytes
from xsrun.values.php_arrays import cast_to_number, cast_to_text

#: Compiled when first used, and kept by `re`.
_PLACEHOLDER = (
    r"%(?:%|(?:(?P<position>\d+)\$)?(?P<flags>(?:[-+ 0]|'.)*)(?P<width>\d+|\*(?:\d+\$)?)?"
    r"(?:\.(?P<precision>\d+|\*(?:\d+\$)?)?)?l?(?P<kind>.?))"
)
#: PHP prints no more decimals than a double can hold in binary.
_MAX_PRECISION = 53
_BASES = {"x": "x", "X": "X", "o": "o", "b": "b", "u": "d"}


@filter("sprintf", elementwise=True, counted=False)
def sprintf(context: Context, value: str, *args: Value) -> Value:
    """A text with its placeholders filled in, as PHP's sprintf does it.

    `%s` text, `%d` int, `%u` without sign, `%f` `%F` fixed decimals, `%e` `%E` exponent, `%g` `%G` the shorter of the
    two, `%x` `%X` hexadecimal, `%o` octal, `%b` binary, `%c` the byte of a number, `%%` a percent sign. Between come,
    in this order, an argument's number and `$`, the flags `-` `+` `0` and `'` with a fill character, the width, and a
    point with the precision. Booleans are written "1" and "" (semantics 0: PHP). Width and precision count bytes.

    >>> "Hello %s, you have %d new messages"|sprintf:"Bob":5
    "Hello Bob, you have 5 new messages"
    >>> "%05.1f|%-5s|%'*5d"|sprintf:3.14159:"ab":7
    "003.1|ab   |****7"
    >>> "%2$s %1$s"|sprintf:"world":"hello"
    "hello world"
    """
    kinds = _plain_kinds(value) if value.__class__ is str and len(value) < 200 else None
    if kinds is not None and len(kinds) == len(args) and all(map(_is_plain, kinds, args)):
        made = value % args
        context.check_size(len(made))
        return made
    return text_of_bytes(_Formatter(context, to_bytes(value).decode("latin-1"), args).run())


@lru_cache(maxsize=256)
def _plain_kinds(text: str) -> str | None:
    """The kinds of the placeholders, `s` and `d`, of a text that Python fills in as PHP does; None for any other."""
    plain = text.isascii() and re.fullmatch(r"(?:[^%]|%%|%s|%0?[1-9]?\d?d)*", text, re.DOTALL)
    return "".join(re.findall("[sd]", "".join(re.findall(r"%\d*([sd%])", text)))) if plain else None


def _is_plain(kind: str, argument: Value) -> bool:
    return argument.__class__ is int or (kind == "s" and argument.__class__ is str and argument.isascii())


class _Formatter:
    """One call: texts are handled as Latin-1, a character a byte."""

    def __init__(self, context: Context, text: str, args: tuple[Value, ...]) -> None:
        self.context = context
        self.text = text
        self.args = args
        self.next = 0
        self.needed = 0

    def run(self) -> bytes:
        parts: list[str] = []
        position = size = 0
        for match in re.finditer(_PLACEHOLDER, self.text, re.DOTALL):
            parts += (self.text[position : match.start()], "%" if match.group() == "%%" else self._fill(match))
            size += len(parts[-1]) + len(parts[-2])
            self.context.check_size(size)
            position = match.end()
        if self.needed > len(self.args):
            raise XanoScriptError(
                f"{self.needed + 1} arguments are required, {len(self.args) + 1} given",
                hint="every placeholder needs an argument; a percent sign alone is written %%",
            )
        return "".join([*parts, self.text[position:]]).encode("latin-1")

    def _fill(self, match: re.Match[str]) -> str:
        """The text of one placeholder. In PHP's order: errors of its parts come before those of its kind."""
        kind, position = match["kind"], match["position"]
        index = self._index(position) if position else -1
        width = self._size(match["width"], "Width", 0)
        precision = self._size(match["precision"], "Precision", -1)
        argument = self._argument(index)
        if self.needed > len(self.args):
            return ""
        self.context.check_size(width)
        if kind == "%":
            return "%"
        if kind not in "bcdeEfFgGhHosuxX" or not kind:
            problem = f'Unknown format specifier "{kind}"' if kind else "Missing format specifier at end of string"
            raise XanoScriptError(problem, hint="a percent sign is written %%")
        left, sign, fill = self._flags(match["flags"])
        if left and fill == "0" and kind in "du":
            fill = " "  # PHP: no zeros after an int (it does put them after a decimal)
        if kind == "c":
            return chr(self._int(argument) & 0xFF)
        if kind == "s":
            text = to_bytes(argument if isinstance(argument, bytes) else cast_to_text(argument)).decode("latin-1")
            return self._pad(text if precision < 0 else text[:precision], width, left, fill, number=False)
        return self._pad(self._number(kind, argument, sign, precision), width, left, fill, number=kind in "deEfFgGhH")

    @staticmethod
    def _index(position: str) -> int:
        index = int(position[:11]) - 1
        if not 0 <= index < 2**31 - 2:
            raise XanoScriptError("Argument number specifier must be greater than zero and less than 2147483647")
        return index

    def _argument(self, index: int = -1) -> Value:
        """The argument at an index, by default the next one; None where it is missing, which `run` reports."""
        if index < 0:
            index, self.next = self.next, self.next + 1
        self.needed = max(self.needed, index + 1)
        return self.args[index] if index < len(self.args) else None

    def _size(self, written: str | None, name: str, absent: int) -> int:
        if not written:
            return absent
        if written[0] == "*":
            size = self._argument(self._index(written[1:-1]) if written[1:] else -1)
            if self.needed > len(self.args):
                return absent
            if size.__class__ is not int:
                raise XanoScriptError(f"{name} must be an integer")
        else:
            size = int(written[:11])
        if not -(name == "Precision") <= size < 2**31 - 1:
            raise XanoScriptError(f"{name} must be greater than zero and less than 2147483647")
        return int(size)

    @staticmethod
    def _flags(flags: str) -> tuple[bool, bool, str]:
        left = sign = False
        fill = " "
        for flag in re.findall(r"'.|.", flags, re.DOTALL):
            if flag == "-":
                left = True
            elif flag == "+":
                sign = True
            else:
                fill = flag[-1]
        return left, sign, fill

    def _number(self, kind: str, argument: Value, sign: bool, precision: int) -> str:
        if kind in _BASES:
            if precision >= 0 and kind != "u":
                return ""  # PHP's own slip: a precision cuts these to nothing
            return format(self._int(argument) & (2**64 - 1), _BASES[kind])
        if kind == "d":
            return format(self._int(argument), "+d" if sign else "d")
        number = float(cast_to_number(argument))
        if not math.isfinite(number):
            text = "NaN" if number != number else "Inf" if number > 0 else "-Inf"
            return "+" + text if sign and number > 0 else text
        precision = 6 if precision < 0 else min(precision, _MAX_PRECISION)
        text = _general(number, precision, kind) if kind in "gGhH" else _fixed(number, precision, kind)
        return "+" + text if sign and number >= 0 else text

    @staticmethod
    def _pad(text: str, width: int, left: bool, fill: str, *, number: bool) -> str:
        if len(text) >= width:
            return text
        if left:
            return text.ljust(width, fill)
        if number and fill == "0" and text[:1] in "+-":
            return text[0] + text[1:].rjust(width - 1, "0")
        return text.rjust(width, fill)

    @staticmethod
    def _int(argument: Value) -> int:
        """PHP's `(int)`: a decimal beyond 64 bits wraps around, a text stops at the ends."""
        number = cast_to_number(argument)
        if not math.isfinite(number):
            return 0
        whole = int(number)
        if isinstance(argument, str | bytes):
            return max(MIN_INT, min(MAX_INT, whole))
        return (whole + 2**63) % 2**64 - 2**63


def _fixed(number: float, precision: int, kind: str) -> str:
    """`%f` and `%e`; the exponent has no zeros in front: 1.5e+3."""
    if kind in "fF":
        text = format(number, f".{precision}f")
        return text[1:] if number == 0 and text[0] == "-" else text
    return _short_exponent(format(number, f".{precision}{kind}"))


def _general(number: float, precision: int, kind: str) -> str:
    """`%g`: like C's, but an exponent always follows a point (1.0e+25) and has no zeros in front."""
    letter = "G" if kind in "GH" else "g"
    text = _short_exponent(format(number, f".{max(precision, 1)}{letter}"))
    mantissa, mark, exponent = text.partition("e" if letter == "g" else "E")
    if mark and "." not in mantissa:
        mantissa += ".0"
    return mantissa + mark + exponent


def _short_exponent(text: str) -> str:
    return re.sub(r"([eE][+-])0+(?=\d)", r"\1", text)
